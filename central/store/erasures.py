"""Erasures and withdrawals: that they were done, how much went, and since when no byte of it is left in our files."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from central.store.database import Database

Kind = Literal["erasure", "withdrawal"]


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was done about one member.

    Attributes:
        subject: the member's pseudonym: who knows the id can ask whether it was erased, nobody can read the id from it.
        at: when the rows went, in one transaction, seconds since 1970.
        removed: rows by table.
        scrubbed_at: when the write-ahead log had been emptied after that; None while it waits.
    """

    kind: str
    subject: str
    at: float
    removed: dict[str, int]
    scrubbed_at: float | None


def note(
    connection: sqlite3.Connection,
    site: str,
    kind: Kind,
    *,
    subject: str,
    at: float,
    removed: Mapping[str, int],
    purpose: str = "",
) -> None:
    """Write down what has been removed, within the same transaction; ``purpose`` of a withdrawn consent."""
    connection.execute(
        "INSERT INTO erasures (site, kind, subject, at, removed, purpose) VALUES (?, ?, ?, ?, ?, ?)",
        (site, kind, subject, at, json.dumps(dict(removed)), purpose),
    )


def after(database: Database, site: str, number: int) -> list[tuple[int, float, Kind, str, str]]:
    """What was done since: number, instant, kind, subject and purpose, in order."""
    rows = database.rows(
        "SELECT id, at, kind, subject, purpose FROM erasures WHERE site = ? AND id > ? ORDER BY id", (site, number)
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


def are_open(database: Database, site: str) -> bool:
    """Whether something removed may still stand in the write-ahead log."""
    return bool(database.rows("SELECT 1 FROM erasures WHERE site = ? AND scrubbed_at IS NULL LIMIT 1", (site,)))


def settle(database: Database, site: str, now: float) -> bool:
    """Empty the write-ahead log and say so; False where a reader still needs it: try again.

    What is deleted is overwritten with zeros in its page (``secure_delete``); the log's older pages go with the log.
    """
    if not database.empty_log():
        return False
    with database.writing() as connection:
        connection.execute(
            "UPDATE erasures SET scrubbed_at = ? WHERE site = ? AND scrubbed_at IS NULL AND at <= ?", (now, site, now)
        )
    return True


def newest(database: Database, site: str, limit: int = 100) -> list[Erasure]:
    """The latest, newest first."""
    rows = database.rows(
        "SELECT kind, subject, at, removed, scrubbed_at FROM erasures WHERE site = ? ORDER BY id DESC LIMIT ?",
        (site, limit),
    )
    return [Erasure(row[0], row[1], row[2], json.loads(row[3]), row[4]) for row in rows]


def summary(database: Database, site: str) -> dict[str, tuple[int, float | None, int]]:
    """By kind: how many, the longest time in seconds until no byte was left, and how many wait for that."""
    rows = database.rows(
        """SELECT kind, count(*), max(scrubbed_at - at), sum(scrubbed_at IS NULL) FROM erasures
           WHERE site = ? GROUP BY kind""",
        (site,),
    )
    return {row[0]: (row[1], row[2], row[3]) for row in rows}
