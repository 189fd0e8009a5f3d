"""Events of earlier sessions in an outbox: what was saved of a damaged one, until central has it."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A stored event: its number, the topic's last word, and the payload as it goes on the wire."""

    seq: int
    what: str
    payload: bytes


class Salvaged:
    """A table of the outbox, under the outbox's lock; once that is closed there is nothing in it any more."""

    def __init__(self, db: sqlite3.Connection, lock: threading.RLock) -> None:
        self._db = db
        self._lock = lock

    def take_in(self, rows: Sequence[tuple[str, Row]], now: float) -> None:
        """Keep events with their session each, as they were stored then, from ``now`` on, seconds since 1970.

        Raises:
            sqlite3.DatabaseError: nothing was stored.
        """
        found = [(session, row.seq, row.what, row.payload, now) for session, row in rows]
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany("INSERT OR IGNORE INTO salvaged VALUES (?, ?, ?, ?, ?)", found)
                self._db.execute("COMMIT")
            except sqlite3.DatabaseError:
                with contextlib.suppress(sqlite3.OperationalError):
                    self._db.execute("ROLLBACK")
                raise

    def after(self, place: tuple[str, int], limit: int) -> list[tuple[str, Row]]:
        """At most ``limit`` of them, in order from behind (session, number)."""
        sql = "SELECT session, seq, what, payload FROM salvaged WHERE (session, seq) > (?, ?) ORDER BY 1, 2 LIMIT ?"
        with self._lock, contextlib.suppress(sqlite3.ProgrammingError):
            return [(found[0], Row(*found[1:])) for found in self._db.execute(sql, (*place, limit))]
        return []

    def let_go(self, session: str, through: int) -> None:
        """Forget those of a session that central has, up to ``through``."""
        with self._lock, contextlib.suppress(sqlite3.DatabaseError):
            self._db.execute("DELETE FROM salvaged WHERE session = ? AND seq <= ?", (session, through))

    def forget(self, before: float) -> None:
        """Forget those that were taken in before that instant: central has them, or gave their session up."""
        with self._lock, contextlib.suppress(sqlite3.DatabaseError):
            self._db.execute("DELETE FROM salvaged WHERE at < ?", (before,))
