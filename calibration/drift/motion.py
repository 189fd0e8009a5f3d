"""How a camera turned between two views of the same background: a robust rotation, and a zoom where that is evident."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.camera import Floats
from calibration.drift.rays import turn

TRIES = 150
"""Pairs of patches that a rotation is guessed from. With 40 % strays, 150 pairs hold 54 good ones on average."""
NEAR_PX = 0.6
"""A patch so near to where a guess puts it speaks for the guess: those that agree do so to a tenth of a pixel or two.

More would let burnt-in text, which never moves, and a background that moved by a pixel or two agree on half of that.
"""
CUT = 1.7
"""Tukey's constant: a patch farther off than so many times that says nothing about the rotation."""
NOISE_PX = 0.08
"""No patch is placed better than this, whatever the residuals say."""
WIDEST = 2.0
"""Directions more than 63 degrees off the axis are left out: there a flat picture stretches without end."""
ZOOMS = np.linspace(0.75, 1.3, 111)
"""Changes of focal length that are considered."""
ZOOM_GAIN = 1.25
"""A change of focal length is believed only where it explains so many times as many patches."""
PAIR_APART = 0.15
"""Two directions nearer than this say little about a rotation."""


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """How the background moved before the lens.

    Attributes:
        rotation: (3, 3) directions at calibration to directions now; the camera itself turned the other way.
        zoom: focal length now over the one at calibration.
        covariance_rad2: (3, 3) of the rotation vector.
        residual_px: root mean square distance of agreeing patches from where it puts them, working pixels.
        inliers: (N,) patches that agree.
        matched: patches that were found at all.
    """

    rotation: Floats
    zoom: float
    covariance_rad2: Floats
    residual_px: float
    inliers: NDArray[np.bool_]
    matched: int

    @property
    def count(self) -> int:
        """Patches that agree."""
        return int(self.inliers.sum())

    @property
    def vector_deg(self) -> Floats:
        """(3,) rotation vector of the camera itself about its axes right, down and ahead, degrees."""
        return np.asarray(np.degrees(-cv2.Rodrigues(self.rotation)[0].ravel()), np.float64)

    @property
    def angle_deg(self) -> float:
        """How far the camera turned, degrees."""
        return float(np.linalg.norm(self.vector_deg))

    @property
    def sigma_deg(self) -> float:
        """Standard deviation of the rotation about the axis that is known worst, degrees."""
        return math.degrees(math.sqrt(max(0.0, float(np.linalg.eigvalsh(self.covariance_rad2)[-1]))))


def rotation_of(vector_rad: Floats) -> Floats:
    """(3, 3) rotation of a (3,) rotation vector, radians."""
    return np.asarray(cv2.Rodrigues(np.asarray(vector_rad, np.float64))[0], np.float64)


def fit_motion(
    before: Floats, after: Floats, focal_px: float, *, is_zoomed: bool = False, near_px: float = NEAR_PX
) -> Motion | None:
    """The rotation, and zoom, that most patches agree on; None where fewer than three were found.

    Guesses from pairs (RANSAC, Fischler and Bolles 1981, from always the same random pairs), then Gauss-Newton with
    Tukey's weights in the undistorted picture.

    Args:
        before: (N, 2) directions x / z, y / z at calibration.
        after: (N, 2) the same now; NaN where a patch was not found.
        focal_px: pixels of a unit of direction.
        is_zoomed: whether the focal length is known to have changed, and is fitted whatever it explains.
        near_px: how near those that agree must be to where the motion puts them.
    """
    with np.errstate(invalid="ignore"):
        good = np.isfinite(before).all(1) & (np.hypot(*after.T) < WIDEST) & (np.hypot(*before.T) < WIDEST)
    rows = np.flatnonzero(good)
    if len(rows) < 3:
        return None
    one, other = before[rows], after[rows]
    scale = focal_px / near_px
    best, zoom = _guess(one, other, scale), 1.0
    count = _near(one, other, best, 1.0, scale).sum()
    likely = _likely_zoom(one, other, scale) if count < 0.7 * len(rows) else 1.0
    if likely != 1.0:
        rotation = _guess(one, other / likely, scale)
        if _near(one, other, rotation, likely, scale).sum() > max(ZOOM_GAIN * count, count + 6):
            best, zoom = rotation, likely
    rotation, zoom, covariance, residual, inliers = _refine(
        one, other, (best, zoom), (focal_px, near_px), free=4 if is_zoomed or zoom != 1.0 else 3
    )
    everywhere = np.zeros(len(before), np.bool_)
    everywhere[rows[inliers]] = True
    return Motion(rotation, zoom, covariance, residual, everywhere, len(rows))


def _units(directions: Floats) -> Floats:
    rays = np.column_stack([directions, np.ones(len(directions))])
    return np.asarray(rays / np.linalg.norm(rays, axis=1, keepdims=True), np.float64)


def _likely_zoom(before: Floats, after: Floats, scale: float) -> float:
    """The change of focal length that keeps most angles between patches: no turn changes any."""
    pairs = np.random.default_rng(len(before)).integers(len(before), size=(2 * TRIES, 2))
    one, other = pairs[(np.abs(before[pairs[:, 0]] - before[pairs[:, 1]]) > PAIR_APART).any(1)].T
    angle = _angles(before[one], before[other])
    kept = [
        (np.abs(_angles(after[one] / zoom, after[other] / zoom) - angle) * scale < 1).sum() for zoom in ZOOMS.tolist()
    ]
    return float(ZOOMS[int(np.argmax(kept))])


def _angles(one: Floats, other: Floats) -> Floats:
    """(N,) angles between directions, radians."""
    return np.asarray(np.arccos(np.clip((_units(one) * _units(other)).sum(1), -1, 1)), np.float64)


def _guess(before: Floats, after: Floats, scale: float) -> Floats:
    """The rotation from a pair of patches, or none at all, that most patches are near to."""
    a, b = _units(before), _units(after)
    rng = np.random.default_rng(len(a))
    pairs = rng.integers(len(a), size=(TRIES, 2))
    pairs = pairs[np.linalg.norm(a[pairs[:, 0]] - a[pairs[:, 1]], axis=1) > PAIR_APART]
    frames_a, frames_b = _frames(a[pairs[:, 0]], a[pairs[:, 1]]), _frames(b[pairs[:, 0]], b[pairs[:, 1]])
    guesses = np.concatenate([np.eye(3)[None], frames_b @ frames_a.transpose(0, 2, 1)])
    off = np.linalg.norm(np.einsum("kij,nj->kni", guesses, a) - b, axis=2) * scale
    scores = np.clip(1.0 - off**2, 0.0, None).sum(1)
    return np.asarray(guesses[int(scores.argmax())], np.float64)


def _frames(one: Floats, other: Floats) -> Floats:
    """(K, 3, 3) axes as columns: the first direction, and what is square to both (TRIAD, Black 1964)."""
    across = np.cross(one, other)
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
    return np.stack([one, across, np.cross(one, across)], 2)


def _off_px(before: Floats, after: Floats, rotation: Floats, zoom: float, focal_px: float) -> Floats:
    return np.asarray((after - turn(before, rotation, zoom)) * focal_px, np.float64)


def _near(before: Floats, after: Floats, rotation: Floats, zoom: float, scale: float) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.hypot(*_off_px(before, after, rotation, zoom, scale).T) < 1, np.bool_)


def _refine(
    before: Floats, after: Floats, guess: tuple[Floats, float], scale: tuple[float, float], *, free: int
) -> tuple[Floats, float, Floats, float, NDArray[np.bool_]]:
    """Gauss-Newton from a guess in three or four parameters: rotation, zoom, covariance, residual and who agrees."""
    (rotation, zoom), (focal_px, near_px) = guess, scale
    normal = np.eye(free)
    for _ in range(5):
        off = _off_px(before, after, rotation, zoom, focal_px)
        off = np.where(np.isfinite(off), off, 1e6)
        weight = np.clip(1 - (np.hypot(*off.T) / (CUT * near_px)) ** 2, 0, None) ** 2
        x, y = (turn(before, rotation) * zoom).T
        x, y = np.where(np.isfinite(x), x, 0.0), np.where(np.isfinite(y), y, 0.0)
        # d(x, y) of a further small turn w: x' = x + w_y - w_z y + x (w_y x - w_x y), and so on, with z = 1
        jx = np.column_stack([-x * y / zoom, zoom + x * x / zoom, -y, x / zoom])[:, :free]
        jy = np.column_stack([-zoom - y * y / zoom, x * y / zoom, x, y / zoom])[:, :free]
        jacobian = np.concatenate([jx, jy]) * focal_px
        both = np.concatenate([weight, weight])
        normal = jacobian.T @ (jacobian * both[:, None]) + 1e-6 * np.eye(free)
        step = np.linalg.solve(normal, jacobian.T @ (both * np.concatenate([off[:, 0], off[:, 1]])))
        rotation = rotation_of(step[:3]) @ rotation
        zoom += float(step[3]) if free == 4 else 0.0
    off = _off_px(before, after, rotation, zoom, focal_px)
    with np.errstate(invalid="ignore"):
        agree = np.hypot(*off.T) < near_px
    residual = float(np.sqrt((off[agree] ** 2).sum(1).mean())) if agree.any() else math.inf
    sigma = max(NOISE_PX, residual / math.sqrt(2)) if agree.any() else math.inf
    covariance = np.linalg.inv(normal)[:3, :3] * sigma**2
    return rotation, zoom, np.asarray(covariance, np.float64), residual, np.asarray(agree, np.bool_)
