"""Paths stay true to the way walked, and short."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.events import MAX_PATH_POINTS
from edge.journeys.paths import Path, PathSettings, length_m


def walk(path, xy, step_s=0.2):
    for k, (x, y) in enumerate(xy):
        path.add(k * step_s, float(x), float(y))


def test_a_straight_walk_is_two_points():
    path = Path()
    walk(path, np.column_stack([np.linspace(0, 20, 200), np.zeros(200)]))
    points = path.simplified()
    assert len(points) == 2
    assert np.isclose(length_m(points), 20)


def test_a_pause_stays_a_pause():
    path = Path()
    x = np.concatenate([np.linspace(0, 5, 25), np.full(300, 5.0), np.linspace(5, 10, 25)])
    walk(path, np.column_stack([x, np.zeros(len(x))]))
    points = np.array(path.simplified())
    assert 3 <= len(points) <= 5
    assert np.interp(35.0, points[:, 0], points[:, 1]) == np.float64(5.0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 600))
def test_nobody_was_farther_from_the_told_path_than_the_tolerance(seed, count):
    rng = np.random.default_rng(seed)
    heading = rng.normal(0, 0.3, count).cumsum()
    xy = (0.25 * np.column_stack([np.cos(heading), np.sin(heading)])).cumsum(0)
    path = Path()
    walk(path, xy)
    told = np.array(path.simplified())
    times = np.arange(count) * 0.2
    off = np.hypot(
        np.interp(times, told[:, 0], told[:, 1]) - xy[:, 0], np.interp(times, told[:, 0], told[:, 2]) - xy[:, 1]
    )
    settings_ = PathSettings()
    assert off.max() <= settings_.tolerance_m + settings_.step_m + 1e-9
    assert told[0, 0] == 0.0
    assert np.isclose(told[-1, 0], times[-1])


def test_a_day_of_wandering_fits_into_one_message():
    rng = np.random.default_rng(0)
    path = Path()
    walk(path, rng.uniform(0, 50, (6000, 2)), step_s=5.0)
    assert len(path.simplified()) <= MAX_PATH_POINTS
