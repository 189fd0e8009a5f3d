"""What looks say about who is whom, and that they are never stored."""

from __future__ import annotations

import pickle

import numpy as np

from edge.reid.looks import Looks, LookSettings

RED, BLUE = np.eye(96, dtype=np.float32)[:2] * 3


def known():
    looks = Looks()
    looks.see({("a", 1): RED, ("a", 2): BLUE, ("b", 1): RED})
    looks.learn({("a", 1): RED, ("a", 2): BLUE}, {("a", 1): 10, ("a", 2): 20})
    return looks


def test_the_same_look_speaks_for_and_another_against_in_one_camera_and_between_two():
    looks, most = known(), LookSettings()
    assert looks.track_and_person(("a", 1), 10) == most.most_for
    assert looks.track_and_person(("a", 1), 20) == -most.most_against
    assert looks.track_and_person(("b", 1), 10) > 0 > looks.track_and_person(("b", 1), 20)
    assert looks.people(10, 20) == -most.most_against


def test_what_is_not_known_says_nothing():
    looks = known()
    assert looks.track_and_person(("c", 9), 10) == looks.track_and_person(("a", 1), 99) == looks.people(10, 99) == 0
    looks.forget([("a", 1)])
    looks.keep([20])
    assert looks.track_and_person(("a", 1), 20) == looks.track_and_person(("a", 2), 10) == 0


def test_a_track_that_goes_over_to_somebody_else_soon_looks_like_them():
    looks = known()
    for _ in range(20):
        looks.see({("a", 1): BLUE})
    assert looks.track_and_person(("a", 1), 20) > 0 > looks.track_and_person(("a", 1), 10)


def test_who_is_absorbed_leaves_their_looks_in_other_cameras():
    looks = known()
    looks.learn({("b", 1): BLUE}, {("b", 1): 20})
    looks.absorb(10, 20)
    looks.see({("b", 7): BLUE})
    assert looks.track_and_person(("b", 7), 10) > 0
    assert looks.track_and_person(("b", 7), 20) == 0


def test_looks_are_never_stored():
    stored = pickle.dumps(known())
    assert RED.tobytes() not in stored
    assert BLUE.tobytes() not in stored
    back = pickle.loads(stored)  # noqa: S301 - our own
    assert back.track_and_person(("a", 1), 10) == 0
    back.see({("a", 1): RED})
