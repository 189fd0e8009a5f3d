"""How crossings are judged, and that the peers' line counts as it should."""

import importlib.util

import numpy as np
import pytest
import supervision as sv

from benchmarks.doors import Verdict, bytetrack, judge, meets

NOBODY = {"in": [], "out": []}


def test_each_true_crossing_is_used_once_and_by_the_nearest():
    truth = {"in": [100.0], "out": [200.0, 210.0]}
    assert judge({"in": [103.0], "out": [204.0, 206.0]}, truth) == Verdict(0, (3.0, 4.0, -4.0))
    assert judge({"in": [95.0, 101.0], "out": [200.0, 210.0]}, truth).wrong == 1
    assert judge({"in": [101.0, 95.0], "out": [200.0, 210.0]}, truth).late[0] == 1.0


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        (NOBODY, 1),
        ({"in": [116.0], "out": []}, 2),  # 16 frames off: one too many, and one missed
        ({"in": [115.0], "out": []}, 0),
        ({"in": [], "out": [100.0]}, 2),
        ({"in": [100.0, 300.0], "out": [50.0]}, 2),
    ],
)
def test_what_is_missed_and_what_was_not_are_both_wrong(found, wrong):
    assert judge(found, {"in": [100.0], "out": []}).wrong == wrong


@pytest.mark.parametrize(
    ("full", "slow", "clears"),
    [(0, (0, 0, 0), True), (0, (0, 1, 0), True), (0, (0, 2, 0), False), (0, (1, 1, 0), False), (1, (0, 0, 0), False)],
)
def test_the_bar_wants_the_full_rate_exact_and_two_starts_of_three(full, slow, clears):
    row = {(25.0, 0): [Verdict(full, ()), Verdict(0, ())]}
    row |= {(8.0, start): [Verdict(wrong, ())] for start, wrong in enumerate(slow)}
    assert meets(row) == clears


@pytest.mark.skipif(importlib.util.find_spec("trackers") is None, reason="the peer is not installed")
@pytest.mark.parametrize(("step", "way"), [(-3.0, "in"), (3.0, "out")])
@pytest.mark.filterwarnings("ignore:OpenCV")
def test_a_peers_track_that_walks_up_over_the_line_goes_in(step, way):
    seen = []
    for i in range(40):
        foot = 149 + step * (i - 20)
        box = np.array([[250, foot - 60, 275, foot]], np.float32)
        seen.append((i / 25, (384, 288), sv.Detections(box, None, np.array([0.9], np.float32), np.zeros(1, int))))
    for tuned in (False, True):
        found = bytetrack([[213, 149], [328, 149]], tuned=tuned)(seen, 25.0)
        assert {name: len(frames) for name, frames in found.items()} == {"in": 0, "out": 0} | {way: 1}
        assert found[way][0] == pytest.approx(20, abs=4)
