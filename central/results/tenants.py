"""What the mall brought one shop: visitors, members among its customers, offers, and who pays for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from central.insight.figure import Figure
from central.insight.flows import Flows
from central.insight.places import Place
from central.insight.shops import Leg, Shops, ShopSummary
from central.insight.window import Window
from central.results.campaigns import shops_of
from central.results.telling import members_figure, share_of_members, sum_figure
from central.store import result_counts as counts

if TYPE_CHECKING:
    from central.results.results import Sources

MOST_SOURCES = 10


@dataclass(frozen=True, slots=True)
class Cost:
    """What one payer owes for coupons used in the shop, whole minor units; of fewer than k coupons nothing is told.

    Attributes:
        payer: a tenant, empty for the mall.
        coupons: used and not given back.
    """

    payer: str
    coupons: Figure
    charge: Figure


@dataclass(frozen=True, slots=True)
class TenantReport:
    """A tenant in a stretch of days.

    Attributes:
        tenant: id.
        first: the first day; ``last`` the last, included.
        currency: of the amounts, in whole minor units.
        shops: visitors, capture and dwell of each of its zones, of everybody, from the cameras.
        came_from: where people were before, most people first.
        members: different members who bought here, as its till told.
        spend: what these members spent; what others spend is the tenant's own business.
        offered: members offered a coupon that may be used here.
        redeemed: members who used one here, out of these.
        costs: who pays for the coupons.
    """

    tenant: str
    first: date
    last: date
    currency: str
    shops: list[ShopSummary]
    came_from: list[Leg]
    members: Figure
    spend: Figure
    offered: Figure
    redeemed: Figure
    costs: list[Cost]


def window_of(services: Sources, first: date, last: date) -> Window:
    """The days, both included, as a window."""
    ends = (datetime.combine(day, time(), services.site.timezone) for day in (first, last + timedelta(days=1)))
    start, end = (instant.timestamp() for instant in ends)
    return Window(start, end)


def holder(place: Place) -> str:
    """Whose a place is, as tills call them: its tenant, or the zone itself where it has none."""
    return place.tenant or place.zone


def tenant_report(services: Sources, tenant: str, first: date, last: date) -> TenantReport | None:
    """The tenant's report; None where no zone is or was theirs."""
    places = services.insight.reader.places.all
    zones = {place.id for place in places if holder(place) == tenant}
    if not zones:
        return None
    window, k = window_of(services, first, last), services.insight.k
    shops = [one for one in Shops(services).all(window) if one.zone in zones]
    database, site = services.store.database, services.store.site
    days = (first.isoformat(), last.isoformat())
    members = counts.buyers(database, site, tenant, *days)
    offered = counts.offered_by(database, site, _campaigns(services, tenant), *days)
    redeemed = counts.redeemed_at(database, site, tenant, *days)
    return TenantReport(
        tenant,
        first,
        last,
        services.book.currency,
        shops,
        _came_from(services, window, zones),
        members_figure(members.members, k),
        sum_figure(members.total, members.members, members.largest, k),
        members_figure(offered, k),
        share_of_members(min(redeemed, offered), offered, k),
        [_cost(*one, k) for one in counts.costs(database, site, tenant, *days)],
    )


def _campaigns(services: Sources, tenant: str) -> list[str]:
    """Campaigns whose coupon may be used at the tenant's."""
    pools = services.book.pools
    return [
        one.id
        for one in services.book.all
        if (pool := pools.get(one.coupon)) is not None and (tenant in shops_of(pool) or not shops_of(pool))
    ]


def _came_from(services: Sources, window: Window, zones: set[str]) -> list[Leg]:
    flows = Flows(services).zones(window)
    names = {node.id: node.name for node in flows.nodes}
    return [
        Leg(one.source, names[one.source], one.people)
        for one in flows.links
        if one.target in zones and one.source not in zones
    ][:MOST_SOURCES]


def _cost(payer: str, coupons: int, charge: int, k: int) -> Cost:
    return Cost(payer, members_figure(coupons, k), sum_figure(charge, coupons, 0, k))
