"""Around everything: who really called, headers of every answer, bodies of bounded size and time, no traceback."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from central.api.problems import problem
from central.identity.origin import Network, as_seen_by
from contract.web import with_headers

log = logging.getLogger(__name__)

SECURE_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'; "
        "form-action 'self'; base-uri 'self'; object-src 'none'"
    ),
}
"""NiceGUI builds its pages from inline script; everything comes from this server all the same."""
HSTS = {"strict-transport-security": "max-age=31536000"}
FRESH = {"cache-control": "no-store"}

MAX_BODY_BYTES = 256 * 1024
"""A member with 32 consents has a tenth of that."""
MAX_FORM_BYTES = 4096
MAX_BATCH_BYTES = 8 * 1024 * 1024
"""5,000 members at once have a quarter of that."""
BODY_TIMEOUT_S = 10.0
"""A body has arrived this long after its headers, or is not waited for any longer."""
BATCH_PATHS = frozenset({"/v1/members/batch"})
TEXT_TYPES = frozenset({"application/toml", "text/plain"})
TEXT_PATHS = frozenset({"/v1/campaigns/file", "/v1/campaigns/lint"})
"""Where a file is sent as it is, not as JSON."""
FORM_PATHS = frozenset({"/login", "/welcome", "/password", "/logout", "/v1/enrolment", "/v1/enrolment/renew"})
"""What strangers may send is small."""


class Manners:
    """Outermost ASGI middleware: what is true of every request and every answer."""

    def __init__(self, app: ASGIApp, trusted: Sequence[Network]) -> None:
        self._app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on with the true caller in the scope; answer a crash with a problem."""
        if scope["type"] not in {"http", "websocket"}:
            return await self._app(scope, receive, send)
        seen = as_seen_by(scope, self._trusted)
        scope["client"], scope["scheme"] = seen["client"], seen["scheme"]
        scope.setdefault("state", {})["host"] = seen["host"]
        if scope["type"] == "websocket":
            return await self._app(scope, receive, send)
        headers = dict(SECURE_HEADERS)
        if scope["scheme"] == "https":
            headers |= HSTS
        if scope["path"].startswith("/v1/"):
            headers |= FRESH
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        answer = with_headers(sending, headers)
        try:
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            log.debug("the caller left")
        except Exception:
            log.exception("%s failed", scope["method"])
            if not started:
                await problem(500, "this failed; the log says why")(scope, receive, answer)


class Bodies:
    """ASGI middleware behind the gate: reads a request's body whole, within its limits of size and time."""

    def __init__(self, app: ASGIApp, timeout_s: float = BODY_TIMEOUT_S) -> None:
        self._app = app
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on with the body at hand, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        most = MAX_FORM_BYTES if scope["path"] in FORM_PATHS else MAX_BODY_BYTES
        most = MAX_BATCH_BYTES if scope["path"] in BATCH_PATHS else most
        read = await self._read(headers, receive, most)
        if isinstance(read, Response):
            await read(scope, receive, send)
            return
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        is_file = scope["path"] in TEXT_PATHS and kind in TEXT_TYPES
        if read and scope["path"].startswith("/v1/") and not is_file and not _is_json(kind):
            await problem(415, "send JSON, with Content-Type: application/json")(scope, receive, send)
            return
        given = False

        async def receiving() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": read, "more_body": False}

        await self._app(scope, receiving, send)

    async def _read(self, headers: Headers, receive: Receive, most: int) -> bytes | Response:
        """The body, or what to answer instead; the connection ends then, as the rest of the body is not read."""
        length = headers.get("content-length", "0")
        try:
            is_small = length.isdecimal() and len(length) < 16 and int(length) <= most
            body = await asyncio.wait_for(_whole(receive, most), self._timeout_s) if is_small else None
        except TimeoutError:
            return problem(408, "the body did not arrive in time", {"connection": "close"})
        if body is None:
            return problem(413, f"the body is too large; {most} bytes at most", {"connection": "close"})
        return body


async def _whole(receive: Receive, most: int) -> bytes | None:
    """The whole body; None as soon as it is too large."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > most:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _is_json(kind: str) -> bool:
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
