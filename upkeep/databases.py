"""A SQLite file looked at from beside whoever uses it: opened to read, for so long and no longer."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

from contract.errors import AtriumError
from upkeep.findings import Finding

STEPS = 1000
"""Of SQLite's machine between two looks at the time: far below a millisecond."""
BUSY_S = 2.0
NOT_NOW = frozenset(
    {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}
)
"""Errors that say nothing of the file itself."""


MOST_REMARKS = 5


class OutOfTimeError(AtriumError):
    """A query took longer than it was given."""


@contextmanager
def reading(path: Path, limit_s: float) -> Iterator[sqlite3.Connection]:
    """A connection that can only read, and whose queries end after so many seconds altogether.

    Raises:
        sqlite3.DatabaseError: it is missing, damaged or no database.
        OutOfTimeError: a query was ended.
    """
    end = time.monotonic() + limit_s
    mode = "immutable=1" if _is_at_rest(path) else "mode=ro"
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=BUSY_S)) as connection:
        connection.set_progress_handler(lambda: int(time.monotonic() > end), STEPS)
        connection.execute("PRAGMA query_only=ON")
        try:
            yield connection
        except sqlite3.OperationalError as error:
            if "interrupted" in str(error):
                raise OutOfTimeError(f"{path}: not read through within {limit_s:.0f} s") from None
            raise


def _is_at_rest(path: Path) -> bool:
    """Whether nobody has the database open, and we could not open it as they do: its folder cannot be written by us.

    Beside the log of a database in use there lies its index, which a reader has to make where there is none.
    """
    tails = (path.with_name(f"{path.name}{tail}") for tail in ("-wal", "-shm", "-journal"))
    return not os.access(path.parent, os.W_OK) and not any(tail.exists() for tail in tails)


def remarks(connection: sqlite3.Connection, pause_s: float = 0.0) -> Iterator[str]:
    """What SQLite's ``quick_check`` finds wrong, a line each.

    SQLite 3.40 says "NULL value in" of every row of a table without row ids whose key is not its first columns; where
    there is no such NULL it is not repeated.

    Args:
        connection: to the database.
        pause_s: waited between tables, each of which is looked through in a read of its own, so that the write-ahead
            log of a database in use is never held for long.

    Raises:
        sqlite3.DatabaseError: it is too damaged to be looked through.
    """
    tables = [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    for table in tables:
        found = [" ".join(str(row[0]).split()) for row in connection.execute(f"PRAGMA quick_check({_quoted(table)})")]
        empty = [one for one in found if one.startswith(f"NULL value in {table}.")]
        yield from (one for one in found if one != "ok" and one not in empty)
        if empty and _has_nulls(connection, table):
            yield empty[0]
        time.sleep(pause_s)


def _has_nulls(connection: sqlite3.Connection, table: str) -> bool:
    """Whether a column that may not be empty is so in some row."""
    columns = [str(row[1]) for row in connection.execute(f"PRAGMA table_info({_quoted(table)})") if row[3]]
    # SQLite takes IS NULL for false where a column says NOT NULL
    empty = " OR ".join(f"typeof({_quoted(column)}) = 'null'" for column in columns)
    sql = f"SELECT 1 FROM {_quoted(table)} WHERE {empty} LIMIT 1"  # noqa: S608 - the database's own names
    return bool(columns) and connection.execute(sql).fetchone() is not None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def database_integrity(check: str, path: Path, mend: str, limit_s: float) -> list[Finding]:
    """Whether every page of a database holds together (SQLite's ``quick_check``).

    Args:
        check: the finding's name.
        path: of the database.
        mend: what to do where it is damaged.
        limit_s: a large one may not be read through in time, which is said.
    """
    if not path.exists():
        said = "there is none: the service has never run here, or its state was removed"
        return [
            Finding(
                check=check, subject=str(path), level="fault", said=said, mend="Start the service, then look again."
            )
        ]
    size = path.stat().st_size
    try:
        with reading(path, limit_s) as connection:
            answers = list(islice(remarks(connection), MOST_REMARKS))
    except OutOfTimeError:
        said = f"{size / 1e6:.0f} MB could not be read through within {limit_s:.0f} s; so far it is sound"
        how = f'Look at night: sqlite3 -readonly {path} "PRAGMA quick_check".'
        return [Finding(check=check, subject=str(path), level="unknown", said=said, mend=how)]
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in NOT_NOW:
            how = "Run the doctor as root, outside of a unit; where it stays so, restart the service."
            said = f"cannot be opened to be looked at ({error})"
            return [Finding(check=check, subject=str(path), level="unknown", said=said, mend=how)]
        return [Finding(check=check, subject=str(path), level="fault", said=f"is damaged ({error})", mend=mend)]
    if answers:
        said = f"is damaged ({'; '.join(answers)[:200]})"
        return [Finding(check=check, subject=str(path), level="fault", said=said, mend=mend)]
    return [
        Finding(
            check=check,
            subject=str(path),
            level="fine",
            said=f"{size / 1e6:.1f} MB, every page sound",
            figures={"bytes": float(size)},
        )
    ]
