"""The outbox: durable events and the pipeline's checkpoint, committed together in one SQLite file.

An event gets its sequence number in the transaction that stores it, and the checkpoint of the pipeline that produced it
goes into the same transaction. So after kill -9 the pipeline goes on exactly where the stored events end: no event is
lost, none is produced twice. Rows stay until central has acknowledged them, and for a while after that, so that a
central that was restored from a backup can ask again for what came after it. Kept rows are the first to go when room
is needed; rows that central does not have are never dropped.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.disk import sync_folder
from contract.errors import AtriumError, BadInputError
from contract.events import Body, Envelope
from contract.messages import BY_BODY, encode
from contract.times import to_rfc3339
from edge.outbox.room import Room
from edge.outbox.salvaged import Row, Salvaged
from edge.outbox.tables import prepare

DEFAULT_LIMIT_BYTES = 1 << 30
"""About two million events: days of a busy floor without a broker."""
PAGE_BYTES = 4096
LOG_PAGES = 200
"""The write-ahead log is emptied at so many pages, since on a full disk it cannot grow."""
SPARE_PAGES = 64
"""Room for bookkeeping beside the events, so that the smallest limits still hold a checkpoint."""
DEFAULT_KEEP_S = 36 * 3600.0
"""Acknowledged events stay so long: last night's backup, and half a day to restore it."""
MARK_EVERY_S = 60.0
"""How finely the age of acknowledged events is known."""
FORGET_ROWS = 5_000
"""Forgotten in one transaction, so that an append never waits long."""
DROP_ROWS = 500
"""Kept rows given up at once when room is needed: about 250 kB."""

_MALFORMED = ("malformed", "not a database")
"""What SQLite says of a damaged file, and of nothing else."""


class OutboxFullError(AtriumError):
    """Nothing was stored: the disk or the outbox's own limit is full, or the disk answers with errors."""


class OutboxDamagedError(AtriumError):
    """The file is damaged; the next start sets it aside and saves what can be read of it."""


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


class Outbox:
    """The file. Safe to use from several threads; one process at a time (see :mod:`edge.outbox.lock`).

    Attributes:
        session: the durable session, as old as the file; ``origin``: the ids in every envelope.
        salvaged: events of earlier sessions.
        remark: what the operator should know of the file, a line; empty is good.
        room: on its disk.
        damage: what was found wrong with the file, by whoever looked; nothing is appended any more then. Empty is good.
    """

    def __init__(
        self,
        path: Path,
        origin: Origin,
        token: str,
        *,
        limit_bytes: int = DEFAULT_LIMIT_BYTES,
        keep_s: float = 0.0,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Open the file, or begin it with ``token`` as its session.

        Args:
            path: of the file.
            origin: the ids in every envelope.
            token: random, for a session that begins now.
            limit_bytes: of the file.
            keep_s: how long events stay after central has acknowledged them, seconds.
            wall: seconds since 1970, for their age.

        Raises:
            BadInputError: the file belongs to another box, or to a newer version.
            sqlite3.DatabaseError: it is no SQLite file, or damaged.
            OutboxFullError: the disk has no room to begin it.
        """
        self._lock = threading.RLock()
        self._closed = False
        self.damage = self.remark = ""
        self._path = path
        self._keep_s = keep_s
        self.room = Room(path)
        self._wall = wall
        is_new = not path.exists()
        path.touch(mode=0o600)
        if is_new:  # or a power cut leaves a folder that never heard of the file
            sync_folder(path.parent)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
        try:
            self._prepare(path, origin, token, limit_bytes)
        except sqlite3.OperationalError as error:
            self._db.close()
            raise OutboxFullError(f"{path}: {error}; make room on the disk or mend its permissions") from None
        except BaseException:
            self._db.close()
            raise
        self.room.take()
        self.origin = origin
        self.salvaged = Salvaged(self._db, self._lock)

    def _prepare(self, path: Path, origin: Origin, token: str, limit_bytes: int) -> None:
        execute = self._db.execute
        execute("PRAGMA journal_mode=WAL")
        execute("PRAGMA synchronous=FULL")
        execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")
        execute(f"PRAGMA max_page_count={max(1, limit_bytes // PAGE_BYTES) + SPARE_PAGES}")
        with self._transaction():
            prepare(self._db, path, token, (origin.site, origin.floor, origin.box))
        found = execute("SELECT token, site, floor, box, last_seq, acknowledged, lost FROM session").fetchone()
        self.session: str = found[0]
        if Origin(*found[1:4]) != origin:
            other = "/".join(found[1:4])
            raise BadInputError(f"{path}: belongs to box {other}; give every box a state_dir of its own")
        self._last_seq, self._acknowledged, self._lost = (int(value) for value in found[4:])
        self._first = self._lowest()
        self._marked_at = float(execute("SELECT coalesce(max(at), 0) FROM kept").fetchone()[0])
        self._forgot_at = float("-inf")

    def _lowest(self) -> int:
        found = self._db.execute("SELECT min(seq) FROM outbox").fetchone()[0]
        return self._last_seq + 1 if found is None else int(found)

    @property
    def last_seq(self) -> int:
        """Highest sequence number given out."""
        return self._last_seq

    @property
    def acknowledged(self) -> int:
        """Every event up to this number is safe at central."""
        return self._acknowledged

    @property
    def first_seq(self) -> int:
        """Lowest number that is still stored, or the next to be given out; what is below it cannot be sent again."""
        return self._first

    @property
    def depth(self) -> int:
        """Events stored and not yet acknowledged; numbers have no holes."""
        return self._last_seq - max(self._acknowledged, self._first - 1)

    @property
    def keeps(self) -> int:
        """Events stored that central has acknowledged."""
        return max(0, self._acknowledged + 1 - self._first)

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
            OutboxDamagedError: nothing was stored, and nothing will be.
        """
        with self._lock:
            self._refuse_damage(self.damage)
            first = self._last_seq + 1
            rows = [self._row(seq, event) for seq, event in enumerate(events, first)]
            last = self._last_seq + len(rows)
            if self._first <= self._acknowledged and self.room.is_scarce:
                self._drop_kept(len(rows))  # or the file grows by what is new, and then nothing can be written at all
            while True:
                try:
                    self._insert(rows, last, checkpoint, newly_lost)
                except sqlite3.DatabaseError as error:
                    self._note_damage(error)
                    if self._drop_kept(len(rows)):
                        continue
                    raise OutboxFullError(f"outbox: {error}; make room on the disk, or raise outbox_limit_mb") from None
                break
            self._last_seq = last
            self._lost += newly_lost
            return range(first, last + 1)

    def _insert(self, rows: list[tuple[int, str, bytes]], last: int, checkpoint: bytes | None, lost: int) -> None:
        # Losing a checkpoint alone to a power cut costs a second of work, so only events wait for the disk.
        self._db.execute("PRAGMA synchronous=" + ("FULL" if rows or lost else "NORMAL"))
        with self._transaction():
            self._db.executemany("INSERT INTO outbox VALUES (?, ?, ?)", rows)
            if rows or lost:
                self._db.execute("UPDATE session SET last_seq = ?, lost = lost + ?", (last, lost))
            if checkpoint is not None:
                self._db.execute("INSERT OR REPLACE INTO checkpoint VALUES (1, ?)", (checkpoint,))

    def _note_damage(self, error: sqlite3.DatabaseError) -> None:
        if any(word in str(error) for word in _MALFORMED):
            self.damage = str(error)
            self._refuse_damage(self.damage)

    def _refuse_damage(self, damage: str) -> None:
        if damage:
            raise OutboxDamagedError(f"{self._path}: {damage}; the next start sets it aside and saves what it can")

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
            try:
                return [Row(*found) for found in self._db.execute(query, (first, last, limit))]
            except sqlite3.DatabaseError as error:
                self._note_damage(error)
                raise

    def acknowledge(self, session: str, through: int) -> int:
        """Central has everything up to ``through``: returns how many events that is news of.

        They are forgotten after ``keep_s``. An acknowledgement of another session, of numbers never given out, or older
        than the last is ignored. Where the disk refuses, a later acknowledgement covers them.
        """
        with self._lock:
            if self._closed or session != self.session or not self._acknowledged < through <= self._last_seq:
                return 0
            now = self._wall()
            is_marked = abs(now - self._marked_at) >= MARK_EVERY_S or not self._keep_s
            try:
                self._db.execute("PRAGMA synchronous=NORMAL")
                self._even_if_full(
                    ("UPDATE session SET acknowledged = ?", (through,)),
                    ("INSERT OR REPLACE INTO kept SELECT ?, ? WHERE ?", (through, now, is_marked)),
                )
            except sqlite3.DatabaseError:
                return 0
            if is_marked:
                self._marked_at = now
            news = through - max(self._acknowledged, self._first - 1)
            self._acknowledged = through
            self.forget_old()
            return news

    def forget_old(self) -> None:
        """Forget what was acknowledged ``keep_s`` ago; looks once a minute, and costs nothing in between."""
        with self._lock:
            now = self._wall()
            if self._closed or (self._keep_s and abs(now - self._forgot_at) < MARK_EVERY_S):
                return
            self._forgot_at = now
            self.room.take()
            self.salvaged.forget(now - max(self._keep_s, DEFAULT_KEEP_S))
            try:
                self._db.execute("PRAGMA synchronous=NORMAL")
                if not self._keep_s:
                    self._forget(self._acknowledged, self._acknowledged)
                    return
                sql = "SELECT max(through) FROM kept WHERE at <= ?"
                through = self._db.execute(sql, (now - self._keep_s,)).fetchone()[0]
                if through is not None and not self._forget(min(through, self._acknowledged), FORGET_ROWS):
                    self._forgot_at = float("-inf")
            except sqlite3.DatabaseError:
                return  # what the disk refuses now is forgotten a minute later

    def _forget(self, through: int, limit: int) -> bool:
        """Delete at most so many rows up to ``through``; whether none of them is left."""
        last = min(through, self._first + limit - 1)
        self._even_if_full(
            ("DELETE FROM outbox WHERE seq <= ?", (last,)),
            ("DELETE FROM kept WHERE through <= ? AND ?", (through, last == through)),
        )
        self._first = self._lowest()
        return last == through

    def _drop_kept(self, needed: int) -> bool:
        """Whether room was made: the oldest events that central has acknowledged are given up before their time."""
        if self._first > self._acknowledged:
            return False
        try:
            self._forget(self._acknowledged, max(DROP_ROWS, 2 * needed))
        except sqlite3.DatabaseError:
            return False
        return True

    def take_back(self, session: str, through: int) -> int:
        """Central has forgotten what came after ``through``, as it was restored: how many events wait for it again.

        What is still kept counts as unacknowledged from now on, also after a restart.
        """
        with self._lock:
            through = max(through, self._first - 1)
            if self._closed or session != self.session or through >= self._acknowledged:
                return 0
            try:
                self._db.execute("PRAGMA synchronous=FULL")
                self._even_if_full(
                    ("UPDATE session SET acknowledged = ?", (through,)),
                    ("DELETE FROM kept WHERE through > ?", (through,)),
                )
            except sqlite3.DatabaseError:
                return 0
            again = self._acknowledged - through
            self._acknowledged = through
            return again

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

    def _even_if_full(self, *statements: tuple[str, tuple[Any, ...]]) -> None:
        """Carry out what makes room; the reserve is given up for it where it has to be."""
        try:
            self._carry_out(statements)
        except sqlite3.OperationalError as error:
            if "full" not in str(error) or not self.room.give_up():
                raise
            self._carry_out(statements)

    def _carry_out(self, statements: Sequence[tuple[str, tuple[Any, ...]]]) -> None:
        with self._transaction():
            for statement, values in statements:
                self._db.execute(statement, values)

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
