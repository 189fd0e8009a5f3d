"""What the floor's pipeline bears: damaged boxes, clocks that jump or stand still; the same in any process."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys

import numpy as np
import pytest
import supervision as sv

from contract.events import Journey, Visit
from edge.pipeline import CameraObservation
from tests.edge.floor_scene import Scene, along, bodies, camera, floor, line, zone
from tests.shared_data import ROOT

CAMERAS = [camera("a", (0, 0), (8, 6)), camera("b", (20, 12), (12, 6))]
SHOP = zone("shop", 8, 4, 12, 8)
DOOR = line("door", "shop", (8, 4), (8, 8), (1, 0))
BAD = np.array(
    [
        (np.nan, 10, 30, 60, 0.9), (10, 10, np.inf, 60, 0.9), (-np.inf, -np.inf, np.inf, np.inf, 0.9),
        (40, 40, 40, 90, 0.9), (40, 90, 60, 90, 0.9), (60, 90, 40, 40, 0.9), (40, 40, 60, 90, np.nan),
        (40, 40, 60, 90, np.inf), (40, 40, 60, 90, -0.1), (1e30, 1e30, 2e30, 2e30, 0.9),
    ],
    np.float32,
)  # fmt: skip


def mall():
    walkers = [along([(2, 6), (10, 6, 6), (3, 6)], 0.0), along([(18, 5), (3, 5)], 2.0)]
    return Scene(floor(CAMERAS, [SHOP], [DOOR]), walkers, seed=3)


def damaged(seen):
    """The same with boxes that supervision itself would refuse, before the good ones."""
    good = seen.detections
    boxes = sv.Detections(np.vstack([np.zeros((len(BAD), 4), np.float32), good.xyxy]))
    boxes.xyxy[: len(BAD)] = BAD[:, :4]
    boxes.confidence = np.concatenate([BAD[:, 4], good.confidence]).astype(np.float32)
    return CameraObservation(seen.captured_at, boxes, seen.size)


def all_told(change=lambda seen: seen, clock=lambda now: now, end=22.0):
    """Everything that a pipeline tells of the mall, with its pictures and its clock changed."""
    scene = mall()
    pipe = scene.pipeline()
    steps, last = [], 0.0
    for now, seen in scene.observations(0, end):
        shift = clock(now) - now
        moved = {
            name: CameraObservation(each.captured_at + shift, each.detections, each.size) for name, each in seen.items()
        }
        last = max(last, now + shift)
        steps.append(pipe.update(now + shift, {name: change(each) for name, each in moved.items()}))
    return [*steps, pipe.close(last + 1)]


def digest():
    """A fingerprint of all that is told, to the last bit."""
    told = [(step.bodies, step.positions) for step in all_told()]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def test_damaged_boxes_change_nothing_that_is_told():
    assert repr([(s.bodies, s.positions) for s in all_told(damaged)]) == repr(
        [(s.bodies, s.positions) for s in all_told()]
    )


@pytest.mark.parametrize(
    "clock",
    [
        lambda now: now - (3.0 if now > 8 else 0.0),
        lambda now: now - (3600.0 if 8 < now < 9 else 0.0),
        lambda now: now + (1e6 if now > 8 else 0.0),
        lambda now: min(now, 8.0),
        lambda now: float(round(now)),
    ],
    ids=["back by seconds", "back by an hour and on", "ahead by days", "stands still", "whole seconds"],
)
def test_whatever_the_clock_does_what_is_told_is_finite_and_in_order(clock):
    steps = all_told(clock=clock)
    at = [when for step in steps for when, _ in step.bodies]
    assert all(map(math.isfinite, at))
    for step in steps:
        assert all(map(math.isfinite, (value for _, *place in step.positions.visitors for value in place)))
    for visit in bodies(steps, Visit):
        assert min(visit.observed_s, visit.bridged_s, visit.unseen_s) >= 0
        assert visit.left_at is None or visit.left_at >= visit.entered_at
    opened = {(v.visitor, v.zone, v.entered_at) for v in bodies(steps, Visit) if v.phase == "opened"}
    closed = {(v.visitor, v.zone, v.entered_at) for v in bodies(steps, Visit) if v.phase == "closed"}
    assert len(opened) == len(closed)
    assert bodies(steps, Journey)


def test_another_process_with_other_hashes_tells_the_same_to_the_last_bit():
    say = "from tests.edge.test_pipeline_bears import digest; print(digest())"
    environment = os.environ | {"PYTHONHASHSEED": "4711"}
    done = subprocess.run(
        [sys.executable, "-c", say], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == digest()
