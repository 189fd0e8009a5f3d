"""What offers are decided on, read in few queries, and what they are counted by."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from central.store.database import Database
from central.store.figures import VisitRow

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Given:
    """What has been given of a campaign: on a day and in all. Costs are minor units.

    Attributes:
        of_member: offers and holdouts to the member, in all and on the day; the latest, seconds since 1970.
        any_at: the latest of whatever campaign to the member.
        campaigns_today: which the member had on the day.
    """

    of_member: int
    of_member_today: int
    last_at: float | None
    any_at: float | None
    campaigns_today: frozenset[str]
    today: int
    total: int
    cost: int


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A campaign that all but came to an offer to a member on a day; ``failed`` by ``short_by`` of ``unit``."""

    member: str
    campaign: str
    day: str
    failed: str
    short_by: float | None
    unit: str
    at: float


@dataclass(frozen=True, slots=True)
class Counts:
    """Offers and holdouts of a campaign on a day, and what the coupons cost, minor units."""

    campaign: str
    day: str
    offers: int
    holdouts: int
    cost: int


def given(connection: sqlite3.Connection, site: str, member: str, campaign: str, day: str) -> Given:
    """What has been given so far, as the caller's transaction sees it."""
    of_member = connection.execute(
        "SELECT count(*), sum(day = ?4), max(at) FROM offers WHERE site = ?1 AND member = ?2 AND campaign = ?3",
        (site, member, campaign, day),
    ).fetchone()
    latest = connection.execute(
        "SELECT campaign, day, at FROM offers WHERE site = ? AND member = ? ORDER BY at DESC LIMIT 100", (site, member)
    ).fetchall()
    counts = {
        row[0]: row[1:]
        for row in connection.execute(
            "SELECT day, offers, cost FROM offer_counts WHERE site = ? AND campaign = ? AND day IN (?, '')",
            (site, campaign, day),
        )
    }
    today, total = counts.get(day, (0, 0)), counts.get("", (0, 0))
    return Given(
        of_member[0],
        of_member[1] or 0,
        of_member[2],
        latest[0][2] if latest else None,
        frozenset(row[0] for row in latest if row[1] == day),
        today[0],
        total[0],
        total[1],
    )


def last_offer(database: Database, site: str, member: str) -> float | None:
    """When the member was last offered anything, or held out; None for never."""
    found: float | None = database.rows("SELECT max(at) FROM offers WHERE site = ? AND member = ?", (site, member))[0][
        0
    ]
    return found


def count(
    connection: sqlite3.Connection, site: str, campaign: str, day: str, *, held_out: bool, cost: int, now: float
) -> None:
    """Count an offer or a holdout within its transaction."""
    connection.executemany(
        """INSERT INTO offer_counts VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
           offers = offers + excluded.offers, holdouts = holdouts + excluded.holdouts, cost = cost + excluded.cost,
           at = excluded.at""",
        [(site, campaign, which, not held_out, held_out, cost, now) for which in (day, "")],
    )


def counts(database: Database, site: str, day: str) -> list[Counts]:
    """Every campaign's counts of a day; of all days for the empty one."""
    rows = database.rows(
        "SELECT campaign, day, offers, holdouts, cost FROM offer_counts WHERE site = ? AND day = ? ORDER BY campaign",
        (site, day),
    )
    return [Counts(*row) for row in rows]


_VISIT = "box, floor, visit, visitor, zone, phase, entered_at, left_at, observed_s, bridged_s, unseen_s, confidence, at"


def visits_since(
    database: Database, site: str, visitors: Iterable[str], start: float, now: float
) -> dict[str, list[VisitRow]]:
    """Visits of these visitors that began from the hour of ``start`` until ``now``, by visitor, each by beginning."""
    return visits_of_hours(database, site, visitors, range(int(start // HOUR_S), int((now + HOUR_S) // HOUR_S) + 1))


def visits_of_hours(
    database: Database, site: str, visitors: Iterable[str], hours: Iterable[int]
) -> dict[str, list[VisitRow]]:
    """Visits of these visitors that began in these hours since 1970, by visitor, each by beginning."""
    marks = ", ".join(str(int(hour)) for hour in hours)
    rows = database.rows(
        f"""SELECT {_VISIT} FROM visits INDEXED BY visits_by_visitor WHERE site = ? AND hour IN ({marks})
            AND visitor IN (SELECT value FROM json_each(?)) ORDER BY entered_at, visit""",  # noqa: S608 - numbers
        (site, json.dumps(list(visitors))),
    )
    found: dict[str, list[VisitRow]] = {}
    for row in rows:
        found.setdefault(row[3], []).append(VisitRow(*row))
    return found


def misses_by_reason(
    database: Database, site: str, campaign: str, day: str
) -> dict[tuple[str, str], list[tuple[str, float | None]]]:
    """Members whom a campaign missed on a day and how short each fell, by what failed and its unit."""
    found: dict[tuple[str, str], list[tuple[str, float | None]]] = {}
    for failed, unit, member, short_by in database.rows(
        """SELECT failed, unit, member, short_by FROM near_misses WHERE site = ? AND campaign = ? AND day = ?
           ORDER BY failed, unit""",
        (site, campaign, day),
    ):
        found.setdefault((failed, unit), []).append((member, short_by))
    return found


def put_misses(  # noqa: PLR0917 - an event of one line at its caller
    connection: sqlite3.Connection,
    site: str,
    day: str,
    misses: Mapping[str, Sequence[NearMiss]],
    purposes: Mapping[str, str],
    purpose: str,
) -> None:
    """Write down a day's near misses of members, in the place of what stood there of that day.

    Args:
        connection: in a transaction.
        site: the site.
        day: of the site.
        misses: by member; of who has none, what stood there goes.
        purposes: the consent that each campaign needs.
        purpose: the one that linking needs; both must stand at this very moment.
    """
    connection.executemany(
        "DELETE FROM near_misses WHERE site = ? AND member = ? AND day = ?", [(site, name, day) for name in misses]
    )
    connection.executemany(
        """INSERT INTO near_misses SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE 2 = (SELECT count(*) FROM consents
           WHERE site = ?1 AND member = ?2 AND withdrawn_at IS NULL AND purpose IN (?9, ?10))""",
        [
            (
                *(site, one.member, one.campaign, day, one.failed, one.short_by, one.unit, one.at),
                *(purpose, purposes[one.campaign]),
            )
            for listed in misses.values()
            for one in listed
        ],
    )
