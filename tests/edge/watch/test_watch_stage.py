"""A box's watch over its cameras: who is blind, what is told, and what lies on the disk."""

from __future__ import annotations

import numpy as np
import pytest
import supervision as sv

from calibration.drift.reference import load_reference
from calibration.drift.repair import read_repair, repair_path
from calibration.drift.watch import CHECK_S, LEARN_PICTURES
from edge.capture.frame import Frame
from edge.detect.mask import PrivacyMask
from edge.watch.stage import MOST_LOOKS, WatchStage
from tests.calibration.drift.painted_view import PaintedView, hung
from tests.edge.floor_scene import floor

N = LEARN_PICTURES
EAST, WEST = PaintedView(1, hung("east")), PaintedView(2, hung("west"))
BEGUN_S = 1_780_000_000.0


def stage(folder, told, cameras=("east",), masks=None, views=(EAST, WEST)):
    return WatchStage(floor([view.camera for view in views]), list(cameras), folder, masks or {}, told.append)


def frame(view, k, **shot):
    grey = view.shot(k, **shot)
    return Frame(view.camera.name, BEGUN_S + k * CHECK_S, k, np.repeat(grey[..., None], 3, 2))


def play(watch, looks, view=EAST, **shot):
    for k in looks:
        watch.update({view.camera.name: frame(view, k, **shot)}, {})


def test_a_knock_makes_it_blind_with_a_proposal_and_putting_it_back_ends_that(tmp_path):
    told = []
    watch = stage(tmp_path, told)
    play(watch, range(N + 2))
    assert watch.blind == {}
    assert load_reference(tmp_path / "east.view.npz").is_usable
    play(watch, range(N + 2, N + 5), turned_deg=(0, 1, 0))
    blind = watch.blind["east"]
    assert blind.turned_deg == pytest.approx(1.0, abs=0.05)
    assert blind.since == BEGUN_S + (N + 4) * CHECK_S
    assert told == [f"camera east: {blind.reason}"]
    assert "turned 1.0 degrees (right 1.0" in blind.reason
    assert read_repair(repair_path(tmp_path, "east")).right_deg == pytest.approx(1.0, abs=0.05)
    play(watch, range(N + 5, N + 12), turned_deg=(0, 1, 0))
    assert watch.blind["east"] is blind  # the same words: no message each look
    play(watch, range(N + 12, N + 16))
    assert watch.blind == {}
    assert told[-1] == "camera east: hangs as calibrated; its zones go on"
    assert not repair_path(tmp_path, "east").exists()


def test_it_is_proposed_anew_when_it_turns_on(tmp_path):
    watch = stage(tmp_path, [])
    play(watch, range(N))
    play(watch, range(N, N + 3), turned_deg=(0, 1, 0))
    play(watch, range(N + 3, N + 9), turned_deg=(0, 2, 0))
    assert read_repair(repair_path(tmp_path, "east")).right_deg == pytest.approx(2.0, abs=0.1)
    assert watch.blind["east"].turned_deg == pytest.approx(2.0, abs=0.1)


def test_a_restart_knows_at_once_that_it_was_moved(tmp_path):
    watch = stage(tmp_path, [])
    play(watch, range(N))
    play(watch, range(N, N + 3), turned_deg=(0, 1, 0))
    before = watch.blind["east"]
    again = stage(tmp_path, [])
    assert again.blind["east"].since == pytest.approx(before.since, abs=0.001)
    assert again.blind["east"].turned_deg == pytest.approx(1.0, abs=0.05)
    play(again, range(N + 3, N + 6), turned_deg=(0, 1, 0))
    assert "east" in again.blind
    play(again, range(N + 6, N + 9))
    assert again.blind == {}
    assert not repair_path(tmp_path, "east").exists()


def test_calibrated_anew_the_view_is_learnt_anew_and_the_proposal_is_gone(tmp_path):
    watch = stage(tmp_path, [])
    play(watch, range(N))
    play(watch, range(N, N + 3), turned_deg=(0, 1, 0))
    other = PaintedView(1, hung("east", tilt_deg=31.0))
    again = stage(tmp_path, [], views=(other, WEST))
    assert again.blind == {}
    assert not repair_path(tmp_path, "east").exists()
    play(again, range(N), other, turned_deg=(0, 1, 0))
    assert again.blind == {}
    assert load_reference(tmp_path / "east.view.npz").made_at == BEGUN_S + (N - 1) * CHECK_S


def test_damaged_files_are_told_and_learnt_anew(tmp_path):
    (tmp_path / "east.view.npz").write_bytes(b"PK damaged")
    (tmp_path / "east.repair.json").write_text("{")
    told = []
    watch = stage(tmp_path, told)
    assert len(told) == 2
    play(watch, range(N))
    assert load_reference(tmp_path / "east.view.npz").is_usable
    assert watch.blind == {}


def test_few_cameras_are_looked_at_in_one_step_and_all_have_their_turn(tmp_path):
    views = [PaintedView(1, hung(f"c{k}")) for k in range(3 * MOST_LOOKS)]
    watch = stage(tmp_path, [], [view.camera.name for view in views], views=views)
    looked = []
    for _ in range(3):
        before = dict(watch._looked_at)
        watch.update({view.camera.name: frame(view, 0) for view in views}, {})
        looked.append(sorted(name for name in before if before[name] != watch._looked_at[name]))
    assert [len(each) for each in looked] == [MOST_LOOKS] * 3
    assert len(set().union(*looked)) == 3 * MOST_LOOKS


def test_masked_places_are_not_learnt(tmp_path):
    half = [np.array([(0, 0), (191, 0), (191, 215), (0, 215)], float)]
    watch = stage(tmp_path, [], masks={"east": PrivacyMask(half, (384, 216))})
    play(watch, range(N))
    assert load_reference(tmp_path / "east.view.npz").middles_px[:, 0].min() > 191


def test_nobody_able_to_tell_is_a_warning_after_a_while(tmp_path):
    watch = stage(tmp_path, [])
    play(watch, range(N))
    assert watch.warnings() == []
    people = sv.Detections(np.array([[0.0, 0.0, 384.0, 216.0]], np.float32), confidence=np.array([0.9], np.float32))
    for k in range(N, N + 130, 3):
        watch.update({"east": frame(EAST, k)}, {"east": people})
    (warning,) = watch.warnings()
    assert warning == ("camera east: nobody can tell whether it was moved: too little of the background is in sight")
    assert watch.blind == {}
