"""Signed webhooks, by the Standard Webhooks specification (1.0, symmetric signatures ``v1``).

A request carries ``webhook-id`` (the idempotency key), ``webhook-timestamp`` (seconds since 1970, of this attempt) and
``webhook-signature``: ``v1,`` and the base64 of HMAC-SHA-256 over ``id.timestamp.body``, once for every secret that
counts, separated by blanks, so that a secret can be replaced while both are accepted.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence

from contract.errors import AtriumError, BadInputError

SECRET_PREFIX = "whsec_"  # noqa: S105 - of a secret, not one
LEAST_SECRET_BYTES, MOST_SECRET_BYTES = 24, 64
TOLERANCE_S = 300.0
"""A signature older than this, or as much ahead of our clock, is refused: it may be a recorded request sent again."""


class SignatureRefusedError(AtriumError):
    """A request that does not prove that it comes from who shares our secret, now."""


def read_secret(text: str) -> bytes:
    """The key in a secret such as ``whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw``.

    Raises:
        BadInputError: where it is none; the secret itself is not told.
    """
    try:
        key = base64.b64decode(text.strip().removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise BadInputError(f"a webhook secret is {SECRET_PREFIX} and base64; make one anew") from None
    if not LEAST_SECRET_BYTES <= len(key) <= MOST_SECRET_BYTES:
        raise BadInputError(
            f"a webhook secret holds {LEAST_SECRET_BYTES} to {MOST_SECRET_BYTES} bytes, not {len(key)}; make one anew"
        )
    return key


def write_secret(key: bytes) -> str:
    """The key as such a text."""
    return SECRET_PREFIX + base64.b64encode(key).decode()


def sign(keys: Sequence[bytes], ident: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that sign a body.

    Args:
        keys: every one that the receiver may have, the newest first.
        ident: the idempotency key.
        timestamp: of this attempt, seconds since 1970.
        body: as it is sent.
    """
    return {
        "webhook-id": ident,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(key, ident, timestamp, body) for key in keys),
    }


def verify(
    keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: float, tolerance_s: float = TOLERANCE_S
) -> str:
    """The idempotency key of a request that is signed with one of the keys, and no older than the tolerance.

    Args:
        keys: any one of them will do.
        headers: by lower-case name, or a mapping that does not mind the case.
        body: exactly as it came.
        now: seconds since 1970.
        tolerance_s: how far the sender's clock and the way may be off.

    Raises:
        SignatureRefusedError: in one line, without anything of the request in it.
    """
    ident, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not ident or not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
        raise SignatureRefusedError("webhook-id or webhook-timestamp is missing; this is no signed request")
    timestamp = int(stamp)
    if abs(now - timestamp) > tolerance_s:
        raise SignatureRefusedError(
            f"the signature is {abs(now - timestamp):.0f} s {'old' if now > timestamp else 'ahead'};"
            f" {tolerance_s:.0f} s are allowed: check both clocks"
        )
    given = headers.get("webhook-signature", "").split()
    for key in keys:
        wanted = _signature(key, ident, timestamp, body).encode()
        if any(hmac.compare_digest(wanted, one.encode()) for one in given):
            return ident
    raise SignatureRefusedError("the signature fits none of our secrets; compare them on both sides")


def _signature(key: bytes, ident: str, timestamp: int, body: bytes) -> str:
    signed = f"{ident}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
