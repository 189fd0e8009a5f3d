"""Crossings of a line: once each way, at the right moment, through the opening only."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.journeys.tripwire import NEAR_M, Crossing, Tripwire


def door():
    """Two metres wide from (4, 5) to (6, 5); inside is up."""
    return Tripwire(np.array([[4.0, 5.0], [6.0, 5.0]]), np.array([0.0, 1.0]))


def walk(wire, path, fps=8.0, visitor=7):
    """Crossings of somebody at each (x, y) in turn."""
    return [c for i, xy in enumerate(path) for c in wire.update(i / fps, [visitor], [xy])]


def straight(a, b, steps=20):
    return np.linspace(a, b, steps)


def test_walking_in_and_out_counts_once_each_at_the_moment_of_the_line():
    wire = door()
    path = [*straight((5, 3), (5, 7), 33), *straight((5, 7), (5, 3), 33)]
    found = walk(wire, path)
    assert [c.direction for c in found] == ["in", "out"]
    assert found[0].at == pytest.approx(16 / 8)
    assert found[1].at == pytest.approx((33 + 16) / 8)


def test_direction_follows_the_normal_whichever_way_the_line_was_drawn():
    for ends in ([[4, 5], [6, 5]], [[6, 5], [4, 5]]):
        wire = Tripwire(np.array(ends, float), np.array([0.0, -3.0]))
        assert [c.direction for c in walk(wire, straight((5, 3), (5, 7)))] == ["out"]


def test_trembling_on_the_line_counts_nothing():
    rng = np.random.default_rng(1)
    wire = door()
    path = [(5, 3), (5, 4.5)] + [(5, 5 + d) for d in rng.uniform(-0.15, 0.15, 200)]
    assert walk(wire, path) == []


def test_somebody_who_dawdles_on_the_line_counts_once():
    path = [(5, 4), (5, 4.9), (5, 5.1), (5, 4.95), (5, 5.05), (5, 4.9), (5, 5.1), *[(5, 6)] * 9]
    assert [c.direction for c in walk(door(), path)] == ["in"]


def test_who_is_back_within_a_second_has_not_crossed():
    there_and_back = [*[(5, 4)] * 5, *[(5, 6)] * 6, *[(5, 4)] * 12]
    assert walk(door(), there_and_back) == []
    slower = [*[(5, 4)] * 5, *[(5, 6)] * 9, *[(5, 4)] * 12]
    assert [c.direction for c in walk(door(), slower)] == ["in", "out"]


def test_who_was_first_seen_on_the_line_did_not_come_back_to_where_they_never_stood():
    """A newborn's first box ends a little too far in; they stand before the door, clear of it, and go in."""
    noisy_birth = [(5, 5.1), (5, 4.9), *[(5, 4.5)] * 5, (5, 5.0), *[(5, 5.6)] * 9]
    assert [c.direction for c in walk(door(), noisy_birth)] == ["in"]
    known_inside = [(5, 5.6), *noisy_birth]
    assert walk(door(), known_inside) == []
    trembling = [(5, 5.1), (5, 4.9), (5, 4.5), (5, 5.0), *[(5, 5.6)] * 9]
    assert walk(door(), trembling) == []


def test_who_vanishes_before_a_second_is_over_has_crossed():
    wire = door()
    assert walk(wire, [(5, 4), (5, 5.4), (5, 5.8)]) == []
    assert [c.direction for c in wire.conclude(7)] == ["in"]


def test_walking_past_the_end_of_the_line_counts_nothing_either_way():
    wire = door()
    assert walk(wire, straight((8, 3), (8, 7))) == []
    assert [c.direction for c in walk(wire, straight((8, 7), (8, 3)))] == []


def test_a_door_post_is_given_a_margin():
    assert len(walk(door(), straight((6.3, 3), (6.3, 7)))) == 1
    assert walk(door(), straight((6.6, 3), (6.6, 7))) == []


def test_who_first_appears_just_beyond_the_line_has_crossed_it():
    assert [c.direction for c in walk(door(), straight((5, 4.9), (5, 6)))] == ["in"]
    assert walk(door(), straight((5, 5.1), (5, 6))) == []
    assert walk(door(), straight((5, 5 + NEAR_M / 2), (5, 6))) == []


def test_who_vanishes_just_beyond_the_line_has_crossed_it():
    wire = door()
    path = straight((5, 6), (5, 4.9), 12)
    assert walk(wire, path) == []
    (crossing,) = wire.conclude(7)
    assert crossing.direction == "out"
    assert crossing.at == pytest.approx(10 / 8, abs=0.01)
    assert wire.conclude(7) == []


def test_who_vanishes_inside_or_came_back_has_not():
    for path in (straight((5, 6), (5, 5.1)), [(5, 6), (5, 4.9), (5, 5.5)]):
        wire = door()
        walk(wire, path)
        assert wire.conclude(7) == []
    assert door().conclude(99) == []


def test_visitors_do_not_mix_and_may_bring_earlier_positions():
    wire = door()
    wire.update(0.0, [1], [(5, 4)])
    wire.update(1.0, [1], [(5, 6)])
    assert wire.update(2.0, [1], [(5, 6)]) == [Crossing(1, "in", 0.5)]
    wire.update(0.2, [2], [(5, 6)])
    wire.update(1.2, [2, 1], [(5, 4), (5, 6)])
    assert wire.update(2.2, [1, 2], [(5, 6), (5, 4)]) == [Crossing(2, "out", 0.7)]


def test_it_can_be_pickled_between_any_two_positions():
    wire, found = door(), []
    for i, xy in enumerate(straight((5, 3), (5, 7))):
        wire = pickle.loads(pickle.dumps(wire))  # noqa: S301 - our own
        found += wire.update(float(i), [1], [xy])
    assert len(found) == 1


def test_nobody_is_remembered_for_ever():
    wire = door()
    for i in range(500):
        wire.update(float(i), [i], [(5, 3)])
    assert len(wire._passages) < 150


@given(st.lists(st.floats(3.0, 7.0), min_size=2, max_size=60))
def test_ins_and_outs_alternate(heights):
    found = walk(door(), [(5.0, y) for y in heights])
    directions = [c.direction for c in found]
    assert all(a != b for a, b in pairwise(directions))
    assert all(0 <= c.at <= len(heights) / 8 for c in found)


@given(st.floats(0, 2 * np.pi), st.floats(-50, 50), st.floats(-50, 50))
def test_turning_and_moving_the_floor_changes_nothing(angle, dx, dy):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    move = lambda p: np.asarray(p, float) @ turn.T + (dx, dy)  # noqa: E731
    wire = Tripwire(move([[4, 5], [6, 5]]), turn @ (0, 1))
    found = walk(wire, move([(5, 3), (5.2, 4.4), (5.1, 5.5), *[(5, 6)] * 9, *[(5, 4)] * 9]))
    assert [c.direction for c in found] == ["in", "out"]


def test_where_others_watch_nobody_crosses_whose_place_was_only_vaguely_known():
    path = [*[(5, 2)] * 10, *[(5, 8)] * 20]
    for blur, vague_m, expected in ((0.3, 0.4, ["in"]), (0.6, 0.4, []), (0.6, np.inf, ["in"])):
        wire = door()
        wire.vague_m = vague_m
        found = [c for i, xy in enumerate(path) for c in wire.update(i / 8, [7], [xy], [blur])]
        assert [c.direction for c in found] == expected


def test_who_is_seen_from_afar_has_crossed_only_well_beyond_the_line():
    path = [*[(5, 4.2)] * 5, *[(5, 5.5)] * 12]
    for blur, expected in ((0.1, ["in"]), (0.6, [])):
        wire = door()
        found = [c for i, xy in enumerate(path) for c in wire.update(i / 8, [7], [xy], [blur])]
        assert [c.direction for c in found] == expected
        if not expected:
            assert wire.conclude(7) == []


def test_who_goes_on_into_a_crowd_was_known_well_enough_when_they_crossed():
    path = [*straight((5, 3), (5, 6.2), 20), *[(5, 6.2)] * 16]
    for clear_until, expected in ((15, ["in"]), (5, [])):
        wire = door()
        wire.vague_m = 0.4
        blurs = [0.2 if i < clear_until else 0.9 for i in range(len(path))]
        found = [c for i, xy in enumerate(path) for c in wire.update(i / 8, [7], [xy], [blurs[i]])]
        assert [c.direction for c in found] == expected
