"""The demo's mall offline: who was whom, and what an overloaded box gets to see."""

from __future__ import annotations

import numpy as np
import supervision as sv

from benchmarks.eval.names import matched
from benchmarks.mall import identities, seeds_of, thinned
from edge.pipeline import CameraObservation

TRUE = {1: np.array([[0.0, 2.0, 2.0], [10.0, 2.0, 2.0]]), 2: np.array([[0.0, 8.0, 2.0], [10.0, 8.0, 2.0]])}


def followed(names):
    """Visitors at both people's places, by name, moment by moment, beside the truth."""
    places = [(float(k), [(one, 2.1, 2.0), (other, 8.1, 2.0)]) for k, (one, other) in enumerate(names)]
    return list(matched(places, TRUE))


def test_one_name_each_is_two_names_and_no_swap():
    assert identities(followed([("a", "b")] * 8)) == (2, 2, 0)


def test_a_second_name_of_one_person_is_counted_and_so_are_names_that_change_hands():
    assert identities(followed([("a", "b")] * 4 + [("c", "b")] * 4)) == (2, 3, 0)
    assert identities(followed([("a", "b")] * 4 + [("b", "a")] * 4)) == (2, 4, 2)


def test_an_overloaded_box_sees_fewer_moments_and_never_one_before_it_was_captured():
    nobody = sv.Detections(np.zeros((0, 4), np.float32))
    moments = [(k / 8, {name: CameraObservation(k / 8, nobody, (640, 360)) for name in "ab"}) for k in range(400)]
    few = thinned(moments, 2.0, seed=1)
    assert 150 < len(few) < 250
    assert any(len(seen) < 2 for _, seen in few)
    assert all(each.captured_at <= now + 1e-9 for now, seen in few for each in seen.values())
    assert few == thinned(moments, 2.0, seed=1)


def test_seeds_are_written_as_ranges():
    assert seeds_of("1-3,7") == [1, 2, 3, 7]
