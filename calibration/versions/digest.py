"""Short names of calibrations: the same numbers, the same name; anything that moves a point, another.

Numbers are taken as whole multiples of a step far below what can be measured on a floor, so that neither JSON nor -0.0
nor the last bit of a rotation gives another name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calibration.camera import Camera

DIGITS = 12
"""Hexadecimal digits of a name: with a thousand calibrations a chance of 2e-9 that two share one."""
PIXELS_A_STEP = 1e-6
METRES_A_STEP = 1e-6
TERMS_A_STEP = 1e-9
"""Resolution of distortion terms and of the rotation's entries: 0.1 micrometre at 100 m."""


def camera_hash(camera: Camera) -> str:
    """12 hexadecimal digits that name where this camera puts things: lens, size, K, dist, R and t.

    Distortion terms of zero at the end say nothing, so they change nothing.
    """
    distortion = _whole(camera.distortion.tolist(), TERMS_A_STEP)
    while distortion and distortion[-1] == 0:
        distortion.pop()
    return _digest(
        [
            "atrium.camera.v1",
            camera.lens,
            camera.width,
            camera.height,
            _whole(camera.matrix.ravel().tolist(), PIXELS_A_STEP),
            distortion,
            _whole(camera.rotation.ravel().tolist(), TERMS_A_STEP),
            _whole(camera.translation.ravel().tolist(), METRES_A_STEP),
        ]
    )


def floor_hash(cameras: Mapping[str, Camera]) -> str:
    """12 hexadecimal digits that name the calibration of a floor's cameras, in whatever order; empty without any."""
    if not cameras:
        return ""
    return _digest(["atrium.floor.v1", [[name, camera_hash(cameras[name])] for name in sorted(cameras)]])


def _whole(values: Iterable[float], step: float) -> list[int]:
    return [round(value / step) for value in values]


def _digest(content: list[object]) -> str:
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()[:DIGITS]
