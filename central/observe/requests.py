"""Every request gets an id, a line in the log and its place in the metrics; neither shows an address or a person."""

from __future__ import annotations

import logging
import re
import secrets
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from central.observe.metrics import Metrics

log = logging.getLogger(__name__)

HEADER = "x-request-id"
_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE = "none"


class Requests:
    """Outermost ASGI middleware.

    Routes are named by their pattern, ``/v1/members/{member}``, so that neither log nor metrics hold an id.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with the caller's request id or a fresh one."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        stated = Headers(scope=scope).get(HEADER, "")
        request_id = stated if _ID.fullmatch(stated) else secrets.token_hex(8)
        began, answered_s, status = time.monotonic(), None, 500

        async def sending(message: Message) -> None:
            nonlocal answered_s, status
            if message["type"] == "http.response.start":
                answered_s, status = time.monotonic() - began, message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        self._metrics.request_began()
        try:
            with structlog.contextvars.bound_contextvars(request_id=request_id):
                await self._app(scope, receive, sending)
        finally:
            took_s = time.monotonic() - began if answered_s is None else answered_s
            method = scope["method"] if scope["method"] in METHODS else "other"
            route = getattr(scope.get("route"), "path", NO_ROUTE)
            self._metrics.request_ended(method, route, status, took_s)
            log.info(
                "request",
                extra={
                    "request_id": request_id,
                    "method": method,
                    "route": route,
                    "status": status,
                    "seconds": round(took_s, 4),
                },
            )
