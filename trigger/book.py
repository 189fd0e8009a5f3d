"""The service's own memory: what came of every offer, written before and after each call, in an SQLite file.

An offer is taken once, whichever way and however often it comes. The member it is for stands in the book only until
central has been told what came of it; after that a keyed hash, which counts a recipient's messages of a day.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from contract.errors import BadInputError
from trigger.offer import Offer, reread, write_offer

State = Literal["waiting", "sending", "delivered", "refused", "failed", "unsure", "late", "capped"]
ENDED = ("delivered", "refused", "failed", "unsure", "late", "capped")
"""``unsure``: it may have been sent, and was not sent again. ``late``: nobody wanted it any more when it could be."""
KEPT_S = 30 * 86_400.0
MINUTE_S = 60.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS offers (
    offer TEXT PRIMARY KEY, number INTEGER NOT NULL, state TEXT NOT NULL, who TEXT NOT NULL, content TEXT NOT NULL,
    taken_at REAL NOT NULL, due_at REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, ended_at REAL, day TEXT,
    reason TEXT NOT NULL DEFAULT '', told INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS offers_due ON offers (due_at) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS offers_owed ON offers (ended_at) WHERE ended_at IS NOT NULL AND told = 0;
CREATE INDEX IF NOT EXISTS offers_by_who ON offers (who, day);
CREATE TABLE IF NOT EXISTS calls (at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the book; ``reason`` says why it ended as it did, or why the last attempt failed."""

    offer: Offer
    state: State
    attempts: int
    ended_at: float | None
    reason: str


class Book:
    """Offers and what came of them; safe to use from several threads.

    Args:
        path: the file; continued where it exists.

    Raises:
        BadInputError: where it cannot be opened as a database.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        try:
            self._connection = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "journal_size_limit=4194304"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._connection.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise BadInputError(f"{path}: cannot be opened as a database ({error}); check the path and disk") from None
        with self._writing() as connection:
            connection.execute("INSERT OR IGNORE INTO marks VALUES ('key', ?)", (secrets.token_hex(16),))
        self._key = bytes.fromhex(self._mark("key"))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @property
    def last_number(self) -> int:
        """Highest number taken from the stream: where to resume it."""
        return int(self._mark("last_number") or 0)

    def start_after(self, number: int) -> None:
        """Resume the stream after a number, where nothing has been taken from it yet."""
        with self._writing() as connection:
            connection.execute("INSERT OR IGNORE INTO marks VALUES ('last_number', ?)", (str(number),))

    def take(self, offer: Offer, now: float, *, streamed: bool) -> bool:
        """Whether the offer is new; afterwards it is in the book, and so is where to resume, in one transaction."""
        with self._writing() as connection:
            is_new = connection.execute(
                "INSERT OR IGNORE INTO offers (offer, number, state, who, content, taken_at, due_at)"
                " VALUES (?, ?, 'waiting', ?, ?, ?, ?)",
                (offer.offer, offer.number, self._who(offer.member), write_offer(offer), now, now),
            ).rowcount
            if streamed:
                connection.execute(
                    """INSERT INTO marks VALUES ('last_number', ?) ON CONFLICT (name) DO UPDATE
                       SET value = max(CAST(value AS INTEGER), CAST(excluded.value AS INTEGER))""",
                    (str(offer.number),),
                )
            return is_new == 1

    def due(self, now: float) -> Entry | None:
        """The oldest offer of those that are due."""
        return self._entry("state = 'waiting' AND due_at <= ? ORDER BY number LIMIT 1", (now,))

    def next_due(self) -> float | None:
        """When the next offer is due, seconds since 1970; None where none waits."""
        found: float | None = self._rows("SELECT min(due_at) FROM offers WHERE state = 'waiting'")[0][0]
        return found

    def under_way(self) -> Entry | None:
        """An offer whose call began, and never ended in the book: we were cut off between."""
        return self._entry("state = 'sending' ORDER BY number LIMIT 1", ())

    def begin(self, offer: str, now: float) -> None:
        """Write down that the message service is about to be called: before this, it certainly was not."""
        with self._writing() as connection:
            connection.execute("UPDATE offers SET state = 'sending' WHERE offer = ?", (offer,))
            connection.execute("DELETE FROM calls WHERE at < ?", (now - MINUTE_S,))
            connection.execute("INSERT INTO calls VALUES (?)", (now,))

    def end(self, offer: str, state: State, now: float, *, day: str = "", reason: str = "") -> None:
        """Write down what came of it for good; ``day`` is the recipient's, for what counts as a message to them."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE offers SET state = ?, ended_at = ?, day = ?, reason = ? WHERE offer = ?",
                (state, now, day or None, reason, offer),
            )

    def wait(self, offer: str, due_at: float, *, reason: str = "", tried: bool = False) -> None:
        """Try it again at that instant; ``tried`` counts this attempt."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE offers SET state = 'waiting', due_at = ?, reason = ?, attempts = attempts + ? WHERE offer = ?",
                (due_at, reason, int(tried), offer),
            )

    def messages_to(self, member: str, day: str) -> int:
        """Messages that reached a member on a day, or may have."""
        return int(
            self._rows(
                "SELECT count(*) FROM offers WHERE who = ? AND day = ? AND state IN ('delivered', 'unsure')",
                (self._who(member), day),
            )[0][0]
        )

    def calls_since(self, at: float) -> list[float]:
        """When the message service was called since, oldest first."""
        return [row[0] for row in self._rows("SELECT at FROM calls WHERE at > ? ORDER BY at", (at,))]

    def owed(self) -> Entry | None:
        """An offer that has ended, and central has not been told."""
        return self._entry("ended_at IS NOT NULL AND told = 0 ORDER BY ended_at LIMIT 1", ())

    def told(self, offer: str) -> None:
        """Central knows; nobody needs to know whom it was for any more."""
        with self._writing() as connection:
            connection.execute("UPDATE offers SET told = 1, content = '' WHERE offer = ?", (offer,))

    def purge(self, now: float) -> int:
        """The number of lines deleted, of offers that ended long ago."""
        with self._writing() as connection:
            sql = "DELETE FROM offers WHERE told = 1 AND ended_at < ?"
            return connection.execute(sql, (now - KEPT_S,)).rowcount

    def counts(self) -> dict[str, int]:
        """Offers by state."""
        return {row[0]: row[1] for row in self._rows("SELECT state, count(*) FROM offers GROUP BY state")}

    def state_of(self, offer: str) -> str:
        """How an offer stands; empty where it is not in the book."""
        rows = self._rows("SELECT state FROM offers WHERE offer = ?", (offer,))
        return str(rows[0][0]) if rows else ""

    def _entry(self, condition: str, parameters: tuple[object, ...]) -> Entry | None:
        sql = f"SELECT content, state, attempts, ended_at, reason FROM offers WHERE {condition}"  # noqa: S608 - ours
        rows = self._rows(sql, parameters)
        return Entry(reread(rows[0][0]), *rows[0][1:]) if rows else None

    def _who(self, member: str) -> str:
        return hashlib.blake2b(member.encode(), key=self._key, digest_size=12).hexdigest()

    def _mark(self, name: str) -> str:
        rows = self._rows("SELECT value FROM marks WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else ""

    def _rows(self, sql: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
