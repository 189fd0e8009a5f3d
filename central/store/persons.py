"""Who is who: visitors who are one person, people who are one party, people who work here.

A person's token is that of their first visitor, so that who is seen on one floor alone needs no row. Parties and staff
are kept by it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from central.store.database import Database


@dataclass(frozen=True, slots=True)
class Stitch:
    """Two visitors who are one person: ``visitor`` came at ``at`` (seconds since 1970), ``before`` had left."""

    visitor: str
    before: str
    confidence: float
    at: float


@dataclass(frozen=True, slots=True)
class Companions:
    """Two people, by any of their visitors, who walk together with that confidence."""

    visitor: str
    other: str
    confidence: float


def stitch(database: Database, site: str, links: Iterable[Stitch]) -> int:
    """How many of the links are new; nobody is linked twice, neither by whom they were nor by whom they became."""
    made = 0
    with database.writing() as connection:
        for link in links:
            person = person_of(connection, site, link.before)
            if person == link.visitor:
                continue
            made += connection.execute(
                "INSERT INTO stitches VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (site, link.visitor, person, link.before, link.confidence, link.at),
            ).rowcount
            _rename(connection, site, link.visitor, person_of(connection, site, link.visitor))
    return made


def person_of(connection: sqlite3.Connection, site: str, visitor: str) -> str:
    """The person's token."""
    row = connection.execute("SELECT person FROM stitches WHERE site = ? AND visitor = ?", (site, visitor)).fetchone()
    return visitor if row is None else str(row[0])


def _rename(connection: sqlite3.Connection, site: str, visitor: str, person: str) -> None:
    """What was known of a visitor is known of the person they turned out to be."""
    if visitor == person:
        return
    connection.execute("UPDATE stitches SET person = ? WHERE site = ? AND person = ?", (person, site, visitor))
    connection.execute("UPDATE OR IGNORE staff SET person = ? WHERE site = ? AND person = ?", (person, site, visitor))
    connection.execute("DELETE FROM staff WHERE site = ? AND person = ?", (site, visitor))
    theirs, persons = (_party_of(connection, site, one) for one in (visitor, person))
    if theirs is not None and persons is not None and theirs != persons:
        connection.execute("UPDATE parties SET party = ? WHERE site = ? AND party = ?", (persons, site, theirs))
    connection.execute(
        "UPDATE OR IGNORE parties SET visitor = ? WHERE site = ? AND visitor = ?", (person, site, visitor)
    )
    connection.execute("DELETE FROM parties WHERE site = ? AND visitor = ?", (site, visitor))


def _party_of(connection: sqlite3.Connection, site: str, person: str) -> str | None:
    row = connection.execute("SELECT party FROM parties WHERE site = ? AND visitor = ?", (site, person)).fetchone()
    return None if row is None else str(row[0])


def join(database: Database, site: str, pairs: Iterable[Companions], most: int, at: float) -> int:
    """How many of the pairs are in one party now, the surest first; no party grows beyond ``most`` people."""
    together = 0
    with database.writing() as connection:
        for pair in sorted(pairs, key=lambda one: (-one.confidence, one.visitor, one.other)):
            one, other = (person_of(connection, site, visitor) for visitor in (pair.visitor, pair.other))
            together += one != other and _unite(connection, site, Companions(one, other, pair.confidence), most, at)
    return together


def _unite(connection: sqlite3.Connection, site: str, pair: Companions, most: int, at: float) -> bool:
    parties = [_party_of(connection, site, person) for person in (pair.visitor, pair.other)]
    if parties[0] is not None and parties[0] == parties[1]:
        return True
    sizes = [
        1
        if party is None
        else _count(connection, "SELECT count(*) FROM parties WHERE site = ? AND party = ?", site, party)
        for party in parties
    ]
    if sum(sizes) > most:
        return False
    party = parties[0] or parties[1] or min(pair.visitor, pair.other)
    for person, old in zip((pair.visitor, pair.other), parties, strict=True):
        if old is None:
            connection.execute("INSERT INTO parties VALUES (?, ?, ?, ?, ?)", (site, person, party, pair.confidence, at))
        elif old != party:
            connection.execute("UPDATE parties SET party = ? WHERE site = ? AND party = ?", (party, site, old))
    return True


def _count(connection: sqlite3.Connection, sql: str, *parameters: str) -> int:
    return int(connection.execute(sql, parameters).fetchone()[0])


def mark_staff(database: Database, site: str, reasons: Sequence[tuple[str, str]], at: float) -> None:
    """Say of these persons that they work here, and why; the newest reason stands."""
    with database.writing() as connection:
        connection.executemany(
            """INSERT INTO staff VALUES (?, ?, ?, ?)
               ON CONFLICT (site, person) DO UPDATE SET reason = excluded.reason""",
            [(site, person, reason, at) for person, reason in reasons],
        )


def staff_among(database: Database, site: str, visitors: Iterable[str]) -> set[str]:
    """Those of the visitors who are known to work here."""
    rows = database.rows(
        """SELECT asked.value FROM json_each(:asked) AS asked
           LEFT JOIN stitches ON stitches.site = :site AND stitches.visitor = asked.value
           JOIN staff ON staff.site = :site AND staff.person = coalesce(stitches.person, asked.value)""",
        {"site": site, "asked": json.dumps(list(visitors))},
    )
    return {row[0] for row in rows}


def staff(database: Database, site: str, since: float = 0.0) -> dict[str, str]:
    """Why somebody counts as staff, by person, of those found since the instant."""
    rows = database.rows("SELECT person, reason FROM staff WHERE site = ? AND at >= ?", (site, since))
    return {row[0]: row[1] for row in rows}
