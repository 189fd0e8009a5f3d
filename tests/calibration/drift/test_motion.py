"""A robust rotation, and a zoom, from places of patches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.drift.motion import fit_motion, rotation_of
from calibration.drift.rays import turn

FOCAL_PX = 250.0


def places(rng, count=60):
    return np.column_stack([rng.uniform(-0.75, 0.75, count), rng.uniform(-0.42, 0.42, count)])


def apart_deg(one, other):
    return np.degrees(np.arccos(np.clip((np.trace(one @ other.T) - 1) / 2, -1, 1)))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**31),
    st.tuples(*[st.floats(-20, 20)] * 3),
    st.floats(0, 0.4),
)
def test_the_rotation_is_found_through_noise_and_strays(seed, vector_deg, strays):
    rng = np.random.default_rng(seed)
    before, truth = places(rng), rotation_of(np.radians(vector_deg))
    after = turn(before, truth) + rng.normal(0, 0.15 / FOCAL_PX, before.shape)
    lost = rng.random(len(before)) < strays
    after[lost] += rng.uniform(-40, 40, (int(lost.sum()), 2)) / FOCAL_PX
    found = fit_motion(before, after, FOCAL_PX)
    assert found is not None
    assert apart_deg(found.rotation, truth) < 0.1
    assert found.zoom == 1.0
    assert found.count >= 0.9 * (~lost).sum()
    assert not found.inliers[lost & (np.hypot(*(after - turn(before, truth)).T) * FOCAL_PX > 5)].any()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_camera_itself_turned_the_other_way(axis):
    before = places(np.random.default_rng(1))
    vector = np.eye(3)[axis]
    found = fit_motion(before, turn(before, rotation_of(np.radians(vector))), FOCAL_PX)
    assert found.vector_deg == pytest.approx(-vector, abs=1e-3)
    assert found.angle_deg == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("zoom", [0.85, 0.96, 1.04, 1.2])
def test_a_change_of_focal_length_is_told_from_a_turn(zoom):
    rng = np.random.default_rng(2)
    before, truth = places(rng), rotation_of(np.radians([0.5, 1.0, -0.5]))
    after = turn(before, truth, zoom) + rng.normal(0, 0.1 / FOCAL_PX, before.shape)
    found = fit_motion(before, after, FOCAL_PX)
    assert found.zoom == pytest.approx(zoom, abs=0.003)
    assert apart_deg(found.rotation, truth) < 0.1


def test_the_stated_uncertainty_is_the_true_one():
    rng = np.random.default_rng(3)
    off = []
    sigma = []
    for _ in range(60):
        before, truth = places(rng), rotation_of(np.radians(rng.uniform(-2, 2, 3)))
        found = fit_motion(before, turn(before, truth) + rng.normal(0, 0.3 / FOCAL_PX, before.shape), FOCAL_PX)
        off.append(apart_deg(found.rotation, truth))
        sigma.append(np.degrees(np.sqrt(np.trace(found.covariance_rad2))))
    assert 0.6 < np.sqrt(np.mean(np.square(off))) / np.mean(sigma) < 1.6


def test_what_was_not_found_says_nothing():
    before = places(np.random.default_rng(4))
    after = np.full_like(before, np.nan)
    assert fit_motion(before, after, FOCAL_PX) is None
    after[:20] = before[:20]
    found = fit_motion(before, after, FOCAL_PX)
    assert (found.matched, found.count) == (20, 20)
    assert not found.inliers[20:].any()


def test_patches_in_one_corner_leave_the_rotation_uncertain():
    rng = np.random.default_rng(5)
    wide, narrow = places(rng), 0.05 * places(rng) + 0.3
    noise = rng.normal(0, 0.3 / FOCAL_PX, wide.shape)
    assert fit_motion(wide, wide + noise, FOCAL_PX).sigma_deg < 0.05
    assert fit_motion(narrow, narrow + noise, FOCAL_PX).sigma_deg > 0.1
