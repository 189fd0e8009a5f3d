"""Through the lens and back: the identity where it shows something, NaN where it does not, never a wrong place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from calibration.camera import Camera
from calibration.lens import bend, fold, straighten
from calibration.solve.pairs import Pairs
from calibration.solve.solver import solve

WIDTH, HEIGHT = 1280, 720
HEADING = 0.4

brown_terms = st.one_of(
    st.just(()),
    st.tuples(st.floats(-0.45, 0.25), st.floats(-0.1, 0.2), st.floats(-0.005, 0.005), st.floats(-0.005, 0.005)),
    st.tuples(
        *[st.floats(-0.45, 0.25), st.floats(-0.1, 0.2), st.floats(-0.005, 0.005), st.floats(-0.005, 0.005)],
        st.floats(-0.05, 0.05),
    ),
    st.tuples(
        *[st.floats(-0.3, 0.3), st.floats(-0.1, 0.1), st.floats(-0.003, 0.003), st.floats(-0.003, 0.003)],
        *[st.floats(-0.05, 0.05), st.floats(-0.05, 0.2), st.floats(0, 0.05), st.floats(0, 0.02)],
    ),
)
fisheye_terms = st.one_of(
    st.just(()),
    st.tuples(st.floats(-0.12, 0.15), st.floats(-0.05, 0.05), st.floats(-0.02, 0.02), st.floats(-0.005, 0.005)),
)
lenses: Any = st.one_of(
    st.tuples(st.just("brown"), st.floats(0.4, 2.0), brown_terms),
    st.tuples(st.just("fisheye"), st.floats(0.22, 0.6), fisheye_terms),
)


def hung(lens: tuple[str, float, tuple[float, ...]], height_m: float, tilt_deg: float, roll_deg: float) -> Camera:
    kind, focal, terms = lens
    tilt, roll = np.radians(tilt_deg), np.radians(roll_deg)
    ahead = np.array([np.cos(HEADING) * np.cos(tilt), np.sin(HEADING) * np.cos(tilt), -np.sin(tilt)])
    right = np.array([np.sin(HEADING), -np.cos(HEADING), 0.0])
    turn = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1.0]])
    rotation = turn @ np.stack([right, np.cross(ahead, right), ahead])
    matrix = np.array([[focal * WIDTH, 0, 650.0], [0, focal * WIDTH, 350.0], [0, 0, 1]])
    centre = np.array([3.0, 5.0, height_m])
    return Camera("c", WIDTH, HEIGHT, matrix, np.array(terms), rotation, -rotation @ centre, kind)  # type: ignore[arg-type]


cameras = st.builds(hung, lenses, st.floats(2, 8), st.floats(10, 85), st.floats(-20, 20))
across = st.floats(0, WIDTH - 1)
down = st.floats(0, HEIGHT - 1)


@given(cameras, across, down)
def test_picture_to_floor_to_picture_is_the_identity(camera: Camera, u: float, v: float) -> None:
    pixel = np.array([[u, v]])
    floor = camera.floor_from_pixels(pixel)
    assume(np.isfinite(floor).all() and np.hypot(*(floor[0] - camera.centre_m[:2])) < 1000)
    assert np.hypot(*(camera.pixels_from_floor(floor) - pixel)[0]) < 0.01


@given(cameras, st.floats(0.5, 30), st.floats(HEADING - 0.6, HEADING + 0.6))
def test_floor_to_picture_to_floor_is_the_identity(camera: Camera, far: float, way: float) -> None:
    floor = camera.centre_m[None, :2] + far * np.array([[np.cos(way), np.sin(way)]])
    pixel = camera.pixels_from_floor(floor)
    assume(np.isfinite(pixel).all() and (pixel >= 0).all() and (pixel < [WIDTH, HEIGHT]).all())
    back = camera.floor_from_pixels(pixel)
    assume(np.isfinite(back).all())  # within a hair of the fold there is no way back
    assert np.hypot(*(back - floor)[0]) < 0.001


@given(cameras, st.floats(0.5, 30), st.floats(HEADING - 0.6, HEADING + 0.6))
def test_what_is_in_the_picture_has_a_way_back(camera: Camera, far: float, way: float) -> None:
    floor = camera.centre_m[None, :2] + far * np.array([[np.cos(way), np.sin(way)]])
    ahead = (np.column_stack([floor, [[0.0]]]) @ camera.rotation.T + camera.translation)[0]
    assume(ahead[2] > 0)
    radius = np.hypot(*ahead[:2]) / ahead[2]
    assume(radius < 0.98 * fold(tuple(camera.distortion.tolist()), camera.lens))
    pixel = camera.pixels_from_floor(floor)
    assert np.isfinite(pixel).all()
    assume((pixel >= 0).all() and (pixel < [WIDTH, HEIGHT]).all() and radius < 5)
    assert np.isfinite(camera.floor_from_pixels(pixel)).all()


@given(lenses, st.floats(0, 20), st.floats(-np.pi, np.pi))
def test_a_straightened_point_is_one_that_the_lens_puts_there(lens: Any, far: float, way: float) -> None:
    kind, _, terms = lens
    bent = far * np.array([[np.cos(way), np.sin(way)]])
    flat = straighten(bent, np.array(terms), kind)
    if np.isfinite(flat).all():
        assert np.allclose(bend(flat, np.array(terms), kind), bent, atol=1e-5 * (1 + far))
        assert np.hypot(*flat[0]) <= fold(tuple(terms), kind) + 1e-9


@given(lenses, st.floats(1.02, 3), st.floats(-np.pi, np.pi))
def test_beyond_the_fold_nothing_is_seen(lens: Any, beyond: float, way: float) -> None:
    """A point that a polynomial folds back into the picture is told to be in no picture."""
    kind, _, terms = lens
    camera = hung(lens, 3.0, 30.0, 0.0)
    radius = fold(tuple(terms), kind) * beyond
    ray = np.array([*(radius * np.array([np.cos(way), np.sin(way)])), 1.0])
    world = camera.centre_m + ray @ camera.rotation
    assert np.isnan(camera.pixels_from_world(world[None])).all()


@given(cameras, st.floats(-30, 30), st.floats(-30, 30), st.floats(0.01, 30))
def test_behind_the_camera_is_nowhere(camera: Camera, right: float, below: float, behind: float) -> None:
    world = camera.centre_m + np.array([right, below, -behind]) @ camera.rotation
    assert np.isnan(camera.pixels_from_world(world[None])).all()
    flat = world.copy()
    flat[2] = 0.0
    if (camera.rotation @ flat + camera.translation)[2] <= 0:
        floor = flat[None, :2]
        assert np.isnan(camera.pixels_from_floor(floor)).all()
        assert not camera.sees(floor)[0]
        assert np.isnan(camera.person_height_px(floor)).all()


@given(cameras, across, down)
def test_a_pixel_never_shows_what_is_behind(camera: Camera, u: float, v: float) -> None:
    for floor in (camera.floor_from_pixels(np.array([[u, v]])), camera.floor_from_heads(np.array([[u, v]]), 1.7)):
        if np.isfinite(floor).all():
            height = 0.0 if np.array_equal(floor, camera.floor_from_pixels(np.array([[u, v]]))) else 1.7
            ahead = camera.rotation @ np.array([*floor[0], height]) + camera.translation
            assert ahead[2] > 0


def test_a_tilted_sensor_comes_back_too() -> None:
    terms = np.array([-0.2, 0.05, 0.001, -0.001, 0.0, 0, 0, 0, 0, 0, 0, 0, 0.02, -0.03])
    flat = np.array([[0.1, 0.2], [-0.4, 0.3], [0.0, 0.0]])
    assert np.allclose(straighten(bend(flat, terms), terms), flat, atol=1e-6)


@pytest.mark.parametrize("value", [np.nan])
def test_no_number_gives_no_number(value: float) -> None:
    for kind in ("brown", "fisheye"):
        camera = hung((kind, 0.5, (-0.1, 0.01, 0.0, 0.0)), 3.0, 30.0, 0.0)
        assert np.isnan(camera.floor_from_pixels(np.array([[value, 300.0]]))).all()
        assert np.isnan(camera.pixels_from_floor(np.array([[value, 300.0]]))).all()


def test_a_camera_straight_down_is_solved() -> None:
    """A fisheye at the ceiling's middle, as shops have them."""
    camera = hung(("fisheye", 0.3, (0.01, 0.0, 0.0, 0.0)), 3.5, 89.0, 0.0)
    rng = np.random.default_rng(0)
    pixel = rng.uniform([200, 60], [1100, 660], (12, 2))
    floor = camera.floor_from_pixels(pixel)
    found = solve(Pairs(pixel + rng.normal(size=pixel.shape), floor), (WIDTH, HEIGHT), lens="fisheye")
    off = np.hypot(*(found.camera.floor_from_pixels(pixel) - floor).T)
    assert np.median(off) < 0.05
