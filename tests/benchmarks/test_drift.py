"""The drift benchmark measures what it says: knocks have the sign they are given, and a missed one counts as missed."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.drift.__main__ import Part, knock_figures
from benchmarks.drift.corridor import Clip, corridor_camera, warped, watch_clip
from benchmarks.drift.light import FULL_S, Light
from benchmarks.drift.watched import Knock, Outcome, Quiet, floor_error_cm, run_knock, run_quiet
from calibration.drift.watch import CHECK_S
from tests.calibration.drift.painted_view import PaintedView

VIEW = PaintedView(2)
KNOCKED_AT = 90.0


def bgr(k, **shot):
    return np.repeat(VIEW.shot(k, **shot)[..., None], 3, 2)


def straight(at):
    return bgr(round(at / CHECK_S))


@pytest.fixture(scope="module")
def quiet():
    pictures = ((k * CHECK_S, straight(k * CHECK_S)) for k in range(20))
    return run_quiet(VIEW.camera, pictures, [KNOCKED_AT])


def test_an_undisturbed_run_has_no_alarm(quiet):
    assert quiet.alarms == []
    assert quiet.looks == quiet.answered + 1  # the look that ends the learning answers nothing
    assert 0 < quiet.worst_deg < 0.05
    assert quiet.cpu_s > 0


@pytest.mark.parametrize("axis", ["pan", "tilt", "roll"])
def test_a_knock_is_found_with_its_sign_and_put_back(quiet, axis):
    knock = Knock(axis, -1.0, KNOCKED_AT)
    turned = {"tilt": (-1, 0, 0), "pan": (0, -1, 0), "roll": (0, 0, -1)}[axis]
    outcome = run_knock(
        VIEW.camera, quiet.branches[KNOCKED_AT], knock, lambda at: bgr(round(at), turned_deg=turned), straight
    )
    assert outcome.after_s == 2 * CHECK_S
    assert outcome.error_deg < 0.06
    assert outcome.error_cm < 5
    assert outcome.back_s == 2 * CHECK_S


def test_no_knock_is_missed_and_counted_so(quiet):
    knock = Knock("pan", 1.0, KNOCKED_AT)
    outcome = run_knock(VIEW.camera, quiet.branches[KNOCKED_AT], knock, straight, straight)
    assert outcome.after_s is None
    figures = knock_figures([outcome, Outcome("c", knock, 10.0, 0.01, 0.1, 10.0)])
    assert (figures["knocks"], figures["missed"], figures["slowest_s"], figures["not_back"]) == (2, 1, 10.0, 0)
    bad = Quiet("c", 10.0, 100, 90, ["5 s: moved"])
    assert Part([bad], [outcome]).figures()["false_alarms"] == 1


def test_pictures_of_a_clip_are_turned_as_a_camera_would_turn():
    camera = corridor_camera("clip", 384, 216)
    wall = PaintedView(4, camera)
    clip = Clip(camera, [np.repeat(wall.shot(k)[..., None], 3, 2) for k in range(3)])
    assert [clip.at(k * CHECK_S) is clip.pictures[i] for k, i in enumerate((0, 1, 2, 1, 0, 1))] == [True] * 6
    ahead = warped(clip.at(0), camera, Knock("pan", 2.0, 0.0))
    truth = wall.shot(0, turned_deg=(0, 2, 0))
    middle = (slice(30, -30), slice(30, -30))
    assert np.abs(ahead[..., 0].astype(float) - truth)[middle].mean() < 6
    _, outcomes = watch_clip(clip, 5, 200.0, (2.0,))
    assert len(outcomes) == 6
    assert all(each.after_s is not None and each.error_deg < 0.2 for each in outcomes)


def test_light_depends_on_time_alone_and_leaves_the_picture_where_it_is():
    light, picture = Light(3), bgr(0)
    assert (light.on(picture, 600.0) == light.on(picture, 600.0)).all()
    spread = [light.on(picture, at).mean() for at in np.linspace(0, FULL_S, 12)]
    assert max(spread) > 1.5 * min(spread)


def test_the_error_on_the_floor_is_in_centimetres():
    camera = VIEW.camera
    assert floor_error_cm(camera, camera) == pytest.approx(0, abs=1e-6)
