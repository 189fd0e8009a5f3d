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

Floats = NDArray[np.float64]
Kind = Literal["brown", "fisheye"]

BROWN_LENGTHS = (0, 4, 5, 8, 12, 14)
FISHEYE_LENGTHS = (0, 4)
ROUNDS = 25
CLOSE = 1e-10
"""Newton's steps end when they are this small; units of the plane, so that a pixel is about 1e-3."""
GOOD = 1e-6
"""A point that comes back no closer than this has no origin: the lens cannot have made it."""
STEP = 1e-6
ASIDE, BELOW = np.array([STEP, 0.0]), np.array([0.0, STEP])
WIDEST = np.tan(np.radians(89.5))
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
    if kind == "fisheye":
        return _from_fisheye(points, distortion)
    if not len(points) or not len(distortion):
        return points.copy()
    guess = np.asarray(cv2.undistortPoints(points.reshape(-1, 1, 2), np.eye(3), distortion), np.float64)
    return _newton(guess.reshape(-1, 2), points, distortion)


@lru_cache(maxsize=256)
def fold(distortion: tuple[float, ...], kind: Kind = "brown") -> float:
    """Radius on the plane from which on the lens would turn back inwards; what lies beyond is in no picture.

    A polynomial fitted to what the picture shows says nothing about what lies far outside, and often folds it into the
    picture again: somebody beside the camera would be seen in the middle of the hall.
    """
    terms = np.array(distortion, np.float64)
    if kind == "fisheye":
        theta = np.linspace(0.0, np.arctan(WIDEST), 1000)
        falls = np.flatnonzero(np.diff(_polynomial(theta, terms)) <= 0)
        return float(np.tan(theta[falls[0]])) if len(falls) else float(WIDEST)
    radius = np.concatenate([np.linspace(0.0, 6.0, 1500), np.geomspace(6.01, WIDEST, 300)])
    radial = terms.copy()
    radial[2:4] = 0.0  # tangential and prism terms shift, they do not fold
    radial[8:] = 0.0
    bent = bend(np.column_stack([radius, np.zeros_like(radius)]), radial)[:, 0] if len(terms) else radius
    falls = np.flatnonzero(np.diff(bent) <= 0)
    return float(radius[falls[0]]) if len(falls) else float(WIDEST)


def _polynomial(theta: Floats, terms: Floats) -> Floats:
    square, factor = theta * theta, np.ones_like(theta)
    for k, term in enumerate(terms):
        factor = factor + term * square ** (k + 1)
    return np.asarray(theta * factor, np.float64)


def _from_fisheye(points: Floats, terms: Floats) -> Floats:
    radius = np.hypot(points[:, 0], points[:, 1])
    theta = np.minimum(radius, np.pi / 2)
    for _ in range(ROUNDS):
        slope = (_polynomial(theta + STEP, terms) - _polynomial(theta - STEP, terms)) / (2 * STEP)
        step = (radius - _polynomial(theta, terms)) / np.where(np.abs(slope) > 1e-9, slope, np.inf)
        theta = np.clip(theta + step, 0.0, np.pi / 2)
        if not len(theta) or np.abs(step).max() < CLOSE:
            break
    good = np.abs(_polynomial(theta, terms) - radius) < GOOD
    good &= theta <= np.arctan(fold(tuple(terms.tolist()), "fisheye"))
    share = np.where(radius > 1e-12, np.tan(theta) / np.maximum(radius, 1e-12), 1.0)
    return np.asarray(np.where(good[:, None], points * share[:, None], np.nan), np.float64)


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
