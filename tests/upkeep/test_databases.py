"""Databases that are sound, damaged, absent, or too large for the time there is."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

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


def test_one_at_rest_on_a_disk_that_we_may_not_write_is_read_all_the_same(tmp_path: Path, database: Path) -> None:
    """So a unit sees it that may write nothing (ProtectSystem=strict), while the service does not run."""
    if os.geteuid() != 0:
        pytest.skip("needs root: mounts a small tmpfs")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", disk], check=False).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    try:
        shutil.copy(database, disk / "a.db")
        with closing(sqlite3.connect(disk / "a.db")) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("DELETE FROM t WHERE a = 1")
            connection.commit()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        (found,) = database_integrity("c", disk / "a.db", "mend", 5.0)
        with reading(disk / "a.db", 5.0) as connection:
            count = connection.execute("SELECT count(*) FROM t").fetchone()[0]
    finally:
        subprocess.run(["umount", disk], check=True)
    assert (found.level, count) == ("fine", 399)
