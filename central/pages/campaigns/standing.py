"""How each campaign stands: what it did, what is left of its coupons and budget, what it nearly did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from central.coupons.coupons import pool_of
from central.insight.figure import Figure, count_figure
from central.offers.campaigns import Pool
from central.services import Services
from central.store import campaign_counts, coupon_pools, decisions
from central.store.coupon_pools import PoolRow


@dataclass(frozen=True, slots=True)
class Miss:
    """Members who just missed an offer today for one reason."""

    failed: str
    members: Figure


@dataclass(frozen=True, slots=True)
class CampaignStanding:
    """Of one campaign: offers and holdouts today, offers in all, coupons used, minor units held of its budget."""

    offered: int
    held_back: int
    offered_in_all: int
    redeemed: int
    spent: int
    misses: tuple[Miss, ...]


@dataclass(frozen=True, slots=True)
class PoolStanding:
    """A pool's terms as they are now, and its counts; None where none of it was ever given."""

    terms: Pool
    row: PoolRow | None

    @property
    def stock(self) -> int | None:
        """How many there are; None for no limit."""
        return self.terms.stock if self.row is None else self.row.stock

    @property
    def left(self) -> int | None:
        """How many may still be given; None for no limit."""
        return self.terms.stock if self.row is None else self.row.left


def campaign_standings(services: Services, today: str) -> dict[str, CampaignStanding]:
    """Every campaign of the file by id; ``today`` is the site's day, as 2026-01-31."""
    database, site = services.store.database, services.store.site
    of_day = {one.campaign: one for one in decisions.counts(database, site, today)}
    in_all = {one.campaign: one for one in decisions.counts(database, site, "")}
    coupons = campaign_counts.coupon_counts(database, site)
    found = {}
    for campaign in services.book.all:
        day, ever = of_day.get(campaign.id), in_all.get(campaign.id)
        used = coupons.get(campaign.id, campaign_counts.CouponCounts())
        missed = decisions.misses_by_reason(database, site, campaign.id, today)
        found[campaign.id] = CampaignStanding(
            day.offers if day else 0,
            day.holdouts if day else 0,
            ever.offers if ever else 0,
            used.redeemed,
            used.spent,
            tuple(
                Miss(failed, told(services, (member for member, _ in listed), f"missed {campaign.id} {failed} {today}"))
                for (failed, _), listed in missed.items()
            ),
        )
    return found


def pool_standings(services: Services) -> Mapping[str, PoolStanding]:
    """The file's pools and those the mall's CRM has put in, by id."""
    pools = {pool: PoolStanding(terms, None) for pool, terms in services.book.pools.items()}
    for row in coupon_pools.everything(services.store.database, services.store.site):
        if row.in_force or row.given:
            pools[row.pool] = PoolStanding(pool_of(row.terms), row)
    return pools


def told(services: Services, members: Iterable[str], about: str) -> Figure:
    """How many members, as it may be told."""
    suppression = services.insight.suppression
    return count_figure(suppression.count(members, about) or 0, suppression.most_off)
