"""Scores punish misses, ghosts and wrong dwell, and do not let them cancel."""

from __future__ import annotations

import pytest

from simulator.score import (
    Passage,
    Stay,
    crossing_error,
    mean_dwell_error_s,
    score_doors,
    score_zones,
)

TRUTH = [Passage("a", "in", 10), Passage("a", "in", 20), Passage("b", "out", 30)]


def test_the_truth_scores_no_error() -> None:
    assert crossing_error(score_doors(TRUTH, TRUTH)) == 0


def test_a_miss_and_a_ghost_do_not_cancel() -> None:
    found = [TRUTH[0], TRUTH[2], Passage("b", "out", 31)]
    assert crossing_error(score_doors(TRUTH, found)) == pytest.approx(2 / 3)


def test_a_door_nobody_used_counts_its_ghosts() -> None:
    assert crossing_error(score_doors([], TRUTH)) == 1
    assert crossing_error(score_doors([], [])) == 0


def test_each_visit_is_matched_once() -> None:
    truth = [Stay("shop", 1, 60), Stay("shop", 10, 20)]
    found = [Stay("shop", 1, 58), Stay("shop", 30, 40), Stay("shop", 10.5, 21)]
    (zone,) = score_zones(truth, found, 0, 100)
    assert (zone.truth, zone.found, zone.matched) == (2, 3, 2)
    assert mean_dwell_error_s([zone]) == pytest.approx((2 + 0.5) / 2)


def test_both_sides_are_clipped_to_the_span() -> None:
    (zone,) = score_zones([Stay("shop", 1, 50)], [Stay("shop", 3, 500)], 0, 10)
    assert zone.dwell_error_s == (2,)


def test_who_was_inside_from_the_beginning_is_left_out_on_both_sides() -> None:
    truth = [Stay("shop", -50, 100), Stay("shop", 10, 20)]
    (zone,) = score_zones(truth, [Stay("shop", 60, 100), Stay("shop", 11, 20)], 0, 100)
    assert (zone.truth, zone.found, zone.dwell_error_s) == (1, 1, (1,))


def test_brushing_a_border_is_not_scored() -> None:
    assert score_zones([Stay("shop", 1, 3)], [], 0, 10) == []


def test_nothing_matched_is_no_perfect_score() -> None:
    assert mean_dwell_error_s(score_zones([Stay("shop", 1, 5)], [Stay("shop", 6, 10)], 0, 10)) == float("inf")
