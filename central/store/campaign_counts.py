"""How often each campaign was offered, held back and redeemed: counts, nobody in them."""

from __future__ import annotations

from dataclasses import dataclass

from central.store.database import Database


@dataclass(frozen=True, slots=True)
class CampaignCounts:
    """Of one campaign.

    Attributes:
        offered: offers made on the day; ``held_back`` those held back.
        offered_in_all: on all days that are kept.
        redeemed: coupons used and not reversed.
        spent: minor units that its coupons hold of a budget: those out or used, not those expired or reversed.
    """

    offered: int = 0
    held_back: int = 0
    offered_in_all: int = 0
    redeemed: int = 0
    spent: int = 0


def counts(database: Database, site: str, day: str) -> dict[str, CampaignCounts]:
    """Counts by campaign; ``day`` is of the site, as 2026-01-31."""
    rows = database.rows(
        """SELECT campaign, sum(arm = 'offer' AND day = ?2), sum(arm = 'holdout' AND day = ?2), sum(arm = 'offer'),
                  coalesce(sum(coupons.state = 'redeemed'), 0),
                  coalesce(sum(coupons.cost * (coupons.state IN ('given', 'redeemed'))), 0)
           FROM offers LEFT JOIN coupons USING (site, offer) WHERE site = ?1 GROUP BY campaign""",
        (site, day),
    )
    return {row[0]: CampaignCounts(*tuple(row)[1:]) for row in rows}
