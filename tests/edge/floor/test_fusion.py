"""One person, one visitor: virtual cameras that overlap, miss, tremble and disagree."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from contract.events import Journey
from tests.edge.floor_scene import Scene, Walker, along, bodies, camera, floor, wall

TWO = [camera("a", (0, 0), (8, 6)), camera("b", (20, 12), (12, 6))]
THREE = [*TWO, camera("c", (20, 0), (12, 6))]


def visitors_over(scene, end, warm_s=2.0):
    """(T,) how many visitors more than people there are at each tick while all are settled in view."""
    surplus = []
    pipe = scene.pipeline()
    for now, seen in scene.observations(0, end):
        step = pipe.update(now, seen)
        settled = [w for w in scene.walkers if w.start + warm_s <= now < w.end]
        if len(settled) == sum(w.here(now) for w in scene.walkers):
            surplus.append(len(step.positions.visitors) - len(settled))
    return np.array(surplus)


def turned(cam, degrees, seed):
    """The same camera, calibrated wrongly by an angle."""
    rng = np.random.default_rng(seed)
    turn = cv2.Rodrigues(np.radians(degrees) * rng.normal(size=3))[0]
    rotation = turn @ cam.rotation
    return replace(cam, rotation=rotation, translation=-rotation @ cam.centre_m)


@pytest.mark.parametrize("cameras", [TWO, THREE])
@pytest.mark.parametrize("seed", [0, 1])
def test_somebody_seen_by_all_cameras_is_one_visitor(cameras, seed):
    scene = Scene(floor(cameras), [along([(4, 6), (16, 6), (10, 8, 5), (4, 5)], 0.0)], seed=seed)
    steps = scene.run(27)
    assert len(bodies(steps, Journey)) == 1
    assert max(len(step.positions.visitors) for step in steps) == 1


def test_the_position_is_the_true_one():
    walker = along([(4, 6), (16, 6), (10, 8, 5), (4, 5)], 0.0)
    scene = Scene(floor(THREE), [walker])
    errors = []
    for step in scene.run(26)[20:-1]:
        for _, x, y in step.positions.visitors:
            errors.append(np.hypot(*(np.array([x, y]) - walker.where(step.at))))
    assert np.mean(errors) < 0.12
    assert max(errors) < 0.5


@pytest.mark.parametrize("seed", range(3))
def test_people_two_metres_apart_are_counted_exactly(seed):
    walkers = [along([(3, y), (17, y), (3, y)], 0.5 * i, speed=1.0 + 0.1 * i) for i, y in enumerate((4.0, 6.0, 8.0))]
    scene = Scene(floor(THREE), walkers, seed=seed, noise_px=1.0)
    surplus = visitors_over(scene, 24)
    assert (surplus == 0).mean() > 0.97
    assert len(bodies(scene.run(40), Journey)) == 3


def test_people_who_walk_past_each_other_stay_two():
    walkers = [along([(4, 5.6), (16, 5.6)], 0.0), along([(16, 6.4), (4, 6.4)], 0.0)]
    scene = Scene(floor(THREE), walkers, noise_px=1.0)
    journeys = bodies(scene.run(30), Journey)
    assert len(journeys) == 2
    for journey in journeys:
        assert abs(journey.path[-1][1] - journey.path[0][1]) > 10


def test_badly_calibrated_cameras_still_see_one_person():
    true = floor(THREE)
    wrong = replace(true, cameras={name: turned(cam, 0.3, i) for i, (name, cam) in enumerate(true.cameras.items())})
    scene = Scene(true, [along([(5, 6), (15, 6), (10, 7, 4), (5, 5)], 0.0)])
    pipe = Scene(wrong, []).pipeline()
    steps = scene.run(26, pipe)
    assert len(bodies(steps, Journey)) == 1


def test_frames_that_come_at_different_times_are_one_moment():
    scene = Scene(floor(THREE), [along([(4, 6), (16, 6), (4, 6)], 0.0)], skew={"b": 0.06, "c": 0.15})
    assert len(bodies(scene.run(24), Journey)) == 1


@pytest.mark.parametrize("late_s", [0.3, 0.6, 1.5, 99.0])
def test_a_camera_that_falls_behind_neither_stops_the_floor_nor_adds_anybody(late_s):
    scene = Scene(floor(THREE), [along([(3, 6), (10, 8, 5), (17, 6)], 0.0)])
    pipe = scene.pipeline()
    held, steps = [], []
    for now, seen in scene.observations(0, 24):
        current = dict(seen)
        if now > 4.0 and "c" in current:
            held.append(current.pop("c"))
        while held and held[0].captured_at <= now - late_s:
            current["c"] = held.pop(0)
        steps.append(pipe.update(now, current))
    steps.append(pipe.close(24.0))
    assert len(bodies(steps, Journey)) == 1
    assert max(len(step.positions.visitors) for step in steps) == 1


def test_a_pillar_hides_nobody_for_good():
    walker = along([(3, 6), (17, 6)], 0.0)
    walker.hidden.append((4.0, 6.5))
    scene = Scene(floor(THREE), [walker])
    (journey,) = bodies(scene.run(22), Journey)
    assert journey.bridged_s + journey.unseen_s == pytest.approx(2.5, abs=0.5)


def test_walking_from_one_camera_to_the_next_is_one_journey():
    cameras = [camera("a", (0, 6), (4, 6)), camera("b", (20, 6), (16, 6))]
    apart = floor(cameras, walls=[wall("n", (8, 0), (8, 5)), wall("s", (8, 7), (8, 12))])
    walker = along([(3, 6), (17, 6)], 0.0)
    walker.hidden.append((5.0, 7.0))
    scene = Scene(apart, [walker])
    assert len(bodies(scene.run(25), Journey)) == 1


def test_somebody_only_one_camera_sees_exists():
    scene = Scene(floor(TWO[:1]), [along([(4, 3), (9, 7)], 0.0)])
    assert len(bodies(scene.run(15), Journey)) == 1


def test_nobody_who_stands_still_from_the_start_is_a_visitor():
    statue = Walker(0.0, 40.0, lambda _t: (8.0, 6.0))
    assert bodies(Scene(floor(THREE), [statue]).run(40), Journey) == []


def test_staff_who_stood_from_the_start_were_there_all_along():
    clerk = Walker(0.0, 40.0, lambda t: (8.0, 6.0) if t < 20 else (8.0 + min(4.0, t - 20), 6.0))
    scene = Scene(floor(TWO[:1]), [clerk])
    (journey,) = bodies(scene.run(40), Journey)
    assert journey.observed_s + journey.bridged_s > 35


def test_passing_a_statue_does_not_wake_it():
    statue = Walker(0.0, 30.0, lambda _t: (9.0, 6.3))
    walker = along([(4, 6), (14, 6.2)], 10.0)
    (journey,) = bodies(Scene(floor(TWO[:1]), [statue, walker]).run(40), Journey)
    assert journey.observed_s < 11


def test_flickering_faint_boxes_are_nobody():
    scene = Scene(floor(THREE), [])
    pipe = scene.pipeline()
    rng = np.random.default_rng(0)
    shown = 0
    for now, seen in scene.observations(0, 30):
        for name, each in seen.items():
            if rng.random() < 0.3:
                x, y = rng.uniform(100, 500), rng.uniform(120, 340)
                boxes = np.array([[x, y - 80, x + 25, y]], np.float32)
                faint = type(each.detections)(boxes, confidence=np.array([0.35], np.float32))
                seen[name] = replace(each, detections=faint)
        shown += len(pipe.update(now, seen).positions.visitors)
    assert shown == 0
