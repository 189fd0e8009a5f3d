"""Exact assignment of evidence, against scipy's."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from edge.track.matching.pairs import best_pairs


@given(n=st.integers(0, 9), m=st.integers(0, 9), seed=st.integers(0, 2**31))
def test_the_greatest_gain_is_found_and_nothing_that_costs(n, m, seed):
    rng = np.random.default_rng(seed)
    gain = np.where(rng.random((n, m)) < 0.3, -1e6, rng.normal(1, 3, (n, m)))
    picked = best_pairs(gain)
    rows = np.flatnonzero(picked >= 0)
    assert len(set(picked[rows].tolist())) == len(rows)
    assert (gain[rows, picked[rows]] >= 0).all()
    left_out = np.full((n, n), -1e6)
    np.fill_diagonal(left_out, 0.0)
    padded = np.column_stack([gain, left_out])
    most = padded[linear_sum_assignment(padded, maximize=True)].sum()
    assert np.isclose(gain[rows, picked[rows]].sum(), most)


def test_what_is_not_a_number_is_never_chosen():
    gain = np.array([[np.nan, 2.0], [3.0, 1.0], [-np.inf, np.nan]])
    assert best_pairs(gain).tolist() == [1, 0, -1]
