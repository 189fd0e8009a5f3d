"""Routes about who is who: oneself, and for administrators the users and tokens, never a password or a token itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Request

from central.api.document import answers
from central.api.gate import needs
from central.api.window import services_of
from central.identity.principal import Principal
from central.store import logins
from contract.times import to_rfc3339
from contract.tokens import ROLES

router = APIRouter(prefix="/v1", tags=["identity"])

ME = {"name": "noor", "role": "manager", "kind": "user", "scopes": [], "csrf": "5f2c0e"}
USERS = {
    "users": [
        {
            "name": "noor",
            "role": "manager",
            "disabled": False,
            "created": "2026-01-05T08:00:00.000Z",
            "password_at": "2026-01-05T08:00:00.000Z",
            "last_login": "2026-01-31T07:58:12.000Z",
        }
    ]
}
TOKENS = {
    "tokens": [
        {
            "name": "coupons",
            "role": "trigger",
            "scopes": ["offers:read", "touchpoints"],
            "expires_at": "2026-07-04T08:00:00.000Z",
            "last_used": "2026-01-31T11:59:58.000Z",
        }
    ]
}


@dataclass(frozen=True, slots=True)
class Me:
    """Who asks; ``csrf`` is what a write with this session's cookie must carry in ``X-CSRF-Token``."""

    name: str
    role: str
    kind: str
    scopes: list[str]
    csrf: str


@router.get("/me", responses=answers(ME))
def get_me(login: Annotated[Principal, needs(*ROLES)]) -> Me:
    """Who I am here."""
    return Me(login.name, login.role, login.kind, list(login.scopes), login.csrf)


@dataclass(frozen=True, slots=True)
class UserAnswer:
    """A user."""

    name: str
    role: str
    disabled: bool
    created: str
    password_at: str
    last_login: str | None


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A service token; ``expires_at`` null is never."""

    name: str
    role: str
    scopes: list[str]
    expires_at: str | None
    last_used: str | None


@dataclass(frozen=True, slots=True)
class UsersReport:
    """Everybody with a password."""

    users: list[UserAnswer]


@dataclass(frozen=True, slots=True)
class TokensReport:
    """Every token."""

    tokens: list[TokenAnswer]


@router.get("/users", dependencies=[needs("admin")], responses=answers(USERS))
def get_users(request: Request) -> UsersReport:
    """Who may log in with a password."""
    return UsersReport(
        [
            UserAnswer(
                user.name,
                user.role,
                user.disabled,
                to_rfc3339(user.created),
                to_rfc3339(user.password_at),
                None if user.last_login is None else to_rfc3339(user.last_login),
            )
            for user in services_of(request).identity.users.everybody()
        ]
    )


@router.get("/tokens", dependencies=[needs("admin")], responses=answers(TOKENS))
def get_tokens(request: Request) -> TokensReport:
    """Which tokens there are, what each is confined to, when it ends and when it was last used."""
    services = services_of(request)
    used = logins.token_uses(services.store.database, services.store.site)
    return TokensReport(
        [
            TokenAnswer(
                entry.name,
                entry.role,
                list(entry.scopes),
                entry.expires_at or None,
                to_rfc3339(used[entry.sha256]) if entry.sha256 in used else None,
            )
            for entry in services.identity.tokens.entries()
        ]
    )
