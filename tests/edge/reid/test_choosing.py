"""Which tracks are embedded: those that pay, none too often."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.reid.choosing import Chooser, ChoosingSettings, most_embeddings
from edge.track.tracks import Tracks

SIZE = (640, 360)


def tracks(*people):
    """People as dicts: id, box, velocity, score, observed."""
    boxes = np.array([one.get("box", (100, 50, 140, 150)) for one in people], np.float32).reshape(-1, 4)
    count = len(people)
    return Tracks(
        id=np.array([one.get("id", 1) for one in people], np.int64),
        box_px=boxes,
        foot_px=np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]]),
        velocity_px=np.array([one.get("velocity", (0, 0)) for one in people], np.float32).reshape(-1, 2),
        score=np.array([one.get("score", 0.9) for one in people], np.float32),
        observed=np.array([one.get("observed", True) for one in people], np.bool_),
        foot_hidden=np.zeros(count, np.bool_),
        lost_s=np.zeros(count, np.float32),
        born_at=np.zeros(count),
        born_px=np.zeros((count, 2), np.float32),
        past=np.zeros((0, 4)),
    )


def test_a_new_track_is_embedded_once_and_then_left_alone():
    chooser = Chooser(SIZE)
    assert chooser.update(0.0, tracks({})).tolist() == [0]
    assert all(not len(chooser.update(0.1 * k, tracks({}))) for k in range(1, 100))


def test_who_is_about_to_be_matched_is_embedded_again_and_no_more_than_once_a_second():
    chooser = Chooser(SIZE)
    times = [0.1 * k for k in range(100) if len(chooser.update(0.1 * k, tracks({}), matched={1}))]
    assert len(times) == most_embeddings(chooser.settings, 9.9)


@pytest.mark.parametrize("velocity", [(900, 0), (-300, 0), (0, 400), (0, -200)])
def test_who_is_about_to_leave_the_picture_is_embedded_once_more(velocity):
    chooser = Chooser(SIZE)
    chooser.update(0.0, tracks({}))
    assert chooser.update(1.0, tracks({"velocity": velocity})).tolist() == [0]
    assert not len(chooser.update(1.1, tracks({"velocity": velocity})))
    assert not len(chooser.update(5.0, tracks({"velocity": velocity})))


def test_who_is_about_to_be_covered_is_embedded_once_more():
    chooser = Chooser(SIZE)
    front = {"id": 2, "box": (180, 60, 220, 160)}
    chooser.update(0.0, tracks({}, front))
    coming = tracks({}, front | {"velocity": (-110, 0)})
    assert chooser.update(1.0, coming).tolist() == [0]


def test_who_has_come_much_closer_is_embedded_anew():
    chooser = Chooser(SIZE)
    chooser.update(0.0, tracks({"box": (100, 50, 130, 130)}))
    assert not len(chooser.update(2.0, tracks({"box": (100, 50, 130, 150)})))
    assert chooser.update(4.0, tracks({"box": (100, 50, 150, 175)})).tolist() == [0]


@pytest.mark.parametrize(
    "person",
    [
        {"box": (100, 50, 120, 100)},
        {"score": 0.3},
        {"observed": False},
        {"box": (0, 50, 40, 150)},
        {"box": (100, 260, 140, 359.5)},
        {"box": (np.nan, 50, 140, 150)},
        {"score": np.nan},
    ],
)
def test_bad_looks_are_not_embedded_whatever_the_reason(person):
    assert not len(Chooser(SIZE).update(0.0, tracks(person), matched={1}))


def test_who_is_hidden_waits_until_they_are_seen():
    chooser = Chooser(SIZE)
    front = {"id": 2, "box": (104, 60, 144, 160)}
    assert chooser.update(0.0, tracks({}, front)).tolist() == [1]
    assert chooser.update(1.0, tracks({}, front | {"box": (300, 60, 340, 160)})).tolist() == [0]


def test_a_speed_that_is_no_number_is_no_reason():
    chooser = Chooser(SIZE)
    chooser.update(0.0, tracks({}))
    assert not len(chooser.update(1.0, tracks({"velocity": (np.nan, np.nan)})))


def test_only_so_many_at_a_time_the_best_reasons_and_the_tallest_first():
    chooser = Chooser(SIZE, ChoosingSettings(most=2))
    crowd = [{"id": k, "box": (20 + 60 * k, 50, 60 + 60 * k, 130 + k)} for k in range(6)]
    assert chooser.update(0.0, tracks(*crowd), matched={2}).tolist() == [2, 5]
    assert chooser.update(0.1, tracks(*crowd)).tolist() == [4, 3]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.floats(-2, 5), st.booleans()), max_size=60))
def test_no_stretch_of_time_has_more_than_the_account_allows(steps):
    """Also where the clock steps back: then the stretch is as long as the seconds that went forwards in it."""
    chooser = Chooser(SIZE, ChoosingSettings(forget_s=1e9))
    now = forwards = 0.0
    spent = []
    for seconds, asked in steps:
        now += seconds
        forwards += max(0.0, seconds)
        if len(chooser.update(now, tracks({}), matched={1} if asked else ())):
            spent.append(forwards)
    for i in range(len(spent)):
        for k in range(i, len(spent)):
            assert k - i + 1 <= most_embeddings(chooser.settings, spent[k] - spent[i] + 1e-6)


def test_ever_new_tracks_leave_few_accounts():
    chooser = Chooser(SIZE)
    for k in range(10_000):
        chooser.update(k * 0.08, tracks({"id": k}))
    assert len(chooser) <= 127
    flood = Chooser(SIZE, ChoosingSettings(most_tracks=50))
    for k in range(1000):
        flood.update(0.0, tracks({"id": k}))
    assert len(flood) == 50


def test_accounts_survive_a_restart():
    chooser = Chooser(SIZE)
    chooser.update(0.0, tracks({}))
    back = pickle.loads(pickle.dumps(chooser))  # noqa: S301 - our own bytes
    assert back == chooser
    assert not len(back.update(0.5, tracks({})))


def test_nobody_is_nobody():
    assert Chooser(SIZE).update(0.0, tracks()).tolist() == []
