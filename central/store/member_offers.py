"""A member's own offers, for whoever may look them up by name."""

from __future__ import annotations

from dataclasses import dataclass

from central.store.database import Database
from central.store.offers import Arm


@dataclass(frozen=True, slots=True)
class MemberOffer:
    """An offer to one member; ``arm`` says whether it was made or held back, ``sentence`` why it was due."""

    offer: str
    campaign: str
    version: int
    coupon: str
    wording: str
    at: float
    sentence: str
    arm: Arm


def newest(database: Database, site: str, member: str, limit: int = 50) -> list[MemberOffer]:
    """The member's offers, newest first."""
    rows = database.rows(
        """SELECT offer, campaign, version, coupon, wording, at, sentence, arm FROM offers
           WHERE site = ? AND member = ? ORDER BY at DESC LIMIT ?""",
        (site, member, limit),
    )
    return [MemberOffer(*row) for row in rows]
