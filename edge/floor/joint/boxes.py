"""Boxes as a camera without a bent lens would see them, and such a camera's record."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, Floats
from edge.floor.joint.records import CAMERA
from edge.floor.joint.settings import JointSettings


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
