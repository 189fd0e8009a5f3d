"""Somebody followed through boxes that are known to be theirs."""

from __future__ import annotations

import numpy as np
import pytest

from edge.floor.joint.motion.kernels import smooth
from edge.floor.joint.whole.ways import smoothed, walk_along
from tests.edge.floor.joint.joint_scene import corner_cameras, records_of, rules_of, whole_boxes

FPS = 5.0
AT = np.arange(30) / FPS


def boxes_of(cameras, tall_m=1.8, tremble=0.0):
    """One box a camera and moment of somebody who walks from (2, 3) at 1 m/s along x."""
    rng = np.random.default_rng(3)
    views = records_of(cameras)
    found = []
    for at in AT:
        rows = np.concatenate([whole_boxes(each, [(2.0 + at, 3.0)], tall_m) for each in cameras.values()])
        found.append(rows + tremble * (rows[:, 3] - rows[:, 1])[:, None] * rng.normal(size=rows.shape))
    return views, found, np.tile(np.arange(len(views)), (len(AT), 1))


def test_both_directions_find_place_speed_and_height():
    views, boxes, took = boxes_of(corner_cameras(), tremble=0.02)
    ahead = walk_along(AT, boxes, took, views, rules_of())
    behind = walk_along(AT, boxes, took, views, rules_of(), backward=True)
    assert ahead.at.tolist() == behind.at.tolist() == AT.tolist()
    assert ahead.mean[-1] == pytest.approx([2.0 + AT[-1], 3.0, 1.0, 0.0, 1.8], abs=0.15)
    assert behind.mean[0] == pytest.approx([2.0, 3.0, 1.0, 0.0, 1.8], abs=0.15)


def test_smoothing_gives_for_every_moment_what_the_live_tracker_gives_for_the_first():
    views, boxes, took = boxes_of(corner_cameras(("sw", "ne")), tremble=0.04)
    way = walk_along(AT, boxes, took, views, rules_of())
    best = smoothed(way, 0.4, 0.003)
    for row in (0, 7, 28):
        dts = np.append(np.diff(way.at[row:]), 0.0)
        assert best[row] == pytest.approx(smooth(way.mean[row:], way.cov[row:], dts, 0.4, 0.003), abs=1e-9)
    truth = np.column_stack([2.0 + AT, np.full(len(AT), 3.0)])
    assert np.abs(best[:, :2] - truth).mean() < np.abs(way.mean[:, :2] - truth).mean()


def test_a_beginning_that_was_somewhere_else_is_left_after_three_moments():
    cameras = corner_cameras(("sw",))
    views, boxes, took = boxes_of(cameras)
    boxes[0] = whole_boxes(cameras["sw"], [(8.0, 7.0)], 1.8)
    way = walk_along(AT, boxes, took, views, rules_of())
    assert way.mean[-1, :2] == pytest.approx([2.0 + AT[-1], 3.0], abs=0.1)


def test_boxes_that_cannot_be_anybodys_give_no_way():
    views, _, _ = boxes_of(corner_cameras(("sw",)))
    sky = [np.array([[10.0, 1.0, 20.0, 4.0]])]
    assert walk_along(np.zeros(1), sky, np.zeros((1, 1), np.int64), views, rules_of(most_reach_m=5.0)) is None
