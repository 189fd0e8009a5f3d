"""Looks speak against a box being somebody's, and never for it."""

import pickle

import numpy as np
import pytest
import supervision as sv

from edge.track.config import TrackerConfig
from edge.track.likeness import Likeness
from edge.track.tracker import Tracker

RED, BLUE = np.zeros(12), np.zeros(12)
RED[:6], BLUE[6:] = 1.0, 1.0
"""Two looks as far apart as colours are: 3.5, where 1.95 speaks neither for nor against."""
ALIKE = RED + 0.1
UNKNOWN = np.full(12, np.nan)
H = 60.0


def learnt(*looks, scores=None):
    """What is known of tracks 1, 2 and so on, seen once each."""
    likeness = Likeness()
    rows = np.arange(len(looks))
    likeness.learn(rows + 1, rows, np.array(looks), np.full(len(looks), 0.8) if scores is None else np.array(scores))
    return likeness


def test_who_looks_otherwise_costs_more_and_who_looks_alike_costs_nothing():
    costs = learnt(RED, BLUE).costs(np.array([ALIKE, BLUE]))
    assert costs == pytest.approx(np.array([[0, TrackerConfig().unlike_most], [costs[1, 0], 0]]))
    assert costs[1, 0] > 3


def test_what_nobody_can_see_says_nothing():
    assert learnt(RED).costs(np.array([UNKNOWN])).tolist() == [[0]]
    assert learnt(UNKNOWN, RED).costs(np.array([BLUE]))[0, 0] == 0
    assert learnt(RED).costs(None).size == 0
    assert learnt(UNKNOWN).costs(np.array([BLUE])).size == 0
    assert Likeness().costs(np.array([BLUE])).size == 0


def test_a_faint_box_teaches_nothing():
    likeness = learnt(RED, RED, scores=[0.4, 0.8])
    assert likeness.costs(np.array([BLUE])).tolist() == [[0], [TrackerConfig().unlike_most]]


def test_a_track_looks_like_its_latest_pictures_and_is_forgotten_when_it_ends():
    likeness = learnt(RED, BLUE)
    likeness.learn(np.array([2, 3]), np.array([-1, 0]), np.array([RED]), np.array([0.9]))
    assert likeness.costs(np.array([BLUE])).tolist() == [[0], [TrackerConfig().unlike_most]]  # of 2 and 3
    for _ in range(30):
        likeness.learn(np.array([2, 3]), np.array([0, -1]), np.array([RED]), np.array([0.9]))
    assert likeness.costs(np.array([RED])).max() == 0


def test_a_picture_without_looks_changes_nothing():
    likeness = learnt(RED, BLUE)
    before = likeness.costs(np.array([RED]))
    likeness.learn(np.array([1, 2]), np.array([0, 1]), None, np.array([0.9, 0.9]))
    assert (likeness.costs(np.array([RED])) == before).all()


def test_how_people_look_is_never_stored():
    again = pickle.loads(pickle.dumps(learnt(RED)))  # noqa: S301 - our own
    assert again.costs(np.array([BLUE])).size == 0
    assert again.config == TrackerConfig()
    tracker = Tracker()
    tracker.update(0.0, seen([100.0]), looks=np.array([BLUE + 0.123]))
    assert np.float64(1.123).tobytes() not in pickle.dumps(tracker)


def seen(feet_x):
    """People at those places across the picture."""
    boxes = [[x - H / 5, 200 - H, x + H / 5, 200] for x in feet_x]
    return sv.Detections(np.array(boxes, np.float32), confidence=np.full(len(boxes), 0.8, np.float32))


def who_is_where(looks):
    """Ids left and right of two who walk up to each other, are out of sight for a moment, and turn back."""
    tracker = Tracker()
    for k in range(33):
        away = abs(16 - k) * 4.0 + 6
        found = seen([300 - away, 300 + away])
        if 14 <= k <= 20:
            found, colours = found[:0], np.empty((0, 12))
        else:
            colours = np.array(looks)
        tracks = tracker.update(k / 8, found, looks=colours)
        if k == 10:
            before = tracks.id[np.argsort(tracks.foot_px[:, 0])].tolist()
    return before, tracks.id[np.argsort(tracks.foot_px[:, 0])].tolist()


def test_two_who_meet_and_turn_back_keep_their_names_by_their_colours():
    before, after = who_is_where([RED, BLUE])
    assert after == before
    before, after = who_is_where([UNKNOWN, UNKNOWN])
    assert after == before[::-1]  # going on is likelier, for all that places say
