"""Measures of finding people again, on cases small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.eval.retrieval import accepted, auc, find, pairs
from benchmarks.reid import search

PERSON = np.array([1, 2, 1, 2, 3])
CAMERA = np.array([0, 0, 1, 1, 1])
FRAME = np.zeros(5, np.int64)


def test_everybody_asks_the_other_camera():
    similarity = np.array(
        [
            [9, 9, 0.8, 0.9, 0.1],
            [9, 9, 0.2, 0.7, 0.1],
            [0.8, 0.2, 9, 9, 9],
            [0.9, 0.7, 9, 9, 9],
            [0.1, 0.1, 9, 9, 9],
        ]
    )
    found = find(similarity, PERSON, CAMERA, FRAME, same_frame=True)
    # 1 takes 2 for itself, 2 is right; from the other side 1 is right, 2 takes 1; 3 is not there
    assert found.queries == 4
    assert found.rank1 == pytest.approx(2 / 4)
    assert found.mean_ap == pytest.approx((1 / 2 + 1 + 1 + 1 / 2) / 4)


def test_other_frames_are_asked_apart():
    frame = np.array([0, 0, 1, 1, 1])
    similarity = np.eye(5)
    assert find(similarity, PERSON, CAMERA, frame, same_frame=False).queries == 4
    with pytest.warns(RuntimeWarning):
        assert find(similarity, PERSON, CAMERA, frame, same_frame=True).queries == 0


def test_ties_are_drawn_by_lot_not_given_away():
    count = 400
    person = np.tile(np.arange(count), 2)
    camera = np.repeat([0, 1], count)
    found = find(np.zeros((2 * count, 2 * count)), person, camera, np.zeros(2 * count, int), same_frame=True)
    assert found.rank1 < 0.02


def test_pairs_are_those_of_two_cameras_each_once():
    similarity = np.arange(25.0).reshape(5, 5)
    same, other = pairs(similarity, PERSON, CAMERA)
    assert sorted(same) == [2, 8]
    assert sorted(other) == [3, 4, 7, 9]


def test_separation_by_hand():
    same, other = np.array([3.0, 1.0]), np.array([0.0, 1.0, 2.0])
    assert auc(same, other) == pytest.approx((3 + 1.5) / 6)
    assert accepted(same, np.arange(101.0) / 50, 0.01) == pytest.approx(0.5)


def test_every_search_finds_the_same():
    """It ends the run where they do not."""
    one = search(256, 300, 1)
    assert one.ours_ms > 0
    assert one.numpy_ms > 0
