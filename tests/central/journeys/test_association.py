"""Probabilities of pairs against all ways of pairing, counted out; distances against plain numpy."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from central.journeys.association import best_pairs, marginals
from central.journeys.kernels import hamming
from central.journeys.travel import TravelTime

Floats = npt.NDArray[np.float64]

WEIGHTS = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=4),
    elements=st.sampled_from([0.0, 0.01, 0.5, 1.0, 3.0, 20.0]),
)


def counted_out(weights: Floats) -> tuple[Floats, float]:
    """Exact marginals, and the weight of the likeliest pairing."""
    rows, columns = weights.shape
    total, found, best = 0.0, np.zeros_like(weights), 0.0
    seats = [*range(columns), *[-1] * rows]
    for chosen in set(permutations(seats, rows)):
        weight = float(np.prod([weights[i, j] for i, j in enumerate(chosen) if j >= 0]))
        total += weight
        best = max(best, weight)
        for i, j in enumerate(chosen):
            if j >= 0:
                found[i, j] += weight
    return found / total, best


@given(WEIGHTS)
@settings(max_examples=150, deadline=None)
def test_marginals_are_close_to_the_exact_ones_and_sum_to_one_at_most(weights: Floats) -> None:
    told, (exact, _) = marginals(weights), counted_out(weights)
    assert (told >= 0).all()
    assert (told.sum(1) <= 1 + 1e-9).all()
    assert (told.sum(0) <= 1 + 1e-4).all()
    assert np.abs(told - exact).max() < 0.16
    if 1 in weights.shape or np.count_nonzero(weights) <= 2:
        assert np.allclose(told, exact, atol=1e-4)


@given(WEIGHTS)
@settings(max_examples=150, deadline=None)
def test_the_best_pairing_is_the_likeliest_of_all(weights: Floats) -> None:
    pairs = best_pairs(weights)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert np.isclose(np.prod([weights[i, j] for i, j in pairs]), counted_out(weights)[1])


@given(st.integers(0, 5), st.integers(0, 5), st.sampled_from([4, 8]), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_distances_are_those_of_plain_numpy(rows: int, columns: int, words: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    codes = random.integers(0, 2**64, (rows, words), np.uint64)
    others = random.integers(0, 2**64, (columns, words), np.uint64)
    differ = (codes[:, None] ^ others[None]).reshape(rows * columns, words)
    bits = np.unpackbits(differ.view(np.uint8), axis=1).sum(1) if len(differ) else np.zeros(0)
    assert np.array_equal(hamming(codes, others), bits.reshape(rows, columns))


def test_a_travel_time_s_density_is_that_of_its_distribution() -> None:
    time = TravelTime(20.0, 4.0)
    low, high = time.gate_s
    seconds = np.linspace(low, high, 20_001)
    grown = np.concatenate([[0.0], np.cumsum(np.diff(seconds) * time.density(seconds)[1:])])
    assert np.abs(grown - time.arrived(seconds)).max() < 2e-3
    assert (time.density(np.array([-1.0, 0.0, low / 2, high + 1])) == 0).all()


def test_a_travel_time_follows_most_people_and_not_a_few_strays() -> None:
    time = TravelTime(20.0, 4.0)
    for i in range(300):
        time.learn(200.0 if i % 10 == 0 else 24.0 + 0.5 * (i % 5 - 2))
    assert 23.0 < time.median_s < 25.0
    assert time.sigma < 0.1
