"""The best ways to give out boxes, against scipy and against trying all."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from edge.floor.joint.choice.kernels import find_wants, rank

SEEDS = st.integers(0, 2**32 - 1)
WIDE = 1e9


def ways_of(gains, people, most=6, margin=WIDE):
    """The ways as lists of boxes, what each is worse by, and what the best gains."""
    choice, loss = np.full((most, len(people) + 1), -7), np.full(most, np.nan)
    ways, total = rank(gains, *find_wants(gains), np.array(people, np.int64), margin, choice, loss)
    return choice[:ways, :-1].tolist(), loss[:ways].tolist(), total


def worth(gains, people, way):
    return sum(gains[r, j] for r, j in zip(people, way, strict=True) if j >= 0)


def all_worths(gains, people):
    """What every legal way gains, best first."""
    free = [[-1, *np.flatnonzero(gains[r] > 0).tolist()] for r in people]
    ways = [way for way in itertools.product(*free) if len({j for j in way if j >= 0}) == sum(j >= 0 for j in way)]
    return sorted((worth(gains, people, way) for way in ways), reverse=True)


def random_gains(seed, records, boxes, share):
    rng = np.random.default_rng(seed)
    gains = rng.uniform(0.5, 12, (records, boxes))
    gains[rng.random(gains.shape) > share] = -np.inf
    gains[rng.random(gains.shape) < 0.1] = -3.0
    return gains, rng.permutation(records)[: rng.integers(0, records + 1)].tolist()


@settings(max_examples=200, deadline=None)
@given(SEEDS, st.integers(1, 10), st.integers(0, 10), st.sampled_from([0.15, 0.4, 0.9]))
def test_the_best_way_gains_as_much_as_scipys(seed, records, boxes, share):
    gains, people = random_gains(seed, records, boxes, share)
    ways, loss, total = ways_of(gains, people)
    positive = np.maximum(gains[people], 0.0)
    rows, columns = linear_sum_assignment(-positive) if people and boxes else ([], [])
    assert total == pytest.approx(positive[rows, columns].sum())
    assert worth(gains, people, ways[0]) == pytest.approx(total)
    assert loss[0] == 0.0


@settings(max_examples=200, deadline=None)
@given(SEEDS, st.integers(1, 8), st.integers(0, 8), st.sampled_from([0.15, 0.4, 0.9]), st.integers(1, 8))
def test_all_ways_are_legal_and_different_and_in_order(seed, records, boxes, share, most):
    gains, people = random_gains(seed, records, boxes, share)
    ways, loss, total = ways_of(gains, people, most)
    assert 1 <= len(ways) <= most
    assert loss == sorted(loss)
    assert len({tuple(way) for way in ways}) == len(ways)
    for way, worse in zip(ways, loss, strict=True):
        taken = [j for j in way if j >= 0]
        assert len(set(taken)) == len(taken)
        assert all(gains[r, j] > 0 for r, j in zip(people, way, strict=True) if j >= 0)
        assert total - worth(gains, people, way) == pytest.approx(worse, abs=1e-9)


@settings(max_examples=150, deadline=None)
@given(SEEDS, st.integers(1, 4), st.integers(2, 4))
def test_the_second_best_way_within_a_group_is_the_second_best_of_all(seed, records, boxes):
    gains = np.random.default_rng(seed).uniform(0.5, 12, (records, boxes))
    people = list(range(records))
    ways, _, _ = ways_of(gains, people)
    best, second, *_ = all_worths(gains, people)
    assert worth(gains, people, ways[0]) == pytest.approx(best)
    assert worth(gains, people, ways[1]) == pytest.approx(second)


def test_the_second_best_way_of_two_groups_changes_one_and_keeps_the_other():
    gains = np.array([[9.0, 8.0, -1, -1], [8.5, 9.0, -1, -1], [-1, -1, 9.0, 5.0], [-1, -1, 5.0, 9.0]])
    ways, loss, total = ways_of(gains, [0, 1, 2, 3], most=3)
    assert total == 36.0
    assert ways == [[0, 1, 2, 3], [1, 0, 2, 3], [0, 1, 3, 2]]
    assert loss == pytest.approx([0.0, 1.5, 8.0])


def test_people_share_no_box_and_may_have_none():
    ways, _, total = ways_of(np.array([[5.0], [7.0], [-np.inf]]), [0, 1, 2])
    assert ways[0] == [-1, 0, -1]
    assert ways[1] == [0, -1, -1]
    assert total == 7.0


def test_ways_worse_than_the_margin_are_left_out():
    gains = np.array([[9.0, 3.0], [3.0, 9.0]])
    assert len(ways_of(gains, [0, 1], margin=9.1)[0]) == 3  # one of them goes without
    assert len(ways_of(gains, [0, 1], margin=8.9)[0]) == 1


def test_nobody_takes_nothing():
    assert ways_of(np.empty((0, 3)), []) == ([[]], [0.0], 0.0)
    assert ways_of(np.empty((2, 0)), [1, 0]) == ([[-1, -1]], [0.0], 0.0)
