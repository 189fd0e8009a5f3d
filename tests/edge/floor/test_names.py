"""Doubles become one, exchanged names are given back, and whom cameras see in two places is two."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from edge.floor.coverage import Coverage
from edge.floor.footing import Footing
from edge.floor.fusion import Fusion
from tests.edge.floor_scene import camera, floor

CAMERAS = [camera("a", (0, 0), (8, 6)), camera("b", (20, 12), (12, 6))]
RED, BLUE = np.eye(96, dtype=np.float32)[:2] * 3
STEP_S = 0.125


def footing(at, places, score=0.9, blur_m=0.1):
    """What one camera says: positions by track id."""
    n = len(places)
    cov = np.broadcast_to(np.eye(2) * blur_m**2 / 2, (n, 2, 2)).copy()
    return Footing(
        track=np.array(list(places), np.int64),
        position_m=np.array(list(places.values()), float).reshape(-1, 2),
        covariance_m2=cov,
        bias_m2=cov.copy(),
        velocity_mps=np.zeros((n, 2)),
        reported=np.ones(n, bool),
        observed=np.ones(n, bool),
        from_head=np.zeros(n, bool),
        score=np.full(n, score),
        born_at=np.zeros(n),
        born_m=np.full((n, 2), np.nan),
        past=np.empty((0, 4)),
        at=at,
        alive=np.array(list(places), np.int64),
    )


def fusion():
    return Fusion(Coverage(floor(CAMERAS)), random.Random(0))


def play(made, seconds, seen, looks=None, start=0.0):
    """Steps of ``seen(t)``: camera -> track -> place."""
    steps = []
    for k in range(int(seconds / STEP_S)):
        at = start + k * STEP_S
        here = {name: footing(at, places) for name, places in seen(at).items()}
        steps.append((made.update(at, here, looks(at) if looks else None), made.owners()))
    return steps


def test_two_cameras_that_disagree_by_a_step_still_see_one():
    steps = play(fusion(), 6, lambda t: {"a": {1: (8 + t / 2, 6)}, "b": {1: (8.5 + t / 2, 6.3)}})
    assert len(steps[-1][0]) == 1


def test_two_whom_both_cameras_see_stay_two_however_close():
    def seen(t):
        return {name: {1: (8 + t / 2, 6), 2: (8 + t / 2, 6.5)} for name in "ab"}

    steps = play(fusion(), 8, seen)
    assert len(steps[-1][0]) == 2
    owners = steps[-1][1]
    assert owners["a", 1] == owners["b", 1] != owners["a", 2] == owners["b", 2]


def test_two_whom_one_camera_sees_a_metre_apart_stay_two_though_one_grows_faint():
    """One stands clear in view; somebody comes up beside them, and from then on half hides them."""
    made = fusion()
    for k in range(48):
        at = k * STEP_S
        beside = {2: (9.0, 6.1)} if at >= 2 else {}
        seen = footing(at, {1: (8, 6), **beside}, blur_m=0.25)
        seen = replace(seen, score=np.array([0.9 if at < 2 else 0.3, 0.9][: len(seen)]))
        visitors = made.update(at, {"a": seen})
    assert len(visitors) == 2
    assert len(set(made.owners().values())) == 2


def test_a_place_is_known_better_from_many_doubtful_boxes_than_from_one():
    made, blur_m = fusion(), 0.4
    told = [
        sample
        for k in range(40)
        for sample in made.update(k * STEP_S, {"a": footing(k * STEP_S, {1: (8, 6)}, blur_m=blur_m)}).samples
    ]
    bias_m = blur_m / 2**0.5  # half of what `footing` makes of it never averages out
    assert bias_m < told[-1].blur_m < 0.92 * blur_m


@pytest.mark.parametrize("swapped", [False, True])
def test_names_exchanged_when_two_meet_come_back_by_looks(swapped):
    """Track 1 is red and track 2 blue, until they meet; then perhaps the other way round."""

    def seen(t):
        off = abs(t - 4) / 2
        return {"a": {1: (8 + off, 6), 2: (8 - off, 6)}}

    def looks(t):
        one, two = (BLUE, RED) if swapped and t > 4 else (RED, BLUE)
        return {("a", 1): one, ("a", 2): two}

    steps = play(fusion(), 9, seen, looks)
    before, after = steps[20][1], steps[-1][1]
    assert (before["a", 1] == after["a", 1]) is not swapped
    assert {before["a", 1], before["a", 2]} == {after["a", 1], after["a", 2]}


def test_whom_cameras_clearly_see_in_two_places_is_two():
    def seen(t):
        return {"a": {1: (8, 6)}, "b": {1: (8 + max(0.0, t - 3) * 0.8, 6)}}

    steps = play(fusion(), 7, seen)
    owners = steps[-1][1]
    assert owners["a", 1] != owners["b", 1]


def test_a_faint_track_that_wandered_off_keeps_nobody_from_the_right_one():
    """Camera a's old track fades and drifts away; a clear new one stands where camera b sees the person."""

    def update(made, at):
        faint = footing(at, {1: (8 + 0.5 * max(0.0, at - 2), 6)}, score=0.15, blur_m=0.9)
        if at < 2:
            return made.update(at, {"a": footing(at, {1: (8, 6)}), "b": footing(at, {1: (8, 6)})})
        clear = footing(at, {2: (8, 6)})
        both = replace(
            faint,
            **{
                name: np.concatenate([getattr(faint, name), getattr(clear, name)])
                for name in (
                    "track", "position_m", "covariance_m2", "bias_m2", "velocity_mps", "reported", "observed",
                    "from_head", "score", "born_at", "born_m", "alive",
                )
            },
        )  # fmt: skip
        return made.update(at, {"a": both, "b": footing(at, {1: (8, 6)})})

    made = fusion()
    for k in range(48):
        visitors = update(made, k * STEP_S)
    assert len(visitors) == 1
    assert made.owners()["a", 2] == made.owners()["b", 1]


def test_somebody_new_where_somebody_was_just_lost_is_they():
    def seen(t):
        return {"a": {1: (8, 6)} if t < 4 else {2: (8.2, 6.1)} if t > 5 else {}}

    steps = play(fusion(), 10, seen)
    assert steps[-1][1]["a", 2] == steps[10][1]["a", 1]
    assert len(steps[-1][0]) == 1


def test_two_visitors_who_come_to_stand_in_one_place_no_camera_seeing_both_are_one():
    def seen(t):
        off = max(0.0, 3 - t)
        return {"a": {1: (8 - off, 6)}, "b": {1: (8.2 + off, 6)}}

    steps = play(fusion(), 10, seen)
    assert len(steps[8][0]) == 2
    assert len(steps[-1][0]) == 1
