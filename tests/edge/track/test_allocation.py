"""What compiled code takes for a picture it gives back before the next: counted by numba itself, nothing sampled."""

from __future__ import annotations

import numpy as np
import pytest

from edge.floor.joint.tracker import JointTracker
from edge.track.seen import Boxes
from edge.track.tracker import Tracker
from tests.edge.blocks import counted
from tests.edge.floor.joint.joint_scene import Room
from tests.edge.floor_scene import Walker

HEADERS, CHOSEN, ANSWER = 9, 1, 5
"""Blocks that a picture takes, however large the crowd: numba's header for each array that is handed to compiled code
(two boxes and scores, five of the step, two of the report), the rows of sound boxes, and the arrays of the answer."""


def crowd(step, rows=3):
    """People in rows of eight, some steps on."""
    feet = np.array([(40 + 60 * k + 3 * step, 100 + 90 * r) for k in range(8) for r in range(rows)], np.float32)
    boxes = np.column_stack([feet[:, 0] - 12, feet[:, 1] - 60, feet[:, 0] + 12, feet[:, 1]])
    return Boxes(boxes, np.full(len(boxes), 0.8, np.float32))


@pytest.mark.parametrize("rows", [1, 3, 12])
def test_a_camera_of_a_settled_crowd_takes_a_few_blocks_and_keeps_nothing_but_the_answer(rows):
    tracker = Tracker()
    frames = [crowd(step, rows) for step in (*range(8), *range(8, 0, -1))]
    for i in range(100):
        answer = tracker.update(i / 8, frames[i % 16])
    assert len(answer) == 8 * rows
    with counted() as found:
        for i in range(100, 200):
            answer = tracker.update(i / 8, frames[i % 16])
    assert found["kept"] == 0  # the last answer in place of the one before
    assert found["taken"] == (HEADERS + CHOSEN + ANSWER) * 100


def test_a_crowd_that_grows_denser_takes_more_once():
    tracker, near = Tracker(), np.random.default_rng(3).normal(300, 60, (120, 2)).astype(np.float32)
    dense = Boxes(np.column_stack([near, near + np.array([24, 60])]).astype(np.float32), np.full(120, 0.8, np.float32))
    taken = []
    for i in range(60):
        with counted() as found:
            tracker.update(i / 8, crowd(i) if i < 20 else dense)
        taken.append(found["taken"])
    assert max(taken[20:25]) > max(taken[50:])
    assert max(taken[50:]) <= HEADERS + CHOSEN + ANSWER


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
