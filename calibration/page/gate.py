"""Nobody without a login: the door, the middleware before everything else, and the headers of every answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from calibration.page.login import SESSION_LIFE_S, Logins
from contract.web import cookie_of, with_headers

COOKIE = "atrium_installer"
OPEN_PATHS = frozenset({"/healthz", "/login"})
"""Reachable by anybody: the health probe, and the door itself."""
MAX_FORM_BYTES = 4096
WRONG_DELAY_S = 1.0
FRESH = {"Cache-Control": "no-store"}
SECURE_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'; "
        "form-action 'self'; base-uri 'self'; object-src 'none'"
    ),
}
"""NiceGUI builds its pages from inline script; everything comes from this box all the same."""
_PAGE = (Path(__file__).parent / "assets" / "login.html").read_text("utf-8")


def door_router(logins: Logins, clock: Callable[[], float], delay_s: float = WRONG_DELAY_S) -> APIRouter:
    """Routes to log in and out."""
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/login")
    def show() -> HTMLResponse:
        return HTMLResponse(_PAGE.replace("{fault}", ""), headers=FRESH)

    @router.post("/login")
    async def log_in(request: Request) -> Response:
        content = b""
        async for part in request.stream():
            content += part
            if len(content) > MAX_FORM_BYTES:
                return _refused("This is no token.", 413)
        token = parse_qs(content.decode(errors="replace")).get("token", [""])[0].strip()
        address = request.client.host if request.client is not None else ""
        if logins.is_braked(address, clock()):
            return _refused("Too many wrong tokens. Wait a minute, then try again.", 429)
        secret = logins.log_in(token, address, clock())
        if secret is None:
            await asyncio.sleep(delay_s)
            return _refused("This is no installer's token, or it has expired.", 401)
        response = RedirectResponse("/", 303)
        response.set_cookie(
            COOKIE,
            secret,
            max_age=int(SESSION_LIFE_S),
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    @router.get("/logout")
    def log_out(request: Request) -> Response:
        logins.log_out(request.cookies.get(COOKIE, ""))
        response = RedirectResponse("/login", 303)
        response.delete_cookie(COOKIE)
        return response

    return router


class Gate:
    """ASGI middleware: pages, pictures, assets and sockets need a session."""

    def __init__(self, app: ASGIApp, logins: Logins, clock: Callable[[], float]) -> None:
        self._app = app
        self._logins = logins
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let pass, turn away, or show the door."""
        if scope["type"] not in {"http", "websocket"}:
            return await self._app(scope, receive, send)
        if scope["path"] in OPEN_PATHS:
            return await self._app(scope, receive, with_headers(send, SECURE_HEADERS))
        who = self._logins.who(cookie_of(scope, COOKIE), self._clock())
        if who is not None:
            scope.setdefault("state", {})["who"] = who
            return await self._app(scope, receive, with_headers(send, SECURE_HEADERS))
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 4401})
        wants_page = "text/html" in Headers(scope=scope).get("accept", "")
        response: Response = (
            RedirectResponse("/login", 303) if wants_page else JSONResponse({"detail": "log in first at /login"}, 401)
        )
        return await response(scope, receive, with_headers(send, SECURE_HEADERS))


def who_asks(request: Request) -> str:
    """Who is logged in; the gate has let nobody pass without."""
    return str(request.scope["state"]["who"])


def _refused(fault: str, status: int) -> HTMLResponse:
    said = f'<p class="fault" role="alert">{fault}</p>'
    return HTMLResponse(_PAGE.replace("{fault}", said), status, headers=FRESH)
