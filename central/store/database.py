"""The SQLite file: one writing connection under a lock, one read-only connection a reading thread."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlite_utils import Database as Admin

from central.store.schema import migrations, unknown
from contract.errors import AtriumError, BadInputError

BUSY_TIMEOUT_S = 5.0
"""How long a writer waits for another process, such as a second central or a backup."""
MAPPED_BYTES = 1 << 30
"""Readers see this much of the file where it lies: a day's chunks of heat are read six times faster than by calls."""

LOG_TIMEOUT_MS = 200
"""How long emptying the write-ahead log waits for readers."""

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "journal_size_limit=67108864",
    "cache_size=-65536",
    "secure_delete=ON",
)
_STORE_IS_AT_FAULT = (sqlite3.OperationalError, sqlite3.DatabaseError)
"""Exactly these: their subclasses blame the row."""
_MALFORMED = ("malformed", "not a database")
"""What SQLite says of a damaged file, and of nothing else."""


class StoreUnavailableError(AtriumError):
    """The database cannot be written now (disk full, locked); the work is to be tried again."""


class Database:
    """Connections to one database file; migrated when opened, refused where a newer version has migrated it.

    Attributes:
        damage: what was found wrong with the file; nothing is written any more then. Empty is good.

    ``synchronous=FULL``: a commit survives a power cut, because the broker and then the box forget what we commit.
    ``secure_delete``: what is deleted is overwritten with zeros, in its page and in pages given up.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage = ""
        self._write_lock = threading.RLock()
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._opened_lock = threading.Lock()
        try:
            self._writer = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
            for pragma in _PRAGMAS:
                self._writer.execute(f"PRAGMA {pragma}")
            admin = Admin(self._writer)
            if newer := unknown(admin):
                self._writer.close()
                raise BadInputError(
                    f"{path}: a newer Atrium wrote it (it has {newer[-1]}); install that version, or put back the copy "
                    "that the upgrade kept (docs/upgrade.md)"
                )
            migrations.apply(admin)
        except sqlite3.DatabaseError as error:
            raise BadInputError(f"{path}: cannot be opened as a database ({error}); check the path and disk") from None

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction on the writing connection, committed at the end, rolled back on any error.

        Raises:
            StoreUnavailableError: where SQLite cannot write now.
        """
        with self._write_lock:
            if self.damage:
                raise StoreUnavailableError(
                    f"{self.path}: is damaged ({self.damage}); restart central, then restore the last backup"
                )
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException as error:
                self._roll_back()
                if type(error) in _STORE_IS_AT_FAULT:
                    if any(word in str(error) for word in _MALFORMED):
                        self.damage = str(error)
                    raise StoreUnavailableError(f"{self.path}: cannot be written ({error}); free disk space") from error
                raise

    def _roll_back(self) -> None:
        if self._writer.in_transaction:
            try:
                self._writer.execute("ROLLBACK")
            except sqlite3.OperationalError:
                return

    def reading(self) -> sqlite3.Connection:
        """This thread's read-only connection; never waits for the writer."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                f"file:{self.path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
            )
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA query_only=ON")
            connection.execute(f"PRAGMA mmap_size={MAPPED_BYTES}")
            self._local.connection = connection
            with self._opened_lock:
                self._opened.append(connection)
        return connection

    def rows(self, sql: str, parameters: tuple[Any, ...] | dict[str, Any] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        return self.reading().execute(sql, parameters).fetchall()

    def empty_log(self) -> bool:
        """Whether the write-ahead log is empty now, all of it in the database file; False where a reader needs it."""
        with self._write_lock:
            self._writer.execute(f"PRAGMA busy_timeout={LOG_TIMEOUT_MS}")  # ingest waits meanwhile
            try:
                busy, _, _ = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.OperationalError:
                return False
            finally:
                self._writer.execute(f"PRAGMA busy_timeout={int(BUSY_TIMEOUT_S * 1000)}")
        return not busy

    def close(self) -> None:
        """Close every connection; nothing may be in flight."""
        with self._opened_lock:
            for connection in self._opened:
                connection.close()
            self._opened.clear()
        with self._write_lock:
            self._writer.close()
