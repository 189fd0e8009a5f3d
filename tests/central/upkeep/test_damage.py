"""A damaged database is noticed, set aside and never written on; a full disk only makes central wait."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from central.ingest.writer import Message, Writer
from central.store.copying import damage, row_counts
from central.store.database import StoreUnavailableError
from central.store.store import Store
from central.upkeep.integrity import DamageWatch, see_whole
from contract.errors import BadInputError
from tests.central.mall import NOON, Sender, crossing, eventually
from tests.central.upkeep.test_backups import put_events, spoil
from tests.small_disk import mounted


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of 2,000 events, closed."""
    store = Store(tmp_path / "central.db", "mall")
    put_events(store, NOON, 1, 2000)
    store.close()
    return tmp_path / "central.db"


def test_a_healthy_database_is_whole_whatever_sqlite_imagines_of_it(path: Path) -> None:
    see_whole(path)
    assert damage(path) == ""
    assert row_counts(path)["crossings"] == 1000


def test_a_file_that_is_no_database_is_set_aside_and_no_empty_one_begun(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1000)
    with pytest.raises(
        BadInputError, match=r"is damaged \(file is not a database\) and was set aside as central.db.dam"
    ):
        see_whole(path)
    assert not path.exists()
    (aside,) = path.parent.glob("central.db.damaged-*")
    assert aside.read_bytes().startswith(b"no database")
    with pytest.raises(BadInputError, match=r"was damaged and was set aside .* central restore .* to begin empty"):
        see_whole(path)
    aside.rename(path.parent / "elsewhere")
    see_whole(path)


@pytest.mark.parametrize("table", ["visits", "crossings", "sessions", "visits_by_visitor"])
def test_a_page_that_rots_is_found_while_central_runs_and_nothing_is_stored_after(path: Path, table: str) -> None:
    store = Store(path, "mall")
    watch = DamageWatch(store.database, pause_s=0.0)
    watch.look()
    assert store.database.damage == ""
    spoil(path, table)
    watch.look()
    assert store.database.damage
    with pytest.raises(StoreUnavailableError, match=r"is damaged .*; restart central, then restore the last backup"):
        put_events(store, NOON, 5001)
    watch.stop()
    store.close()
    with pytest.raises(BadInputError, match="and was set aside as"):
        see_whole(path)
    (aside,) = path.parent.glob("central.db.damaged-*Z")
    assert aside.stat().st_size > 100_000


def test_damage_that_a_write_meets_stops_writing_too(path: Path) -> None:
    spoil(path, "sessions")
    store = Store(path, "mall")
    with pytest.raises(StoreUnavailableError, match="malformed"):
        put_events(store, NOON, 5001)
    assert "malformed" in store.database.damage
    store.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    with mounted(tmp_path / "small", 8) as folder:
        yield folder


def fill_up(path: Path) -> None:
    """Take all the room there is."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1 << 12))


def test_with_a_full_disk_nothing_is_acknowledged_and_with_room_everything_is(small_disk: Path) -> None:
    store = Store(small_disk / "central.db", "mall")
    writer = Writer(store.database, "mall", clock=lambda: NOON)
    writer.start()
    sender, acknowledged = Sender(), []

    def put(first: int, last: int) -> None:
        for number in range(first, last + 1):
            topic, payload = sender.packet(crossing(f"visitor{number:08d}", at=NOON), NOON, number)
            ours = lambda number=number: acknowledged.append(number)  # noqa: E731
            writer.put(Message(topic, payload, len(payload), retained=False, heard=NOON, acknowledge=ours))

    try:
        put(1, 100)
        eventually(lambda: len(acknowledged) == 100)
        ballast = small_disk / "ballast"
        fill_up(ballast)
        put(101, 20_000)
        eventually(lambda: writer.state.fault)
        assert "disk" in writer.state.fault
        assert "free disk space" in writer.state.fault
        before = len(acknowledged)
        time.sleep(0.5)
        assert len(acknowledged) == before < 20_000
        (account,) = store.accounting()
        assert account.received == before
        ballast.unlink()
        eventually(lambda: len(acknowledged) == 20_000)
        assert writer.state.fault == ""
    finally:
        writer.stop()
        store.close()
    assert sorted(acknowledged) == list(range(1, 20_001))
    db = sqlite3.connect(small_disk / "central.db")
    assert db.execute("SELECT count(*), count(DISTINCT seq) FROM crossings").fetchone() == (20_000, 20_000)
    db.close()
    shutil.rmtree(small_disk, ignore_errors=True)
