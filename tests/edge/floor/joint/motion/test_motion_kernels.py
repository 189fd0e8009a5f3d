"""The filter of one person, against plain numpy and scipy twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from edge.floor.joint.body.kernels import TALL, box_noise, expect
from edge.floor.joint.motion.kernels import correct, evidence, move, reach, score_evidence, smooth
from tests.edge.floor.joint.joint_scene import RADIUS_M, corner_cameras, records_of, rules_of

CAMERAS = records_of(corner_cameras())
RULES = rules_of()[0]
SEEDS = st.integers(0, 2**32 - 1)


def random_person(rng):
    """A state in the middle of the room and its covariance."""
    mean = np.array([rng.uniform(3, 7), rng.uniform(3, 5), *rng.normal(0, 0.5, 2), rng.uniform(1.6, 1.8)])
    root = rng.normal(size=(5, 5)) * np.array([0.1, 0.1, 0.3, 0.3, 0.04])[:, None]
    return mean, root @ root.T + np.diag([1e-3, 1e-3, 1e-2, 1e-2, 1e-4])


def walk(dt):
    """F and Q of constant speed and white acceleration."""
    step, push = np.eye(5), np.zeros((5, 5))
    step[0, 2] = step[1, 3] = dt
    for k in range(2):
        push[np.ix_([k, k + 2], [k, k + 2])] = 0.4**2 * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
    push[4, 4] = 0.003**2 * dt
    return step, push


def expected_of(camera, mean):
    expected, jacobian = np.empty(5), np.zeros((3, 5))
    assert expect(camera, mean, RADIUS_M, expected, jacobian, np.empty(5))
    return expected, jacobian


def box_at(expected, off):
    """A box whose middle, top and foot are off by `off` pixels."""
    middle, top, foot = expected[:3] + off
    half = 0.15 * expected[TALL]
    return np.array([middle - half, top, middle + half, foot])


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.floats(0.0, 5.0))
def test_walking_on_is_the_textbook_prediction(seed, dt):
    mean, cov = random_person(np.random.default_rng(seed))
    step, push = walk(dt)
    expected, expected_cov = step @ mean, step @ cov @ step.T + push
    move(mean, cov, dt, 0.4, 0.003)
    np.testing.assert_allclose(mean, expected, atol=1e-9)
    np.testing.assert_allclose(cov, expected_cov, atol=1e-9)


def textbook_correction(mean, cov, camera, box, doubt):
    """Extended Kalman filter, with the noise raised by `doubt`; also gives the squared distance before."""
    expected, jacobian = expected_of(camera, mean)
    noise = np.empty(3)
    box_noise(camera, box, expected[TALL], RULES, noise)
    miss = np.array([(box[0] + box[2]) / 2, box[1], box[3]]) - expected[:3]
    spread = jacobian @ cov @ jacobian.T + np.diag(noise)
    far = miss @ np.linalg.solve(spread, miss)
    if doubt:
        spread = jacobian @ cov @ jacobian.T + np.diag(noise) * far / RULES["doubt_above"]
    gain = cov @ jacobian.T @ np.linalg.inv(spread)
    return mean + gain @ miss, cov - gain @ spread @ gain.T, far


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(0, 3))
def test_a_likely_box_corrects_as_in_the_textbook(seed, c):
    rng = np.random.default_rng(seed)
    mean, cov = random_person(rng)
    expected, _ = expected_of(CAMERAS[c], mean)
    box = box_at(expected, rng.uniform(-0.03, 0.03, 3) * expected[TALL])
    new, new_cov, far = textbook_correction(mean, cov, CAMERAS[c], box, doubt=False)
    assert far < RULES["doubt_above"]
    correct(mean, cov, CAMERAS[c], box, RULES)
    np.testing.assert_allclose(mean, new, atol=1e-8)
    np.testing.assert_allclose(cov, new_cov, atol=1e-8)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(0, 3), st.sampled_from([-1, 1]))
def test_a_box_far_off_is_doubted(seed, c, sign):
    rng = np.random.default_rng(seed)
    mean, cov = random_person(rng)
    cov /= 4
    expected, _ = expected_of(CAMERAS[c], mean)
    box = box_at(expected, sign * np.array([0.5, 0.0, 0.0]) * expected[TALL])
    trusting, _, far = textbook_correction(mean, cov, CAMERAS[c], box, doubt=False)
    assert far > RULES["doubt_above"]
    new, new_cov, _ = textbook_correction(mean, cov, CAMERAS[c], box, doubt=True)
    before = mean.copy()
    correct(mean, cov, CAMERAS[c], box, RULES)
    if 1.2 < new[4] < 2.1:
        np.testing.assert_allclose(mean, new, atol=1e-8)
    np.testing.assert_allclose(cov, new_cov, atol=1e-8)
    assert np.hypot(*(mean - before)[:2]) < np.hypot(*(trusting - before)[:2])


def test_nobody_grows_taller_than_the_tallest():
    mean, cov = np.array([5.0, 4.0, 0, 0, 2.09]), np.diag([1e-4, 1e-4, 0.1, 0.1, 1.0])
    expected, _ = expected_of(CAMERAS[0], mean)
    correct(mean, cov, CAMERAS[0], box_at(expected, np.array([0, -0.2, 0]) * expected[TALL]), RULES)
    assert mean[4] == 2.1


def test_a_box_of_somebody_behind_the_camera_changes_nothing():
    mean, cov = np.array([-3.0, -3.0, 0, 0, 1.7]), np.eye(5)
    correct(mean, cov, CAMERAS[0], np.array([100.0, 100, 140, 200]), RULES)
    assert mean.tolist() == [-3.0, -3.0, 0, 0, 1.7]
    assert (cov == np.eye(5)).all()


def said(cov, camera, expectation, box, score):
    scratch = np.empty(3), np.empty((3, 3)), np.empty((3, 3)), np.empty((5, 3))
    return evidence(cov, camera, *expectation, box, score, RULES, *scratch)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(0, 3), st.floats(0.0, 1.0), st.floats(0.0, 2.0))
def test_evidence_is_that_of_two_normal_distributions_against_clutter(seed, c, score, size):
    rng = np.random.default_rng(seed)
    mean, cov = random_person(rng)
    expected, jacobian = expected_of(CAMERAS[c], mean)
    tall, noise = expected[TALL], np.empty(3)
    box = box_at(expected, size * rng.normal(0, 0.06, 3) * tall)
    box_noise(CAMERAS[c], box, tall, RULES, noise)
    spread = (jacobian @ cov @ jacobian.T + np.diag(noise)) / tall**2
    miss = (np.array([(box[0] + box[2]) / 2, box[1], box[3]]) - expected[:3]) / tall
    found = said(cov, CAMERAS[c], (expected, jacobian), box, score)
    if miss @ np.linalg.solve(spread, miss) > RULES["gate"]:
        assert found == -np.inf
        return
    density = 0.97 * multivariate_normal.pdf(miss, cov=spread) + 0.03 * multivariate_normal.pdf(miss, cov=9 * spread)
    assert found == pytest.approx(np.log(0.88 * density / 0.04) + score_evidence(score, RULES))


def test_a_box_outside_the_gate_is_nobodys():
    mean, cov = np.array([5.0, 4.0, 0, 0, 1.7]), np.diag([1e-4, 1e-4, 0.1, 0.1, 1e-4])
    expected, jacobian = expected_of(CAMERAS[0], mean)
    for shares in ([0.0, 0.0, 0.45], [5.0, 0.0, 0.0], [np.nan, 0.0, 0.0]):
        box = box_at(expected, np.array(shares) * expected[TALL])
        assert said(cov, CAMERAS[0], (expected, jacobian), box, 0.9) == -np.inf
    assert said(cov, CAMERAS[0], (expected, jacobian), box_at(expected, np.zeros(3)), 0.9) > 0


def test_a_score_counts_in_log_odds_up_to_a_cap():
    for score in (0.3, 0.5, 0.7, 0.9):
        assert score_evidence(score, RULES) == pytest.approx(np.log(score / (1 - score)) - 0.5)
    assert [score_evidence(score, RULES) for score in (-1.0, 0.0, 1.0, 7.0)] == [-2.0, -2.0, 2.0, 2.0]


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 12))
def test_smoothing_is_that_of_rauch_tung_and_striebel(seed, length):
    rng = np.random.default_rng(seed)
    states = [random_person(rng) for _ in range(length)]
    means, covs = np.array([mean for mean, _ in states]), np.array([cov for _, cov in states])
    dts = rng.uniform(0.02, 0.8, length)
    later = means[-1]
    for k in range(length - 2, -1, -1):
        step, push = walk(dts[k])
        back = covs[k] @ step.T @ np.linalg.inv(step @ covs[k] @ step.T + push)
        later = means[k] + back @ (later - step @ means[k])
    before = means.copy(), covs.copy()
    np.testing.assert_allclose(smooth(means, covs, dts, 0.4, 0.003), later, atol=1e-6)
    assert (means == before[0]).all()
    assert (covs == before[1]).all()


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(0, 3))
def test_how_far_a_box_may_be_off_is_the_gates_deviations_of_one_edge(seed, c):
    rng = np.random.default_rng(seed)
    mean, cov = random_person(rng)
    expected, jacobian = expected_of(CAMERAS[c], mean)
    out = np.empty(3)
    reach(cov, jacobian, expected[TALL], RULES, out)
    shares = np.array([RULES["side_noise"], RULES["top_noise"], RULES["foot_noise"]])
    cut = ((shares * expected[TALL]) ** 2 + RULES["noise_px"] ** 2) * RULES["cut_noise"] ** 2
    np.testing.assert_allclose(out, np.sqrt(RULES["gate"] * (np.diag(jacobian @ cov @ jacobian.T) + cut)), rtol=1e-9)
