"""What our pages do with every request before anything else: read its cookie, and put headers on the answer."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Scope, Send


def cookie_of(scope: Scope, name: str) -> str:
    """A cookie's value; empty where there is none or the header is malformed."""
    try:
        jar = SimpleCookie(Headers(scope=scope).get("cookie", ""))
    except CookieError:
        return ""
    return jar[name].value if name in jar else ""


def with_headers(send: Send, headers: Mapping[str, str]) -> Send:
    """Sends answers with these headers, where they do not say otherwise themselves."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = MutableHeaders(scope=message)
            for name, value in headers.items():
                own.setdefault(name, value)
        await send(message)

    return sending
