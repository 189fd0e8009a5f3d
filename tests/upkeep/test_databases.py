"""Databases that are sound, damaged, absent, or too large for the time there is."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.small_disk import mounted
from upkeep.databases import OutOfTimeError, database_integrity, reading

PAGE = 4096


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "a.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)")
    connection.executemany("INSERT INTO t VALUES (?, ?)", [(n, bytes([n % 256]) * 900) for n in range(400)])
    connection.commit()
    connection.close()
    return path


def test_a_sound_database_is_fine(database: Path) -> None:
    (found,) = database_integrity("c", database, "mend", 5.0)
    assert (found.level, found.mend) == ("fine", "")


@pytest.mark.parametrize("where", [0, 20 * PAGE])
def test_a_damaged_one_is_a_fault_whichever_page_it_is(database: Path, where: int) -> None:
    with database.open("r+b") as file:
        file.seek(where)
        file.write(b"\xa5" * PAGE)
    (found,) = database_integrity("c", database, "Restore it.", 5.0)
    assert (found.level, found.mend) == ("fault", "Restore it.")
    assert "damaged" in found.said


def test_a_key_behind_its_table_s_first_columns_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "keyed.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE k (b TEXT NOT NULL, a TEXT NOT NULL, PRIMARY KEY (a)) WITHOUT ROWID")
        connection.execute("INSERT INTO k VALUES ('b', 'a')")
        connection.commit()
    (found,) = database_integrity("c", path, "mend", 5.0)
    assert found.level == "fine"


def test_an_absent_one_is_a_fault_and_is_not_made(tmp_path: Path) -> None:
    (found,) = database_integrity("c", tmp_path / "absent.db", "mend", 5.0)
    assert found.level == "fault"
    assert not (tmp_path / "absent.db").exists()


def test_one_that_takes_too_long_is_unknown(database: Path) -> None:
    (found,) = database_integrity("c", database, "mend", -1.0)
    assert found.level == "unknown"
    with pytest.raises(OutOfTimeError), reading(database, -1.0) as connection:
        connection.execute("SELECT count(*) FROM t AS x, t AS y, t AS z").fetchone()


def test_a_reader_cannot_write(database: Path) -> None:
    with pytest.raises(sqlite3.OperationalError), reading(database, 5.0) as connection:
        connection.execute("DELETE FROM t")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system that a test may turn read-only."""
    with mounted(tmp_path / "disk", 4) as disk:
        yield disk


def as_a_unit_sees_it(disk: Path) -> None:
    """One that may write nothing (ProtectSystem=strict)."""
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)


def write_ahead(path: Path) -> sqlite3.Connection:
    """A connection that has written into the log of a database."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("DELETE FROM t WHERE a = 1")
    connection.commit()
    return connection


def test_one_at_rest_on_a_disk_that_we_may_not_write_is_read_all_the_same(small_disk: Path, database: Path) -> None:
    path = shutil.copy(database, small_disk / "a.db")
    write_ahead(path).close()
    as_a_unit_sees_it(small_disk)
    (found,) = database_integrity("c", path, "mend", 5.0)
    with reading(path, 5.0) as connection:
        count = connection.execute("SELECT count(*) FROM t").fetchone()[0]
    assert (found.level, count) == ("fine", 399)


def test_one_in_use_on_such_a_disk_is_read_too_and_one_that_was_left_in_use_is_unknown(
    small_disk: Path, database: Path
) -> None:
    with closing(write_ahead(database)):
        for name in ("a.db", "a.db-wal", "a.db-shm"):
            shutil.copy(database.with_name(name), small_disk / name)
        (small_disk / "left").mkdir()
        for name in ("a.db", "a.db-wal"):
            shutil.copy(database.with_name(name), small_disk / "left" / name)
        as_a_unit_sees_it(small_disk)
        (used,) = database_integrity("c", small_disk / "a.db", "mend", 5.0)
    (left,) = database_integrity("c", small_disk / "left" / "a.db", "mend", 5.0)
    assert used.level == "fine"
    assert (left.level, "cannot be opened" in left.said) == ("unknown", True)
