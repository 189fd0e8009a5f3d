"""Average precision and matching, against cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.eval.boxes import average_precision, match, measure, overlaps
from models.train.pictures import Picture

NOBODY = np.zeros((0, 4), np.float32)


def boxes(*rows: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


def picture(people: np.ndarray, ignored: np.ndarray) -> Picture:
    flags = np.array([False] * len(people) + [True] * len(ignored))
    return Picture("a", "a", np.zeros((100, 100, 3), np.uint8), np.concatenate((people, ignored)), flags)


def test_overlap_of_half_shifted_squares():
    assert overlaps(boxes((0, 0, 10, 10)), boxes((5, 0, 15, 10)))[0, 0] == pytest.approx(1 / 3)
    assert overlaps(boxes((0, 0, 10, 10)), boxes((0, 0, 5, 10)), of_first=True)[0, 0] == pytest.approx(0.5)


def test_a_person_is_claimed_once():
    twice = boxes((0, 0, 10, 20), (0, 0, 10, 19))
    assert match(twice, boxes((0, 0, 10, 20)), NOBODY, 0.5).tolist() == [1, 0]


def test_a_box_on_an_ignored_region_does_not_count():
    assert match(boxes((1, 1, 9, 9)), NOBODY, boxes((0, 0, 10, 10)), 0.5).tolist() == [-1]


def test_average_precision_by_hand():
    # hit, miss, hit of two people: precision 1 up to recall 0.5, then 2/3
    value = average_precision(np.array([1, 0, 1], np.int8), 2)
    assert value == pytest.approx((51 * 1 + 50 * 2 / 3) / 101)


def test_perfect_boxes_score_one_and_no_boxes_zero():
    truth = [picture(boxes((10, 10, 30, 70)), NOBODY), picture(boxes((50, 20, 70, 80)), NOBODY)]
    perfect = measure([(p.boxes, np.array([0.9], np.float32)) for p in truth], truth, (0, 1000))
    assert (perfect.ap50, perfect.ap, perfect.recall_at_97) == (1.0, 1.0, 1.0)
    nothing = measure([(NOBODY, np.zeros(0, np.float32))] * 2, truth, (0, 1000))
    assert (nothing.people, nothing.ap50) == (2, 0)


def test_people_out_of_the_height_range_are_ignored():
    truth = [picture(boxes((10, 10, 30, 70), (50, 50, 55, 60)), NOBODY)]
    found = [(boxes((10, 10, 30, 70)), np.array([0.9], np.float32))]
    assert measure(found, truth, (30, 1000)).recall == 1.0
    assert measure(found, truth, (0, 1000)).recall == 0.5
