"""Which piece goes on in which, beside trying everything."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest

from edge.floor.joint.settings import JointSettings
from edge.floor.joint.whole.chains import chains_of
from edge.floor.joint.whole.joins import JoinSettings, alike, height_said, motion_evidence
from edge.floor.joint.whole.ways import Way

RULES = JointSettings()


def says(height_m, sd_m=0.02):
    """A piece whose boxes alone say a height."""
    return 1 / sd_m**2, (height_m - RULES.height_m) / sd_m**2


def way_of(at, x, speed, height_m=1.7):
    """Somebody at (x, 0) at one moment."""
    return Way(np.array([at]), np.array([[x, 0.0, speed, 0.0, height_m]]), 0.01 * np.eye(5)[None])


def value_of(chains, worth, said):
    total = sum(alike([said[k] for k in chain], RULES) for chain in chains)
    return total + sum(worth[a, b] for chain in chains for a, b in pairwise(chain))


def test_pieces_that_say_nothing_for_each_other_stay_alone():
    assert chains_of(np.full((3, 3), -np.inf), [says(1.7)] * 3, RULES) == [[0], [1], [2]]
    assert chains_of(np.empty((0, 0)), [], RULES) == []


def test_heights_before_a_meeting_decide_after_it_through_a_short_piece_between():
    """0 and 1 go in, 2 and 3 are too short to say a height, 4 and 5 come out; walking favours the wrong ones."""
    said = [says(1.6), says(1.8), says(1.7, 0.5), says(1.7, 0.5), says(1.6), says(1.8)]
    worth = np.full((6, 6), -np.inf)
    for a, b in ((0, 2), (1, 3), (2, 4), (3, 5), (0, 3), (1, 2), (2, 5), (3, 4)):
        worth[a, b] = 3.0
    worth[2, 5] = worth[3, 4] = 3.4
    worth[0, 2] = worth[1, 3] = 3.2
    chains = chains_of(worth, said, RULES)
    assert {(chain[0], chain[-1]) for chain in chains} == {(0, 4), (1, 5)}


@pytest.mark.parametrize("seed", range(6))
def test_no_single_change_of_a_join_is_better_and_most_are_best_of_all(seed):
    rng = np.random.default_rng(seed)
    said = [says(float(height)) for height in rng.normal(1.7, 0.08, 6)]
    worth = np.full((6, 6), -np.inf)
    worth[:3, 3:] = rng.normal(1.0, 3.0, (3, 3))
    chains = chains_of(worth, said, RULES)
    assert sorted(k for chain in chains for k in chain) == list(range(6))
    every = []
    for order in permutations(range(3, 6)):
        for kept in range(8):
            pairs = [(a, b) for a, b in zip(range(3), order, strict=True) if kept >> a & 1]
            rest = set(range(6)) - {k for pair in pairs for k in pair}
            every.append(value_of([*map(list, pairs), *([k] for k in rest)], worth, said))
    assert value_of(chains, worth, said) == pytest.approx(max(every))  # heights only meet in pairs here


def test_walking_on_speaks_for_one_person_and_turning_on_the_spot_against():
    joins = JoinSettings()
    before = way_of(0.0, 0.0, 1.2)
    on, back = way_of(1.0, 1.2, 1.2), way_of(1.0, 1.2, -1.2)
    assert motion_evidence(before, on, RULES, joins) > 1.0
    assert motion_evidence(before, on, RULES, joins) > motion_evidence(before, back, RULES, joins) + 2.0
    assert motion_evidence(before, way_of(1.0, 9.0, 1.2), RULES, joins) < -10.0


def test_a_height_is_what_boxes_said_without_what_was_assumed():
    prior, boxes = 1 / RULES.height_spread_m**2, 1 / 0.05**2
    mean = (prior * RULES.height_m + boxes * 1.85) / (prior + boxes)
    cov = np.eye(5)[None].copy()
    cov[0, 4, 4] = 1 / (prior + boxes)
    weight, of = height_said(Way(np.zeros(1), np.array([[0.0, 0, 0, 0, mean]]), cov), RULES, 0.0)
    assert weight == pytest.approx(boxes)
    assert RULES.height_m + of / weight == pytest.approx(1.85)
    assert height_said(Way(np.zeros(1), np.array([[0.0, 0, 0, 0, mean]]), cov), RULES, 0.1)[0] < weight


def test_equal_heights_go_together_and_unequal_ones_do_not():
    def together(a, b):
        return alike([says(a), says(b)], RULES) - alike([says(a)], RULES) - alike([says(b)], RULES)

    assert together(1.85, 1.85) > 1.0
    assert together(1.6, 1.8) < -5.0
