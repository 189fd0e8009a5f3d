"""Who never moved and stirs is a person, from when on they may have been one; without the figure nothing changes."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import supervision as sv

from edge.track.config import TrackerConfig
from edge.track.records import CONFIRMED, FURNITURE, STIRRING
from edge.track.seen import STIR, Boxes
from edge.track.tracker import Tracker

BOX = (200, 60, 230, 150)
OWN = TrackerConfig()


def seen(stir, box=BOX, score=0.8):
    """One box, and how much of it stirred."""
    found = sv.Detections(np.array([box], np.float32), confidence=np.array([score], np.float32))
    found.data[STIR] = np.array([stir], np.float32)
    return found


def stand(seconds, moments=(), tracker=None, start=0.0, otherwise=0.0, **box):
    """Somebody stands there, eight pictures a second, and stirs at moments; the tracker, and when they were told."""
    tracker, told = tracker or Tracker(), []
    for k in range(round(start * 8), round((start + seconds) * 8)):
        at = k / 8
        stirs = any(moment <= at < moment + 0.125 for moment in moments)
        if len(tracker.update(at, seen(0.2 if stirs else otherwise, **box), (640, 360))):
            told.append(at)
    return tracker, told


def test_three_moments_apart_make_a_person_who_was_there_from_birth():
    tracker, told = stand(20, (4.0, 6.0, 9.0))
    assert told[0] == 9.0
    tracks, states = tracker.hypotheses()
    assert states.tolist() == [STIRRING]
    assert tracks.born_at.tolist() == [0.0]
    assert tracks.velocity_px[0].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("moments", "box"),
    [
        ((4.0, 4.25, 4.5, 4.75, 5.5), {}),
        ((4.0, 6.0), {}),
        ((4.0, 6.0, 9.0), {"score": 0.25}),
        ((4.0, 6.0, 9.0), {"score": 0.45}),
        ((4.0, 30.0, 56.0), {}),
    ],
    ids=["not apart", "too few", "too faint", "never sure", "still for long between"],
)
def test_less_is_a_thing(moments, box):
    tracker, told = stand(60, moments, **box)
    assert not told
    assert tracker.hypotheses()[1].tolist() == [FURNITURE]


def test_what_was_still_for_long_was_a_thing_until_then():
    tracker, told = stand(60, (45.0, 47.0, 49.0))
    assert told[0] == 49.0
    assert 40.0 <= tracker.hypotheses()[0].born_at[0] <= 45.0


def test_unknown_moments_are_no_stillness():
    tracker, told = stand(60, (5.0, 30.0, 55.0), otherwise=np.nan)
    assert told[0] == 55.0
    assert tracker.hypotheses()[0].born_at.tolist() == [0.0]
    assert not stand(80, (5.0, 40.0, 75.0), otherwise=np.nan)[1]  # the first is forgotten


def test_a_person_who_stirs_no_more_is_a_thing_again_in_the_end():
    tracker, told = stand(OWN.stir_keep_s + 20, (4.0, 6.0, 9.0))
    assert told[-1] == pytest.approx(9.0 + OWN.stir_keep_s, abs=0.5)
    assert tracker.hypotheses()[1].tolist() == [FURNITURE]


def test_who_stirs_and_then_walks_off_keeps_their_name():
    tracker, _ = stand(12, (4.0, 6.0, 9.0))
    names = set()
    for k in range(40):
        tracks = tracker.update(12 + k / 8, seen(np.nan, (200 + 4 * k, 60, 230 + 4 * k, 150)), (640, 360))
        names |= set(tracks.id.tolist())
    assert len(names) == 1
    assert tracker.hypotheses()[1].tolist() == [CONFIRMED]


def test_where_they_were_is_told_once():
    tracker, pasts = Tracker(), []
    for k in range(160):
        at = k / 8
        pasts.append(len(tracker.update(at, seen(0.2 if at in {4.0, 6.0, 9.0} else 0.0), (640, 360)).past))
    assert pasts[72] > 0
    assert sum(pasts) == pasts[72]


def test_it_goes_on_from_a_copy_and_after_a_step_back_of_the_clock():
    tracker = pickle.loads(pickle.dumps(stand(7, (4.0, 6.0))[0]))  # noqa: S301 - our own
    assert stand(10, (9.0,), tracker, start=7.0)[1][0] == 9.0
    tracker = stand(7, (4.0, 6.0))[0]
    tracker.update(1.0, seen(0.0), (640, 360))
    assert stand(10, (3.0,), tracker, start=1.125)[1][0] == 3.0
    assert tracker.hypotheses()[0].born_at[0] < 0.0


@pytest.mark.parametrize("seed", range(4))
def test_without_the_figure_nothing_changes(seed):
    """Boxes alone, and boxes of which nothing can be told, are tracked alike to the last bit."""
    rng = np.random.default_rng(seed)
    plain, told = Tracker(), Tracker()
    for k in range(200):
        corner = np.array([[40 + 3 * k, 40.0], [300, 80], [320, 90], [600 - 2 * k, 60]]) + rng.normal(0, 1, (4, 2))
        xyxy = np.column_stack([corner, corner + np.array([30, 90])]).astype(np.float32)[rng.random(4) < 0.9]
        scores = rng.uniform(0.2, 0.95, len(xyxy)).astype(np.float32)
        unknown = sv.Detections(xyxy, confidence=scores)
        unknown.data[STIR] = np.full(len(xyxy), np.nan, np.float32)
        for one, other in (
            (plain.update(k / 8, Boxes(xyxy, scores), (640, 360)), told.update(k / 8, unknown, (640, 360))),
            (plain.hypotheses()[0], told.hypotheses()[0]),
        ):
            for name in one.__slots__:
                np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        np.testing.assert_array_equal(plain.hypotheses()[1], told.hypotheses()[1])
