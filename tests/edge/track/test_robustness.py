"""What a day brings: damaged boxes, clocks put back, empty pictures, a million ids; the same answer every time."""

import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import supervision as sv
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.track.offline import track_recording
from edge.track.tracker import SPARE_TRACKS, Tracker

W, H = 24.0, 60.0
PAGE = 4096


def seen(rows):
    """Detections of any numbers, put in afterwards: supervision makes none of what is not finite."""
    table = np.array(rows, np.float32).reshape(-1, 5)
    made = sv.Detections(xyxy=np.zeros((len(table), 4), np.float32), confidence=np.zeros(len(table), np.float32))
    made.xyxy[:], made.confidence[:] = table[:, :4], table[:, 4]
    return made


def person(x, y=150.0, score=0.8):
    return (x - W / 2, y - H, x + W / 2, y, score)


def walk(count, step=4.0):
    return [[person(50 + step * i), person(300 - step * i, 170)] for i in range(count)]


def said(tracks):
    return (tracks.id.tolist(), tracks.foot_px.tolist(), tracks.box_px.tolist(), tracks.observed.tolist())


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


BAD = [
    (np.nan, 10, 30, 60, 0.9),
    (10, 10, 30, np.nan, 0.9),
    (10, 10, np.inf, 60, 0.9),
    (-np.inf, -np.inf, np.inf, np.inf, 0.9),
    (40, 40, 40, 90, 0.9),
    (40, 90, 60, 90, 0.9),
    (60, 40, 40, 90, 0.9),
    (40, 40, 60, 90, np.nan),
    (40, 40, 60, 90, np.inf),
    (40, 40, 60, 90, -0.1),
    (1e30, 1e30, 2e30, 2e30, 0.9),
]


@pytest.mark.parametrize("bad", BAD)
def test_a_damaged_box_changes_nothing_for_the_others(bad):
    with_it, without = Tracker(), Tracker()
    for i, rows in enumerate(walk(30)):
        tracks = with_it.update(i / 8, seen([bad, *rows] if i % 2 else [*rows, bad]))
        assert said(tracks) == said(without.update(i / 8, seen(rows)))
    assert len(tracks) == 2
    frames = [seen([bad, *rows]) for rows in walk(30)]
    np.testing.assert_array_equal(track_recording(frames, 8), track_recording([seen(r) for r in walk(30)], 8))


ANYTHING = st.floats(width=32) | st.floats(0, 400, width=32)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.lists(st.tuples(ANYTHING, ANYTHING, ANYTHING, ANYTHING, ANYTHING), max_size=6), max_size=8))
def test_whatever_a_detector_gives_the_answer_is_finite(frames):
    tracker = Tracker()
    for i, rows in enumerate([*frames, *walk(8)]):
        tracks = tracker.update(i / 8, seen(rows))
        everything, _ = tracker.hypotheses()
        for answer in (tracks, everything):
            assert np.isfinite(answer.box_px).all()
            assert np.isfinite(answer.foot_px).all()
            assert np.isfinite(answer.velocity_px).all()


@pytest.mark.parametrize("back_s", [0.05, 1.0, 3600.0, 1e9])
def test_a_clock_put_back_costs_no_id_and_holds_nobody_for_ever(back_s):
    tracker = Tracker()
    ids = set()
    for i, rows in enumerate(walk(40)):
        now = i / 8 - (back_s if i >= 20 else 0.0)
        tracks = tracker.update(now, seen(rows))
        ids.update(tracks.id.tolist())
        assert (tracks.lost_s >= 0).all()
        assert (tracks.born_at <= now).all()
    assert len(ids) == 2
    for i in range(40, 40 + 8 * 15):
        tracks = tracker.update(i / 8 - back_s, seen([]))
    assert len(tracks) == 0


def test_two_pictures_of_one_moment_are_fine():
    tracker = Tracker()
    for i, rows in enumerate(walk(40)):
        tracks = tracker.update(i // 2 / 4, seen(rows))
    assert len(tracks) == 2
    assert np.isfinite(tracks.velocity_px).all()


def test_a_clock_that_jumps_ahead_ends_everybody():
    tracker = Tracker()
    for i, rows in enumerate(walk(20)):
        tracker.update(i / 8, seen(rows))
    assert len(tracker.update(1e9, seen([]))) == 0
    assert len(tracker.hypotheses()[0]) == 0


def test_an_empty_night_leaves_nothing_behind():
    tracker = Tracker()
    for i, rows in enumerate(walk(20)):
        tracker.update(i / 8, seen(rows))
    for i in range(20, 8 * 3600):
        tracks = tracker.update(i / 8, sv.Detections.empty())
    assert len(tracks) == 0
    assert len(tracker.hypotheses()[0]) == 0


def test_the_same_recording_gives_the_same_answer_to_the_last_bit():
    rng = np.random.default_rng(5)
    frames = []
    for rows in walk(80, 2.0):
        trembling = np.array(rows) + rng.normal(0, 0.01, (2, 5)) * [60, 60, 60, 60, 1]
        strays = np.column_stack([rng.uniform(0, 300, (4, 2)), rng.uniform(300, 380, (4, 2)), rng.random((4, 1))])
        frames.append(seen(np.concatenate([trembling, strays])[rng.permutation(6)]))
    first = track_recording(frames, 8)
    assert len(first) > 100
    for _ in range(3):
        np.testing.assert_array_equal(track_recording(frames, 8), first)
    live = [said(tracker.update(i / 8, f)) for tracker in (Tracker(),) for i, f in enumerate(frames)]
    again = [said(tracker.update(i / 8, f)) for tracker in (Tracker(),) for i, f in enumerate(frames)]
    assert live == again


def test_a_day_of_a_million_ids_takes_no_more_memory_than_its_first_minutes():
    rng = np.random.default_rng(7)
    tracker = Tracker()
    spots = np.stack(np.meshgrid(np.arange(10) * 60.0, np.arange(5) * 120.0), -1).reshape(-1, 2)
    largest, begun, early = 0, 0, 0
    for i in range(20_100):  # fifty strangers every other second, gone at the next
        corner = spots + rng.uniform(0, 1, 2) * [36, 60]
        box = np.column_stack([corner, corner[:, 0] + 24, corner[:, 1] + 60]).astype(np.float32)
        tracker.advance(2.0 * i, sv.Detections(xyxy=box, confidence=np.full(len(box), 0.9, np.float32)))
        largest = max(largest, len(tracker._bank))
        if i == 2_000:
            begun, early = resident_bytes(), len(pickle.dumps(tracker))
    everything, _ = tracker.hypotheses()
    assert everything.id.max() > 1_000_000
    assert len(set(everything.id.tolist())) == len(everything) == len(spots)
    assert largest <= 2 * SPARE_TRACKS
    assert len(pickle.dumps(tracker)) <= early + 100  # numbers of more digits
    assert resident_bytes() - begun < 4_000_000


def test_a_settled_crowd_takes_no_memory_a_picture_but_the_answer():
    tracker = Tracker()
    steps = [*range(8), *range(8, 0, -1)]  # to and fro
    frames = [seen([person(40 + 60 * k + 3 * s, 100 + 90 * r) for k in range(8) for r in range(3)]) for s in steps]

    def look(i):
        return tracker.update(i / 8, frames[i % 16])

    for i in range(80):
        look(i)
    assert len(look(80)) == 24
    tracemalloc.start()
    try:
        most = 0
        for i in range(81, 161):
            tracemalloc.reset_peak()
            base = tracemalloc.get_traced_memory()[0]
            look(i)
            most = max(most, tracemalloc.get_traced_memory()[1] - base)
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    begun = resident_bytes()  # what compiled code takes, tracemalloc does not see
    for i in range(161, 8_000):
        look(i)
    assert most < tracker._bank.nbytes / 4  # a dozen small arrays, and no second bank
    assert kept < tracker._bank.nbytes / 4
    assert resident_bytes() - begun < 1_000_000
