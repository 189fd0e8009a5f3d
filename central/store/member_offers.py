"""A member's own offers, for whoever may look them up by name."""

from __future__ import annotations

from dataclasses import dataclass

from central.store.coupons import State
from central.store.database import Database
from central.store.offers import Arm


@dataclass(frozen=True, slots=True)
class MemberOffer:
    """An offer to one member, and what became of its coupon.

    Attributes:
        at: seconds since 1970.
        sentence: why it was due.
        arm: whether it was made or held back.
        state: of its coupon, None where it has none.
        expires_at: of its coupon.
    """

    offer: str
    campaign: str
    version: int
    coupon: str
    wording: str
    at: float
    sentence: str
    arm: Arm
    state: State | None
    expires_at: float | None


def newest(database: Database, site: str, member: str, limit: int = 50) -> list[MemberOffer]:
    """The member's offers, newest first."""
    rows = database.rows(
        """SELECT offer, campaign, offers.version, offers.coupon, wording, offers.at, sentence, arm, coupons.state,
                  coupons.expires_at
           FROM offers LEFT JOIN coupons USING (site, offer)
           WHERE site = ? AND offers.member = ? ORDER BY offers.at DESC LIMIT ?""",
        (site, member, limit),
    )
    return [MemberOffer(*row) for row in rows]
