"""Sales and stays in the order of a queue: the kernel equals the sum over all ways written out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from central.touchpoints.kernels import Floats, in_order


def written_out(odds: Floats) -> Floats:
    n, m = odds.shape
    found = np.zeros((n, m + 1))
    for ways in itertools.product(range(-1, m), repeat=n):
        taken = [j for j in ways if j >= 0]
        if all(a < b for a, b in itertools.pairwise(taken)):
            weight = np.prod([odds[i, j] for i, j in enumerate(ways) if j >= 0])
            for i, j in enumerate(ways):
                found[i, j] += weight  # -1 is the last column
    return found / found[0].sum()


@given(
    st.tuples(st.integers(1, 4), st.integers(0, 4)).flatmap(
        lambda shape: arrays(np.float64, shape, elements=st.floats(0, 100))
    )
)
def test_it_is_the_sum_over_all_ways_that_keep_the_order(odds: Floats) -> None:
    assert in_order(odds) == pytest.approx(written_out(odds), abs=1e-9)


def test_a_sale_booked_late_is_told_from_the_next_one() -> None:
    alone = in_order(np.array([[3.0, 9.0]]))
    beside = in_order(np.array([[3.0, 9.0], [0.01, 300.0]]))
    assert alone[0].argmax() == 1
    assert beside[0].argmax() == 0
