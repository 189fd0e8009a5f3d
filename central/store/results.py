"""What members did before and after they were first due an offer: columns for measuring, never told as they are."""

from __future__ import annotations

from dataclasses import dataclass

from central.store.database import Database

_DUE = """
    WITH due AS MATERIALIZED (
        SELECT member, arm, day, at, min(number) AS number FROM offers INDEXED BY offers_by_campaign
        WHERE site = :site AND campaign = :campaign AND member <> '' AND member NOT GLOB '~*' AND day <= :until
        GROUP BY member),
    kept AS MATERIALIZED (
        SELECT * FROM due WHERE EXISTS (
            SELECT 1 FROM consents WHERE consents.site = :site AND consents.member = due.member
                AND purpose = :purpose AND withdrawn_at IS NULL AND given_at <= due.at)
            AND NOT EXISTS (
                SELECT 1 FROM consents WHERE consents.site = :site AND consents.member = due.member
                    AND withdrawn_at > due.at))"""
"""Everybody who was due, by their first row, which decides their arm; and of these, whose days are whole.

A withdrawal deletes days; who withdrew any consent since is left out rather than taken for absent."""


ENDED = f"""{_DUE}, ended AS MATERIALIZED (
        SELECT member, arm, day, at, date(day, :back) AS since, date(day, :ahead) AS last FROM kept
        WHERE date(day, :ahead) <= :until ORDER BY day, member)"""  # noqa: S608 - our own words
_CAME = f"""{ENDED}
    SELECT ended.member, ended.arm = 'offer', ended.day, coalesce(sum(met.day < ended.day), 0),
        coalesce(sum(met.day > ended.day), 0),
        coalesce(sum(CASE WHEN met.day >= ended.day THEN (SELECT count(*) FROM json_each(met.categories)) END), 0),
        coalesce(sum(met.day >= ended.day), 0)
    FROM ended LEFT JOIN member_days AS met ON met.site = :site AND met.member = ended.member
        AND met.day BETWEEN ended.since AND ended.last
    GROUP BY ended.day, ended.member"""  # noqa: S608
_BOUGHT = f"""{ENDED}
    SELECT ended.member, sum(CASE WHEN sale.day < ended.day THEN amount - refunded ELSE 0 END),
        sum(CASE WHEN sale.at > ended.at THEN amount - refunded ELSE 0 END)
    FROM ended JOIN purchases AS sale ON sale.site = :site AND sale.member = ended.member
        AND sale.at >= ended.at - :wide_s AND sale.day BETWEEN ended.since AND ended.last
    GROUP BY ended.member"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Asked:
    """A campaign, and the stretches around its first offers.

    Attributes:
        campaign: id.
        purpose: the consent that days are kept for.
        until: the last whole day, as 2026-01-31; a stretch that ends later is not over.
        before_days: how long the stretch before is.
        after_days: how long the one after.
    """

    campaign: str
    purpose: str
    until: str
    before_days: int
    after_days: int

    def parameters(self, site: str) -> dict[str, str | float]:
        """The same for the queries."""
        return {
            "site": site,
            "campaign": self.campaign,
            "purpose": self.purpose,
            "until": self.until,
            "back": f"-{self.before_days} days",
            "ahead": f"+{self.after_days} days",
            "wide_s": (self.before_days + 2) * 86_400.0,
        }


@dataclass(frozen=True, slots=True)
class Due:
    """A member who was due an offer for the first time, and what is known of the days around it.

    Attributes:
        offered: whether they got it; else they were held back.
        day: on which, as 2026-01-31.
        visits_before: days in the mall in the stretch before.
        visits: days in the mall after it, that day itself not counted.
        breadth: categories, summed over the days from that day on.
        days: days from that day on.
        spent_before: minor units kept in the stretch before.
        spent: minor units kept from the offer on.
    """

    offered: bool
    day: str
    visits_before: int
    visits: int
    breadth: int
    days: int
    spent_before: int
    spent: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A campaign's members, as they are.

    Attributes:
        members: by arm and day of their first offer: (offered, day, members, of whom measurable).
        rows: offers made in all, first and later ones.
    """

    members: list[tuple[bool, str, int, int]]
    rows: int


def standing(database: Database, site: str, campaign: str, purpose: str, until: str) -> Standing:
    """How many members were due, by arm and day."""
    given = {"site": site, "campaign": campaign, "purpose": purpose, "until": until}
    rows = database.rows(
        f"""{_DUE} SELECT due.arm = 'offer', due.day, count(*), count(kept.member) FROM due
            LEFT JOIN kept USING (member) GROUP BY due.arm, due.day ORDER BY due.day""",  # noqa: S608
        given,
    )
    made = database.rows(
        """SELECT count(*) FROM offers WHERE site = :site AND campaign = :campaign AND arm = 'offer'
           AND day <= :until""",
        given,
    )
    return Standing([(bool(row[0]), row[1], row[2], row[3]) for row in rows], made[0][0])


def outcomes(database: Database, site: str, asked: Asked) -> list[Due]:
    """What everybody measurable did whose stretch after their first offer is over, by that offer's day."""
    given = asked.parameters(site)
    bought = {row[0]: (row[1], row[2]) for row in database.rows(_BOUGHT, given)}
    nothing = (0, 0)
    return [
        Due(bool(row[1]), row[2], row[3], row[4], row[5], row[6], *bought.get(row[0], nothing))
        for row in database.rows(_CAME, given)
    ]
