"""The feed that offers are decided from: what has changed about a member, in the order of commits.

A row says only that something may have changed and where to look; the truth stays in its own table. It is written in
the transaction of the change itself, so that nothing committed can be missed, by whichever central.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from central.store.database import Database

Kind = Literal["visit", "link", "unlink", "purchase", "touchpoint", "member"]
"""``ref`` of a visit: ``visitor/hour``, the hour since 1970 in which it began; of a link or unlink: the visitor; of a
purchase or touchpoint: its id; of a member: empty."""

FROM_VISITS = """
    INSERT INTO happenings (site, kind, member, ref, at)
    SELECT site, 'visit', member, visitor || '/' || ?, ? FROM links WHERE site = ? AND visitor = ?"""
"""For a visit just stored: a row if its visitor is a member now, else none; (hour, heard, site, visitor)."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something about a member may have changed; ``at`` is when we heard of it, seconds since 1970.

    A ``member`` without a name: some member was erased, whoever remembers any looks whether they are still there.
    """

    number: int
    kind: Kind
    member: str
    ref: str
    at: float


def note(connection: sqlite3.Connection, site: str, happened: Sequence[tuple[Kind, str, str, float]]) -> None:
    """Write down (kind, member, ref, at) within the transaction of the change."""
    connection.executemany(
        "INSERT INTO happenings (site, kind, member, ref, at) VALUES (?, ?, ?, ?, ?)",
        [(site, *one) for one in happened],
    )


def forget(connection: sqlite3.Connection, site: str, member: str) -> None:
    """Delete what names a member, and the visitors that they were."""
    connection.execute("DELETE FROM happenings WHERE site = ? AND member = ?", (site, member))


def after(database: Database, site: str, number: int, limit: int = 10_000) -> list[Happening]:
    """What has happened since, in order."""
    rows = database.rows(
        "SELECT number, kind, member, ref, at FROM happenings WHERE site = ? AND number > ? ORDER BY number LIMIT ?",
        (site, number, limit),
    )
    return [Happening(*row) for row in rows]


def newest(database: Database, site: str) -> int:
    """The highest number given so far; 0 for none."""
    found = database.rows("SELECT max(number) FROM happenings WHERE site = ?", (site,))[0][0]
    return int(found or 0)
