"""Who asked what, by minute."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import astuple, dataclass

from central.store.database import Database


@dataclass(frozen=True, slots=True)
class Entry:
    """A request.

    Attributes:
        at: seconds since 1970.
        who: name of the user or token; empty for nobody we know.
        kind: ``user`` or ``token``, empty for nobody.
        role: theirs.
        method: HTTP's.
        route: the path as routed, with parameters unnamed; for pages the path itself.
        subject: what the request was about: a floor, a zone, a member's pseudonym.
        query: the window and filters asked for.
        status: of the answer.
        address: of the caller, kept only where they were not let in.
    """

    at: float
    who: str
    kind: str
    role: str
    method: str
    route: str
    subject: str
    query: str
    status: int
    address: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry as kept: ``requests`` like it came in its minute."""

    id: int
    entry: Entry
    requests: int


_COLUMNS = "at, who, kind, role, method, route, subject, query, status, address"


def add(connection: sqlite3.Connection, site: str, entries: Iterable[Entry]) -> None:
    """Write entries down, within the caller's transaction."""
    connection.executemany(
        f"INSERT INTO audit (site, minute, {_COLUMNS}, requests) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)"  # noqa: S608
        " ON CONFLICT DO UPDATE SET requests = requests + 1",
        [(site, int(entry.at // 60), *astuple(entry)) for entry in entries],
    )


def newest(database: Database, site: str, limit: int, before: int | None = None) -> list[Kept]:
    """Entries, newest first.

    Args:
        database: where they are.
        site: the site.
        limit: at most so many.
        before: only those with a lower id.
    """
    rows = database.rows(
        f"SELECT {_COLUMNS}, id, requests FROM audit WHERE site = ? AND id < ? ORDER BY id DESC LIMIT ?",  # noqa: S608
        (site, 2**62 if before is None else before, limit),
    )
    return [Kept(row["id"], Entry(*tuple(row)[:10]), row["requests"]) for row in rows]
