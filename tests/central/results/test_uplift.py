"""Uplift look by look equals what one reckons by hand, and yesterday's figure less today's tells of nobody."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.results.uplift import LEAST_ARM, Cohort, cap_of, capped, closed_days, looks, uplift


def cohort(seed: int, members: int = 800, effect: float = 0.0, holdout: float = 0.3) -> Cohort:
    random = np.random.default_rng(seed)
    rate = random.gamma(2, 2, members)
    offered = random.random(members) >= holdout
    return Cohort(
        np.sort(random.integers(1000, 1040, members)),
        offered,
        random.poisson(rate * np.where(offered, 1 + effect, 1)).astype(float),
        random.poisson(rate).astype(float),
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 9))
def test_looks_equal_what_each_day_would_have_said_by_itself(seed: int, k: int) -> None:
    whole = cohort(seed)
    path = looks(whole, closed_days(whole.day, whole.offered, k))
    for number in (0, len(path) // 2, len(path) - 1):
        seen = whole.day <= path.day[number]
        y, x, arm = whole.outcome[seen], whole.before[seen], whole.offered[seen]
        groups = [(y[mask], x[mask]) for mask in (arm, ~arm)]
        top = sum(((b - b.mean()) * (a - a.mean())).sum() for a, b in groups)
        slope = top / sum(((b - b.mean()) ** 2).sum() for _, b in groups)
        means = [a.mean() - slope * (b.mean() - x.mean()) for a, b in groups]
        error = math.sqrt(sum((a - slope * b).var(ddof=1) / len(a) for a, b in groups))
        assert path.slope[number] == pytest.approx(slope)
        assert path.difference[number] == pytest.approx(means[0] - means[1])
        assert path.error[number] == pytest.approx(error)
        assert (path.offered[number], path.held[number]) == (arm.sum(), (~arm).sum())


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=300), st.integers(3, 9))
def test_between_two_looks_lie_k_members_of_each_arm(members: list[tuple[int, bool]], k: int) -> None:
    members = sorted(members)
    day = np.array([one[0] for one in members], np.int64)
    offered = np.array([one[1] for one in members], bool)
    before = -1
    for end in closed_days(day, offered, k).tolist():
        new = (day > before) & (day <= end)
        assert (new & offered).sum() >= k
        assert (new & ~offered).sum() >= k
        before = end


def test_what_members_did_before_narrows_the_interval() -> None:
    whole = cohort(3)
    blind = Cohort(whole.day, whole.offered, whole.outcome, np.zeros(len(whole)))
    at = closed_days(whole.day, whole.offered, 5)
    assert looks(whole, at).error[-1] < 0.8 * looks(blind, at).error[-1]


def test_an_effect_is_found_and_told_as_a_share() -> None:
    whole = cohort(1, 4000, effect=0.5)
    one = uplift(looks(whole, closed_days(whole.day, whole.offered, 5)), least=5)
    assert one.state == "found"
    assert one.relative_low is not None
    assert one.relative_high is not None
    assert 0 < one.relative_low < 0.5 < one.relative_high
    assert one.low < one.difference < one.high


def test_before_fifty_of_an_arm_nothing_is_said() -> None:
    whole = cohort(1, 100, effect=5.0)
    path = looks(whole, closed_days(whole.day, whole.offered, 5))
    assert path.held[-1] < LEAST_ARM
    assert not path.found.any()
    assert uplift(path, least=5).state == "too early"
    assert uplift(path, least=60).state == "few"


def test_outcomes_without_any_spread_are_no_finding() -> None:
    day = np.sort(np.arange(400) % 40)
    arm = np.arange(400) % 2 == 0
    path = looks(Cohort(day, arm, np.zeros(400), np.zeros(400)), closed_days(day, arm, 5))
    assert not path.found.any()


def test_one_wedding_ring_counts_for_the_cap_that_was_known_before() -> None:
    before = np.array([0.0] * 50 + [100.0] * 300 + [5_000.0, 9_000.0])
    assert 100 <= cap_of(before) <= 5_000
    assert capped(np.array([10.0, 1e9]), 100.0).tolist() == [10.0, 100.0]
    assert cap_of(np.zeros(9)) == math.inf
