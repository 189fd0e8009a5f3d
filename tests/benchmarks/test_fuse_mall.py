"""The trackers' scores on the twin, from what they told and from the truth."""

import numpy as np
import pytest

from benchmarks.fuse.mall import figures_of, floor_rows, of_those_who_move
from benchmarks.mall import Played

AREA = np.array([[0.0, 0.0], [20.0, 0.0], [20.0, 10.0], [0.0, 10.0]])
TRUE = {
    1: np.array([[0.0, 2.0, 5.0], [10.0, 12.0, 5.0]]),  # walks
    2: np.array([[0.0, 8.0, 8.0], [10.0, 8.0, 8.2]]),  # stands
}


def told(*ways):
    """Everybody's token and place at ten moments."""
    return Played(
        [], [], [(at, [(token, *place(at)) for token, place in ways]) for at in np.arange(0.5, 10.0).tolist()]
    )


def walker(at):
    return 2.0 + at, 5.0


def stander(_):
    return 8.0, 8.1


def test_everybody_under_one_name_is_perfect():
    figures = figures_of(told(("a", walker), ("b", stander)), TRUE, AREA)
    assert (figures["idf1"], figures["idf1_moving"], figures["names_per_person"], figures["swaps"]) == (1, 1, 1, 0)


def test_whoever_never_moves_and_is_left_out_costs_identity_among_all_and_none_among_those_who_move():
    figures = figures_of(told(("a", walker)), TRUE, AREA)
    assert figures["idf1"] == pytest.approx(2 * 10 / (20 + 10))
    assert figures["idf1_moving"] == 1


def test_a_ghost_beside_nobody_counts_among_those_who_move():
    figures = figures_of(told(("a", walker), ("b", stander), ("c", lambda _: (15.0, 2.0))), TRUE, AREA)
    assert figures["idf1_moving"] == pytest.approx(2 * 10 / (10 + 20))


def test_whoever_passes_a_stander_is_still_told_of():
    truth, result = floor_rows(told(("a", walker), ("b", stander)), TRUE | {2: TRUE[2] - [0.0, 0.0, 2.6]})
    moving, kept = of_those_who_move(truth, result)
    assert len(moving) == 10
    assert (kept[:, 1] == 0).sum() == 10


def test_moments_after_the_end_of_what_is_counted_are_left_out():
    played = Played([], [], [(119.0, [("a", 3.0, 5.0)]), (121.0, [("a", 3.0, 5.0)])])
    truth, result = floor_rows(played, {1: np.array([[0.0, 3.0, 5.0], [130.0, 3.0, 5.0]])})
    assert truth[:, 0].tolist() == result[:, 0].tolist() == [1.0]
