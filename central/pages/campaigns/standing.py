"""How each campaign stands: what it did, what is left of its coupons and budget, what it nearly did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from central.coupons.coupons import pool_of
from central.insight.figure import Figure
from central.offers.campaigns import Pool
from central.services import Services
from central.store import campaign_counts, coupon_pools
from central.store.campaign_counts import CampaignCounts
from central.store.coupon_pools import PoolRow


@dataclass(frozen=True, slots=True)
class Miss:
    """People who just missed an offer for one reason, in the last 24 hours."""

    failed: str
    people: Figure


@dataclass(frozen=True, slots=True)
class PoolStanding:
    """A pool's terms as they are now, and its counts; None where central has not met it yet."""

    terms: Pool
    row: PoolRow | None


@dataclass(frozen=True, slots=True)
class Standings:
    """Counts and near misses by campaign, pools by id."""

    counts: Mapping[str, CampaignCounts]
    misses: Mapping[str, tuple[Miss, ...]]
    pools: Mapping[str, PoolStanding]


def standings(services: Services, today: str) -> Standings:
    """How everything stands now; ``today`` is the site's day, as 2026-01-31."""
    database, site = services.store.database, services.store.site
    pools = {pool: PoolStanding(terms, None) for pool, terms in services.book.pools.items()}
    for row in coupon_pools.everything(database, site):
        if row.in_force or row.given:
            pools[row.pool] = PoolStanding(pool_of(row.terms), row)
    return Standings(campaign_counts.counts(database, site, today), {}, pools)
