"""Where somebody began who was hidden behind, or taken for, somebody else."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.events import Crossing
from edge.floor.coverage import Coverage
from edge.floor.fusion import Fusion
from edge.floor.sights import walked
from edge.journeys.stage import Journeys
from tests.edge.floor.test_strays import footing
from tests.edge.floor_scene import camera, floor, line, zone

STEP_S = 0.2
CAMERAS = [camera("a", (0, 0), (8, 6)), camera("b", (20, 0), (12, 6))]


def told(moments, lines=()):
    """The fusion's answers, and the crossings, of what each camera sees at each moment: places by track."""
    scene = floor(CAMERAS, [zone("shop", 8, 2, 16, 10)], lines)
    coverage = Coverage(scene)
    fusion, stage = Fusion(coverage, random.Random(1)), Journeys(coverage, random.Random(1))
    answers, crossings = [], []
    for k, seen in enumerate(moments):
        at = k * STEP_S
        answers.append(fusion.update(at, {name: footing(at, places) for name, places in seen.items()}))
        crossings += [each.body for each in stage.update(answers[-1]) if isinstance(each.body, Crossing)]
    return answers, crossings


def test_who_was_taken_for_a_companion_crossed_the_line_beside_them():
    """Camera b's track of the second is the first's second view, until both are clearly two."""
    door = line("door", "shop", (8, 2), (8, 10), (1, 0))
    moments = []
    for k in range(60):
        x = 5.0 + 0.24 * k if k < 40 else 14.4
        apart_m = 0.5 if x < 9.0 else 1.2
        seen = {"a": {1: (x, 5.0)}, "b": {7: (x, 5.0 + apart_m)}}
        if x > 9.0:
            seen["b"][8] = (x, 5.0)
        moments.append(seen)
    answers, crossings = told(moments, [door])
    assert len(answers[-1]) == 2
    assert [(each.line, each.direction) for each in crossings] == [("door", "in")] * 2


def test_a_newcomer_beside_somebody_lost_brings_what_was_seen_of_them_before():
    coverage = Coverage(floor(CAMERAS))
    fusion = Fusion(coverage, random.Random(1))
    for k in range(10):
        fusion.update(k * STEP_S, {"a": footing(k * STEP_S, {1: (6.0, 6.0)})})
    fusion.update(2.0, {"a": footing(2.0, {})})
    samples = []
    for k in range(30):
        at = 3.2 + k * STEP_S
        place = (7.0 + 0.24 * k, 6.0)
        seen = footing(at, {2: place})
        seen = replace(seen, born_at=np.array([2.4]), born_m=np.array([[6.2, 5.2]]))
        samples += fusion.update(at, {"a": seen}).samples
    new = [sample for sample in samples if sample.key != 1]
    if new:  # somebody else, then, and from the beginning
        assert new[0].at == pytest.approx(2.4)
    else:
        assert min(sample.at for sample in samples) == pytest.approx(2.4)


def test_two_long_known_who_pass_each_other_stay_two_though_each_is_then_seen_by_one_camera_alone():
    moments = []
    for k in range(60):
        apart_m = max(0.3, 6.0 - 0.5 * k) if k < 13 else min(6.0, 0.3 + 0.5 * (k - 12))
        one, two = (10.0, 6.0), (10.0 + apart_m, 6.0)
        near = {"a": {1: one}, "b": {1: two}}
        moments.append({"a": {1: one, 2: two}, "b": {3: one, 1: two}} if apart_m > 1.3 else near)
    answers, _ = told(moments)
    assert not any(answer.merged for answer in answers)
    assert answers[-1].key.tolist() == [1, 2]


def test_a_track_that_leaps_and_comes_to_itself_is_who_it_was_where_nobody_else_was_seen():
    moments = [{"a": {1: (6.0, 6.0)}}] * 10 + [{"a": {1: (8.2, 6.0)}}] * 20
    answers, _ = told(moments)
    assert len({token for answer in answers for token in answer.token}) == 1


STRAIGHT = np.array([(0.2 * k, 6.0 + 0.24 * k, 5.0) for k in range(8)])
"""(8, 3) seconds and metres of somebody who walks."""


def test_a_first_box_that_held_a_mannequin_too_is_not_where_they_began():
    moved = STRAIGHT.copy()
    moved[0, 2] = 7.0
    assert walked(moved, 0.25).tolist() == moved[1:].tolist()
    moved[:3, 2] = 7.0  # for however long
    assert walked(moved, 0.25).tolist() == moved[3:].tolist()


def test_one_box_too_far_off_is_left_out_and_what_was_before_stays():
    moved = STRAIGHT.copy()
    moved[4, 2] += 1.5
    assert walked(moved, 0.25).tolist() == np.delete(moved, 4, axis=0).tolist()


@pytest.mark.parametrize("blur_m", [0.0, 0.25])
def test_who_walks_keeps_the_whole_way(blur_m):
    assert walked(STRAIGHT, blur_m).tolist() == STRAIGHT.tolist()


def test_far_from_the_camera_feet_may_seem_to_leap():
    moved = STRAIGHT.copy()
    moved[::2, 2] += 1.0
    assert len(walked(moved, 0.1)) < len(moved)
    assert walked(moved, 0.6).tolist() == moved.tolist()


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(-50, 50), st.floats(-50, 50)), min_size=1, max_size=40),
    st.floats(0, 2),
)
def test_what_is_kept_of_a_way_is_its_end_in_steps_that_can_be_walked(steps, blur_m):
    way = np.array(steps)
    way[:, 0] = np.cumsum(way[:, 0])
    kept = walked(way, blur_m)
    assert kept[-1].tolist() == way[-1].tolist()
    rows = {tuple(row) for row in way.tolist()}
    assert all(tuple(row) in rows for row in kept.tolist())
    dt, *off = np.diff(kept, axis=0).T
    assert (np.hypot(*off) <= 3.0 * dt + 2.0 * blur_m + 1e-9).all()


@pytest.mark.parametrize("mannequin_x", [9.5, 7.3])
def test_who_comes_in_past_a_mannequin_that_their_first_box_held_too_came_in(mannequin_x):
    """Told once the track has moved; with that box they would have been inside, and come back."""
    coverage = Coverage(floor(CAMERAS, [zone("shop", 8, 2, 16, 10)], [line("door", "shop", (8, 2), (8, 10), (1, 0))]))
    fusion, stage = Fusion(coverage, random.Random(1)), Journeys(coverage, random.Random(1))
    past = np.array([(1, STEP_S * k, mannequin_x if k == 0 else 7.3 + 0.05 * k, 6.0) for k in range(4)])
    crossings = []
    for k in range(4, 40):
        seen = footing(STEP_S * k, {1: (7.5 + 0.24 * (k - 4), 6.0)})
        seen = replace(seen, born_m=past[:1, 2:], past=past if k == 4 else seen.past)
        crossings += stage.update(fusion.update(STEP_S * k, {"a": seen}))
    assert [each.body.direction for each in crossings if isinstance(each.body, Crossing)] == ["in"]
