"""Hangs cameras: pose from where they look, lens from its field of view."""

from __future__ import annotations

import math

import numpy as np

from calibration.camera import Camera

BARREL = (-0.12, 0.02, 0.0, 0.0, 0.0)
"""Distortion of a plain 2.8 mm mall dome: mild barrel."""


def hang_camera(  # noqa: PLR0917 - one argument a quantity
    name: str,
    at_m: tuple[float, float, float],
    looks_at_m: tuple[float, float, float],
    hfov_deg: float,
    size: tuple[int, int] = (640, 360),
    distortion: tuple[float, ...] = BARREL,
    roll_deg: float = 0.0,
) -> Camera:
    """A camera at a place, aimed at a point.

    Args:
        name: the camera's id.
        at_m: where it hangs, metres.
        looks_at_m: what its middle sees.
        hfov_deg: horizontal field of view without distortion, degrees.
        size: width and height of the picture, pixels.
        distortion: OpenCV's terms.
        roll_deg: turn about the viewing direction, degrees.
    """
    centre = np.array(at_m)
    ahead = np.array(looks_at_m) - centre
    ahead /= np.linalg.norm(ahead)
    right = np.cross(ahead, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    down = np.cross(ahead, right)
    roll = math.radians(roll_deg)
    right, down = math.cos(roll) * right + math.sin(roll) * down, math.cos(roll) * down - math.sin(roll) * right
    rotation = np.stack([right, down, ahead])
    focal = size[0] / 2 / math.tan(math.radians(hfov_deg) / 2)
    matrix = np.array([[focal, 0, (size[0] - 1) / 2], [0, focal, (size[1] - 1) / 2], [0, 0, 1.0]])
    return Camera(name, *size, matrix, np.array(distortion, np.float64), rotation, -rotation @ centre)
