"""What a person looks like in a picture, against plain numpy twins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge.floor.joint.body.kernels import (
    FOOT,
    INSIDE,
    MIDDLE,
    TALL,
    TOP,
    box_noise,
    expect,
    innovation,
    invert,
    outline,
    stand,
)
from tests.edge.floor.joint.joint_scene import (
    CORNERS,
    RADIUS_M,
    corner_cameras,
    cut,
    records_of,
    rules_of,
    share_inside,
    whole_boxes,
)

CAMERAS = corner_cameras()
NAMES = st.sampled_from(sorted(CORNERS))
SEEDS = st.integers(0, 2**32 - 1)
ACROSS, ALONG = st.floats(0.0, 10.0), st.floats(0.0, 8.0)


def record(name):
    return records_of({name: CAMERAS[name]})[0]


def sampled_box(cam, x, y, tall, radius):
    """The box around points all over an ellipsoid's surface."""
    down, around = np.meshgrid(np.linspace(0, np.pi, 121), np.linspace(0, 2 * np.pi, 181))
    surface = [radius * np.sin(down) * np.cos(around), radius * np.sin(down) * np.sin(around), tall / 2 * np.cos(down)]
    px = cam.pixels_from_world(np.stack(surface, -1).reshape(-1, 3) + np.array([x, y, tall / 2]))
    return np.concatenate([px.min(0), px.max(0)])


def expected_of(cam_record, mean):
    out, jacobian = np.empty(5), np.zeros((3, 5))
    assert expect(cam_record, np.array(mean, float), RADIUS_M, out, jacobian, np.empty(5))
    return out, jacobian


@settings(max_examples=30, deadline=None)
@given(NAMES, ACROSS, ALONG, st.floats(1.2, 2.1), st.floats(0.1, 0.4))
def test_an_outline_is_the_box_around_the_surface(name, x, y, tall, radius):
    cam = CAMERAS[name]
    whole = sampled_box(cam, x, y, tall, radius)
    assume(np.isfinite(whole).all())  # no part of them behind the camera
    assume(np.hypot(x - CORNERS[name][0], y - CORNERS[name][1]) > 1.0)
    out = np.empty(5)
    assert outline(record(name), x, y, tall, radius, out)
    left, top, right, bottom = cut(cam, whole[None])[0]
    high = whole[3] - whole[1]
    near = {"abs": 1e-3 * high}
    assert out[[MIDDLE, TOP, FOOT]] == pytest.approx([(left + right) / 2, top, bottom], **near)
    assert out[TALL] == pytest.approx(high, **near)
    assert out[INSIDE] == pytest.approx(share_inside(cam, whole[None])[0], abs=0.01)


@settings(max_examples=60, deadline=None)
@given(NAMES, ACROSS, ALONG, st.floats(1.2, 2.1))
def test_an_outline_comes_from_the_dual_of_the_quadric(name, x, y, tall):
    whole = whole_boxes(CAMERAS[name], [(x, y)], tall)
    assume(np.isfinite(whole).all())
    out = np.empty(5)
    assert outline(record(name), x, y, tall, RADIUS_M, out)
    left, top, right, bottom = cut(CAMERAS[name], whole)[0]
    assert out[[MIDDLE, TOP, FOOT]] == pytest.approx([(left + right) / 2, top, bottom], abs=1e-4)
    assert out[TALL] == pytest.approx(whole[0, 3] - whole[0, 1], rel=1e-6)


@pytest.mark.parametrize("where", [(-3.0, -3.0), (-1.0, -1.0), (-40.0, 0.0)])
def test_nobody_behind_a_camera_has_an_outline(where):
    assert not outline(record("sw"), *where, 1.7, RADIUS_M, np.empty(5))
    mean = np.array([*where, 0, 0, 1.7])
    assert not expect(record("sw"), mean, RADIUS_M, np.empty(5), np.zeros((3, 5)), np.empty(5))


def test_nothing_of_somebody_right_under_a_camera_is_in_its_picture():
    out = np.empty(5)
    assert outline(record("sw"), 0.0, 0.0, 1.7, RADIUS_M, out)
    assert out[INSIDE] == 0.0


@settings(max_examples=60, deadline=None)
@given(NAMES, ACROSS, ALONG, st.floats(1.3, 2.0))
def test_the_jacobian_is_that_of_central_differences(name, x, y, tall):
    cam, step = CAMERAS[name], 1e-4
    assume(np.hypot(x - CORNERS[name][0], y - CORNERS[name][1]) > 2.5)
    assume(share_inside(cam, whole_boxes(cam, [(x, y)], tall, RADIUS_M * 1.6))[0] == 1.0)
    _, jacobian = expected_of(record(name), [x, y, 0.3, -0.4, tall])
    shown = lambda a, b, c: whole_boxes(cam, [(a, b)], c)[0]  # noqa: E731
    for part, (dx, dy, dh) in {0: (step, 0, 0), 1: (0, step, 0), 4: (0, 0, step)}.items():
        more, less = shown(x + dx, y + dy, tall + dh), shown(x - dx, y - dy, tall - dh)
        slope = (more - less) / (2 * step)
        expected = [(slope[0] + slope[2]) / 2, slope[1], slope[3]]
        assert jacobian[:, part] == pytest.approx(expected, abs=1.5)  # pixels a metre, of a hundred
    assert not jacobian[:, 2:4].any()


def test_what_a_camera_is_off_by_moves_the_box_in_shares_of_the_height():
    cams = records_of({"sw": CAMERAS["sw"]})
    plain, _ = expected_of(cams[0], [5.0, 3.0, 0, 0, 1.7])
    cams["bias"][0] = [[0.01, 0.02, 0.0], [0.03, 0.0, -0.01], [-0.02, 0.01, 0.02]]
    moved, _ = expected_of(cams[0], [5.0, 3.0, 0, 0, 1.7])
    place = np.array([1.0, 2 * plain[MIDDLE] / 640 - 1, 2 * plain[FOOT] / 360 - 1])
    assert moved[:3] - plain[:3] == pytest.approx(cams["bias"][0] @ place * plain[TALL])
    assert moved[3:] == pytest.approx(plain[3:])


def test_edges_cut_at_the_border_say_less():
    rules, out = rules_of()[0], np.empty(3)
    plain = (np.array([0.05, 0.05, 0.07]) * 100) ** 2 + 1
    for box, is_cut in [
        ([100, 100, 140, 200], [False, False, False]),
        ([2, 100, 42, 200], [True, False, False]),
        ([598, 100, 638, 200], [True, False, False]),
        ([100, 5, 140, 105], [False, True, False]),
        ([100, 258, 140, 358], [False, False, True]),
        ([0, 0, 640, 360], [True, True, True]),
    ]:
        box_noise(record("sw"), np.array(box, float), 100.0, rules, out)
        assert out == pytest.approx(plain * np.where(is_cut, 9.0, 1.0)), box


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_the_innovation_is_the_textbook_one(seed):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(5, 5))
    cov, jacobian, noise = root @ root.T, rng.normal(size=(3, 5)), rng.uniform(0.1, 2, 3)
    jacobian[:, 2:4] = 0.0  # a box says nothing of speed
    spread, gain = np.empty((3, 3)), np.empty((5, 3))
    innovation(cov, jacobian, noise, spread, gain)
    np.testing.assert_allclose(spread, jacobian @ cov @ jacobian.T + np.diag(noise), atol=1e-9)
    np.testing.assert_allclose(gain, cov @ jacobian.T, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_the_inverse_is_numpys(seed):
    root = np.random.default_rng(seed).normal(size=(3, 3))
    matrix, out = root @ root.T + 0.1 * np.eye(3), np.empty((3, 3))
    assert invert(matrix, out) == pytest.approx(np.linalg.det(matrix))
    np.testing.assert_allclose(out, np.linalg.inv(matrix), rtol=1e-6, atol=1e-8)


def stood(name, box, **changes):
    mean, cov = np.empty(5), np.empty((5, 5))
    can_be = stand(record(name), np.array(box, float), rules_of(**changes)[0], mean, cov)
    return can_be, mean, cov


@settings(max_examples=60, deadline=None)
@given(NAMES, ACROSS, ALONG)
def test_a_box_stands_where_the_person_did(name, x, y):
    whole = whole_boxes(CAMERAS[name], [(x, y)], 1.7)
    assume(share_inside(CAMERAS[name], whole)[0] == 1.0)
    assume(whole[0, 3] < 360 - 0.07 * (whole[0, 3] - whole[0, 1]))
    can_be, mean, cov = stood(name, whole[0])
    assert can_be
    assert mean[:2] == pytest.approx((x, y), abs=0.05)
    assert mean[4] == pytest.approx(1.7, abs=0.01)
    assert mean[2:4].tolist() == [0.0, 0.0]
    np.testing.assert_allclose(cov, cov.T, atol=1e-9)
    assert (np.linalg.eigvalsh(cov) > 0).all()


@settings(max_examples=60, deadline=None)
@given(NAMES, st.floats(2.5, 8.0), st.floats(-0.3, 0.3), st.floats(0.0, 0.5))
def test_a_box_whose_feet_are_cut_stands_under_its_head(name, far, aside, hidden):
    corner = np.array(CORNERS[name], float)
    ahead = (np.array([5.0, 4.0]) - corner) / np.hypot(5, 4)
    where = corner + far * (ahead + aside * np.array([-ahead[1], ahead[0]]))
    whole = whole_boxes(CAMERAS[name], [where], 1.7)
    _, top, _, bottom = whole[0]
    cam = replace(CAMERAS[name], height=int(bottom - hidden * (bottom - top)))
    mean, cov = np.empty(5), np.empty((5, 5))
    assert stand(records_of({name: cam})[0], cut(cam, whole)[0], rules_of()[0], mean, cov)
    assert mean[:2] == pytest.approx(where, abs=0.1)
    assert mean[4] == pytest.approx(1.7, abs=0.02)


@pytest.mark.parametrize("tall", [1.5, 1.85])
def test_a_sharp_box_tells_the_height(tall):
    whole = whole_boxes(CAMERAS["sw"], [(5.0, 4.5)], tall)[0]
    _, mean, _ = stood("sw", whole, top_noise=0.002, foot_noise=0.002, side_noise=0.002, noise_px=0.1)
    assert mean[4] == pytest.approx(tall, abs=0.01)
    assert mean[:2] == pytest.approx((5.0, 4.5), abs=0.03)


@pytest.mark.parametrize(
    "box",
    [(300, -60, 310, -40), (300, 10, 302, 13), (0, 0, 640, 360), (np.nan, 1, 2, 3)],
    ids=["in the sky", "at the horizon", "the whole picture", "not a number"],
)
def test_a_box_that_can_be_nobody_stands_nowhere_far(box):
    can_be, mean, _ = stood("sw", box)
    assert not can_be or np.hypot(*mean[:2]) < 60.0
    if np.isnan(box[0]) or box[3] < 0:
        assert not can_be
