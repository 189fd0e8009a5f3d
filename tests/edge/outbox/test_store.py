"""The outbox file: what is stored stays until it is acknowledged, whatever happens to process and disk."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from contract.errors import BadInputError
from contract.events import Crossing, Report
from contract.messages import decode
from contract.times import to_rfc3339
from edge.outbox.lock import StateLock
from edge.outbox.store import Event, Origin, Outbox, OutboxFullError
from tests.chaos.victims import ENVIRONMENT, ROOT

ORIGIN = Origin("mall", "ground", "box-1")
TOKEN = "durable0session0"
AT = 1_767_225_600.0


def crossing(number: int) -> Event:
    at = AT + number
    return Event(at, Crossing(line="door", direction="in", visitor=f"visitor{number:08d}", at=to_rfc3339(at)))


def opened(folder: Path, token: str = TOKEN, **more) -> Outbox:
    return Outbox(folder / "outbox.db", ORIGIN, token, **more)


def test_numbers_count_up_by_one_and_survive_a_restart_with_the_session(tmp_path: Path) -> None:
    box = opened(tmp_path)
    assert box.append([crossing(1), crossing(2)]) == range(1, 3)
    box.close()
    box = opened(tmp_path, "another0session0")
    assert box.session == TOKEN
    assert box.append([crossing(3)]) == range(3, 4)
    assert [row.seq for row in box.rows(1, 10, 10)] == [1, 2, 3]
    assert (box.last_seq, box.depth, box.acknowledged) == (3, 3, 0)
    box.close()


def test_numbers_are_not_given_again_after_everything_was_acknowledged(tmp_path: Path) -> None:
    box = opened(tmp_path)
    box.append([crossing(1), crossing(2)])
    assert box.acknowledge(TOKEN, 2) == 2
    box.close()
    box = opened(tmp_path)
    assert box.append([crossing(3)]) == range(3, 4)
    assert box.acknowledged == 2
    box.close()


def test_a_stored_event_is_the_message_that_goes_out(tmp_path: Path) -> None:
    box = opened(tmp_path)
    box.append([crossing(7)])
    (row,) = box.rows(1, 1, 1)
    message = decode(row.what, row.payload)
    assert (message.site, message.floor, message.box, message.session, message.seq) == (
        "mall",
        "ground",
        "box-1",
        TOKEN,
        1,
    )
    assert message.event_id == f"{TOKEN}-1"
    assert message.at == to_rfc3339(AT + 7)
    assert message.body == crossing(7).body
    box.close()


def test_events_and_checkpoint_are_stored_together_or_not_at_all(tmp_path: Path) -> None:
    box = opened(tmp_path)
    box.append([crossing(1)], b"after one")
    with pytest.raises(ValueError, match="no durable event"):
        box.append([crossing(2), Event(AT, Report())], b"after two")
    assert box.checkpoint() == b"after one"
    assert box.last_seq == 1
    box.close()


def test_acknowledgements_only_ever_move_forward_and_within_what_was_sent(tmp_path: Path) -> None:
    box = opened(tmp_path)
    box.append([crossing(number) for number in range(1, 6)])
    assert box.acknowledge("anothersession", 5) == 0
    assert box.acknowledge(TOKEN, 6) == 0
    assert box.acknowledge(TOKEN, 3) == 3
    assert box.acknowledge(TOKEN, 2) == 0
    assert box.acknowledge(TOKEN, 3) == 0
    assert [row.seq for row in box.rows(1, 10, 10)] == [4, 5]
    box.close()
    assert box.acknowledge(TOKEN, 5) == 0
    assert box.rows(1, 10, 10) == []


def test_the_file_is_for_its_owner_alone_also_beside_it(tmp_path: Path) -> None:
    box = opened(tmp_path)
    box.append([crossing(1)])
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    box.close()


def test_another_box_is_refused(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with pytest.raises(BadInputError, match=r"belongs to box mall/ground/box-1; give every box a state_dir of its own"):
        Outbox(tmp_path / "outbox.db", Origin("mall", "ground", "box-2"), TOKEN)


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    opened(tmp_path).close()
    db = sqlite3.connect(tmp_path / "outbox.db")
    db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(BadInputError, match=r"outbox of version 99"):
        opened(tmp_path)


def fill(box: Outbox, batch: list[Event]) -> None:
    for _ in range(1000):
        box.append(batch, b"state")


def test_at_its_limit_nothing_is_stored_in_part_and_acknowledging_makes_room(tmp_path: Path) -> None:
    box = opened(tmp_path, limit_bytes=1 << 20)
    batch = [crossing(number) for number in range(100)]
    with pytest.raises(OutboxFullError, match=r"make room on the disk, or raise outbox_limit_mb"):
        fill(box, batch)
    last = box.last_seq
    assert last % 100 == 0
    assert box.depth == last
    assert [row.seq for row in box.rows(last, last + 100, 10)] == [last]
    assert (tmp_path / "outbox.db").stat().st_size < (1 << 20) + 300_000
    assert box.acknowledge(TOKEN, last) == last
    assert box.append(batch) == range(last + 1, last + 101)
    box.close()


KILLED = """
import sys
from pathlib import Path
from tests.edge.outbox.test_store import crossing, opened
box = opened(Path(sys.argv[1]))
number = box.last_seq
while True:
    number += 3
    box.append([crossing(number - 2), crossing(number - 1), crossing(number)], str(number).encode())
    print(number, flush=True)
"""


def test_kill_9_in_the_middle_of_writing_leaves_events_and_checkpoint_in_step(tmp_path: Path) -> None:
    told = 0
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT, env=ENVIRONMENT, text=True
        )
        assert process.stdout is not None
        for _line in range(40):
            told = int(process.stdout.readline())
        process.kill()
        process.wait()
        process.stdout.close()
        box = opened(tmp_path)
        assert box.last_seq >= told
        assert box.checkpoint() == str(box.last_seq).encode()
        assert [row.seq for row in box.rows(1, box.last_seq, 100_000)] == list(range(1, box.last_seq + 1))
        box.close()


def test_writing_reading_and_acknowledging_from_three_threads(tmp_path: Path) -> None:
    box = opened(tmp_path)
    seen: list[int] = []
    total = 600

    def write() -> None:
        for number in range(total // 3):
            box.append([crossing(number)] * 3, b"state")

    def read() -> None:
        while len(seen) < total:
            rows = box.rows(len(seen) + 1, total, 50)
            seen.extend(row.seq for row in rows)
            if rows:
                box.acknowledge(TOKEN, rows[-1].seq - 1)

    threads = [threading.Thread(target=work) for work in (write, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert seen == list(range(1, total + 1))
    assert (box.depth, box.acknowledged) == (1, total - 1)
    box.close()


def test_one_process_a_state_directory(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with StateLock(folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        with pytest.raises(BadInputError, match="another box process uses this state_dir"):
            StateLock(folder)
    with StateLock(folder):
        pass


def test_a_state_directory_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInputError, match=r"cannot be used as state_dir \(Not a directory\); choose another"):
        StateLock(tmp_path / "file" / "state")
