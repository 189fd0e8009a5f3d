"""Where frames come from: live addresses, recordings, and how to show either without its password."""

from __future__ import annotations

import re
from urllib.parse import quote

# RTSP is what mall cameras speak; HTTP carries the MJPEG of older ones. Anything else is a path.
_LIVE = re.compile(r"^(rtsps?|https?)://", re.IGNORECASE)
_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?<=://)[^/?#\s]*@")


def is_live(url: str) -> bool:
    """True for the address of a live stream, false for a recording's path."""
    return _LIVE.match(url) is not None


def unknown_scheme(url: str) -> str | None:
    """The scheme of an address that is neither live nor a path, or None.

    >>> unknown_scheme("rstp://cam/1")
    'rstp'
    >>> unknown_scheme("clip.mp4") is None
    True
    """
    found = _SCHEME.match(url)
    return None if found is None or is_live(url) else found.group(1)


def redact(text: str) -> str:
    """The text with the user name and password of every address in it replaced by ``***``.

    >>> redact("rtsp://admin:s3cret@10.0.0.9/main")
    'rtsp://***@10.0.0.9/main'
    """
    return _CREDENTIALS.sub("***@", text)


def with_credentials(url: str, username: str, password: str) -> str:
    """The address of a live stream with user name and password in it, written so that any character may be in them.

    >>> with_credentials("rtsp://10.0.0.9/main", "atrium", "p@ss/word")
    'rtsp://atrium:p%40ss%2Fword@10.0.0.9/main'
    """
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{quote(username, safe='')}:{quote(password, safe='')}@{rest}"
