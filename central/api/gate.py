"""Nobody without a login: bearer tokens for programs, a session's cookie for pages, and what each may."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from central.api.problems import problem
from central.identity.identity import Identity
from central.identity.origin import is_same_origin
from central.identity.principal import READING, Principal, within
from central.privacy.audit import AuditTrail, asked
from central.store.audit import Entry
from contract.tokens import Role
from contract.web import cookie_of

COOKIE = "atrium_login"
CSRF_COOKIE = "atrium_csrf"
"""The same as `Principal.csrf`, readable by the pages' own scripts."""
CSRF_HEADER = "x-csrf-token"
ENROLMENT_PATHS = frozenset({"/v1/enrolment", "/v1/enrolment/authority", "/v1/enrolment/renew"})
"""Where a box that is nobody yet proves by a code or by its key who it is."""
OPEN_PATHS = ENROLMENT_PATHS | {"/healthz", "/login", "/welcome"}
"""Reachable by anybody: the health probe, and the doors themselves; not even a style sheet besides."""
UNSEEN = ("/_nicegui", "/assets")
"""What a page fetches for itself; not a view."""
MOST_PATH = 100
RECHECK_S = 5.0
"""A socket or stream of a session that has ended is cut off within so many seconds, at its next message."""

_bearer = HTTPBearer(auto_error=False, description="a token from `atrium central token`")
_cookie = APIKeyCookie(
    name=COOKIE, auto_error=False, description=f"a session of `/login`; writes need its token in `{CSRF_HEADER}` too"
)


def needs(*roles: Role) -> Any:
    """A FastAPI dependency that lets these roles pass, and gives who asks."""

    def check(
        request: Request,
        _token: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
        _session: Annotated[str | None, Depends(_cookie)],
    ) -> Principal:
        principal = login_of(request)
        if principal.role not in roles:
            raise HTTPException(403, f"this is for {', '.join(roles)}; your role is {principal.role}")
        return principal

    return Depends(check)


def login_of(request: Request) -> Principal:
    """Who asks; the gate has let nobody pass without."""
    login = request.scope["state"].get("login")
    if not isinstance(login, Principal):
        raise TypeError("the gate lets nobody pass without a login")
    return login


class Gate:
    """ASGI middleware: everything but the open paths needs a login; says who it is in ``scope["state"]["login"]``.

    Args:
        app: what lies behind.
        identity: who may come in.
        trail: where it is written down.
        clock: seconds since 1970.
    """

    def __init__(self, app: ASGIApp, identity: Identity, trail: AuditTrail, clock: Callable[[], float]) -> None:
        self._app = app
        self._identity = identity
        self._trail = trail
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let pass, turn away, or show the door."""
        if scope["type"] not in {"http", "websocket"} or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        now = self._clock()
        found = self._login(scope, now)
        login = found if isinstance(found, Principal) else None
        refusal = self._refusal(scope, found) if isinstance(found, Principal) else found
        if scope["type"] == "http" and (login is not None or "authorization" in Headers(scope=scope)):
            send = self._noting(scope, send, login, now)
        if refusal is None and login is not None:
            scope.setdefault("state", {})["login"] = login
            await self._app(scope, receive, self._while_it_stands(send, login, now))
        elif refusal is None or scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4401})
        else:
            await refusal(scope, receive, send)

    def _login(self, scope: Scope, now: float) -> Principal | Response:
        headers = Headers(scope=scope)
        stated = headers.get("authorization")
        if stated is not None:
            kind, _, token = stated.partition(" ")
            found = self._identity.of_bearer(token.strip(), now) if kind.lower() == "bearer" else None
            if found is not None:
                return found
            if wait_s := self._identity.brake.wrong_token(_address(scope)):
                return problem(429, "too many wrong tokens from your address", {"Retry-After": str(wait_s)})
            return _unknown("a valid bearer token is needed; `atrium central token` makes one")
        found = self._identity.of_cookie(cookie_of(scope, COOKIE), now)
        if found is not None:
            return found
        if "text/html" in headers.get("accept", "") and not scope["path"].startswith("/v1/"):
            return RedirectResponse("/login", 303)
        return _unknown("log in first at /login, or send a bearer token")

    def _refusal(self, scope: Scope, login: Principal) -> Response | None:
        method, path = scope.get("method", "GET"), scope["path"]
        if path.startswith("/v1/") and (wait_s := self._identity.brake.request(f"{login.kind} {login.name}")):
            return problem(429, "too many requests; slow down", {"Retry-After": str(wait_s)})
        if not within(login.scopes, method, path):
            return problem(403, f"your token is confined to {', '.join(login.scopes)}")
        if login.session and (scope["type"] == "websocket" or method not in READING):
            return self._forged(scope, login)
        return None

    @staticmethod
    def _forged(scope: Scope, login: Principal) -> Response | None:
        """The refusal of a write that another site's page may have made this browser send."""
        is_ours = is_same_origin(scope, scope["state"]["host"])
        if is_ours is False or (is_ours is None and scope["type"] == "websocket"):
            return problem(403, "this came from a page that is not ours")
        if scope["path"].startswith("/v1/"):
            if hmac.compare_digest(Headers(scope=scope).get(CSRF_HEADER, "").encode(), login.csrf.encode()):
                return None
            return problem(403, f"a write with a login cookie needs its token in the header {CSRF_HEADER}; see /v1/me")
        return None if is_ours else problem(403, "this came from a page that is not ours")

    def _while_it_stands(self, send: Send, login: Principal, now: float) -> Send:
        """Sends for as long as the session lasts: what streams must not outlive a logout."""
        if not login.session:
            return send
        checked, ended = now, False

        async def sending(message: Message) -> None:
            nonlocal checked, ended
            if ended:
                return
            now = self._clock()
            if abs(now - checked) >= RECHECK_S:
                checked = now
                ended = not self._identity.stands(login, now)
            if not ended:
                await send(message)
            elif message["type"].startswith("websocket."):
                await send({"type": "websocket.close", "code": 4401})
            elif message["type"] == "http.response.body":
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            else:
                ended = False
                await send(message)

        return sending

    def _noting(self, scope: Scope, send: Send, login: Principal | None, now: float) -> Send:
        """Sends, and writes down what was asked once it is known how it was answered."""
        path, query = scope["path"], scope["query_string"].decode("latin-1")
        is_page = "text/html" in Headers(scope=scope).get("accept", "") and not path.startswith(UNSEEN)
        if not (is_page or path.startswith("/v1/")):
            return send
        address = "" if login is not None else _address(scope)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                status = message["status"]
                known = path[:MOST_PATH] if status < 400 or status == 403 else "a page that is none"
                route = getattr(scope.get("route"), "path", "") if path.startswith("/v1/") else known
                entry = Entry(
                    at=now,
                    who="" if login is None else login.name,
                    kind="" if login is None else login.kind,
                    role="" if login is None else login.role,
                    method=scope["method"],
                    route=route or "/v1/",
                    subject=self._trail.subject(scope.get("path_params") or {}) if path.startswith("/v1/") else "",
                    query=asked(query),
                    status=status,
                    address=address,
                )
                self._trail.note(entry)
            await send(message)

        return sending


def _unknown(detail: str) -> Response:
    return problem(401, detail, {"WWW-Authenticate": "Bearer"})


def _address(scope: Scope) -> str:
    return str((scope.get("client") or ("", 0))[0])
