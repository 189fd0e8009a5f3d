"""The outbox: durable events and the pipeline's checkpoint, committed together in one SQLite file.

An event gets its sequence number in the transaction that stores it, and the checkpoint of the pipeline that produced it
goes into the same transaction. So after kill -9 the pipeline goes on exactly where the stored events end: no event is
lost, none is produced twice. Rows stay until central has acknowledged them.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.errors import AtriumError, BadInputError
from contract.events import Body, Envelope
from contract.messages import BY_BODY, encode
from contract.times import to_rfc3339

SCHEMA_VERSION = 1
DEFAULT_LIMIT_BYTES = 1 << 30
"""About two million events: days of a busy floor without a broker."""
PAGE_BYTES = 4096
SPARE_PAGES = 64
"""Room for bookkeeping beside the events, so that the smallest limits still hold a checkpoint."""

_TABLES = """
CREATE TABLE outbox (seq INTEGER PRIMARY KEY, what TEXT NOT NULL, payload BLOB NOT NULL);
CREATE TABLE session (
  id INTEGER PRIMARY KEY CHECK (id = 1), token TEXT NOT NULL, site TEXT NOT NULL, floor TEXT NOT NULL,
  box TEXT NOT NULL, last_seq INTEGER NOT NULL, acknowledged INTEGER NOT NULL, lost INTEGER NOT NULL);
CREATE TABLE checkpoint (id INTEGER PRIMARY KEY CHECK (id = 1), state BLOB NOT NULL);
"""


class OutboxFullError(AtriumError):
    """Nothing was stored: the disk or the outbox's own limit is full, or the disk answers with errors."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where messages come from: the ids in every envelope."""

    site: str
    floor: str
    box: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, not stored yet: envelope time in seconds since 1970, and a durable body."""

    at: float
    body: Body


@dataclass(frozen=True, slots=True)
class Row:
    """A stored event: its number, the topic's last word, and the payload as it goes on the wire."""

    seq: int
    what: str
    payload: bytes


class Outbox:
    """The file. Safe to use from several threads; one process at a time (see :mod:`edge.outbox.lock`).

    Attributes:
        session: the durable session, as old as the file.
        origin: the ids in every envelope.
    """

    def __init__(self, path: Path, origin: Origin, token: str, *, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        """Open the file, or begin it with ``token`` as its session.

        Raises:
            BadInputError: the file belongs to another box, or to a newer version.
            sqlite3.DatabaseError: it is no SQLite file, or damaged.
            OutboxFullError: the disk has no room to begin it.
        """
        self._lock = threading.RLock()
        self._closed = False
        path.touch(mode=0o600)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
        try:
            self._prepare(path, origin, token, limit_bytes)
        except sqlite3.OperationalError as error:
            self._db.close()
            raise OutboxFullError(f"{path}: {error}; make room on the disk or mend its permissions") from None
        except BaseException:
            self._db.close()
            raise
        self.origin = origin

    def _prepare(self, path: Path, origin: Origin, token: str, limit_bytes: int) -> None:
        execute = self._db.execute
        execute("PRAGMA journal_mode=WAL")
        execute("PRAGMA synchronous=FULL")
        execute(f"PRAGMA max_page_count={max(1, limit_bytes // PAGE_BYTES) + SPARE_PAGES}")
        version = execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            with self._transaction():
                for statement in _TABLES.split(";"):
                    execute(statement)
                values = (token, origin.site, origin.floor, origin.box)
                execute("INSERT INTO session VALUES (1, ?, ?, ?, ?, 0, 0, 0)", values)
                execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        elif version != SCHEMA_VERSION:
            raise BadInputError(f"{path}: outbox of version {version}; this build reads {SCHEMA_VERSION}, update it")
        found = execute("SELECT token, site, floor, box, last_seq, acknowledged, lost FROM session").fetchone()
        self.session: str = found[0]
        if Origin(*found[1:4]) != origin:
            other = "/".join(found[1:4])
            raise BadInputError(f"{path}: belongs to box {other}; give every box a state_dir of its own")
        self._last_seq, self._acknowledged, self._lost = (int(value) for value in found[4:])
        self._depth = int(execute("SELECT COUNT(*) FROM outbox").fetchone()[0])

    @property
    def last_seq(self) -> int:
        """Highest sequence number given out."""
        return self._last_seq

    @property
    def acknowledged(self) -> int:
        """Every event up to this number is safe at central."""
        return self._acknowledged

    @property
    def depth(self) -> int:
        """Events stored and not yet acknowledged."""
        return self._depth

    @property
    def lost(self) -> int:
        """Events that had to be given up, ever, because neither disk nor memory had room."""
        return self._lost

    def append(self, events: Sequence[Event], checkpoint: bytes | None = None, *, newly_lost: int = 0) -> range:
        """Store events and the state that follows from them, all or nothing.

        Args:
            events: durable events, in order.
            checkpoint: state to resume from once these events are stored, or None to keep the stored one.
            newly_lost: events given up since the last call, for the lasting count.

        Returns:
            The sequence numbers given.

        Raises:
            OutboxFullError: nothing was stored; call again later with the same events.
        """
        with self._lock:
            first = self._last_seq + 1
            rows = [self._row(seq, event) for seq, event in enumerate(events, first)]
            last = self._last_seq + len(rows)
            # Losing a checkpoint alone to a power cut costs a second of work, so only events wait for the disk.
            self._db.execute("PRAGMA synchronous=" + ("FULL" if rows or newly_lost else "NORMAL"))
            try:
                with self._transaction():
                    self._db.executemany("INSERT INTO outbox VALUES (?, ?, ?)", rows)
                    if rows or newly_lost:
                        self._db.execute("UPDATE session SET last_seq = ?, lost = lost + ?", (last, newly_lost))
                    if checkpoint is not None:
                        self._db.execute("INSERT OR REPLACE INTO checkpoint VALUES (1, ?)", (checkpoint,))
            except sqlite3.DatabaseError as error:
                raise OutboxFullError(f"outbox: {error}; make room on the disk, or raise outbox_limit_mb") from None
            self._last_seq = last
            self._lost += newly_lost
            self._depth += len(rows)
            return range(first, last + 1)

    def _row(self, seq: int, event: Event) -> tuple[int, str, bytes]:
        kind = BY_BODY[type(event.body)]
        if not kind.durable:
            raise ValueError(f"{type(event.body).__name__} is no durable event")
        origin = self.origin
        envelope: Envelope[Any] = Envelope(
            schema_=kind.schema,
            site=origin.site,
            floor=origin.floor,
            box=origin.box,
            session=self.session,
            seq=seq,
            event_id=f"{self.session}-{seq}",
            at=to_rfc3339(event.at),
            body=event.body,
        )
        return seq, kind.what, encode(envelope)

    def rows(self, first: int, last: int, limit: int) -> list[Row]:
        """At most ``limit`` stored events numbered ``first`` to ``last``, in order; acknowledged ones are gone."""
        with self._lock:
            if self._closed or last < first:
                return []
            query = "SELECT seq, what, payload FROM outbox WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?"
            return [Row(*found) for found in self._db.execute(query, (first, last, limit))]

    def acknowledge(self, session: str, through: int) -> int:
        """Forget events up to ``through``; returns how many were forgotten.

        An acknowledgement of another session, of numbers never given out, or older than the last is ignored. Where the
        disk refuses, the events stay and a later acknowledgement covers them.
        """
        with self._lock:
            if self._closed or session != self.session or not self._acknowledged < through <= self._last_seq:
                return 0
            try:
                self._db.execute("PRAGMA synchronous=NORMAL")
                with self._transaction():
                    forgotten = self._db.execute("DELETE FROM outbox WHERE seq <= ?", (through,)).rowcount
                    self._db.execute("UPDATE session SET acknowledged = ?", (through,))
            except sqlite3.DatabaseError:
                return 0
            self._acknowledged = through
            self._depth -= forgotten
            return forgotten

    def checkpoint(self) -> bytes | None:
        """The stored state, or None where there is none yet."""
        with self._lock:
            found = self._db.execute("SELECT state FROM checkpoint").fetchone()
            return None if found is None else bytes(found[0])

    def close(self) -> None:
        """Close the file; reading and acknowledging afterwards do nothing."""
        with self._lock:
            self._closed = True
            self._db.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            # A full disk has SQLite roll back by itself; then there is nothing left to undo.
            with contextlib.suppress(sqlite3.OperationalError):
                self._db.execute("ROLLBACK")
            raise
        try:
            self._db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.OperationalError):
                self._db.execute("ROLLBACK")
            raise
