"""Who is measured against: of every campaign a share of the members, chosen for good by a keyed hash."""

from __future__ import annotations

import hashlib
import hmac

from central.store.offers import Arm


def arm(key: bytes, campaign: str, member: str, percent: float) -> Arm:
    """The member's arm in the campaign: the same at any time and in any process, and no pattern without the key.

    A larger percentage keeps everybody in the holdout who was in it with a smaller one.

    >>> arm(bytes(32), "lunch", "M-1042", 0), arm(bytes(32), "lunch", "M-1042", 100)
    ('offer', 'holdout')
    """
    told = hmac.new(key, f"holdout\0{campaign}\0{member}".encode(), hashlib.sha256).digest()
    return "holdout" if int.from_bytes(told[:8]) < percent / 100 * 2**64 else "offer"
