"""How often each campaign was offered and held back: counts of offers, nobody in them."""

from __future__ import annotations

from dataclasses import dataclass

from central.store.database import Database


@dataclass(frozen=True, slots=True)
class CampaignCounts:
    """Of one campaign: offers made and held back, of one day and in all."""

    offered: int = 0
    held_back: int = 0
    offered_in_all: int = 0
    held_back_in_all: int = 0


def counts(database: Database, site: str, day: str) -> dict[str, CampaignCounts]:
    """Counts by campaign; ``day`` is of the site, as 2026-01-31."""
    rows = database.rows(
        """SELECT campaign, sum(arm = 'offer' AND day = ?2), sum(arm = 'holdout' AND day = ?2),
                  sum(arm = 'offer'), sum(arm = 'holdout') FROM offers WHERE site = ?1 GROUP BY campaign""",
        (site, day),
    )
    return {row[0]: CampaignCounts(*tuple(row)[1:]) for row in rows}
