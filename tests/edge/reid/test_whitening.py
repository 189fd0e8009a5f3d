"""The public whitening: learnt of drawn people, the same everywhere, and it takes out what it says."""

from __future__ import annotations

import numpy as np
import pytest

from edge.reid.bodies import HEIGHT, WIDTH
from edge.reid.embedder import StripesEmbedder, unit
from edge.reid.figures import MOST_OFF, draw_figures
from edge.reid.whitening import Whitening, learn_whitening


class Colours:
    """An embedder that answers with mean colours of 16 stripes, and mostly with how light it is."""

    dimension = 48

    def embed(self, crops):
        stripes = np.array([[part.mean((0, 1)) for part in np.array_split(crop, 16)] for crop in crops])
        rows = stripes.reshape(len(crops), 48) / 255
        return unit((rows + 3 * rows.mean(1, keepdims=True)).astype(np.float32))


def test_figures_are_the_same_each_time_and_differ_from_each_other():
    one, other = draw_figures(3, 2), draw_figures(3, 2)
    for a, b in zip(one, other, strict=True):
        for side, whole in zip(a.shape, (HEIGHT, WIDTH), strict=False):
            assert 0.25 * (1 - 2 * MOST_OFF) * whole - 1 <= side <= (1 + 2 * MOST_OFF) * whole + 1
        assert a.shape[2] == 3
        assert a.dtype == np.uint8
        np.testing.assert_array_equal(a, b)
    assert len({figure.tobytes() for figure in one}) == 6
    assert len({figure.shape for figure in one}) > 1
    assert draw_figures(1, 1, seed=6)[0].tobytes() != one[0].tobytes()


def nearer(rows):
    """Share of pairs, of rows in turn of two pictures of everybody, in which the same person is more alike."""
    alike = rows[::2] @ rows[1::2].T
    return (np.diag(alike)[:, None] > alike).mean()


def test_two_pictures_of_one_drawn_person_are_more_alike_than_of_two():
    assert nearer(StripesEmbedder().embed(draw_figures(60, 2))) > 0.75


def test_other_drawn_people_are_more_alike_once_it_is_taken_out():
    embedder = StripesEmbedder()
    rows = embedder.embed(draw_figures(60, 2, seed=9))
    assert nearer(learn_whitening(embedder, people=60).apply(rows)) > nearer(rows) + 0.05


def test_what_differs_between_pictures_of_one_person_counts_less():
    """Everybody wears the first axis differently from picture to picture, and the second as ever."""
    rng = np.random.default_rng(0)
    kept = rng.normal(size=(200, 1, 8))
    rows = np.repeat(kept, 4, 1) + rng.normal(size=(200, 4, 8)) * ([3.0] + [0.1] * 7) + 5
    whitening = Whitening.of(rows.astype(np.float32), shrink=0.1)
    gains = np.linalg.norm(whitening.matrix, axis=1)
    assert gains[0] < gains[1:].min() / 2
    np.testing.assert_allclose(whitening.mean, rows.mean((0, 1)), atol=1e-5)
    np.testing.assert_allclose(whitening.matrix, whitening.matrix.T, atol=1e-9)


def test_without_shrinking_the_covariance_within_becomes_one():
    rng = np.random.default_rng(1)
    rows = (rng.normal(size=(300, 3, 6)) @ rng.normal(size=(6, 6))).astype(np.float32)
    whitening = Whitening.of(rows, shrink=0.0)
    white = (rows - rows.mean(1, keepdims=True)).reshape(-1, 6) @ whitening.matrix
    np.testing.assert_allclose(white.T @ white / 600, np.eye(6), atol=1e-3)


def test_directions_in_which_people_differ_count_and_the_others_do_not():
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(200, 1, 8)) * ([5.0] + [0.01] * 7) + rng.normal(size=(200, 4, 8))
    counts = Whitening.of(rows.astype(np.float32), shrink=0.1).counts
    assert 0.75 < counts[0, 0] < 1
    assert (np.diag(counts)[1:] < 0.35).all()
    np.testing.assert_allclose(counts, counts.T, atol=1e-9)
    np.testing.assert_array_equal(Whitening.none(3).counts, np.eye(3))


def test_an_embedder_that_always_says_the_same_breaks_nothing():
    whitening = Whitening.of(np.ones((5, 2, 4), np.float32))
    assert np.isfinite(whitening.matrix).all()
    assert not whitening.counts.any()
    assert np.isnan(whitening.apply(np.ones((1, 4), np.float32))).all()


def test_none_changes_nothing_but_the_length():
    rows = np.random.default_rng(2).normal(size=(4, 9)).astype(np.float32)
    np.testing.assert_allclose(Whitening.none(9).apply(rows), unit(rows), atol=1e-6)


def test_whitened_rows_have_length_one_and_no_numbers_stay_none():
    whitening = learn_whitening(Colours(), people=30, pictures=2)
    rows = Colours().embed(draw_figures(4, 1, seed=9))
    rows[1] = np.nan
    white = whitening.apply(rows)
    assert np.isnan(white[1]).all()
    assert np.linalg.norm(white[[0, 2, 3]], axis=1) == pytest.approx(1, abs=1e-5)
