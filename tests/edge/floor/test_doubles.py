"""When two are two, and when they may be one: what pictures of both, however faint, say of them."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from edge.floor.coverage import Coverage
from edge.floor.doubles import TWO
from edge.floor.fusion import Fusion
from tests.edge.floor.test_strays import footing
from tests.edge.floor_scene import camera, floor

STEP_S = 0.2
AHEAD = np.array([0.8, 0.6])
"""From the camera, which hangs at the origin, to where they walk."""
BESIDE = np.array([-0.6, 0.8])
HANGS = camera("a", (0, 0), (8, 6))


def doubt(way, apart_m):
    """Evidence that two are one whom one camera saw well and apart, and then faintly, so far apart that way."""
    fusion = Fusion(Coverage(floor([HANGS])), random.Random(1))
    for k in range(30):
        at, is_near = k * STEP_S, k >= 5
        middle = (7.0 + 0.1 * k) * AHEAD
        half = (apart_m if is_near else 3.0) / 2 * (way if is_near else BESIDE)
        seen = footing(at, {1: tuple(middle - half), 2: tuple(middle + half)})
        if is_near:
            seen = replace(seen, score=np.full(2, 0.3), covariance_m2=np.tile(0.08 * np.eye(2), (2, 1, 1)))
        answer = fusion.update(at, {"a": seen})
    return answer.doubts.get((1, 2), 0.0)


@pytest.mark.parametrize("apart_m", [0.45, 0.7])
def test_two_whom_the_only_camera_has_side_by_side_are_two_however_faint(apart_m):
    assert doubt(BESIDE, apart_m) <= TWO


def test_one_behind_the_other_may_be_one_and_a_box_of_their_upper_half():
    assert doubt(AHEAD, 0.7) > TWO


def test_side_by_side_but_nearer_than_shoulders_may_be_one():
    assert doubt(BESIDE, 0.3) > TWO
