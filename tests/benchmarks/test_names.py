"""Doubles and second names beside a truth."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.eval.names import matched, people_twice

TRUE = {1: np.array([[0.0, 2.0, 2.0], [100.0, 2.0, 2.0]]), 2: np.array([[0.0, 2.6, 2.0], [100.0, 2.6, 2.0]])}
TRUE[3] = np.array([[0.0, 6.0, 2.0], [100.0, 6.0, 2.0]])
ONE, OTHER, THIRD, NOWHERE = (2.0, 2.1), (2.6, 2.1), (6.0, 2.1), (9.0, 9.0)


def twice(*moments):
    """Of moments a second apart, each who was where by name."""
    places = [(float(k), [(name, *place) for name, place in here.items()]) for k, here in enumerate(moments)]
    return people_twice(matched(places, TRUE))


def test_everybody_under_one_name_is_nobody_twice_however_near_they_stand():
    found = twice(*[{"a": ONE, "b": OTHER}] * 11)
    assert (found.visitor_s, found.double_s, found.begun, found.fragments) == (20.0, 0.0, 2, 0)


def test_two_visitors_of_couples_are_no_doubles_though_both_stand_nearer_to_one():
    assert twice(*[{"a": ONE, "b": (2.2, 2.1)}] * 11).double_s == 0.0


def test_a_third_visitor_of_two_people_is_a_double_for_as_long_as_it_is_there_and_a_fragment():
    found = twice(*[{"a": ONE, "b": OTHER}] * 5, *[{"a": ONE, "b": OTHER, "c": (2.1, 2.4)}] * 3, {"a": ONE, "b": OTHER})
    assert (found.visitor_s, found.double_s, found.begun, found.fragments) == (19.0, 3.0, 3, 1)


def test_a_second_name_after_the_first_is_a_fragment_and_no_double():
    found = twice(*[{"a": ONE}] * 4, {}, *[{"c": ONE}] * 4)
    assert (found.double_s, found.begun, found.fragments) == (0.0, 2, 1)


def test_a_name_that_went_over_to_somebody_new_leaves_its_person_to_a_fragment():
    found = twice(*[{"a": ONE}] * 4, *[{"a": THIRD}] * 4, *[{"a": THIRD, "c": ONE}] * 4)
    assert (found.begun, found.fragments) == (2, 1)


def test_a_visitor_of_nobody_is_begun_and_neither():
    found = twice(*[{"a": ONE, "ghost": NOWHERE}] * 3)
    assert (found.double_s, found.begun, found.fragments) == (0.0, 2, 0)
    assert found.plus(found).visitor_s == pytest.approx(2 * found.visitor_s)
