"""One camera's watch: knocks of every kind are noticed, and nothing else is."""

from __future__ import annotations

import functools
import pickle

import numpy as np
import pytest

from calibration.drift.judging import MOVED_DEG
from calibration.drift.watch import CHECK_S, LEARN_PICTURES, DriftWatch
from tests.calibration.drift.painted_view import SIZE, PaintedView, look, states

N = LEARN_PICTURES
CROWD = [(10, 40, 90, 210), (110, 60, 180, 215), (200, 30, 300, 212)]


@functools.cache
def learnt_once(seed):
    view = PaintedView(seed)
    watch = DriftWatch(view.camera)
    reports = look(watch, view, 0, N)
    assert states(reports) == ["learning"] * (N - 1) + ["still"]
    return pickle.dumps(watch), view


def learnt(seed=0):
    watch, view = learnt_once(seed)
    return pickle.loads(watch), view  # noqa: S301 - our own


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("degrees", [1.0, -0.5])
def test_a_knock_is_reported_within_three_looks_and_so_is_putting_it_back(axis, degrees):
    watch, view = learnt()
    assert set(states(look(watch, view, N, 4))) == {"still"}
    turned = degrees * np.eye(3)[axis]
    reports = look(watch, view, N + 4, 4, turned_deg=turned)
    assert states(reports) == ["still", "still", "moved", "moved"]
    assert reports[-1].blind
    assert reports[-1].motion.vector_deg == pytest.approx(turned, abs=0.05)
    assert reports[-1].since == (N + 6) * CHECK_S
    assert states(look(watch, view, N + 8, 4)) == ["moved", "moved", "still", "still"]


@pytest.mark.parametrize("turned", [(0, 4, 0), (-3, 8, 2), (2, -20, 5), (0, 0, 25)])
def test_a_great_turn_is_measured_too(turned):
    watch, view = learnt(1)
    reports = look(watch, view, N, 3, turned_deg=turned)
    assert reports[-1].state == "moved"
    assert reports[-1].motion.vector_deg == pytest.approx(turned, abs=0.15)


def test_what_counts_as_nothing_is_nothing_and_is_told():
    watch, view = learnt()
    reports = look(watch, view, N, 4, turned_deg=(0.15, -0.15, 0.0))
    assert set(states(reports)) == {"still"}
    assert reports[-1].motion.angle_deg == pytest.approx(0.21, abs=0.03)
    assert "0.2 degrees off, within tolerance" in reports[-1].reason


@pytest.mark.parametrize("light", [0.3, 0.6, 1.5])
def test_light_is_no_knock_and_hides_none(light):
    watch, view = learnt()
    reports = look(watch, view, N, 4, light=light)
    assert all(report.answered and report.state == "still" for report in reports)
    assert look(watch, view, N + 4, 3, light=light, turned_deg=(0, 1, 0))[-1].state == "moved"


def test_a_crowd_hides_no_knock():
    watch, view = learnt()
    assert set(states(look(watch, view, N, 6, people=CROWD))) == {"still"}
    assert look(watch, view, N + 6, 3, people=CROWD, turned_deg=(0, 0, 1))[-1].state == "moved"


def test_people_who_are_known_to_stand_there_are_not_looked_at():
    watch, view = learnt()
    boxes = np.array(CROWD) / (*SIZE, *SIZE)
    report = watch.update(N * CHECK_S, view.shot(N, people=CROWD), boxes)
    assert report.answered
    assert report.motion.matched < len(watch.reference.middles_px) - 20


def test_nearly_everything_hidden_by_people_is_no_answer_and_no_alarm():
    watch, view = learnt()
    wall = [(0, 0, 384, 216)]
    for k in range(N, N + 40):
        report = watch.update(k * CHECK_S, view.shot(k, people=wall), np.array([[0.0, 0.0, 1.0, 1.0]]))
        if report is not None:
            assert (report.answered, report.state) == (False, "still")
            assert report.reason == "too little of the background is in sight"


def test_something_else_in_view_for_long_is_not_the_calibrated_view():
    watch, view = learnt()
    stranger = PaintedView(77)
    reports = [r for r in look(watch, stranger, N, 20) if r is not None]
    assert reports[2].state == "still"
    assert reports[-1].state == "lost"
    assert reports[-1].blind
    assert reports[-1].motion is None
    assert reports[-1].since - N * CHECK_S <= 60
    assert states(r for r in look(watch, view, N + 30, 4) if r is not None)[-1] == "still"


def test_a_truck_that_parks_before_half_of_it_is_nobodys_knock():
    watch, view = learnt()
    rng = np.random.default_rng(8)
    truck = rng.uniform(0, 255, (30, 30)).astype(np.uint8).repeat(7, 0).repeat(7, 1)[:200, :200]
    for k in range(N, N + 12):
        picture = view.shot(k)
        picture[10:210, 10:210] = truck
        assert watch.update(k * CHECK_S, picture).state == "still"


def test_darkness_and_a_stream_that_stands_still_are_no_answers():
    watch, view = learnt()
    dark = look(watch, view, N, 30, light=0.02, noise=4.0)
    assert {(r.state, r.answered) for r in dark} == {("still", False)}
    assert "too dark" in dark[-1].reason
    frozen = view.shot(1)
    reports = [watch.update((N + 40 + k) * CHECK_S, frozen) for k in range(12)]
    assert not reports[-1].answered
    assert reports[-1].reason == "the picture stands still"
    assert reports[-1].state == "still"


def test_shaking_is_said_and_is_no_knock():
    watch, view = learnt()
    rng = np.random.default_rng(5)
    reports = [watch.update(k * CHECK_S, view.shot(k, turned_deg=rng.normal(0, 0.5, 3))) for k in range(N, N + 16)]
    assert "moved" not in states(reports)
    assert reports[-1].state == "shaking"
    assert "shakes by" in reports[-1].reason
    assert states(look(watch, view, N + 16, 3))[-1] == "still"


@pytest.mark.parametrize("zoom", [0.93, 1.06])
def test_a_zoom_is_a_move(zoom):
    watch, view = learnt(2)
    report = look(watch, view, N, 3, zoom=zoom)[-1]
    assert report.state == "moved"
    assert report.motion.zoom == pytest.approx(zoom, abs=0.005)
    assert report.motion.angle_deg < 0.1
    assert "zoom" in report.reason


def overlaid(picture):
    """Burnt-in names and logos in the corners, that never move with the camera."""
    rng = np.random.default_rng(4)
    for x, y in ((4, 4), (280, 4), (4, 180), (270, 180)):
        picture[y : y + 32, x : x + 100] = rng.uniform(0, 255, (8, 20)).astype(np.uint8).repeat(4, 0).repeat(5, 1)
    return picture


@pytest.mark.parametrize("turned", [(0, 1, 0), (0.6, 0, 0.8), (5, -6, 3)])
def test_burnt_in_text_does_not_say_that_the_camera_never_moved(turned):
    view = PaintedView(6)
    watch = DriftWatch(view.camera)
    for k in range(N):
        watch.update(k * CHECK_S, overlaid(view.shot(k)))
    for k in range(N, N + 3):
        report = watch.update(k * CHECK_S, overlaid(view.shot(k, turned_deg=turned)))
    assert report.state == "moved"
    assert report.motion.vector_deg == pytest.approx(turned, abs=0.2)


def test_a_camera_that_sags_is_caught_however_slowly():
    watch, view = learnt(3)
    found = {}
    for k in range(1, 121):  # 0.6 degrees in 50 minutes, the time in which patches learn a new look twice
        turned = 0.6 * k / 120
        report = watch.update(N * CHECK_S + 25.0 * k, view.shot(k, turned_deg=(turned, 0, 0)))
        found[turned] = report.state
        assert report.motion.angle_deg == pytest.approx(turned, abs=0.04)
    first = min(turned for turned, state in found.items() if state == "moved")
    assert 0.3 < first < MOVED_DEG + 0.05


def test_decoration_is_outvoted_then_learnt_and_never_moves_the_reference():
    watch, view = learnt(4)
    places = watch.reference.middles_px.copy()
    rng = np.random.default_rng(9)
    banners = [(k % 4 * 96, 20 + k // 4 * 100, k % 4 * 96 + 45, 75 + k // 4 * 100) for k in range(8)]
    paint = [rng.uniform(0, 255, (8, 7)).astype(np.uint8).repeat(7, 0).repeat(7, 1)[:55, :45] for _ in banners]

    def decorated(k, **shot):
        picture = view.shot(k, **shot)
        for (x0, y0, x1, y1), each in zip(banners, paint, strict=True):
            picture[y0:y1, x0:x1] = each
        return picture

    counts = []
    for k in range(70):
        report = watch.update(N * CHECK_S + 30.0 * k, decorated(k))
        assert report.state == "still"
        counts.append(report.motion.count)
    assert counts[-1] > counts[0] + 5
    assert (watch.reference.middles_px == places).all()
    assert report.motion.angle_deg < 0.03
    begin = N * CHECK_S + 30.0 * 70
    later = [watch.update(begin + k * CHECK_S, view.shot(k, turned_deg=(0, 1, 0))) for k in range(3)]
    assert later[-1].state == "moved"
    assert later[-1].motion.vector_deg == pytest.approx((0, 1, 0), abs=0.05)


def test_pictures_of_another_size_are_the_same_view():
    import cv2  # noqa: PLC0415

    watch, view = learnt()
    for k in range(N, N + 3):
        big = cv2.resize(view.shot(k), (768, 432), interpolation=cv2.INTER_CUBIC)
        assert watch.update(k * CHECK_S, big).motion.angle_deg < 0.05


def test_pickled_at_any_time_it_goes_on_as_it_would_have_and_takes_no_picture_along():
    watch, view = learnt()
    other = pickle.loads(pickle.dumps(watch))  # noqa: S301 - our own
    for k in range(N, N + 6):
        turned = (0, 1, 0) if k > N + 2 else (0, 0, 0)
        one, two = (each.update(k * CHECK_S, view.shot(k, turned_deg=turned)) for each in (watch, other))
        assert (one.state, one.reason, one.shift_px) == (two.state, two.reason, two.shift_px)
    young = DriftWatch(view.camera)
    before = len(pickle.dumps(young))
    look(young, view, 0, N - 1)
    assert len(pickle.dumps(young)) < before + 300
    assert states(look(pickle.loads(pickle.dumps(young)), view, N, 2)) == ["learning"] * 2  # noqa: S301


def test_a_reference_of_another_calibration_is_forgotten():
    watch, view = learnt()
    assert DriftWatch(view.camera, watch.reference).reference is watch.reference
    assert DriftWatch(view.camera, watch.reference, calibration="another").reference is None


def test_it_looks_every_few_seconds_and_again_after_the_clock_is_put_back():
    watch, view = learnt()
    assert watch.update(N * CHECK_S, view.shot(1)) is not None
    assert watch.update(N * CHECK_S + 1, view.shot(2)) is None
    assert watch.update(N * CHECK_S - 3600, view.shot(3)) is not None


def test_masked_places_are_neither_learnt_nor_looked_at():
    view = PaintedView(5)
    mask = np.zeros((432, 768), np.bool_)
    mask[:, 384:] = True
    watch = DriftWatch(view.camera, masks=mask)
    look(watch, view, 0, N)
    assert watch.reference.middles_px[:, 0].max() < 192
    assert look(watch, view, N, 3, turned_deg=(0, 1, 0))[-1].state == "moved"
