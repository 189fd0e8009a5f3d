"""Visitors' ids of days gone by give way to keys that nobody knows: one random key a person and day.

A person's visits of one day stay together, so that flows of that day can still be told; whatever knew the visitor by
the box's id (a log, an export, a link) finds nothing any more. Who was the same person on several floors becomes one
key, walking together and working here go over to it, and what said so before is deleted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from central.store.database import Database

FRESH = "~"
"""A key that is no box's id begins with this, which no id can."""
SLICE_S = 1800.0
"""Rows of so much time are rewritten in one transaction, so that ingest is not held up."""

_TIMES = (("visits", "entered_at"), ("crossings", "at"), ("journeys", "left_at"))


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A day: how many ids stood in it, and how many still do."""

    found: int
    left: int


def forget(database: Database, site: str, start: float, end: float, new_key: Callable[[], str]) -> Forgotten:
    """Replace every visitor's id of a day; it may be cut off at any point and called again.

    Args:
        database: where the day is.
        site: the site.
        start: of the day, seconds since 1970.
        end: its end.
        new_key: random, without ``FRESH``.
    """
    found = _visitors(database, site, start, end)
    if found:
        _choose_keys(database, site, start, found, new_key)
    if not (found or _is_unfinished(database, site, start)):
        return Forgotten(0, 0)
    for table, clock in _TIMES:
        at = start
        while at < end:
            _rewrite(database, site, (table, clock), start, (at, min(at + SLICE_S, end)))
            at += SLICE_S
    left = _visitors(database, site, start, end)
    if not left:
        with database.writing() as connection:
            _carry_over(connection, site, start, new_key)
            connection.execute("DELETE FROM forgetting WHERE site = ? AND day = ?", (site, start))
    return Forgotten(len(found), len(left))


def first_instant(database: Database, site: str) -> float | None:
    """When the oldest event that is kept happened, None where there is none."""
    firsts = [
        database.rows(f"SELECT min({clock}) FROM {table} WHERE site = ?", (site,))[0][0]  # noqa: S608
        for table, clock in _TIMES
    ]
    return min((first for first in firsts if first is not None), default=None)


def _visitors(database: Database, site: str, start: float, end: float) -> list[str]:
    parts = [
        f"SELECT visitor FROM {table} WHERE site = :site AND {clock} >= :start AND {clock} < :end"  # noqa: S608
        " AND visitor NOT GLOB '~*'"
        for table, clock in _TIMES
    ]
    rows = database.rows(" UNION ".join(parts), {"site": site, "start": start, "end": end})
    return [row[0] for row in rows]


def _is_unfinished(database: Database, site: str, day: float) -> bool:
    return bool(database.rows("SELECT 1 FROM forgetting WHERE site = ? AND day = ? LIMIT 1", (site, day)))


def _choose_keys(
    database: Database, site: str, day: float, visitors: Sequence[str], new_key: Callable[[], str]
) -> None:
    """A fresh key for each person; whoever has one already, since we were cut off, keeps it."""
    with database.writing() as connection:  # read in it, too: a purge by hand may choose at the same moment
        rows = connection.execute("SELECT visitor, person FROM stitches WHERE site = ?", (site,))
        persons = {row[0]: row[1] for row in rows}
        rows = connection.execute("SELECT visitor, fresh FROM forgetting WHERE site = ? AND day = ?", (site, day))
        chosen = {persons.get(row[0], row[0]): row[1] for row in rows}
        for visitor in visitors:
            chosen.setdefault(persons.get(visitor, visitor), FRESH + new_key())
        connection.executemany(
            "INSERT INTO forgetting VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(site, day, visitor, chosen[persons.get(visitor, visitor)]) for visitor in visitors],
        )


def _rewrite(database: Database, site: str, where: tuple[str, str], day: float, span: tuple[float, float]) -> None:
    table, clock = where
    with database.writing() as connection:
        connection.execute(
            f"""UPDATE {table} SET visitor = coalesce((SELECT fresh FROM forgetting WHERE forgetting.site = :site
                AND day = :day AND forgetting.visitor = {table}.visitor), visitor)
                WHERE site = :site AND {clock} >= :start AND {clock} < :end AND visitor NOT GLOB '~*'""",  # noqa: S608
            {"site": site, "day": day, "start": span[0], "end": span[1]},
        )


def _carry_over(connection: sqlite3.Connection, site: str, day: float, new_key: Callable[[], str]) -> None:
    """Parties and staff under the fresh keys; the rows under the old ones go when their time is up."""
    given = {"site": site, "day": day}
    connection.execute(
        """INSERT INTO staff (site, person, reason, at)
           SELECT DISTINCT :site, forgetting.fresh, staff.reason, staff.at FROM forgetting
           LEFT JOIN stitches ON stitches.site = :site AND stitches.visitor = forgetting.visitor
           JOIN staff ON staff.site = :site AND staff.person = coalesce(stitches.person, forgetting.visitor)
           WHERE forgetting.site = :site AND day = :day ON CONFLICT DO NOTHING""",
        given,
    )
    rows = connection.execute(
        """SELECT forgetting.fresh, parties.party, parties.confidence, parties.at FROM forgetting
           LEFT JOIN stitches ON stitches.site = :site AND stitches.visitor = forgetting.visitor
           JOIN parties ON parties.site = :site AND parties.visitor = coalesce(stitches.person, forgetting.visitor)
           WHERE forgetting.site = :site AND day = :day""",
        given,
    ).fetchall()
    fresh = {party: FRESH + new_key() for party in {row[1] for row in rows}}
    connection.executemany(
        "INSERT INTO parties (site, visitor, party, confidence, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(site, row[0], fresh[row[1]], row[2], row[3]) for row in rows],
    )
