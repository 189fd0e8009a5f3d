"""Copies of a database that is in use, and whether a database is whole."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from contract.errors import AtriumError, BadInputError
from upkeep.databases import remarks

STEP_PAGES = 512
"""Two megabytes a step; between two steps whoever writes has the disk to itself."""
STEP_PAUSE_S = 0.005
BUSY_TIMEOUT_S = 30.0


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(
        sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S)
    ) as connection:
        yield connection


def copy_database(
    path: Path, target: Path, *, on_progress: Callable[[int, int], None] = lambda _done, _all: None
) -> None:
    """A copy of the database as it is at this instant, while others write to it.

    The copy is read from one snapshot, so that writers never make it start again, and never wait for it; meanwhile the
    write-ahead log cannot be emptied and grows by what is written.

    Args:
        path: of the database.
        target: where the copy goes; must not exist.
        on_progress: told pages done and pages in all, after every step.

    Raises:
        BadInputError: there is no such database.
        AtriumError: it cannot be copied.
    """
    if not path.is_file():
        raise BadInputError(f"{path}: no such database; check `database` in CENTRAL.toml")

    def stepped(_status: int, remaining: int, total: int) -> None:
        on_progress(total - remaining, total)
        time.sleep(STEP_PAUSE_S)

    target.touch(mode=0o600, exist_ok=False)
    try:
        with _reading(path) as source, contextlib.closing(sqlite3.connect(target, isolation_level=None)) as copy:
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # the snapshot is taken by the first read
            source.backup(copy, pages=STEP_PAGES, progress=stepped)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
    except sqlite3.DatabaseError as error:
        raise AtriumError(
            f"{path}: cannot be copied ({error}); see `atrium doctor`, and whether the disk is full"
        ) from None


def damage(path: Path, *, pause_s: float = 0.0) -> str:
    """What is wrong with a database, in one line; empty is good.

    Args:
        path: of the database; it may be in use.
        pause_s: waited between tables, each of which is looked through in a read of its own, so that the write-ahead
            log is never held for long.
    """
    try:
        with _reading(path) as connection:
            return next(remarks(connection, pause_s), "")
    except sqlite3.OperationalError:  # locked, or no room for its shared memory: that says nothing about damage
        return ""
    except sqlite3.DatabaseError as error:
        return str(error)


def unreadable(path: Path) -> str:
    """Why a file is no database at all, or none whose tables can be told; empty is good. It is opened to write."""
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError:  # its own complaint comes when it is opened in earnest
        return ""
    except sqlite3.DatabaseError as error:
        return str(error)
    return ""


def row_counts(path: Path) -> dict[str, int]:
    """Rows by table."""
    with _reading(path) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {table: connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0] for table in tables}  # noqa: S608


def digest_of(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
