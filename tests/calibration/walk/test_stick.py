"""The body's box and its derivatives."""

import numpy as np
import pytest

from calibration.walk.stick import LOW, MIDDLE, TOP, Body, derivatives, measures, turned
from simulator.installer import hang_camera

CAMERA = hang_camera("c", (0.5, 7.5, 3.6), (8.0, 7.0, 0.5), 92.0)
RNG = np.random.default_rng(0)
PLACE, VELOCITY = RNG.uniform([4, 5], [12, 9], (40, 2)), RNG.normal(0, 1, (40, 2))
BODY = Body(along_s=0.02, aside_s=-0.01)


def test_the_lower_edge_is_nearer_to_the_camera_than_the_body_and_the_head_is_above():
    measured = measures(CAMERA, PLACE, np.zeros((40, 2)), Body(low_share=0.0))
    feet = CAMERA.pixels_from_floor(PLACE)
    assert (measured[:, LOW] > feet[:, 1]).all()
    assert (measured[:, TOP] < feet[:, 1]).all()
    assert (np.abs(measured[:, MIDDLE] - feet[:, 0]) < 25).all()


def test_derivatives_by_body_and_place_are_what_differences_say():
    by_place, _, shape = derivatives(CAMERA, PLACE, VELOCITY, BODY)
    step = 1e-5
    for term in range(shape.shape[2]):
        ends = [BODY.as_array(), BODY.as_array()]
        ends[0][term] += step
        ends[1][term] -= step
        more, less = (measures(CAMERA, PLACE, VELOCITY, Body(*each.tolist())) for each in ends)
        np.testing.assert_allclose(shape[..., term], (more - less) / (2 * step), rtol=0.05, atol=0.3)
    # the direction from foot to camera is held
    for axis in (0, 1):
        move = step * np.eye(2)[axis]
        more, less = (measures(CAMERA, PLACE + s * move, VELOCITY, BODY) for s in (1, -1))
        np.testing.assert_allclose(by_place[..., axis], (more - less) / (2 * step), rtol=0.08, atol=4.0)


def test_turning_a_camera_keeps_its_place_and_derivatives_by_turn_are_right():
    _, pose, _ = derivatives(CAMERA, PLACE, VELOCITY, BODY)
    step = 1e-5
    for axis in range(3):
        turn = step * np.eye(3)[axis]
        more, less = (turned(CAMERA, s * turn, np.zeros(3)) for s in (1, -1))
        np.testing.assert_allclose(more.centre_m, CAMERA.centre_m, atol=1e-12)
        number = (measures(more, PLACE, VELOCITY, BODY) - measures(less, PLACE, VELOCITY, BODY)) / (2 * step)
        np.testing.assert_allclose(pose[..., axis], number, rtol=1e-2, atol=6.0)


def test_a_turn_of_the_world_is_a_turn_of_the_camera():
    camera = turned(CAMERA, np.radians([0, 0, 30.0]), np.array([0.1, 0, 0]))
    assert np.degrees(np.arccos((np.trace(camera.rotation @ CAMERA.rotation.T) - 1) / 2)) == pytest.approx(30.0)
    np.testing.assert_allclose(camera.centre_m - CAMERA.centre_m, [0.1, 0, 0], atol=1e-12)
