"""Hamming kernels equal their plain numpy twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numba.core.errors import TypingError

from edge.reid import kernels as k

WORDS = st.integers(0, 2**64 - 1)
LENGTHS = st.sampled_from([4, 8])


def codes(draw, count, words):
    return draw(hnp.arrays(np.uint64, (count, words), elements=WORDS))


@st.composite
def searches(draw, most=12):
    """Queries, codes among them, and how many are wanted."""
    words = draw(LENGTHS)
    stored = codes(draw, draw(st.integers(0, most)), words)
    queries = codes(draw, draw(st.integers(0, 4)), words)
    if len(stored) and len(queries):
        queries[0] = stored[draw(st.integers(0, len(stored) - 1))]
    return queries, stored, draw(st.integers(0, 5))


def apart(queries, stored):
    """(M, N) in numpy."""
    return np.bitwise_count(queries[:, None] ^ stored[None]).sum(2, dtype=np.int64)


def nearest(queries, stored, most):
    rows, bits = np.empty((len(queries), most), np.int64), np.empty((len(queries), most), np.int64)
    k.nearest(queries, stored, rows, bits)
    return rows, bits


def plain_nearest(queries, stored, most):
    far = apart(queries, stored)
    order = np.argsort(far, axis=1, kind="stable")[:, :most]
    rows = np.full((len(queries), most), -1)
    bits = np.full((len(queries), most), 64 * stored.shape[1] + 1)
    rows[:, : order.shape[1]], bits[:, : order.shape[1]] = order, np.take_along_axis(far, order, 1)
    return rows, bits


@settings(deadline=None)
@given(searches())
def test_distances_are_the_plain_ones(search):
    queries, stored, _ = search
    for query, expected in zip(queries, apart(queries, stored), strict=True):
        found = np.full(len(stored) + 1, -7)
        k.distances(query, stored, found)
        assert found.tolist() == [*expected, -7]


@settings(deadline=None)
@given(searches())
def test_the_nearest_are_the_plain_ones(search):
    for found, expected in zip(nearest(*search), plain_nearest(*search), strict=True):
        np.testing.assert_array_equal(found, expected)


@settings(deadline=None)
@given(searches())
def test_two_codes_are_as_far_apart_as_in_a_row_of_codes(search):
    queries, stored, _ = search
    for query, expected in zip(queries, apart(queries, stored), strict=True):
        assert [k.apart(query, one) for one in stored] == expected.tolist()
        pattern = np.zeros(k.LANES, np.uint64)
        k.spread(query, pattern)
        assert pattern.tolist() == [*query, *query][: k.LANES]


@settings(deadline=None)
@given(st.lists(st.integers(0, 6), max_size=12), st.integers(1, 5))
def test_a_code_takes_its_place_behind_those_as_near(bits, most):
    rows, far = np.full(most, -1), np.full(most, 7)
    for row, apart_by in enumerate(bits):
        if apart_by < far[-1]:
            k.place(row, apart_by, rows, far)
    order = sorted(range(len(bits)), key=lambda row: (bits[row], row))[:most]
    missing = most - len(order)
    assert rows.tolist() == order + [-1] * missing
    assert far.tolist() == [bits[row] for row in order] + [7] * missing


def test_codes_that_are_not_in_one_piece_are_refused():
    stored = np.zeros((40, 4), np.uint64)
    with pytest.raises(TypingError):
        k.distances(stored[0], stored[::2], np.empty(20, np.int64))


@pytest.mark.parametrize("words", [4, 8])
@pytest.mark.parametrize("count", [k.BLOCK - 1, k.BLOCK, k.BLOCK + 1, 3 * k.BLOCK + 7])
def test_blocks_and_ties_across_them_change_nothing(words, count):
    rng = np.random.default_rng(count)
    stored = rng.integers(0, 2**64, (count, words), dtype=np.uint64)
    stored[:, 1:] = stored[0, 1:]  # many at equal distances
    queries = stored[rng.integers(0, count, 5)]
    for found, expected in zip(nearest(queries, stored, 40), plain_nearest(queries, stored, 40), strict=True):
        np.testing.assert_array_equal(found, expected)


@settings(deadline=None, max_examples=50)
@given(searches())
def test_distances_are_a_metric(search):
    _, stored, _ = search
    far = np.array([nearest(stored[i : i + 1], stored, 1)[1][0, 0] for i in range(len(stored))])
    assert (far == 0).all()
    all_far = apart(stored, stored)
    for i in range(len(stored)):
        found = np.empty(len(stored), np.int64)
        k.distances(stored[i], stored, found)
        np.testing.assert_array_equal(found, all_far[:, i])
        assert (found[:, None] + found[None] >= all_far).all()
