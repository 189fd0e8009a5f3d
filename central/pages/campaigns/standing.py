"""How each campaign stands: what it did, what is left of its coupons and budget, what it nearly did."""

from __future__ import annotations

from dataclasses import dataclass, field

from central.insight.figure import Figure
from central.services import Services
from central.store import campaign_counts
from central.store.campaign_counts import CampaignCounts


@dataclass(frozen=True, slots=True)
class Miss:
    """People who just missed an offer for one reason, in the last 24 hours."""

    reason: str
    people: Figure


@dataclass(frozen=True, slots=True)
class PoolStanding:
    """Coupons of a pool: in all (None: no limit), given, redeemed, expired, left; cost so far in minor units."""

    stock: int | None
    given: int
    redeemed: int
    expired: int
    left: int | None
    cost: int


@dataclass(frozen=True, slots=True)
class CampaignStanding:
    """Of one campaign; ``spent`` is what the coupons given may cost, minor units."""

    counts: CampaignCounts = CampaignCounts()
    redeemed: int = 0
    spent: int = 0
    pool: PoolStanding | None = None
    misses: tuple[Miss, ...] = ()


@dataclass(frozen=True, slots=True)
class Standings:
    """By campaign and by pool."""

    campaigns: dict[str, CampaignStanding] = field(default_factory=dict)
    pools: dict[str, PoolStanding] = field(default_factory=dict)


def standings(services: Services, today: str) -> Standings:
    """How everything stands now; ``today`` is the site's day, as 2026-01-31."""
    store = services.store
    made = campaign_counts.counts(store.database, store.site, today)
    return Standings({one.id: CampaignStanding(made.get(one.id, CampaignCounts())) for one in services.book.all})
