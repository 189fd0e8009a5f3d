"""Events while the disk is full: kept in order, bounded, counted; and the checkpoint never runs ahead of them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from edge.outbox.intake import Intake
from edge.outbox.store import Event, OutboxFullError
from tests.chaos.victims import ENVIRONMENT, ROOT
from tests.edge.outbox.test_store import TOKEN, crossing, opened
from tests.small_disk import mounted


def numbers(box) -> list[int]:
    """The visitors' numbers, in the order in which their events were stored."""
    return [int(row.payload.split(b'"visitor":"visitor')[1][:8]) for row in box.rows(1, 1 << 40, 1 << 30)]


def filled(folder: Path):
    """An outbox at its limit, holding events 0, 1, 2, ..."""
    box = opened(folder, limit_bytes=1 << 20)
    count = 0
    for size in (100, 1):
        with contextlib.suppress(OutboxFullError):
            while True:
                box.append([crossing(count + number) for number in range(size)], b"before")
                count += size
    return box, count


def test_a_full_outbox_keeps_events_in_memory_and_their_state_off_the_disk(tmp_path: Path) -> None:
    box, count = filled(tmp_path)
    intake = Intake(box)
    assert not intake.commit([crossing(count)], b"after")
    assert not intake.commit([crossing(count + 1)], b"later")
    assert "make room on the disk" in intake.fault
    assert (intake.pending, intake.depth, intake.lost) == (2, count + 2, 0)
    assert box.checkpoint() == b"before"
    box.acknowledge(TOKEN, 1000)
    assert intake.commit([crossing(count + 2)], b"last")
    assert (intake.pending, intake.fault, intake.lost) == (0, "", 0)
    assert box.checkpoint() == b"last"
    assert numbers(box) == list(range(1000, count + 3))
    box.close()


def test_memory_is_bounded_and_what_is_given_up_is_counted_for_good(tmp_path: Path) -> None:
    box, count = filled(tmp_path)
    intake = Intake(box, max_pending=10)
    for number in range(count, count + 25):
        assert intake.full == (number >= count + 10)
        intake.commit([crossing(number)], b"state")
    assert (intake.pending, intake.lost) == (10, 15)
    box.acknowledge(TOKEN, 1000)
    assert intake.commit([], b"state")
    assert numbers(box)[-11:] == [count - 1, *range(count + 15, count + 25)]
    box.close()
    box = opened(tmp_path)
    assert Intake(box).lost == 15
    box.close()


FULL_DISK = """
import sys
from pathlib import Path
from edge.outbox.intake import Intake
from tests.edge.outbox.test_intake import numbers
from tests.edge.outbox.test_store import TOKEN, crossing, opened
from tests.small_disk import mounted
folder = Path(sys.argv[1])
box = opened(folder)
intake = Intake(box)
count = 0
while intake.commit([crossing(count)], str(count).encode()):
    count += 1
fault = intake.fault
for _ in range(50):
    count += 1
    assert not intake.commit([crossing(count)], str(count).encode())
assert box.checkpoint() == str(count - 51).encode()
assert (intake.pending, intake.lost) == (51, 0)
(folder / "ballast").unlink()
assert intake.commit([], str(count).encode()), intake.fault
assert numbers(box) == list(range(count + 1))
assert box.checkpoint() == str(count).encode()
print(count, fault)
"""


def test_a_really_full_disk(tmp_path: Path) -> None:
    with mounted(tmp_path / "small", 3) as mount:
        (mount / "ballast").write_bytes(os.urandom(1 << 20))
        ran = subprocess.run(
            [sys.executable, "-c", FULL_DISK, str(mount)],
            cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "full" in ran.stdout


LIMITED = """
import resource, sys
from pathlib import Path
from edge.outbox.intake import Intake
from tests.edge.outbox.test_intake import numbers
from tests.edge.outbox.test_store import crossing, opened
box = opened(Path(sys.argv[1]))
intake = Intake(box)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
count = 0
while intake.commit([crossing(count)], str(count).encode()):
    count += 1
assert not intake.commit([crossing(count + 1)], b"x")
assert box.checkpoint() == str(count - 1).encode()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert intake.commit([], b"done"), intake.fault
assert numbers(box) == list(range(count + 2))
"""


def test_writes_that_fail_half_way(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)],
        cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr


def test_events_held_back_are_stored_before_newer_ones(tmp_path: Path) -> None:
    box = opened(tmp_path)
    intake = Intake(box)
    intake.hold([crossing(1)])
    assert intake.commit([crossing(2)], b"state")
    assert numbers(box) == [1, 2]
    box.close()


def test_an_event_of_now_keeps_its_time(tmp_path: Path) -> None:
    box = opened(tmp_path)
    Intake(box).commit([Event(0.0, crossing(1).body)], b"state")
    assert b'"at":"1970-01-01T00:00:00.000Z"' in box.rows(1, 1, 1)[0].payload
    box.close()
