"""A floor's day of more than a million ids: flat memory, no name twice, the hour that comes twice, a clock set back.

Its numbers begin shortly before 2**20, and before 2**31 after the clock was set: what counts them is the same from one
to a million. ATRIUM_SLOW=1 sends 2,400 visitors across the floor instead of 192, in minutes.
"""

from __future__ import annotations

import gc
import itertools
import os
import random
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import supervision as sv

from contract.events import Crossing, Journey, Visit
from contract.times import from_rfc3339
from edge.clock import SteadyClock
from edge.floor import coverage
from edge.pipeline import CameraObservation, FloorPipeline, PipelineSettings
from tests.edge.floor_scene import SIZE_PX, Scene, along, bodies, camera, floor, line, zone

PARTIES = 600 if os.environ.get("ATRIUM_SLOW") else 48
"""Fours of strangers, one party after the other has left, spread evenly over the day."""
LANES_M = (2.0, 4.4, 6.8, 9.2)
FPS, SECONDS = 4.0, 5.0
DAY_S = 25 * 3600.0
MIDNIGHT = 1_792_879_200.0
"""Unix seconds at which 25 October 2026 begins in Berlin, a day of 25 hours."""
MILLION, BILLIONS = 2**20, 2**31
FLOOR = floor(
    [camera("a", (0, 0), (10, 6)), camera("b", (20, 12), (10, 6))],
    [zone("shop", 8, 0, 12, 12)],
    [line("door", "shop", (8, 0), (8, 12), (1, 0))],
)


class Watch:
    """A wall clock that somebody sets, and a monotonic one that nobody can."""

    def __init__(self):
        self.passed_s, self.wall_s = 0.0, MIDNIGHT

    def go_to(self, passed_s):
        self.wall_s += passed_s - self.passed_s
        self.passed_s = passed_s


def party():
    """What both cameras show, picture by picture, of four who walk side by side through the shop."""
    walkers = [along([(7, lane), (13, lane)], 0.0) for lane in LANES_M]
    scene = Scene(FLOOR, walkers, fps=FPS, noise_px=0.5, miss=0.0)
    return [seen for _, seen in scene.observations(0.0, SECONDS)]


def shifted(seen, at, rng):
    """The same boxes at another time, elsewhere by a hair."""
    moved = {}
    for name, one in seen.items():
        boxes = one.detections.xyxy + rng.normal(0, 0.5, one.detections.xyxy.shape).astype(np.float32)
        found = sv.Detections(xyxy=boxes, confidence=one.detections.confidence)
        moved[name] = CameraObservation(at, found, SIZE_PX)
    return moved


def fresh(number, seed):
    """A pipeline that has given so many names to tracks and visitors already."""
    pipe = FloorPipeline(FLOOR, PipelineSettings(), random.Random(seed))
    pipe._fusion._binding.next_key = number
    for tracker in pipe._trackers.values():
        tracker._next_id = number
    return pipe


def held(thing, known=None):
    """How many things an object holds, numbers of arrays included; shared ones once."""
    known = set() if known is None else known
    if id(thing) in known or isinstance(thing, (type, str, bytes, int, float)) or thing is None or callable(thing):
        return 0
    known.add(id(thing))
    if isinstance(thing, np.ndarray):
        return 1 + thing.size
    if isinstance(thing, Mapping):
        inside = [*thing.keys(), *thing.values()]
    elif isinstance(thing, bytearray):
        return 1 + len(thing)
    elif isinstance(thing, (list, tuple, set, frozenset, deque)):
        inside = list(thing)
    else:
        names = {name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())}
        inside = [getattr(thing, name, None) for name in (*names, *getattr(thing, "__dict__", ()))]
    return 1 + len(inside) + sum(held(each, known) for each in inside)


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.fixture
def berlin(monkeypatch):
    """A box that lives where the hour from two comes twice that day, and soon has as much to remember as it may."""
    monkeypatch.setattr(coverage, "MOST_PLACES", 64)
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("berlin")
def test_a_day_of_more_than_a_million_ids_takes_no_more_memory_and_no_name_twice():
    assert time.localtime(MIDNIGHT + 2.5 * 3600)[3] == time.localtime(MIDNIGHT + 3.5 * 3600)[3] == 2
    watch, rng, pictures = Watch(), np.random.default_rng(4), party()
    clock = SteadyClock(lambda: watch.wall_s, lambda: watch.passed_s)
    pipe = fresh(MILLION - 60, 1)
    steps, parties, sizes, resident, closings = [], [], [], [], []
    for k in range(PARTIES):
        begin = k * DAY_S / PARTIES
        if k == PARTIES // 2:
            watch.wall_s -= 3600.0
        names, numbers, tracks, mine = set(), set(), set(), []
        for i, seen in enumerate([*pictures, None]):
            watch.go_to(begin + (i / FPS if seen else DAY_S / PARTIES - 1))
            now = clock.now()
            if clock.jumped:  # as the box's drive does
                closings.append((now, pipe.close(now)))
                clock.follow()
                now = clock.now()
                pipe = fresh(BILLIONS - 60, 2)
            step = pipe.update(now, shifted(seen, now, rng) if seen else {})
            mine.append(step)
            names |= set(step.visitors.token)
            numbers |= set(step.visitors.key.tolist())
            tracks |= {(name, key) for name, each in step.tracks.items() for key in each.id.tolist()}
        assert len(step.visitors.key) == 0  # everybody has left
        parties.append((names, numbers, tracks, mine[0].at, mine[-2].at))
        steps += [replace(step, visitors=None, tracks={}) for step in mine if step.bodies]
        gc.collect()
        sizes.append(held(pipe))
        resident.append(resident_bytes())
    told = [*steps, *(closing for _, closing in closings)]

    assert [len(names) for names, *_ in parties] == [len(LANES_M)] * PARTIES
    every = [name for names, *_ in parties for name in names]
    assert len(set(every)) == len(every)
    visits = bodies(told, Visit)
    opened = [visit.visit for visit in visits if visit.phase == "opened"]
    assert len(set(opened)) == len(opened) == len(every)
    assert len({visit.visit for visit in visits} | set(every)) == len(opened) + len(every)
    assert {journey.visitor for journey in bodies(told, Journey)} == set(every)
    assert len(bodies(told, Crossing)) == len(every)  # in by the door, out where no line is

    half = PARTIES // 2 + 1  # the first by the clock as it was set
    for days, first in ((parties[:half], MILLION), (parties[half:], BILLIONS)):
        ordered = [sorted(numbers) for _, numbers, *_ in days]
        assert ordered[0][0] < first < ordered[-1][-1]
        assert all(a[-1] < b[0] for a, b in itertools.pairwise(ordered))
        for name in FLOOR.cameras:
            keys = [sorted(key for camera, key in tracks if camera == name) for _, _, tracks, *_ in days]
            assert keys[0][0] < first < keys[-1][-1]
            assert all(a[-1] < b[0] for a, b in itertools.pairwise(keys))

    assert len(closings) == 1
    assert parties[half][3] < parties[half - 1][4]  # that hour came twice
    spans = [(begin, end) for *_, begin, end in parties]
    for visit in visits:
        entered = from_rfc3339(visit.entered_at)
        assert any(begin - 0.01 <= entered <= end + 0.01 for begin, end in spans)
        if visit.phase == "closed":
            assert 0.5 < from_rfc3339(visit.left_at) - entered < SECONDS

    assert max(sizes[8:]) <= 1.02 * max(sizes[:8])
    assert resident[-1] - resident[8] < 6_000_000 + 5_000 * len(every)  # what the test itself writes down
