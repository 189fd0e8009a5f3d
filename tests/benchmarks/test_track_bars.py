"""What the tracker's benchmark says of given scores, crowds and peers."""

import time
from itertools import groupby

import numpy as np
import pytest
import supervision as sv

from benchmarks.track import peers
from benchmarks.track.growth import FPS, HEIGHT, ROOM, WARM_FRAMES, crowd, peer_step_ms, step_ms
from benchmarks.track.ours import live, ours
from benchmarks.track.report import Figures, Step, markdown
from benchmarks.track.scores import Bar, Score, bars, mean, score
from benchmarks.track.sequences import Footage


def scored(hota, idf1, fps):
    return Score(hota, idf1, 0.5, 3, fps)


GOOD = [scored(0.6, 0.7, 20_000.0), scored(0.5, 0.6, 10_000.0)]
PEERS = {
    "a": [scored(0.5, 0.6, 1_000.0), scored(0.4, 0.5, 500.0)],
    "b": [scored(0.55, 0.5, 800.0), scored(0.3, 0.55, 900.0)],
}


def test_the_bars_are_against_the_best_of_all_peers():
    values = [bar.value for bar in bars(GOOD, GOOD, PEERS)]
    assert values == pytest.approx([0.65 - 0.55, 0.55 - 0.45, 0.05, 0.05, 10_000 / 900, 10_000 / 900])
    assert all(bar.clears for bar in bars(GOOD, GOOD, PEERS))


@pytest.mark.parametrize(
    ("worse", "misses"),
    [
        ([scored(0.6, 0.57, 20_000.0), scored(0.5, 0.6, 10_000.0)], {0, 2}),
        ([scored(0.52, 0.7, 20_000.0), scored(0.41, 0.6, 10_000.0)], {1, 3}),
        ([scored(0.6, 0.7, 20_000.0), scored(0.5, 0.6, 8_000.0)], {4, 5}),
    ],
)
def test_each_bar_can_be_missed(worse, misses):
    assert {k for k, bar in enumerate(bars(worse, worse, PEERS)) if not bar.clears} == misses


def test_the_mean_adds_switches_and_takes_frames_a_second_by_time():
    m = mean(GOOD)
    assert (m.hota, m.idf1, m.switches) == (pytest.approx(0.55), pytest.approx(0.65), 6)
    assert m.fps == pytest.approx(2 / (1 / 20_000 + 1 / 10_000))


def test_a_crowd_grows_with_its_place():
    small, large = crowd(20, 5), crowd(2000, 5)
    for frames, people in ((small, 20), (large, 2000)):
        assert all(len(found) == people for found in frames)
        side = np.sqrt(people * ROOM)
        feet = frames[0].xyxy[:, 3]
        assert feet.min() > -HEIGHT
        assert side * 0.7 < feet.max() < side + HEIGHT
    again = crowd(20, 5)
    assert all((a.xyxy == b.xyxy).all() for a, b in zip(small, again, strict=True))
    assert min(step_ms(10, 3)) > 0


def test_a_peers_step_is_timed_frame_by_frame():
    def run(frames, fps):
        assert fps == FPS
        for k, found in enumerate(frames):
            time.sleep(0.02 if k < WARM_FRAMES else 0.002 * len(found) / 10)
        return np.empty((0, 6))

    assert 2.0 <= peer_step_ms(run, 10, 9) < 15.0


def test_trackers_take_turns_and_short_passes_are_repeated():
    calls = []

    def runner(name, pause):
        def run(frames, fps):
            calls.append((name, len(frames)))
            time.sleep(pause)
            return np.array([[1.0, 7, 10, 10, 20, 40]])

        return run

    truth = np.array([[1.0, 3, 10, 10, 20, 40]])
    footage = Footage("x", 8.0, 9, [sv.Detections.empty()] * 9, truth)
    scores = score({"quick": runner("quick", 0.005), "slow": runner("slow", 0.15)}, footage, 2)
    assert calls[:2] == [("quick", 5), ("slow", 5)]
    turns = [name for name, _ in groupby(name for name, size in calls if size == 9)]
    assert turns == ["quick", "slow", "quick", "slow"]
    assert calls.count(("slow", 9)) == 2
    assert calls.count(("quick", 9)) > 4
    assert scores["quick"].hota == scores["slow"].idf1 == 1.0
    assert 20 < scores["slow"].fps < 9 / 0.15 < scores["quick"].fps


def test_live_tells_nothing_from_before_somebody_moved():
    frames = []
    for i in range(30):
        x = 50 + 5 * max(i - 10, 0)
        frames.append(sv.Detections(np.array([[x, 90, x + 20, 150.0]]), None, np.array([0.9])))
    assert ours(frames, 8)[0, 0] == 1
    assert 11 < live(frames, 8)[0, 0] < 16
    assert (ours(frames, 8)[-1, 2:] == live(frames, 8)[-1, 2:]).all()


def test_peers_that_are_not_installed_are_named(monkeypatch):
    monkeypatch.setattr(peers, "find_spec", lambda name: None)
    found, missing = peers.installed()
    assert not found
    assert len(missing) == 5


def test_the_page_shows_every_tracker_and_every_bar():
    bar = Bar("something", 1.0, 2.0)
    text = markdown(Figures({"x": {"a": GOOD[0]}}, [Step(10, 1.0, 2.0, 30.0)], "a", [], [bar]), "python -m x", "today")
    assert "| x | a | 0.600 | 0.700 | 0.500 | 3 | 20000 |" in text
    assert "| 10 | 1.000 | 2.000 | 30.00 | 30 |" in text
    assert "MISSES  something: 1.000 (at least 2)" in text
