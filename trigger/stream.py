"""Offers from central as they are made: server-sent events over HTTP, resumed after the last one."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

SILENCE_S = 40.0
"""Central says at least every 15 s that it is there; longer silence means a dead connection."""


class StreamRefusedError(Exception):
    """Central will not let us in; trying again will not help."""


def offers(address: str, token: str, after: int, heard: Callable[[], None] = lambda: None) -> Iterator[str]:
    """The JSON of offers with a higher number than ``after``, as they come, until the connection ends.

    Whatever comes, ``heard`` is called, and once when central has answered.

    Raises:
        StreamRefusedError: where central refuses the token or its role.
        OSError: where the connection fails or falls silent.
    """
    request = urllib.request.Request(  # noqa: S310 - the address is our own configuration, checked to be http(s)
        f"{address}/v1/offers/stream",
        headers={"Authorization": f"Bearer {token}", "Last-Event-ID": str(after), "Accept": "text/event-stream"},
    )
    try:
        with urllib.request.urlopen(request, timeout=SILENCE_S) as response:  # noqa: S310 - as above
            heard()
            yield from _events(_heard(response, heard))
    except urllib.error.HTTPError as error:
        with error:
            if error.code in {401, 403}:
                raise StreamRefusedError(f"{address} answers {error.code}; give a token of role trigger") from None
            raise OSError(f"{address} answers {error.code}") from None


def _heard(lines: Iterator[bytes], heard: Callable[[], None]) -> Iterator[bytes]:
    for line in lines:
        heard()
        yield line


def _events(lines: Iterator[bytes]) -> Iterator[str]:
    """The data of every complete event named ``offer`` (WHATWG HTML, 9.2.6)."""
    name, data = "", ""
    for raw in lines:
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        if not line:
            if name == "offer" and data:
                yield data
            name, data = "", ""
        elif line.startswith("event:"):
            name = line.removeprefix("event:").strip()
        elif line.startswith("data:"):
            data += line.removeprefix("data:").strip()
