"""The measures on sequences small enough to count by hand."""

import numpy as np
import pytest

from benchmarks.eval.clear import clear
from benchmarks.eval.frames import sequence
from benchmarks.eval.hota import ALPHAS, hota
from benchmarks.eval.identity import idf1

BOX = (0, 0, 10, 20)


def rows(*ids_by_frame, x=0.0):
    """MOT rows: per frame a dict of id to shift."""
    return np.array(
        [[f, i, 100 * lane + x, 0, 10, 20] for f, lanes in enumerate(ids_by_frame, 1) for lane, i in lanes.items()],
        float,
    ).reshape(-1, 6)


def test_the_truth_itself_scores_one():
    truth = rows({0: 1, 1: 2}, {0: 1, 1: 2}, {0: 1})
    pairs = sequence(truth, truth, 3)
    assert hota(pairs).hota == pytest.approx(1)
    assert idf1(pairs) == 1
    assert clear(pairs).mota == 1


def test_nothing_scores_nothing():
    truth = rows({0: 1}, {0: 1})
    pairs = sequence(truth, np.empty((0, 6)), 2)
    assert hota(pairs).hota == 0
    assert idf1(pairs) == 0
    assert clear(pairs).mota == 0


def test_a_switch_half_way_costs_half_of_each():
    truth = rows(*[{0: 1}] * 4)
    result = rows({0: 5}, {0: 5}, {0: 6}, {0: 6})
    pairs = sequence(truth, result, 4)
    found = hota(pairs)
    assert found.detection == pytest.approx(1)
    assert found.association == pytest.approx(0.5)
    assert found.hota == pytest.approx(0.5**0.5)
    assert idf1(pairs) == pytest.approx(0.5)
    assert clear(pairs).switches == 1
    assert clear(pairs).mota == pytest.approx(0.75)


def test_a_shifted_box_counts_below_its_overlap_only():
    truth, result = rows({0: 1}), rows({0: 1}, x=5.0)
    pairs = sequence(truth, result, 1)
    overlap = 1 / 3
    assert pairs.frames[0].iou[0, 0] == pytest.approx(overlap)
    assert hota(pairs).hota == pytest.approx((overlap >= ALPHAS).mean())
    assert idf1(pairs) == 0
    assert clear(pairs).mota == -1


def test_misses_and_extras_count():
    truth = rows({0: 1, 1: 2}, {0: 1, 1: 2})
    result = rows({0: 1, 2: 3}, {0: 1})
    pairs = sequence(truth, result, 2)
    assert idf1(pairs) == pytest.approx(2 * 2 / (4 + 3))
    assert clear(pairs).mota == pytest.approx(1 - (2 + 1) / 4)
    assert hota(pairs).detection == pytest.approx(2 / (2 + 2 + 1))


def test_frames_beyond_the_last_are_left_out():
    truth = rows({0: 1}, {0: 1}, {0: 1})
    assert len(sequence(truth, truth, 2).frames) == 2
    assert idf1(sequence(truth, truth[:2], 2)) == 1
