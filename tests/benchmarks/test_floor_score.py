"""Scores on the floor, on results whose scores are known."""

import numpy as np
import pytest

from benchmarks.eval.floor import floor_score, inside

SQUARE = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])


def walkers(frames=10):
    return np.array([(f, who, 1.0 + 0.5 * f, 3.0 * who) for f in range(1, frames + 1) for who in (1, 2)])


def test_the_truth_itself_is_perfect():
    score = floor_score(walkers(), walkers(), SQUARE)
    assert (score.hota, score.idf1, score.mota, score.switches, score.count_error) == (1, 1, 1, 0, 0)


def test_names_that_change_half_way_cost_half_the_identity():
    result = walkers()
    result[result[:, 0] > 5, 1] = 3 - result[result[:, 0] > 5, 1]
    score = floor_score(walkers(), result, SQUARE)
    assert score.idf1 == pytest.approx(0.5)
    assert score.switches == 2


def test_a_metre_off_is_still_them_and_more_is_not():
    for off, found in ((0.99, 1.0), (1.01, 0.0)):
        result = walkers()
        result[:, 2] += off
        assert floor_score(walkers(), result, SQUARE).idf1 == pytest.approx(found)


def test_strangers_count_inside_the_area_only():
    far = np.array([(f, 9, 50.0, 50.0) for f in range(1, 11)])
    near = np.array([(f, 9, 9.0, 9.0) for f in range(1, 11)])
    assert floor_score(walkers(), np.concatenate([walkers(), far]), SQUARE).count_error == 0
    assert floor_score(walkers(), np.concatenate([walkers(), near]), SQUARE).count_error == 1


def test_a_polygon_knows_its_inside():
    assert inside(np.array([[5.0, 5.0], [11.0, 5.0]]), SQUARE).tolist() == [True, False]
