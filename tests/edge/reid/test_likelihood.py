"""Distances to probabilities."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.reid.likelihood import LIKELIHOODS, Likelihood, fit

LINE = Likelihood(0.35, 25.0, 4.0)
SHARES = st.floats(0, 1)


@given(SHARES, SHARES, st.floats(1e-6, 1 - 1e-6))
def test_nearer_is_never_less_probable(one, other, prior):
    near, far = sorted((one, other))
    assert LINE.probability(near, prior) >= LINE.probability(far, prior)


@given(SHARES, st.floats(1e-6, 1 - 1e-6))
def test_probabilities_obey_bayes(share, prior):
    odds = prior / (1 - prior) * math.exp(LINE.evidence(share))
    assert LINE.probability(share, prior) == pytest.approx(odds / (1 + odds))
    assert 0 < LINE.probability(share, prior) < 1
    assert abs(LINE.evidence(share)) <= LINE.most


def test_at_the_even_share_nothing_is_learnt():
    assert LINE.probability(LINE.even, 0.2) == pytest.approx(0.2)


@pytest.mark.parametrize("prior", [0.0, 1.0, -1.0, math.nan])
def test_what_is_no_prior_is_refused(prior):
    with pytest.raises(ValueError, match="prior"):
        LINE.probability(0.3, prior)


def test_the_fit_finds_the_line_that_made_the_pairs():
    """Two normal distributions of one width have a straight likelihood ratio: slope (m2 - m1) / s^2 at their middle."""
    rng = np.random.default_rng(0)
    line = fit(rng.normal(0.30, 0.05, 4000), rng.normal(0.42, 0.05, 40_000))
    assert line.even == pytest.approx(0.36, abs=0.004)
    assert line.slope == pytest.approx(0.12 / 0.05**2, rel=0.06)


def test_what_it_says_is_true_as_often_as_it_says():
    rng = np.random.default_rng(1)
    same, other = rng.normal(0.30, 0.05, 20_000), rng.normal(0.42, 0.05, 20_000)
    line = fit(same[::2], other[::2])
    told = np.array([line.probability(share, 0.5) for share in np.concatenate([same[1::2], other[1::2]])])
    truth = np.repeat([1, 0], 10_000)
    for low in np.arange(0.1, 0.9, 0.2):
        inside = (told >= low) & (told < low + 0.2)
        assert truth[inside].mean() == pytest.approx(told[inside].mean(), abs=0.05)


@pytest.mark.parametrize(("same", "other"), [([], [0.4]), ([0.3], []), ([0.5], [0.4])])
def test_pairs_that_teach_nothing_are_refused(same, other):
    with pytest.raises(ValueError, match="pairs"):
        fit(np.array(same), np.array(other))


def test_pairs_that_never_overlap_still_give_a_line():
    line = fit(np.full(10, 0.1), np.full(10, 0.5))
    assert 0.1 < line.even < 0.5
    assert 0 < line.slope < math.inf


def test_every_model_has_a_line_for_both_lengths():
    assert {bits for _, bits in LIKELIHOODS} == {256, 512}
    assert len(LIKELIHOODS) == 2 * len({name for name, _ in LIKELIHOODS})
    for line in LIKELIHOODS.values():
        assert line.evidence(0.5) < -1 < 1 < line.evidence(0.25)
