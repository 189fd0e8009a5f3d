"""Where a request comes from: the caller's address behind proxies we trust, and whether a page of ours sent it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from contract.errors import BadInputError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_USUAL_PORT = {"http": 80, "https": 443}
MOST_HOPS = 10


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """The networks of proxies whose word about a caller is taken.

    Raises:
        BadInputError: where one is no address.
    """
    try:
        return tuple(ipaddress.ip_network(text, strict=False) for text in texts)
    except ValueError as error:
        raise BadInputError(
            f"http.trusted_proxies: {error}; write addresses as '192.0.2.1' or '192.0.2.0/24'"
        ) from None


def as_seen_by(scope: Scope, trusted: Sequence[Network]) -> dict[str, Any]:
    """``client``, ``scheme`` and ``host`` of a request: as the proxy says where we trust it, else as they came.

    Of ``X-Forwarded-For`` the last address that is no proxy of ours counts: what stands before it anybody can write.
    """
    headers = Headers(scope=scope)
    client = scope.get("client") or ("", 0)
    seen = {"client": client, "scheme": scope["scheme"], "host": headers.get("host", "")}
    if not _is_in(client[0], trusted):
        return seen
    hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",")][-MOST_HOPS:]
    for hop in reversed(hops):
        if not _is_address(hop):
            break
        seen["client"] = (hop, 0)
        if not _is_in(hop, trusted):
            break
    if headers.get("x-forwarded-proto") == "https":
        seen["scheme"] = {"http": "https", "ws": "wss"}.get(scope["scheme"], scope["scheme"])
    seen["host"] = headers.get("x-forwarded-host", seen["host"])
    return seen


def is_same_origin(scope: Scope, host: str) -> bool | None:
    """Whether a page of ours sent the request; None where the caller does not say, as programs do not.

    Browsers say so in ``Sec-Fetch-Site`` (over https and on this machine) and in ``Origin`` (every write and socket).

    Args:
        scope: of the request.
        host: the name under which we were called, with its port.
    """
    headers = Headers(scope=scope)
    site = headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    origin = headers.get("origin")
    if origin is None:
        return None if site is None else True
    theirs, ours = _authority(origin), _authority(f"{scope['scheme'].replace('ws', 'http')}://{host}")
    return theirs is not None and theirs == ours


def _authority(address: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(address)
        port = parts.port or _USUAL_PORT.get(parts.scheme, 0)
    except ValueError:
        return None
    return (parts.scheme, parts.hostname.lower(), port) if parts.hostname else None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_in(address: str, trusted: Sequence[Network]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in trusted)
