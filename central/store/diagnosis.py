"""The database as a doctor may see it: what it is made of and how much it holds, never what stands in it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database as Admin

from central.store.schema import migrations
from upkeep.databases import OutOfTimeError, reading


@dataclass(frozen=True, slots=True)
class SchemaState:
    """How the database's tables stand to this build.

    Attributes:
        newest: the last migration that this build knows and that was applied; empty where none was.
        pending: migrations of this build that were not applied.
        strange: migrations that this build does not know.
    """

    newest: str
    pending: tuple[str, ...]
    strange: int


@dataclass(frozen=True, slots=True)
class BoxWord:
    """When a box was last heard, and what it last said of itself.

    Attributes:
        box: its id.
        floor: its floor's.
        state: its last status.
        last_heard: seconds since 1970; None for never.
    """

    box: str
    floor: str
    state: str
    last_heard: float | None


@dataclass(frozen=True, slots=True)
class PurgeWord:
    """The last round of forgetting: when it was, seconds since 1970, and what it should have deleted and did not."""

    at: float
    left_over: int


def schema_state(path: Path, limit_s: float) -> SchemaState:
    """How the tables stand to this build.

    Raises:
        sqlite3.DatabaseError: the database is missing or damaged.
        OutOfTimeError: it took too long.
    """
    with reading(path, limit_s) as connection:
        applied = [one.name for one in migrations.applied(Admin(connection))]
        pending = [one.name for one in migrations.pending(Admin(connection))]
    with sqlite3.connect(":memory:") as empty:
        known = {one.name for one in migrations.pending(Admin(empty))}
    empty.close()
    ours = [name for name in applied if name in known]
    return SchemaState(ours[-1] if ours else "", tuple(pending), len(applied) - len(ours))


def box_words(path: Path, site: str, limit_s: float) -> list[BoxWord]:
    """Every box that ever spoke, by floor.

    Raises:
        sqlite3.DatabaseError: the database is missing or damaged.
        OutOfTimeError: it took too long.
    """
    query = "SELECT box, floor, state, last_heard FROM boxes WHERE site = ? ORDER BY floor, box"
    with reading(path, limit_s) as connection:
        return [BoxWord(*row) for row in connection.execute(query, (site,))]


def last_purge(path: Path, site: str, limit_s: float) -> PurgeWord | None:
    """The last round of forgetting; None where there has been none.

    Raises:
        sqlite3.DatabaseError: the database is missing or damaged.
        OutOfTimeError: it took too long.
    """
    latest = "SELECT max(at) AS at, left_over FROM purges WHERE site = ? GROUP BY rule"
    with reading(path, limit_s) as connection:
        found = connection.execute(latest, (site,)).fetchall()
    return PurgeWord(max(at for at, _ in found), sum(left for _, left in found)) if found else None


def refusals_since(path: Path, site: str, since: float, limit_s: float) -> int:
    """Messages put into quarantine since an instant, as far as they are kept.

    Raises:
        sqlite3.DatabaseError: the database is missing or damaged.
        OutOfTimeError: it took too long.
    """
    query = "SELECT count(*) FROM quarantine WHERE site = ? AND heard >= ?"
    with reading(path, limit_s) as connection:
        return int(connection.execute(query, (site, since)).fetchone()[0])


def outline(path: Path, limit_s: float) -> dict[str, dict[str, int | list[str]]]:
    """Tables that this build knows, with their columns and how many rows each has; names of others do not show.

    Args:
        path: of the database.
        limit_s: tables that were not counted by then have -1 rows.

    Raises:
        sqlite3.DatabaseError: the database is missing or damaged.
    """
    with sqlite3.connect(":memory:") as fresh:
        migrations.apply(Admin(fresh))
        ours = {table: _columns(fresh, table) for table in _tables(fresh)}
    fresh.close()
    found: dict[str, dict[str, int | list[str]]] = {}
    with reading(path, limit_s) as connection:
        theirs = _tables(connection)
        for table, columns in ours.items():
            if table not in theirs:
                found[table] = {"rows": 0, "columns": [], "missing": len(columns)}
                continue
            present = _columns(connection, table)
            kept = [column for column in columns if column in present]
            found[table] = {"rows": _count(connection, table), "columns": kept, "strange": len(present) - len(kept)}
    return found


def _tables(connection: sqlite3.Connection) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name"
    return [row[0] for row in connection.execute(query)]


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]


def _count(connection: sqlite3.Connection, table: str) -> int:
    try:
        return int(connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])  # noqa: S608 - our own names
    except (OutOfTimeError, sqlite3.OperationalError):
        return -1
