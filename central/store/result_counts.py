"""Counts and sums that results tell of: sales by arm, a week's members, a shop's members, members of two shops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from central.store.database import Database
from central.store.results import ENDED, Asked

_DAY_S = 86_400.0
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Sum:
    """Minor units of different members; ``largest`` is the one member's part that is the largest."""

    members: int = 0
    total: int = 0
    largest: int = 0


@dataclass(frozen=True, slots=True)
class Used:
    """What became of a campaign's offers: how many, to how many members, used by how many on sales of how much."""

    offers: int
    members: int
    used: Sum


@dataclass(frozen=True, slots=True)
class Week:
    """Members of a stretch of days.

    Attributes:
        member_days: days in the mall, of all members.
        present: different members.
        offered: of whom offered something.
        confirmed: of whom whoever delivers has confirmed that the offer arrived.
        told_of: offered members of whom deliverers said anything at all.
        redeemed: who used a coupon of these offers.
        came_back: offered, and in the mall again within the stretch after the offer.
    """

    member_days: int
    present: int
    offered: int
    confirmed: int
    told_of: int
    redeemed: int
    came_back: int


def spent_after(database: Database, site: str, asked: Asked, tenants: Sequence[str]) -> dict[bool, Sum]:
    """What members whose time is over bought at these tenants (anywhere where none) since the offer, by offered or not.

    Args:
        database: the truth.
        site: the site.
        asked: which campaign, and how long after.
        tenants: whose shops.
    """
    names = {f"tenant{n}": tenant for n, tenant in enumerate(tenants)}
    there = f"AND sale.tenant IN ({', '.join(':' + name for name in names)})" if names else ""
    rows = database.rows(
        f"""{ENDED}, spent AS (
            SELECT ended.arm AS arm, ended.member, sum(amount - refunded) AS kept
            FROM ended JOIN purchases AS sale ON sale.site = :site AND sale.member = ended.member
                AND sale.at > ended.at AND sale.day <= ended.last {there}
            GROUP BY ended.member HAVING kept > 0)
        SELECT arm = 'offer', count(*), sum(kept), max(kept) FROM spent GROUP BY arm""",  # noqa: S608
        asked.parameters(site) | names,
    )
    return {bool(row[0]): Sum(row[1], row[2], row[3]) for row in rows}


def used(database: Database, site: str, campaign: str, until: str) -> Used:
    """What became of the campaign's offers up to a day, that included."""
    given = {"site": site, "campaign": campaign, "until": until}
    made = "site = :site AND campaign = :campaign AND arm = 'offer' AND member <> '' AND day <= :until"
    offered = database.rows(f"SELECT count(*), count(DISTINCT member) FROM offers WHERE {made}", given)[0]  # noqa: S608
    found = database.rows(
        f"""SELECT count(*), coalesce(sum(kept), 0), coalesce(max(kept), 0) FROM (
            SELECT member, sum(amount - refunded) AS kept FROM (
                SELECT DISTINCT offers.member, redemptions.redemption, amount, refunded
                FROM offers JOIN coupons ON coupons.site = :site AND coupons.offer = offers.offer
                JOIN redeemed ON redeemed.site = :site AND redeemed.coupon = coupons.coupon AND standing
                JOIN redemptions ON redemptions.site = :site AND redemptions.redemption = redeemed.redemption
                WHERE {"offers." + made.replace(" AND ", " AND offers.")})
            GROUP BY member)""",  # noqa: S608
        given,
    )[0]
    return Used(offered[0], offered[1], Sum(*found))


def week(database: Database, site: str, first: str, last: str, back_within: int) -> Week:
    """Members of the days from ``first`` to ``last``, both included.

    Args:
        database: the truth.
        site: the site.
        first: as 2026-01-26.
        last: as 2026-02-01.
        back_within: days after the first offer of the stretch within which somebody has come back.
    """
    given = {"site": site, "first": first, "last": last, "ahead": f"+{back_within} days"}
    days, present = database.rows(
        "SELECT count(*), count(DISTINCT member) FROM member_days WHERE site = :site AND day BETWEEN :first AND :last",
        given,
    )[0]
    row = database.rows(
        """WITH made AS MATERIALIZED (
            SELECT number, offer, member, day FROM offers
            WHERE site = :site AND at >= :since AND at < :before AND day BETWEEN :first AND :last AND arm = 'offer'
                AND member <> '' AND member NOT GLOB '~*'),
        first AS MATERIALIZED (SELECT member, min(day) AS day FROM made GROUP BY member)
        SELECT (SELECT count(*) FROM first),
            (SELECT count(DISTINCT made.member) FROM made JOIN receipts ON receipts.site = :site
                AND receipts.number = made.number WHERE receipts.state = 'delivered'),
            (SELECT count(DISTINCT made.member) FROM made JOIN receipts ON receipts.site = :site
                AND receipts.number = made.number),
            (SELECT count(DISTINCT made.member) FROM made
                JOIN coupons ON coupons.site = :site AND coupons.offer = made.offer
                JOIN redeemed ON redeemed.site = :site AND redeemed.coupon = coupons.coupon AND standing),
            (SELECT count(*) FROM first WHERE EXISTS (SELECT 1 FROM member_days AS met WHERE met.site = :site
                AND met.member = first.member AND met.day > first.day AND met.day <= date(first.day, :ahead)))""",
        given | _instants(first, last),
    )[0]
    return Week(days, present, *row)


def _instants(first: str, last: str) -> dict[str, float]:
    """Instants that surely lie before and after the days in any time zone, for an index by time."""
    start, end = (date.fromisoformat(day).toordinal() - _EPOCH for day in (first, last))
    return {"since": (start - 1) * _DAY_S, "before": (end + 2) * _DAY_S}


def buyers(database: Database, site: str, tenant: str, first: str, last: str) -> Sum:
    """Members who bought at a tenant's shops on these days; minor units kept."""
    found = database.rows(
        """SELECT count(*), coalesce(sum(kept), 0), coalesce(max(kept), 0) FROM (
            SELECT sum(amount - refunded) AS kept FROM purchases
            WHERE site = :site AND at >= :since AND at < :before AND tenant = :tenant
                AND day BETWEEN :first AND :last AND member <> ''
            GROUP BY member)""",
        {"site": site, "tenant": tenant, "first": first, "last": last} | _instants(first, last),
    )[0]
    return Sum(*found)


def offered_by(database: Database, site: str, campaigns: Sequence[str], first: str, last: str) -> int:
    """Different members offered something by any of the campaigns on these days."""
    names = {f"campaign{n}": campaign for n, campaign in enumerate(campaigns)}
    marks = ", ".join(":" + name for name in names)
    return int(
        database.rows(
            f"""SELECT count(DISTINCT member) FROM offers WHERE site = :site AND campaign IN ({marks})
                AND at >= :since AND at < :before AND day BETWEEN :first AND :last AND arm = 'offer'
                AND member <> '' AND member NOT GLOB '~*'""",  # noqa: S608
            {"site": site, "first": first, "last": last} | _instants(first, last) | names,
        )[0][0]
    )


def redeemed_at(database: Database, site: str, tenant: str, first: str, last: str) -> int:
    """Different members who used a coupon in a tenant's shops on these days."""
    return int(
        database.rows(
            """SELECT count(DISTINCT coupons.member) FROM redemptions
               JOIN redeemed ON redeemed.site = :site AND redeemed.redemption = redemptions.redemption AND standing
               JOIN coupons ON coupons.site = :site AND coupons.coupon = redeemed.coupon
               WHERE redemptions.site = :site AND redemptions.at >= :since AND redemptions.at < :before
                   AND redemptions.tenant = :tenant AND redemptions.day BETWEEN :first AND :last
                   AND coupons.member <> ''""",
            {"site": site, "tenant": tenant, "first": first, "last": last} | _instants(first, last),
        )[0][0]
    )


def costs(database: Database, site: str, tenant: str, first: str, last: str) -> list[tuple[str, int, int]]:
    """(payer, coupons, minor units charged) of coupons used in a tenant's shops; the empty payer is the mall."""
    rows = database.rows(
        """SELECT payer, sum(coupons), sum(charge) FROM coupon_books
           WHERE site = ? AND tenant = ? AND day BETWEEN ? AND ? GROUP BY payer ORDER BY payer""",
        (site, tenant, first, last),
    )
    return [(row[0], row[1], row[2]) for row in rows]


def shoppers_by_tenant(database: Database, site: str, first: str, last: str) -> list[tuple[str, str]]:
    """(member, tenant) of everybody who bought there on these days, each once, by member."""
    given = {"site": site, "first": first, "last": last} | _instants(first, last)
    rows = database.rows(
        """SELECT DISTINCT member, tenant FROM purchases WHERE site = :site AND at >= :since AND at < :before
           AND day BETWEEN :first AND :last AND member <> '' AND tenant <> '' AND amount > refunded
           ORDER BY member""",
        given,
    )
    return [(row[0], row[1]) for row in rows]
