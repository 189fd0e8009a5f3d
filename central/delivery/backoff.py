"""How long to wait: exponential with full jitter (Brooker, 2015), and what an endpoint asks for itself."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime

BASE_S, CAP_S = 1.0, 900.0
LONGEST_ASKED_S = 3600.0
"""An endpoint that asks for more is tried after so long all the same."""


def full_jitter(attempts: int, draw: float) -> float:
    """Seconds until the next attempt: anything up to the bound, so that a crowd of them does not come back at once.

    Args:
        attempts: how many there were, from 1.
        draw: random, from 0 to below 1.

    >>> [full_jitter(attempts, 0.999) < bound for attempts, bound in ((1, 1), (2, 2), (3, 4), (100, 900))]
    [True, True, True, True]
    """
    return draw * min(CAP_S, BASE_S * 2.0 ** min(attempts - 1, 40))


def asked_wait(header: str | None, now: float) -> float:
    """Seconds that a ``Retry-After`` asks for (RFC 9110, 10.2.3), bounded; 0 where it says nothing sensible.

    >>> asked_wait("120", 0), asked_wait("Thu, 01 Jan 1970 00:02:00 GMT", 60), asked_wait("soon", 0)
    (120.0, 60.0, 0.0)
    """
    if header is None:
        return 0.0
    text = header.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:12]), LONGEST_ASKED_S)
    try:
        moment = parsedate_to_datetime(text)
        at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return 0.0
    return min(max(at - now, 0.0), LONGEST_ASKED_S)
