"""What central hears of visitors."""

from __future__ import annotations

import pickle
import random

import numpy as np
import pytest

from contract.events import Crossing, Journey, Visit
from contract.times import from_rfc3339
from edge.floor.coverage import Coverage
from edge.floor.visitors import Sample, Visitors
from edge.journeys.stage import Journeys
from tests.edge.floor_scene import camera, floor, line, zone

CAMERAS = [camera("a", (0, 0), (8, 6)), camera("b", (20, 12), (12, 6))]


def journeys(zones, lines=()):
    return Journeys(Coverage(floor(CAMERAS, zones, lines)), random.Random(1))


def visitors(at, samples, gone=(), merged=(), split=()):
    keys = sorted({sample.key for sample in samples})
    last = {sample.key: sample for sample in samples}
    count = len(keys)
    return Visitors(
        at=at,
        key=np.array(keys, np.int64),
        token=tuple(f"visitor{key:05d}" for key in keys),
        position_m=np.array([(last[k].x, last[k].y) for k in keys]).reshape(-1, 2),
        velocity_mps=np.zeros((count, 2)),
        covariance_m2=np.tile(0.01 * np.eye(2), (count, 1, 1)),
        seen_at=np.array([last[k].at for k in keys]),
        cameras=np.ones(count, np.int64),
        confidence=np.full(count, 0.9),
        samples=tuple(samples),
        split=tuple(split),
        gone=tuple(gone),
        merged=tuple(merged),
    )


def run(stage, path, step_s=0.2, key=1, start=0.0):
    """One visitor along ``path``, a list of (seconds, x, y); gives all that was told."""
    told = []
    times = np.arange(path[0][0], path[-1][0] + 1e-9, step_s)
    xs = np.interp(times, [p[0] for p in path], [p[1] for p in path])
    ys = np.interp(times, [p[0] for p in path], [p[2] for p in path])
    for t, x, y in zip(times, xs, ys, strict=True):
        told += stage.update(visitors(start + t, [Sample(key, start + t, float(x), float(y))]))
    return told + stage.update(visitors(start + path[-1][0] + 10, [], gone=[key]))


def of(told, kind, **wanted):
    return [
        each.body
        for each in told
        if isinstance(each.body, kind) and all(getattr(each.body, k) == v for k, v in wanted.items())
    ]


def test_a_visit_is_opened_continued_and_closed():
    told = run(journeys([zone("shop", 8, 4, 12, 8)]), [(0, 6, 6), (4, 10, 6), (34, 10, 6), (38, 14, 6)])
    phases = [visit.phase for visit in of(told, Visit)]
    assert phases == ["opened", "continued", "continued", "continued", "closed"]
    closed = of(told, Visit, phase="closed")[0]
    assert from_rfc3339(closed.entered_at) == pytest.approx(2.0, abs=0.05)
    assert from_rfc3339(closed.left_at) == pytest.approx(36.0, abs=0.05)
    assert closed.observed_s == pytest.approx(34.0, abs=0.1)
    assert len({visit.visit for visit in of(told, Visit)}) == 1


def test_continuations_grow_and_never_run_ahead_of_time():
    told = run(journeys([zone("shop", 8, 4, 12, 8)]), [(0, 6, 6), (4, 10, 6), (64, 10, 6)])
    running = [(each.at, each.body) for each in told if isinstance(each.body, Visit) and each.body.phase == "continued"]
    assert [round(body.observed_s) for _, body in running] == sorted(round(body.observed_s) for _, body in running)
    for at, body in running:
        assert from_rfc3339(body.entered_at) + body.observed_s <= at + 0.01


def test_nested_zones_are_visited_each():
    told = run(journeys([zone("shop", 6, 2, 14, 10), zone("shelf", 9, 5, 11, 7)]), [(0, 3, 6), (7, 10, 6), (14, 17, 6)])
    closed = {
        visit.zone: from_rfc3339(visit.left_at) - from_rfc3339(visit.entered_at)
        for visit in of(told, Visit, phase="closed")
    }
    assert closed == {"shop": pytest.approx(8.0, abs=0.1), "shelf": pytest.approx(2.0, abs=0.1)}
    (journey,) = of(told, Journey)
    assert [stay.zone for stay in journey.zones] == ["shelf", "shop"]


def test_a_brush_with_a_zone_is_no_visit():
    told = run(journeys([zone("shop", 8, 4, 12, 8)]), [(0, 7.5, 3.5), (1, 8.3, 4.3), (2, 7.5, 3.5)])
    assert of(told, Visit) == []


def test_whoever_stands_on_the_border_is_in_once_or_not_at_all():
    stage = journeys([zone("shop", 8, 4, 12, 8)])
    rng = np.random.default_rng(3)
    told = []
    for k in range(600):
        x = 8.0 + rng.normal(0, 0.07)
        told += stage.update(visitors(k / 5, [Sample(1, k / 5, x, 6.0)]))
    assert len(of(told, Visit, phase="opened")) <= 1


def test_a_gap_inside_is_told_as_one():
    stage = journeys([zone("shop", 8, 4, 12, 8)])
    told = []
    for t in [*np.arange(0, 5, 0.2), *np.arange(7, 9, 0.2), *np.arange(20, 22, 0.2)]:
        told += stage.update(visitors(float(t), [Sample(1, float(t), 10.0, 6.0)]))
    told += stage.update(visitors(40.0, [], gone=[1]))
    (closed,) = of(told, Visit, phase="closed")
    assert closed.bridged_s == pytest.approx(2.2, abs=0.01)
    assert closed.unseen_s == pytest.approx(11.2, abs=0.01)
    assert closed.observed_s + closed.bridged_s + closed.unseen_s == pytest.approx(21.8, abs=0.01)
    assert closed.confidence < 0.5


def test_leaving_while_nobody_looks_ends_at_the_last_sighting():
    stage = journeys([zone("shop", 8, 4, 12, 8)])
    told = run(stage, [(0, 7, 6), (2, 10, 6), (10, 10, 6)])
    (closed,) = of(told, Visit, phase="closed")
    assert from_rfc3339(closed.left_at) == pytest.approx(10.0, abs=0.01)
    assert closed.unseen_s == 0.0


def test_walking_through_a_door_is_one_crossing_and_one_visit():
    stage = journeys([zone("shop", 8, 4, 12, 8)], [line("door", "shop", (8, 5), (8, 7), (1, 0))])
    told = run(stage, [(0, 5, 6), (5, 10, 6), (20, 10, 6), (25, 5, 6)])
    assert [(body.direction, round(from_rfc3339(body.at), 1)) for body in of(told, Crossing)] == [
        ("in", 3.0),
        ("out", 22.0),
    ]
    assert len(of(told, Visit, phase="closed")) == 1


def test_a_journey_tells_times_totals_and_length():
    told = run(journeys([]), [(0, 2, 6), (10, 12, 6), (20, 12, 6), (26, 12, 0.5)], start=1_700_000_000.0)
    (journey,) = of(told, Journey)
    assert from_rfc3339(journey.entered_at) == pytest.approx(1_700_000_000.0, abs=0.001)
    assert journey.observed_s == pytest.approx(26.0, abs=0.01)
    assert journey.length_m == pytest.approx(15.5, abs=0.2)
    assert journey.path[0] == (0.0, 2.0, 6.0)
    assert len(journey.path) <= 6


def test_somebody_merged_into_another_closes_what_they_had_open():
    stage = journeys([zone("shop", 8, 4, 12, 8)])
    told = []
    for k in range(20):
        told += stage.update(visitors(k / 5, [Sample(1, k / 5, 10, 6), Sample(2, k / 5, 10.1, 6)]))
    told += stage.update(visitors(4.0, [Sample(1, 4.0, 10, 6)], merged=[(2, 1)]))
    assert [visit.visitor for visit in of(told, Visit, phase="closed")] == ["visitor00002"]
    assert len(of(told, Journey)) == 1


def test_pickled_in_the_middle_it_tells_the_same():
    zones, lines = [zone("shop", 8, 4, 12, 8)], [line("door", "shop", (8, 5), (8, 7), (1, 0))]
    path = [(0, 5, 6), (5, 10, 6), (20, 10, 6), (25, 5, 6)]
    whole = run(journeys(zones, lines), path)
    stage, told = journeys(zones, lines), []
    for k in range(126):
        t = k * 0.2
        x = float(np.interp(t, [p[0] for p in path], [p[1] for p in path]))
        told += stage.update(visitors(t, [Sample(1, t, x, 6.0)]))
        stage = pickle.loads(pickle.dumps(stage))  # noqa: S301 - our own
    told += stage.update(visitors(35, [], gone=[1]))
    assert [type(each.body) for each in told] == [type(each.body) for each in whole]
    assert [each.at for each in told] == pytest.approx([each.at for each in whole], abs=1e-6)


def test_somebody_who_turns_out_to_be_another_in_the_same_zone_was_there_once():
    stage = journeys([zone("shop", 8, 4, 12, 8)])
    told = []
    for k in range(40):
        here = [Sample(1, k / 5, 10, 6)] if k >= 15 else []
        told += stage.update(visitors(k / 5, [*here, Sample(2, k / 5, 10.1, 6)]))
    told += stage.update(visitors(8.0, [Sample(1, 8.0, 10, 6)], merged=[(2, 1)]))
    (double,) = of(told, Visit, phase="closed")
    assert from_rfc3339(double.left_at) - from_rfc3339(double.entered_at) == pytest.approx(3.0, abs=0.01)
    told += stage.update(visitors(20.0, [], gone=[1]))
    visits = of(told, Visit, phase="closed")
    total_s = sum(from_rfc3339(each.left_at) - from_rfc3339(each.entered_at) for each in visits)
    assert total_s == pytest.approx(8.0, abs=0.01)


def test_who_was_beside_somebody_for_long_keeps_their_stay_when_taken_for_them():
    """They are two, taken for one in a crowd: a minute in the shop must not be lost by that."""
    stage = journeys([zone("shop", 8, 4, 12, 8)])
    told = []
    for k in range(200):
        here = [Sample(1, k / 5, 10, 6)] if k >= 15 else []
        told += stage.update(visitors(k / 5, [*here, Sample(2, k / 5, 10.5, 6)]))
    told += stage.update(visitors(40.0, [Sample(1, 40.0, 10, 6)], merged=[(2, 1)]))
    (visit,) = of(told, Visit, phase="closed")
    assert from_rfc3339(visit.left_at) - from_rfc3339(visit.entered_at) == pytest.approx(39.8, abs=0.01)
