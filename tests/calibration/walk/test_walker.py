"""Which boxes are the walker."""

import numpy as np

from calibration.walk.observations import sightings
from calibration.walk.trajectory import knots_over
from calibration.walk.walker import one_walker, passages


def walking(times, start=100.0, speed=40.0, low=200.0):
    left = start + speed * times
    return np.column_stack([left, np.full_like(left, low - 80), left + 30, np.full_like(left, low)])


def test_mannequins_and_stray_boxes_are_left_out():
    rng = np.random.default_rng(0)
    times = np.arange(60) / 5
    still = np.tile([400.0, 100, 430, 180], (60, 1)) + rng.normal(0, 1, (60, 4))
    stray = rng.uniform(0, 250, (10, 2))
    boxes = np.concatenate([walking(times), still, np.column_stack([stray, stray + np.array([30, 80])])])
    all_times = np.concatenate([times, times, times[::6]])
    walker, others_s = one_walker(passages(sightings(all_times, boxes, np.full(130, 0.8))))
    assert len(walker) == 60
    np.testing.assert_array_equal(walker.box_px, walking(times))
    assert others_s == 0


def test_misses_do_not_end_a_passage():
    times = np.delete(np.arange(60) / 5, [10, 11, 12, 30])
    walker, _ = one_walker(passages(sightings(times, walking(times), np.full(56, 0.8))))
    assert len(walker) == 56


def test_of_two_who_walk_the_longer_one_is_taken_and_the_other_is_told():
    long, short = np.arange(60) / 5, np.arange(20, 50) / 5
    boxes = np.concatenate([walking(long), walking(short, 400.0, -40.0, 320.0)])
    seen = sightings(np.concatenate([long, short]), boxes, np.full(90, 0.9))
    walker, others_s = one_walker(passages(seen))
    np.testing.assert_array_equal(walker.box_px, walking(long))
    assert 5.0 < others_s < 6.5


def test_nothing_is_nobody():
    walker, others_s = one_walker(passages(sightings(np.empty(0), np.empty((0, 4)), np.empty(0))))
    assert len(walker) == 0
    assert others_s == 0


def test_a_spline_gives_back_a_straight_walk():
    knots = knots_over(0.0, 10.0, 0.5, 1.0)
    middles = knots.start_s + knots.step_s * (np.arange(knots.coefficients) - 1)
    line = np.column_stack([1.2 * middles, 3.0 - 0.5 * middles])
    times = np.linspace(0, 10, 37)
    place, velocity = knots.values(line, times)
    np.testing.assert_allclose(place, np.column_stack([1.2 * times, 3.0 - 0.5 * times]), atol=1e-12)
    np.testing.assert_allclose(velocity, np.tile([1.2, -0.5], (37, 1)), atol=1e-12)
