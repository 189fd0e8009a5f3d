"""What a lens does to a picture, on the plane one unit before the camera, and the way back.

Two models: Brown (1966, 1971) with the terms as OpenCV orders them, for ordinary lenses; and the equidistant model of
Kannala and Brandt (2006, eq. 6; OpenCV's ``fisheye``), theta (1 + k1 theta^2 + k2 theta^4 + ...), for lenses so wide
that a polynomial in the tangent of the angle no longer holds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.kernels import folded, unbent

Floats = NDArray[np.float64]
Kind = Literal["brown", "fisheye"]

BROWN_LENGTHS = (0, 4, 5, 8, 12, 14)
FISHEYE_LENGTHS = (0, 4)
SQUARE = 12
"""So many terms belong to a sensor that is square to its lens; two more tilt it."""
ROUNDS = 25
CLOSE = 1e-10
"""Newton's steps end when they are this small; units of the plane, so that a pixel is about 1e-3."""
GOOD = 1e-6
"""A point that comes back no closer than this has no origin: the lens cannot have made it."""
STEP = 1e-6
ASIDE, BELOW = np.array([STEP, 0.0]), np.array([0.0, STEP])
WIDEST = float(np.tan(np.radians(89.5)))
"""Nothing farther out is in front of the camera."""


def bend(flat: Floats, distortion: Floats, kind: Kind = "brown") -> Floats:
    """(N, 2) where the lens puts (N, 2) points of the plane."""
    points = np.asarray(flat, np.float64).reshape(-1, 2)
    if kind == "fisheye":
        radius = np.hypot(points[:, 0], points[:, 1])
        theta = np.arctan(radius)
        share = np.where(radius > 1e-12, _polynomial(theta, distortion) / np.maximum(radius, 1e-12), 1.0)
        return np.asarray(points * share[:, None], np.float64)
    if not len(points) or not len(distortion):
        return points.copy()
    ahead = np.column_stack([points, np.ones(len(points))]).reshape(-1, 1, 3)
    bent, _ = cv2.projectPoints(ahead, np.zeros(3), np.zeros(3), np.eye(3), distortion)
    return np.asarray(bent, np.float64).reshape(-1, 2)


def straighten(bent: Floats, distortion: Floats, kind: Kind = "brown") -> Floats:
    """(N, 2) points of the plane that the lens puts to (N, 2); NaN where it puts none there."""
    points = np.asarray(bent, np.float64).reshape(-1, 2)
    if kind == "brown" and (not len(points) or not len(distortion)):
        return points.copy()
    if len(distortion) == SQUARE + 2 and np.any(distortion[SQUARE:]):
        guess = np.asarray(cv2.undistortPoints(points.reshape(-1, 1, 2), np.eye(3), distortion), np.float64)
        return _newton(guess.reshape(-1, 2), points, distortion)
    return np.asarray(unbent(np.ascontiguousarray(points), padded(distortion), kind == "fisheye", WIDEST), np.float64)


@lru_cache(maxsize=256)
def fold(distortion: tuple[float, ...], kind: Kind = "brown") -> float:
    """Radius on the plane from which on the lens would turn back inwards; what lies beyond is in no picture.

    A polynomial fitted to what the picture shows says nothing about what lies far outside, and often folds it into the
    picture again: somebody beside the camera would be seen in the middle of the hall. Tangential and prism terms shift,
    they do not fold.
    """
    return float(min(folded(WIDEST, padded(np.array(distortion, np.float64)), kind == "fisheye"), WIDEST))


def padded(distortion: Floats) -> Floats:
    """The lens's terms and zeros, 14 in all."""
    terms = np.zeros(SQUARE + 2)
    terms[: len(distortion)] = distortion
    return terms


def _polynomial(theta: Floats, terms: Floats) -> Floats:
    square, factor = theta * theta, np.ones_like(theta)
    for k, term in enumerate(terms):
        factor = factor + term * square ** (k + 1)
    return np.asarray(theta * factor, np.float64)


def _newton(flat: Floats, bent: Floats, distortion: Floats) -> Floats:
    for _ in range(ROUNDS):
        count = len(flat)
        around = bend(np.concatenate([flat, flat + ASIDE, flat + BELOW]), distortion)
        miss = bent - around[:count]
        a, b = (around[count : 2 * count] - around[:count]).T / STEP
        c, d = (around[2 * count :] - around[:count]).T / STEP
        det = a * d - b * c
        det = np.where(np.abs(det) > 1e-9, det, np.inf)
        step = np.column_stack([d * miss[:, 0] - c * miss[:, 1], a * miss[:, 1] - b * miss[:, 0]]) / det[:, None]
        flat = flat + np.clip(step, -0.5, 0.5)
        if np.nanmax(np.abs(step), initial=0.0) < CLOSE:
            break
    good = (np.abs(bend(flat, distortion) - bent) < GOOD).all(1)
    good &= np.hypot(flat[:, 0], flat[:, 1]) <= fold(tuple(distortion.tolist()))
    return np.where(good[:, None], flat, np.nan)
