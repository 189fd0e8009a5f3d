"""Boxes as a camera without a bent lens would see them, and such a camera's record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, Floats
from edge.floor.joint.records import CAMERA
from edge.floor.joint.settings import JointSettings
from edge.track.seen import Seen

TINY_PX = 2.0
"""A box less wide or high shows nobody."""


def straighten(camera: Camera, boxes_px: Floats) -> Floats:
    """(N, 4) boxes through the middles of their edges with the lens's distortion taken out, pixels."""
    boxes = np.array(boxes_px, np.float64).reshape(-1, 4)
    if not len(boxes) or (camera.lens == "brown" and not len(camera.distortion)):
        return boxes
    across, down = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    edges = np.concatenate(
        [
            np.column_stack([boxes[:, 0], down]),
            np.column_stack([across, boxes[:, 1]]),
            np.column_stack([boxes[:, 2], down]),
            np.column_stack([across, boxes[:, 3]]),
        ]
    )
    flat = camera.plane_from_pixels(edges) @ camera.matrix[:2, :2].T + camera.matrix[:2, 2]
    left, top, right, bottom = flat.reshape(4, -1, 2)
    return np.column_stack([left[:, 0], top[:, 1], right[:, 0], bottom[:, 1]])


def usable_boxes(cameras: Mapping[str, Camera], seen: Mapping[str, Seen]) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """What pictures of one moment show that can be somebody.

    Returns:
        (M, 4) boxes without their lens's distortion, pixels, camera by camera; (M,) scores, 0..1; (C + 1,) where each
        camera's boxes begin.
    """
    boxes, scores, first = [np.empty((0, 4))], [np.empty(0)], [0]
    for name, camera in cameras.items():
        found = seen.get(name)
        if found is not None and len(found):
            px = np.asarray(found.xyxy, np.float64).reshape(-1, 4)
            score = np.ones(len(px)) if found.confidence is None else np.asarray(found.confidence, np.float64)
            with np.errstate(invalid="ignore", over="ignore"):
                usable = np.isfinite(px).all(1) & np.isfinite(score)
                usable &= (px[:, 2] - px[:, 0] >= TINY_PX) & (px[:, 3] - px[:, 1] >= TINY_PX)
            boxes.append(straighten(camera, px[usable]))
            scores.append(score[usable])
        first.append(first[-1] + (len(boxes[-1]) if found is not None and len(found) else 0))
    return np.concatenate(boxes), np.concatenate(scores), np.array(first, np.int64)


def camera_record(camera: Camera, settings: JointSettings) -> NDArray[Any]:
    """(1,) record of `CAMERA` that has learned nothing yet."""
    record = np.zeros(1, CAMERA)
    matrix = camera.matrix @ np.column_stack([camera.rotation, camera.translation])
    record["matrix"] = matrix
    record["floor"] = np.linalg.inv(matrix[:, [0, 1, 3]])
    record["width"], record["height"] = camera.width, camera.height
    record["x"], record["y"] = camera.centre_m[:2]
    record["bias_cov"] = np.eye(3) * settings.bias_spread**2
    return record
