"""Signed codes for posters and doors: which place, where the paper hangs, until when; checked without a database.

A code is short text, so that a QR code of it stays coarse enough for a phone at two metres:
``atrium1:site:source:place:days:signature``, where days counts the days since 1970 through which it holds and the
signature is the first 80 bits of an HMAC-SHA-256 over all before it. Eighty bits: nobody finds one by asking us,
which is the only way to try.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

from contract.errors import BadInputError
from contract.ids import check_id

HEAD = "atrium1"
SIGNATURE_BYTES = 10
DAY_S = 86_400.0
LONGEST_DAYS = 1100


@dataclass(frozen=True, slots=True)
class Code:
    """What a code says; it holds through the day ``last_day`` (days since 1970, UTC)."""

    site: str
    source: str
    place: str
    last_day: int


def make_code(key: bytes, site: str, *, source: str, place: str, now: float, valid_days: int) -> str:
    """The signed text.

    Raises:
        BadInputError: where a part is no id, or the time is none.
    """
    if not 1 <= valid_days <= LONGEST_DAYS:
        raise BadInputError(f"valid days: {valid_days} is not from 1 to {LONGEST_DAYS}; choose less and print it anew")
    parts = [check_id(site, "site id"), check_id(source, "source"), check_id(place, "place")]
    said = ":".join([HEAD, *parts, str(int(now // DAY_S) + valid_days)])
    return f"{said}:{_signature(key, said)}"


def read_code(key: bytes, site: str, text: str, now: float) -> Code:
    """What a code says.

    Args:
        key: ``derived(offer_key, "check-in codes")``.
        site: ours.
        text: as scanned.
        now: seconds since 1970.

    Raises:
        BadInputError: where it is none of ours, forged, of another site, or has expired.
    """
    said, _, signature = text.strip().rpartition(":")
    parts = said.split(":")
    if len(parts) != 5 or parts[0] != HEAD or not parts[4].isdecimal():
        raise BadInputError("code: this is no check-in code of ours; scan the one at the place")
    if parts[1] != site:
        raise BadInputError("code: it belongs to another site; scan the one at this mall")
    if not hmac.compare_digest(_signature(key, said).encode(), signature.encode()):
        raise BadInputError("code: its signature is wrong: forged, damaged, or from before the key was changed")
    last_day = int(parts[4])
    if now // DAY_S > last_day:
        raise BadInputError("code: it has expired; hang up a new one (`atrium codes make`)")
    return Code(parts[1], parts[2], parts[3], last_day)


def _signature(key: bytes, said: str) -> str:
    mac = hmac.new(key, said.encode(), hashlib.sha256).digest()[:SIGNATURE_BYTES]
    return base64.b32encode(mac).decode().lower()
