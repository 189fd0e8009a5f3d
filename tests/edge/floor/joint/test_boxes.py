"""Boxes without the lens, and a camera's record."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.floor.joint.boxes import camera_record, straighten, usable_boxes
from edge.floor.joint.settings import JointSettings
from edge.track.seen import Boxes
from tests.edge.floor.joint.joint_scene import corner_cameras

CAMERA = corner_cameras()["se"]
BENT = replace(CAMERA, distortion=np.array([-0.25, 0.06, 0.001, -0.001, 0.0]))


def test_without_distortion_boxes_stay_as_they_are():
    boxes = np.array([[10.0, 20, 50, 120], [300, 1, 340, 90]])
    out = straighten(CAMERA, boxes)
    assert (out == boxes).all()
    assert out is not boxes
    assert straighten(BENT, np.empty((0, 4))).shape == (0, 4)


@pytest.mark.parametrize("middle", [(2.0, 5.0), (6.0, 4.0), (9.0, 7.0)])
def test_the_lens_is_taken_out_in_the_middle_of_every_edge(middle):
    """Points in the world that a lens shows at the edges' middles show, without it, where the edges come to lie."""
    (u, v), _ = BENT.pixels_from_floor(np.array([middle, middle]))
    box = np.array([u - 15, v - 40, u + 15, v])
    edges = np.array([[box[0], v - 20], [u, box[1]], [box[2], v - 20], [u, box[3]]])
    straight = CAMERA.pixels_from_floor(BENT.floor_from_pixels(edges, -5.0), -5.0)
    expected = [straight[0, 0], straight[1, 1], straight[2, 0], straight[3, 1]]
    (found,) = straighten(BENT, box[None])
    assert found == pytest.approx(expected, abs=0.05)
    assert np.abs(found - box).max() > 0.2


def test_a_cameras_record_shows_the_world_as_the_camera_does():
    record = camera_record(CAMERA, JointSettings(bias_spread=0.1))
    points = np.array([[5.0, 4.0, 0.0], [3.0, 2.0, 1.7], [8.0, 6.0, 1.0]])
    u, v, w = record["matrix"][0] @ np.column_stack([points, np.ones(3)]).T
    np.testing.assert_allclose(np.column_stack([u / w, v / w]), CAMERA.pixels_from_world(points), atol=1e-6)
    x, y, w = record["floor"][0] @ [*CAMERA.pixels_from_floor(np.array([[4.0, 3.0]]))[0], 1.0]
    assert (x / w, y / w) == pytest.approx((4.0, 3.0))
    assert (record["x"][0], record["y"][0]) == pytest.approx((10.0, 0.0))
    assert (record["width"][0], record["height"][0]) == (640, 360)
    assert not record["bias"].any()
    np.testing.assert_allclose(record["bias_cov"][0], np.broadcast_to(np.eye(3) * 0.01, (3, 3, 3)))


def test_boxes_of_all_cameras_are_counted_one_after_the_other_without_what_shows_nobody():
    cameras = corner_cameras(("sw", "se", "ne"))
    good, thin, odd = [10.0, 20, 50, 120], [10.0, 20, 11, 120], [10.0, np.nan, 50, 120]
    seen = {
        "sw": Boxes(np.array([good, thin, good]), np.array([0.9, 0.8, 0.7])),
        "ne": Boxes(np.array([odd, good, good]), np.array([0.6, 0.5, np.inf])),
    }
    boxes, scores, first = usable_boxes(cameras, seen)
    assert boxes.tolist() == [good] * 3
    assert scores.tolist() == [0.9, 0.7, 0.5]
    assert first.tolist() == [0, 2, 2, 3]
    assert [len(each) for each in usable_boxes(cameras, {})] == [0, 0, 4]
