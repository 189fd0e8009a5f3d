"""The compiled arithmetic of the floor equals its plain numpy twin."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.floor.kernels import correct, invert, mahalanobis, merge_sightings, predict

SEEDS = st.integers(0, 2**32 - 1)


def random_covariances(rng, count, size):
    root = rng.normal(size=(count, size, size))
    return root @ root.transpose(0, 2, 1) + 0.1 * np.eye(size)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.floats(0.0, 5.0))
def test_prediction_is_the_textbook_one(seed, dt):
    rng = np.random.default_rng(seed)
    state, cov = rng.normal(size=(5, 4)), random_covariances(rng, 5, 4)
    coasting = rng.random(5) < 0.5
    expected_state, expected_cov = state.copy(), cov.copy()
    for i in range(5):
        keep = np.exp(-dt / 1.3) if coasting[i] else 1.0
        reach = 1.3 * (1 - keep) if coasting[i] else dt
        move = np.block([[np.eye(2), reach * np.eye(2)], [np.zeros((2, 2)), keep * np.eye(2)]])
        push = np.vstack([dt * dt / 2 * np.eye(2), dt * np.eye(2)])
        expected_state[i] = move @ state[i]
        expected_cov[i] = move @ cov[i] @ move.T + 0.7**2 * push @ push.T
    predict(state, cov, coasting, dt, 0.7, 1.3)
    np.testing.assert_allclose(state, expected_state, atol=1e-9)
    np.testing.assert_allclose(cov, expected_cov, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_correction_is_the_textbook_one(seed):
    rng = np.random.default_rng(seed)
    state, cov = rng.normal(size=(4, 4)), random_covariances(rng, 4, 4)
    rows = rng.permutation(4)[:3]
    seen, blur = rng.normal(size=(3, 2)), random_covariances(rng, 3, 2)
    expected_state, expected_cov = state.copy(), cov.copy()
    look = np.eye(2, 4)
    for k, row in enumerate(rows):
        gain = cov[row] @ look.T @ np.linalg.inv(look @ cov[row] @ look.T + blur[k])
        expected_state[row] = state[row] + gain @ (seen[k] - state[row, :2])
        expected_cov[row] = (np.eye(4) - gain @ look) @ cov[row]
    correct(state, cov, rows.astype(np.int64), seen, blur)
    np.testing.assert_allclose(state, expected_state, atol=1e-9)
    np.testing.assert_allclose(cov, expected_cov, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_distances_are_the_textbook_ones(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(3, 2)), rng.normal(size=(4, 2))
    a_cov, b_cov = random_covariances(rng, 3, 2), random_covariances(rng, 4, 2)
    squared, blur = mahalanobis(a, a_cov, b, b_cov, 0.2)
    for i in range(3):
        for j in range(4):
            both = a_cov[i] + b_cov[j] + 0.04 * np.eye(2)
            off = a[i] - b[j]
            assert np.isclose(squared[i, j], off @ np.linalg.inv(both) @ off)
            assert np.isclose(blur[i, j], np.sqrt(np.linalg.det(both)))


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 6))
def test_sightings_are_weighted_by_trust_and_blurred_by_jitter_alone(seed, count):
    rng = np.random.default_rng(seed)
    owner = rng.integers(0, 3, count)
    seen, jitter, bias = (
        rng.normal(size=(count, 2)),
        random_covariances(rng, count, 2),
        random_covariances(rng, count, 2),
    )
    who, where, blur = merge_sightings(3, owner, seen, jitter, bias)
    assert who.tolist() == sorted(set(owner.tolist()))
    for k, person in enumerate(who):
        own = np.flatnonzero(owner == person)
        weights = [np.linalg.inv(jitter[i] + bias[i]) for i in own]
        total = np.linalg.inv(sum(weights))
        shares = [total @ weight for weight in weights]
        np.testing.assert_allclose(where[k], sum(s @ seen[i] for s, i in zip(shares, own, strict=True)), atol=1e-9)
        expected = sum(s @ jitter[i] @ s.T for s, i in zip(shares, own, strict=True))
        np.testing.assert_allclose(blur[k], expected, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_the_inverse_is_numpys(seed):
    matrix = np.random.default_rng(seed).normal(size=(2, 2)) + 3 * np.eye(2)
    expected = np.linalg.inv(matrix)
    invert(matrix)
    np.testing.assert_allclose(matrix, expected, rtol=1e-9)
