"""Acknowledged events stay for a while, go first when room is needed, and come back when central has forgotten them."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.health import HealthMeter
from edge.outbox.intake import Intake
from edge.outbox.opening import opened_outbox
from edge.outbox.store import Outbox, OutboxDamagedError, OutboxFullError
from edge.publish.plan import SendPlan
from tests.chaos.victims import ENVIRONMENT, ROOT
from tests.edge.outbox.test_store import AT, ORIGIN, TOKEN, crossing
from tests.edge.outbox.test_store import opened as opened_plain
from tests.small_disk import mounted

HOUR_S = 3600.0
KEEP_S = 36 * HOUR_S


class Clock:
    """Seconds since 1970, set by the test."""

    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> float:
        return self.now


def opened(folder: Path, clock: Clock, **more) -> Outbox:
    return Outbox(folder / "outbox.db", ORIGIN, TOKEN, keep_s=KEEP_S, wall=clock, **more)


def seqs(box: Outbox) -> list[int]:
    return [row.seq for row in box.rows(1, 1_000_000, 1_000_000)]


def test_what_central_has_stays_36_hours(tmp_path: Path) -> None:
    clock = Clock()
    box = opened(tmp_path, clock)
    box.append([crossing(number) for number in range(1, 11)])
    assert box.acknowledge(TOKEN, 6) == 6
    assert (box.depth, box.keeps, box.first_seq) == (4, 6, 1)
    clock.now += KEEP_S - 120
    box.forget_old()
    assert seqs(box) == list(range(1, 11))
    box.close()
    box = opened(tmp_path, clock)
    clock.now += 240
    box.forget_old()
    assert seqs(box) == [7, 8, 9, 10]
    assert (box.depth, box.keeps, box.first_seq) == (4, 0, 7)
    box.close()


def test_the_age_is_known_to_a_minute_also_after_hours_of_acknowledging(tmp_path: Path) -> None:
    clock = Clock()
    box = opened(tmp_path, clock)
    for number in range(1, 241):  # one every half minute: two hours
        box.append([crossing(number)])
        clock.now += 30
        box.acknowledge(TOKEN, number)
    clock.now = AT + HOUR_S + KEEP_S
    box.forget_old()
    assert 118 <= box.first_seq <= 121
    box.close()


def test_a_clock_that_was_set_forgets_nothing_that_central_lacks(tmp_path: Path) -> None:
    clock = Clock()
    box = opened(tmp_path, clock)
    box.append([crossing(number) for number in range(1, 11)])
    box.acknowledge(TOKEN, 4)
    for now in (0.0, AT + 10 * 365 * 86_400, AT):
        clock.now = now
        box.forget_old()
        assert seqs(box)[-6:] == list(range(5, 11))
    box.close()


def test_kept_events_make_room_and_unacknowledged_ones_never_do(tmp_path: Path) -> None:
    box = opened(tmp_path, Clock(), limit_bytes=1 << 20)
    batch = [crossing(number) for number in range(100)]
    while box.last_seq < 1000:
        box.append(batch)
    box.acknowledge(TOKEN, 1000)
    with contextlib.suppress(OutboxFullError):
        while box.last_seq < 100_000:
            box.append(batch)
            assert seqs(box)[-(box.last_seq - 1000) :] == list(range(1001, box.last_seq + 1))
    assert box.keeps == 0
    assert box.depth == box.last_seq - 1000 > 1000
    assert seqs(box) == list(range(1001, box.last_seq + 1))
    box.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB."""
    with mounted(tmp_path / "small", 16) as folder:
        yield folder


def append_until_full(box: Outbox) -> None:
    for _ in range(10_000):
        box.append([crossing(number) for number in range(20)], b"state")


def test_on_a_full_disk_the_box_goes_on_as_long_as_it_keeps_what_central_has(small_disk: Path) -> None:
    box = opened(small_disk, Clock())
    with pytest.raises(OutboxFullError):
        append_until_full(box)
    stored = box.last_seq
    assert box.depth == stored
    assert seqs(box) == list(range(1, stored + 1))
    assert box.acknowledge(TOKEN, stored - 100) == stored - 100
    box.append([crossing(number) for number in range(1500)], b"state")
    assert seqs(box)[-1600:] == list(range(stored - 99, stored + 1501))
    with pytest.raises(OutboxFullError):
        append_until_full(box)
    assert box.keeps == 0
    assert seqs(box) == list(range(stored - 99, box.last_seq + 1))
    box.close()


def test_health_tells_of_a_full_disk_on_which_events_can_still_be_stored(small_disk: Path) -> None:
    box = opened(small_disk, Clock())
    box.append([crossing(number) for number in range(2000)], b"state")
    box.acknowledge(TOKEN, 2000)
    assert (box.room.free_share or 0.0) > 0.5
    with contextlib.suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    intake = Intake(box)
    assert intake.commit([crossing(1)], b"state")
    meter = HealthMeter([], 0.0)
    told = meter.report(
        5.0, outbox_depth=0, events_lost=0, warnings=[], clock_offset_s=None, store_fault=intake.fault,
        disk_free=intake.disk_free,
    )  # fmt: skip
    assert told.store_fault == ""
    assert told.disk_free is not None
    assert told.disk_free < 0.1
    box.close()


def test_central_may_take_back_what_it_had(tmp_path: Path) -> None:
    clock = Clock()
    box = opened(tmp_path, clock)
    box.append([crossing(number) for number in range(1, 11)])
    box.acknowledge(TOKEN, 8)
    assert box.take_back("anothersession", 3) == 0
    assert box.take_back(TOKEN, 8) == 0
    assert box.take_back(TOKEN, 3) == 5
    assert (box.acknowledged, box.depth, box.keeps) == (3, 7, 3)
    box.close()
    box = opened(tmp_path, clock)  # it lasts
    assert (box.acknowledged, box.depth) == (3, 7)
    clock.now += 2 * KEEP_S
    box.forget_old()
    assert set(range(4, 11)) <= set(seqs(box))
    assert box.acknowledge(TOKEN, 10) == 7
    box.close()


def test_what_is_no_longer_kept_cannot_be_taken_back(tmp_path: Path) -> None:
    clock = Clock()
    box = opened(tmp_path, clock)
    box.append([crossing(number) for number in range(1, 11)])
    box.acknowledge(TOKEN, 5)
    clock.now += KEEP_S + 61
    box.acknowledge(TOKEN, 10)
    assert box.first_seq == 6
    assert box.take_back(TOKEN, 2) == 5
    assert box.acknowledged == 5
    box.close()


def test_the_plan_goes_back_with_it() -> None:
    plan = SendPlan(0)
    plan.connected(0.0, 0)
    for seq in range(1, 11):
        plan.sent(0.0, seq)
    plan.heard(1.0, 10)
    assert plan.next_range(1.0, 10) is None
    plan.forgotten(2.0, 4)
    assert plan.next_range(2.0, 10) == (5, 10)


def test_an_outbox_of_version_1_is_brought_up_to_date_and_loses_nothing(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "outbox.db")
    db.executescript("""
        CREATE TABLE outbox (seq INTEGER PRIMARY KEY, what TEXT NOT NULL, payload BLOB NOT NULL);
        CREATE TABLE session (
          id INTEGER PRIMARY KEY CHECK (id = 1), token TEXT NOT NULL, site TEXT NOT NULL, floor TEXT NOT NULL,
          box TEXT NOT NULL, last_seq INTEGER NOT NULL, acknowledged INTEGER NOT NULL, lost INTEGER NOT NULL);
        CREATE TABLE checkpoint (id INTEGER PRIMARY KEY CHECK (id = 1), state BLOB NOT NULL);
        INSERT INTO session VALUES (1, 'oldsession00', 'mall', 'ground', 'box-1', 7, 4, 2);
        INSERT INTO outbox VALUES (5, 'crossings', x'35'), (6, 'crossings', x'36'), (7, 'crossings', x'37');
        INSERT INTO checkpoint VALUES (1, x'0102');
        PRAGMA user_version = 1;
    """)
    db.close()
    box = opened(tmp_path, Clock())
    assert (box.session, box.last_seq, box.acknowledged, box.depth, box.lost) == ("oldsession00", 7, 4, 3, 2)
    assert box.checkpoint() == b"\x01\x02"
    assert [row.payload for row in box.rows(1, 10, 10)] == [b"5", b"6", b"7"]
    assert box.append([crossing(8)]) == range(8, 9)
    box.acknowledge("oldsession00", 8)
    assert box.keeps == 4
    box.close()


KILLED = """
import sys
from pathlib import Path
from tests.edge.outbox.test_kept_events import Clock, crossing, opened
from tests.edge.outbox.test_store import TOKEN
clock = Clock()
box = opened(Path(sys.argv[1]), clock, limit_bytes=1 << 19)
while True:
    box.append([crossing(number) for number in range(50)], str(box.last_seq + 50).encode())
    box.acknowledge(box.session, box.last_seq - 20)
    box.take_back(box.session, box.last_seq - 40)
    clock.now += 61
    print(box.last_seq, flush=True)
"""


def test_kill_9_between_acknowledging_taking_back_and_making_room(tmp_path: Path) -> None:
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT, env=ENVIRONMENT, text=True
        )
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _line in range(40)][-1]
        process.kill()
        process.wait()
        process.stdout.close()
        box = opened(tmp_path, Clock(), limit_bytes=1 << 19)
        assert box.last_seq >= told
        assert box.checkpoint() == str(box.last_seq).encode()
        assert box.first_seq <= box.acknowledged + 1
        assert seqs(box) == list(range(box.first_seq, box.last_seq + 1))
        assert box.depth == box.last_seq - box.acknowledged <= 140
        box.close()


def spoil(path: Path, share: float) -> None:
    """Overwrite a page somewhere in the file, as a dying card does."""
    size = path.stat().st_size // 4096
    with path.open("r+b") as file:
        file.seek(int(share * size) * 4096)
        file.write(os.urandom(4096))


def run(folder: Path, told: list[str]) -> contextlib.AbstractContextManager[Outbox]:
    path = folder / "outbox.db"
    return opened_outbox(path, ORIGIN, "newsession00", told.append, limit_bytes=1 << 26, keep_s=KEEP_S)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_of_a_damaged_outbox_all_but_the_rotten_page_is_saved(tmp_path: Path, share: float) -> None:
    box = opened_plain(tmp_path)
    box.append([crossing(number) for number in range(1, 2001)], b"state")
    box.acknowledge(TOKEN, 50)
    box.close()
    path = tmp_path / "outbox.db"
    spoil(path, share)
    (tmp_path / "outbox.db.suspect").touch()
    told: list[str] = []
    with run(tmp_path, told) as fresh:
        assert (fresh.session, fresh.last_seq) == ("newsession00", 0)
        saved = fresh.salvaged.after(("", 0), 10_000)
        assert {session for session, _row in saved} == {TOKEN}
        numbers = [row.seq for _session, row in saved]
        assert numbers == sorted(set(numbers))
        assert 1930 <= len(numbers) < 1950
        assert min(numbers) > 50
        assert fresh.remark == told[0]
        assert f"{len(numbers)} events that central may not have were saved" in fresh.remark
        fresh.salvaged.let_go(TOKEN, numbers[9])
        assert len(fresh.salvaged.after(("", 0), 10_000)) == len(numbers) - 10
    assert list(tmp_path.glob("outbox.db.damaged-*"))
    assert not (tmp_path / "outbox.db.suspect").exists()
    with run(tmp_path, told) as again:
        assert again.session == "newsession00"
        assert len(again.salvaged.after(("", 0), 10_000)) == len(numbers) - 10
        again.salvaged.forget(time.time() + 1)  # after 36 hours, whatever central said
        assert again.salvaged.after(("", 0), 10_000) == []
    assert len(told) == 1


def test_damage_that_is_met_ends_the_box_so_that_the_next_start_mends_it(tmp_path: Path) -> None:
    told: list[str] = []
    with run(tmp_path, told) as box:
        box.append([crossing(number) for number in range(1, 3001)])
        box.damage = "what the daily look found"
        with pytest.raises(OutboxDamagedError, match="the next start sets it aside and saves what it can"):
            box.append([crossing(1)])
    assert (tmp_path / "outbox.db.suspect").exists()
    with run(tmp_path, told) as box:  # looked through, and it was nothing
        assert box.last_seq == 3000
    assert told == []
    assert not (tmp_path / "outbox.db.suspect").exists()
