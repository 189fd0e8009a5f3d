"""The floor's pipeline as a whole: the same twice, the same after a restart, and true."""

from __future__ import annotations

import pickle
import random

import numpy as np
import pytest
import supervision as sv

from contract.errors import BadInputError
from contract.events import Crossing, Journey, Visit
from contract.messages import BY_BODY, envelope_of
from contract.times import from_rfc3339
from edge.pipeline import CameraObservation, FloorPipeline, PipelineSettings
from simulator.score import Passage, Stay, crossing_error, mean_dwell_error_s, score_doors, score_zones
from tests.edge.floor_scene import SIZE_PX, Scene, Walker, along, bodies, camera, floor, line, zone

CAMERAS = [camera("a", (0, 0), (8, 6)), camera("b", (20, 12), (12, 6)), camera("c", (20, 0), (12, 6))]
SHOP = zone("shop", 8, 4, 12, 8)
DOOR = line("door", "shop", (8, 4), (8, 8), (1, 0))
SHELF = zone("shelf", 9.5, 5, 11.5, 7)


def mall(seed=0, **changes):
    walkers = [
        along([(2, 6), (10, 6, 10), (3, 6)], 0.0),
        along([(18, 5), (3, 5)], 2.0),
        along([(2, 7.2), (10.5, 6.8, 5), (2, 7.2)], 1.0, speed=1.0),
        along([(4, 3), (16, 9)], 12.0),
    ]
    return Scene(floor(CAMERAS, [SHOP, SHELF], [DOOR]), walkers, seed=seed, **changes)


def told(steps):
    return [(at, body) for step in steps for at, body in step.bodies]


def test_the_same_input_tells_the_same_twice():
    assert told(mall().run(30)) == told(mall().run(30))


def test_another_seed_changes_names_alone():
    one, other = told(mall().run(30)), told(mall().run(30, mall().pipeline(seed=9)))
    assert [at for at, _ in one] == [at for at, _ in other]
    assert {body.visitor for _, body in one}.isdisjoint(body.visitor for _, body in other)


def test_positions_carry_the_calibration_by_which_they_hold():
    scene = mall()
    assert {step.positions.calibration for step in scene.run(3)} == {scene.floor.calibration}
    assert len(scene.floor.calibration) == 12
    other = Scene(floor(CAMERAS[:2], [SHOP, SHELF], [DOOR]), scene.walkers)
    assert {step.positions.calibration for step in other.run(1)}.isdisjoint({scene.floor.calibration})


def test_a_pipeline_stored_by_a_build_that_knew_no_calibration_is_closed_all_the_same():
    scene = mall()
    pipe, steps = scene.pipeline(), []
    for now, seen in scene.observations(0, 8):
        steps.append(pipe.update(now, seen))
    del pipe.__dict__["_calibration"]
    last = pickle.loads(pickle.dumps(pipe)).close(8.0)  # noqa: S301 - our own
    assert last.positions.calibration == ""
    assert told([last])


@pytest.mark.parametrize("cut", [0.1, 4.9, 5.1, 12.3, 20.0])
def test_pickled_in_the_middle_it_goes_on_exactly_as_it_would_have(cut):
    scene = mall()
    whole = scene.run(30)
    pipe, steps = scene.pipeline(), []
    for now, seen in scene.observations(0, 30):
        if now >= cut and not any(step.at >= cut for step in steps):
            pipe = pickle.loads(pickle.dumps(pipe))  # noqa: S301 - our own
        steps.append(pipe.update(now, seen))
    steps.append(pipe.close(30.0))
    assert told(steps) == told(whole)
    assert [step.positions for step in steps] == [step.positions for step in whole]


def test_away_for_a_few_seconds_everybody_is_still_who_they_were():
    standing = [Walker(0.0, 40.0, lambda t, i=i: (6.0 + 3 * i + min(t, 2.0) * 0.8, 6.0)) for i in range(3)]
    scene = Scene(floor(CAMERAS), standing)
    pipe, steps = scene.pipeline(), []
    for now, seen in scene.observations(0, 30):
        if not 15.0 <= now < 19.0:
            steps.append(pipe.update(now, seen))
    steps.append(pipe.close(30.0))
    journeys = bodies(steps, Journey)
    assert len(journeys) == 3
    for journey in journeys:
        assert journey.bridged_s + journey.unseen_s == pytest.approx(4.0, abs=0.5)


def test_every_body_is_a_legal_message_and_adds_up():
    for _, body in told(mall(miss=0.3).run(32)):
        kind = BY_BODY[type(body)]
        assert envelope_of(kind) is not None
        if isinstance(body, Visit) and body.phase == "closed":
            seconds = from_rfc3339(body.left_at) - from_rfc3339(body.entered_at)
            assert body.observed_s + body.bridged_s + body.unseen_s == pytest.approx(seconds, abs=0.002)
        if isinstance(body, Journey):
            seconds = from_rfc3339(body.left_at) - from_rfc3339(body.entered_at)
            assert body.observed_s + body.bridged_s + body.unseen_s == pytest.approx(seconds, abs=0.002)


def truth_of(scene, end):
    """Passages and stays of the walkers, from their paths."""
    times = np.arange(0, end, 0.02)
    passages, stays = [], []
    for walker in scene.walkers:
        own = times[(times >= walker.start) & (times < walker.end)]
        xy = np.array([walker.where(t) for t in own])
        for each in scene.floor.lines.values():
            side = (xy - each.ends_m[0]) @ each.in_normal > 0
            along_m = (xy - each.ends_m[0]) @ (each.ends_m[1] - each.ends_m[0])
            length2 = float(((each.ends_m[1] - each.ends_m[0]) ** 2).sum())
            passages += [
                Passage(each.id, "in" if side[k + 1] else "out", float(own[k]))
                for k in np.flatnonzero(side[1:] != side[:-1])
                if 0 <= along_m[k] <= length2
            ]
        for each in scene.floor.zones.values():
            inside = np.concatenate([[False], each.contains(xy), [False]])
            starts, ends = np.flatnonzero(inside[1:] & ~inside[:-1]), np.flatnonzero(~inside[1:] & inside[:-1])
            stays += [
                Stay(each.id, float(own[a]), float(own[min(b, len(own) - 1)]))
                for a, b in zip(starts, ends, strict=True)
            ]
    return passages, stays


@pytest.mark.parametrize("seed", range(3))
def test_crossings_are_exact_and_dwell_is_true_to_a_second(seed):
    scene = mall(seed)
    steps = scene.run(34)
    passages, stays = truth_of(scene, 34)
    found = [Passage(body.line, body.direction, from_rfc3339(body.at)) for body in bodies(steps, Crossing)]
    assert crossing_error(score_doors(passages, found)) == 0.0
    for real in passages:
        assert min(abs(real.at_s - each.at_s) for each in found if each.direction == real.direction) < 0.4
    visits = [
        Stay(body.zone, from_rfc3339(body.entered_at), from_rfc3339(body.left_at))
        for body in bodies(steps, Visit)
        if body.phase == "closed"
    ]
    zones = score_zones(stays, visits, 0.0, 34.0)
    assert sum(each.matched for each in zones) == sum(each.truth for each in zones) == sum(each.found for each in zones)
    assert mean_dwell_error_s(zones) < 0.5


def test_a_dead_camera_is_no_reason_to_stop():
    scene = mall()
    pipe = scene.pipeline()
    for now, seen in scene.observations(0, 12):
        if now > 4:
            del seen["a"]
        step = pipe.update(now, seen)
    assert len(step.positions.visitors) >= 2


def test_without_any_picture_time_goes_on_and_everybody_leaves():
    scene = mall()
    pipe = scene.pipeline()
    steps = [pipe.update(now, seen) for now, seen in scene.observations(0, 10)]
    steps += [pipe.update(10 + k / 2, {}) for k in range(700)]  # who stood still is waited for longest
    assert len(bodies(steps, Journey)) == 3
    assert steps[-1].positions.visitors == []


def test_an_empty_floor_tells_nothing():
    pipe = FloorPipeline(floor(CAMERAS), PipelineSettings(), random.Random(0))
    nothing = CameraObservation(1.0, sv.Detections.empty(), SIZE_PX)
    step = pipe.update(1.0, {"a": nothing})
    assert (step.bodies, step.positions.visitors) == ((), [])
    assert pipe.close(2.0).bodies == ()


def test_a_camera_of_another_floor_is_refused():
    pipe = FloorPipeline(floor(CAMERAS), PipelineSettings(), random.Random(0))
    with pytest.raises(BadInputError, match="'x' is not on floor 'ground'; it has a, b, c"):
        pipe.update(0.0, {"x": CameraObservation(0.0, sv.Detections.empty(), SIZE_PX)})
