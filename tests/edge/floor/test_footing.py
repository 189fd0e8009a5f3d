"""Foot points on the floor, and how far to trust them."""

from __future__ import annotations

import numpy as np
import pytest

from edge.floor.footing import FloorView
from edge.track.tracks import Tracks
from tests.edge.floor_scene import HEIGHT_M, SIZE_PX, box_of, camera


def tracks_of(boxes, foot_hidden=None, velocity=None):
    box = np.array(boxes, np.float32).reshape(-1, 4)
    foot = np.column_stack([(box[:, 0] + box[:, 2]) / 2, box[:, 3]]).astype(np.float32)
    count = len(box)
    return Tracks(
        id=np.arange(count),
        box_px=box,
        foot_px=foot,
        velocity_px=np.zeros((count, 2), np.float32) if velocity is None else np.array(velocity, np.float32),
        score=np.full(count, 0.8, np.float32),
        observed=np.ones(count, np.bool_),
        foot_hidden=np.zeros(count, np.bool_) if foot_hidden is None else np.array(foot_hidden),
        lost_s=np.zeros(count, np.float32),
        born_at=np.zeros(count),
        born_px=foot,
        past=np.empty((0, 4)),
    )


@pytest.fixture(name="view")
def _view():
    return FloorView(camera("a", (0, 0), (8, 6)), (20.0, 12.0))


def test_a_foot_point_stands_where_it_stands(view):
    footing = view.footing(1.0, tracks_of([box_of(view.camera, (7, 5))]), SIZE_PX)
    np.testing.assert_allclose(footing.position_m, [[7, 5]], atol=0.02)
    assert footing.at == 1.0
    assert not footing.from_head.any()


def test_pictures_of_another_size_give_the_same_place(view):
    box = box_of(view.camera, (7, 5)) * 2
    footing = view.footing(0.0, tracks_of([box]), (1280, 720))
    np.testing.assert_allclose(footing.position_m, [[7, 5]], atol=0.02)


def test_far_away_is_uncertain_along_the_ray(view):
    near, far = view.footing(
        0.0, tracks_of([box_of(view.camera, (4, 3)), box_of(view.camera, (14, 10.5))]), SIZE_PX
    ).covariance_m2
    assert np.trace(far) > 4 * np.trace(near)
    values, vectors = np.linalg.eigh(far)
    ray = np.array([14, 10.5]) / np.hypot(14, 10.5)
    assert values[1] > 4 * values[0]
    assert abs(vectors[:, 1] @ ray) > 0.98


def test_the_covariance_is_what_pixel_noise_does(view):
    rng = np.random.default_rng(0)
    box = box_of(view.camera, (9, 6))
    tall = box[3] - box[1]
    sigma = view.settings.noise_px + view.settings.noise_share * tall
    foot = np.array([(box[0] + box[2]) / 2, box[3]]) + rng.normal(0, sigma, (4000, 2))
    spread = np.cov(view.camera.floor_from_pixels(foot).T)
    found = view.footing(0.0, tracks_of([box]), SIZE_PX).covariance_m2[0] - view.settings.floor_noise_m**2 * np.eye(2)
    np.testing.assert_allclose(found, spread, rtol=0.25, atol=0.003)


def test_velocity_is_metres_a_second(view):
    places = np.array([[7.0, 5.0], [7.1, 5.05]])
    feet = view.camera.pixels_from_floor(places)
    footing = view.footing(
        0.0, tracks_of([box_of(view.camera, places[0])], velocity=[(feet[1] - feet[0]) * 10]), SIZE_PX
    )
    np.testing.assert_allclose(footing.velocity_mps, [[1.0, 0.5]], atol=0.08)


def test_somebody_cut_off_below_stands_where_the_head_says(view):
    place = (2.6, 1.9)
    head = view.camera.pixels_from_world(np.array([[*place, HEIGHT_M]]))[0]
    cut = [head[0] - 40, head[1], head[0] + 40, SIZE_PX[1]]
    footing = view.footing(0.0, tracks_of([cut]), SIZE_PX)
    assert footing.from_head.tolist() == [True]
    np.testing.assert_allclose(footing.position_m, [place], atol=0.05)


def test_somebody_behind_a_counter_stands_where_the_head_says(view):
    box = box_of(view.camera, (8, 6))
    hidden = [box[0], box[1], box[2], box[1] + 0.3 * (box[3] - box[1])]
    footing = view.footing(0.0, tracks_of([hidden]), SIZE_PX)
    assert footing.from_head.tolist() == [True]
    np.testing.assert_allclose(footing.position_m, [[8, 6]], atol=0.1)


def test_what_the_tracker_guessed_is_marked_and_less_certain(view):
    box = box_of(view.camera, (8, 6))
    seen = view.footing(0.0, tracks_of([box]), SIZE_PX)
    guessed = view.footing(0.0, tracks_of([box], foot_hidden=[True]), SIZE_PX)
    assert guessed.from_head.tolist() == [True]
    assert np.trace(guessed.covariance_m2[0]) > 2 * np.trace(seen.covariance_m2[0])


def test_above_the_horizon_and_off_the_plan_nobody_stands(view):
    sky = [300, -60, 330, 5]
    footing = view.footing(0.0, tracks_of([sky, box_of(view.camera, (7, 5))]), SIZE_PX)
    assert footing.track.tolist() == [1]
    assert footing.alive.tolist() == [0, 1]


def test_nobody_is_nobody(view):
    assert len(view.footing(0.0, tracks_of([]), SIZE_PX)) == 0
