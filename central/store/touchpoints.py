"""Touchpoints: somebody was at a place at an instant, because a till, a code, a kiosk or a barrier said so."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from central.store import happenings
from central.store.database import Database

NO_CONSENT = "no consent"
"""Outcome of a touchpoint of somebody who has not agreed to be linked; where they were is not kept with it."""
PARKING = "parking"
"""The source of entering and leaving the car park, for conditions."""


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """Somebody was at a place (x, y in metres, or a zone) at an instant (seconds since 1970).

    Attributes:
        touchpoint: its id; the same id is the same touchpoint.
        kind: ``sale``, ``receipt``, ``checkin``, ``parking_in``, ``parking_out``, ``kiosk`` or ``redemption``.
        member: who; empty where nobody said.
        state: ``open`` until it is decided, then ``closed`` with its outcome.
        place: the named place of ``site.toml``; empty for a bare point or zone.
        source: where a signed code hung (``housing-estate``), or ``parking``.
        purchase: the sale it tells of.
        heard: when we were told.
    """

    touchpoint: str
    kind: str
    member: str
    floor: str
    zone: str | None
    x: float | None
    y: float | None
    at: float
    state: str = "open"
    outcome: str = ""
    confidence: float | None = None
    place: str = ""
    source: str = ""
    purchase: str = ""
    heard: float = 0.0


_COLUMNS = "touchpoint, kind, member, floor, zone, x, y, at, state, outcome, confidence, place, source, purchase, heard"


def add(database: Database, site: str, touchpoint: Touchpoint) -> bool:
    """Whether the touchpoint is new; a repeated one changes nothing."""
    with database.writing() as connection:
        return add_within(connection, site, touchpoint)


def add_within(connection: sqlite3.Connection, site: str, one: Touchpoint) -> bool:
    """The same within the caller's transaction."""
    cursor = connection.execute(
        f"INSERT INTO touchpoints (site, {_COLUMNS}) VALUES ({', '.join('?' * 16)}) ON CONFLICT DO NOTHING",  # noqa: S608
        (
            *(site, one.touchpoint, one.kind, one.member, one.floor, one.zone, one.x, one.y, one.at),
            *(one.state, one.outcome, one.confidence, one.place, one.source, one.purchase, one.heard),
        ),
    )
    if cursor.rowcount and one.member:
        happenings.note(connection, site, [("touchpoint", one.member, one.touchpoint, one.heard or one.at)])
    return cursor.rowcount == 1


def find(database: Database, site: str, touchpoint: str) -> Touchpoint | None:
    """The touchpoint of that id."""
    found = _those(database, "touchpoint = ?", (site, touchpoint))
    return found[0] if found else None


def open_touchpoints(database: Database, site: str) -> list[Touchpoint]:
    """Touchpoints still to be linked, oldest first."""
    return _those(database, "state = 'open' ORDER BY at", (site,))


def at_place(database: Database, site: str, place: str, start: float, end: float) -> list[Touchpoint]:
    """Everything that a named place told of from ``start`` to ``end``, both included, oldest first."""
    return _those(database, "place = ? AND place != '' AND at BETWEEN ? AND ? ORDER BY at", (site, place, start, end))


def sources_of(database: Database, site: str, member: str, since: float) -> frozenset[str]:
    """Where the signed codes hung that a member checked in at since an instant; ``parking`` for the car park."""
    if not member:
        return frozenset()
    rows = database.rows(
        "SELECT DISTINCT source FROM touchpoints WHERE site = ? AND member = ? AND member != '' AND at >= ?",
        (site, member, since),
    )
    return frozenset(row[0] for row in rows if row[0])


def close(database: Database, site: str, touchpoint: str, outcome: str) -> None:
    """Give a touchpoint up, saying why; of who has not agreed, the place goes, too."""
    place = ", zone = NULL, x = NULL, y = NULL, place = ''" if outcome == NO_CONSENT else ""
    with database.writing() as connection:
        connection.execute(
            f"UPDATE touchpoints SET state = 'closed', outcome = ? {place}"  # noqa: S608 - our own words
            " WHERE site = ? AND touchpoint = ? AND state = 'open'",
            (outcome, site, touchpoint),
        )


def claim(connection: sqlite3.Connection, site: str, purchase: str, member: str, *, reopen: bool) -> bool:
    """Whether nobody's sale is the member's now; with ``reopen`` it is decided again who of those seen they were."""
    cursor = connection.execute(
        "UPDATE purchases SET member = ? WHERE site = ? AND purchase = ? AND member = ''", (member, site, purchase)
    )
    if cursor.rowcount and reopen:
        connection.execute(
            """UPDATE touchpoints SET member = ?, state = 'open', outcome = ''
               WHERE site = ? AND purchase = ? AND member = '' AND kind = 'sale'""",
            (member, site, purchase),
        )
    return cursor.rowcount == 1


def _those(database: Database, condition: str, parameters: tuple[str | float, ...]) -> list[Touchpoint]:
    rows = database.rows(f"SELECT {_COLUMNS} FROM touchpoints WHERE site = ? AND {condition}", parameters)  # noqa: S608
    return [Touchpoint(*row) for row in rows]
