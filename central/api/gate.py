"""Nobody without a token: bearer tokens for the API, a signed cookie for the pages, and the headers of both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from itsdangerous import BadSignature, TimestampSigner
from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from central.access import Tokens
from central.api.problems import problem
from central.services import Services
from contract.tokens import Role, TokenEntry, digest
from contract.web import cookie_of, with_headers

COOKIE = "atrium_login"
COOKIE_LIFE_S = 12 * 3600
OPEN_PATHS = frozenset({"/healthz", "/login"})
"""Reachable by anybody: the health probe, and the door itself."""
SECURE_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'; "
        "form-action 'self'; base-uri 'self'"
    ),
}
"""NiceGUI builds its pages from inline script; everything comes from this server all the same."""

_bearer = HTTPBearer(auto_error=False, description="a token from `atrium central token`")


def needs(*roles: Role) -> Any:
    """A FastAPI dependency that lets these roles pass, and gives the token's entry."""

    def check(
        request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> TokenEntry:
        services: Services = request.app.state.services
        entry = None if credentials is None else services.tokens.entry(credentials.credentials, services.clock())
        if entry is None:
            raise HTTPException(
                401,
                "a valid bearer token is needed; `atrium central token` makes one",
                {"WWW-Authenticate": "Bearer"},
            )
        if entry.role not in roles:
            raise HTTPException(403, f"this is for {', '.join(roles)}; your token's role is {entry.role}")
        return entry

    return Depends(check)


class Logins:
    """Signed cookies that stand for a token; they end with the token or after ``COOKIE_LIFE_S``."""

    def __init__(self, tokens: Tokens, cookie_key: str, clock: Callable[[], float]) -> None:
        self._tokens = tokens
        self._signer = TimestampSigner(bytes.fromhex(cookie_key), salt="atrium.login")
        self._clock = clock

    def cookie(self, token: str) -> str | None:
        """The cookie for a valid token."""
        if self._tokens.entry(token, self._clock()) is None:
            return None
        return self._signer.sign(digest(token)).decode()

    def entry(self, cookie: str) -> TokenEntry | None:
        """Whose cookie this is."""
        try:
            sha256 = self._signer.unsign(cookie, max_age=COOKIE_LIFE_S).decode()
        except (BadSignature, UnicodeDecodeError):
            return None
        return self._tokens.entry_of_digest(sha256, self._clock())


class Gate:
    """ASGI middleware: pages, their assets and sockets need a login; the API's own dependency asks for tokens."""

    def __init__(self, app: ASGIApp, logins: Logins) -> None:
        self._app = app
        self._logins = logins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let pass, turn away, or show the door."""
        if scope["type"] not in {"http", "websocket"}:
            return await self._app(scope, receive, send)
        path = scope["path"]
        if path in OPEN_PATHS or path.startswith("/v1/"):
            return await self._app(scope, receive, with_headers(send, SECURE_HEADERS))
        entry = self._logins.entry(cookie_of(scope, COOKIE))
        if entry is not None:
            scope.setdefault("state", {})["login"] = entry
            return await self._app(scope, receive, with_headers(send, SECURE_HEADERS))
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 4401})
        wants_page = "text/html" in Headers(scope=scope).get("accept", "")
        response: Response = (
            RedirectResponse("/login", 303)
            if wants_page
            else problem(401, "log in first at /login, or use /v1 with a token")
        )
        return await response(scope, receive, with_headers(send, SECURE_HEADERS))
