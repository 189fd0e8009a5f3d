"""The interval is right at every look at once, and as wide as the paper says."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.results import sequence, telling
from central.results.sequence import ALPHA, BEST_AT, pairs, pairs_needed, ratio_interval, spread_of_mixture, stretch


def test_examples_hold() -> None:
    assert doctest.testmod(sequence).failed == 0
    assert doctest.testmod(telling).failed == 0


def test_the_interval_is_narrowest_where_it_was_meant_to_be() -> None:
    at, times = spread_of_mixture(), np.geomspace(0.5, 50, 2001)
    widths = np.sqrt((times + 1) / times * np.log((times + 1) / ALPHA**2))
    assert times[widths.argmin()] == pytest.approx(at * BEST_AT, rel=0.01)
    assert float(stretch(0)) == math.inf


def test_whoever_looks_a_thousand_times_is_wrong_as_seldom_as_promised_and_with_ordinary_intervals_far_more() -> None:
    random, runs, steps = np.random.default_rng(7), 2_000, 1_000
    mean = np.cumsum(random.standard_normal((runs, steps)), axis=1) / np.arange(1, steps + 1)
    times, late = np.arange(1, steps + 1), slice(49, None)
    z = np.abs(mean * np.sqrt(times))[:, late]
    assert (z > stretch(times)[None, late]).any(axis=1).mean() < ALPHA
    assert (z > 1.96).any(axis=1).mean() > 5 * ALPHA


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_two_groups_tell_no_more_than_the_smaller_alone(first: int, second: int) -> None:
    told = float(pairs(first, second))
    assert told == float(pairs(second, first))
    assert min(first, second) / 2 <= told <= min(first, second)


@given(st.floats(0.1, 100), st.floats(0.001, 10))
def test_half_the_effect_takes_more_than_four_times_as_many(deviation: float, effect: float) -> None:
    one, half = pairs_needed(deviation, effect), pairs_needed(deviation, effect / 2)
    assert half > 2 * one
    assert pairs_needed(deviation, effect, power=0.95) > one
    assert pairs_needed(deviation, 0.0) == math.inf


@given(st.floats(0.5, 100), st.floats(0.5, 100), st.floats(0.001, 5), st.floats(0.001, 5), st.floats(0.5, 4))
def test_the_ratio_holds_exactly_what_the_differences_do(
    upper: float, lower: float, upper_se: float, lower_se: float, reach: float
) -> None:
    found = ratio_interval(upper, lower, upper_se, lower_se, reach)
    if found is None:
        assert lower <= reach * lower_se * (1 + 1e-9)
        return
    for ratio, is_inside in ((found[0] * 0.999, False), (found[1] * 1.001, False), (upper / lower, True)):
        allowed = abs(upper - ratio * lower) <= reach * math.hypot(upper_se, ratio * lower_se) * (1 + 1e-9)
        assert allowed == is_inside or math.isclose(found[0], found[1], rel_tol=0.01) or found[0] <= 0
