"""How far this clock is from central's, by the ``Date`` of its answers: rounded to a second, for want of better."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

TIMEOUT_S = 4.0
HALF_SECOND_S = 0.5
"""A ``Date`` tells the second that has begun."""


def central_off_s(url: str, ca: Path | None = None, clock: Callable[[], float] = time.time) -> float | None:
    """This clock minus central's, seconds; None where central does not answer or tells no time.

    Args:
        url: of central.
        ca: file of the authority that signed central's certificate; None for those that the system trusts.
        clock: seconds since 1970.
    """
    try:
        verify = ssl.create_default_context(cafile=None if ca is None else str(ca))
        with httpx.Client(verify=verify, timeout=TIMEOUT_S, trust_env=False) as client:
            asked = clock()
            answer = client.get(f"{url.rstrip('/')}/healthz")
            answered = clock()
        told: datetime = parsedate_to_datetime(answer.headers["date"])
    except (OSError, httpx.HTTPError, httpx.InvalidURL, KeyError, ValueError):
        return None
    return (asked + answered) / 2 - told.timestamp() - HALF_SECOND_S
