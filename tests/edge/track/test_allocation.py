"""What compiled code takes for a picture it gives back before the next: counted by numba itself, nothing sampled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from numba.core.runtime import _nrt_python, rtsys

from edge.floor.joint.tracker import JointTracker
from edge.track.seen import Boxes
from edge.track.tracker import Tracker
from tests.edge.floor.joint.joint_scene import Room
from tests.edge.floor_scene import Walker

MOST_SCRATCH = 80
"""Small arrays that a picture of a settled crowd takes and gives back; 62 were counted."""


@contextmanager
def counted() -> Iterator[dict[str, int]]:
    """Blocks of memory that compiled code took, and kept, while inside."""
    was_on = _nrt_python.memsys_stats_enabled()
    _nrt_python.memsys_enable_stats()
    before, found = rtsys.get_allocation_stats(), {}
    try:
        yield found
    finally:
        after = rtsys.get_allocation_stats()
        found["taken"] = after.alloc - before.alloc
        found["kept"] = found["taken"] - (after.free - before.free)
        if not was_on:
            _nrt_python.memsys_disable_stats()


def crowd(step):
    """Twenty-four people, some steps on."""
    feet = np.array([(40 + 60 * k + 3 * step, 100 + 90 * r) for k in range(8) for r in range(3)], np.float32)
    boxes = np.column_stack([feet[:, 0] - 12, feet[:, 1] - 60, feet[:, 0] + 12, feet[:, 1]])
    return Boxes(boxes, np.full(len(boxes), 0.8, np.float32))


def test_a_camera_of_a_settled_crowd_keeps_nothing_but_the_answer():
    tracker = Tracker()
    frames = [crowd(step) for step in (*range(8), *range(8, 0, -1))]
    for i in range(100):
        answer = tracker.update(i / 8, frames[i % 16])
    assert len(answer) == 24
    with counted() as found:
        for i in range(100, 200):
            answer = tracker.update(i / 8, frames[i % 16])
    assert found["kept"] == 0  # the last answer in place of the one before
    assert found["taken"] <= MOST_SCRATCH * 100


def test_what_is_kept_would_be_noticed():
    tracker = Tracker()
    for i in range(20):
        tracker.update(i / 8, crowd(i))
    with counted() as found:
        kept = [tracker.update(i / 8, crowd(i)) for i in range(20, 30)]
    assert found["kept"] >= len(kept)


def test_a_floor_keeps_nothing_but_the_answer():
    room = Room([Walker(0.0, 60.0, lambda t: (5 + 2 * np.cos(0.5 * t), 4 + 2 * np.sin(0.5 * t)))])
    pictures = list(room.pictures(30.0))
    tracker = JointTracker(room.cameras)
    for now, boxes in pictures[:200]:
        answer = tracker.update(now, boxes)
    with counted() as found:
        for now, boxes in pictures[200:]:
            answer = tracker.update(now, boxes)
    assert len(answer) == 1
    assert found["kept"] == pytest.approx(0, abs=2)  # the last answer in place of the one before
