"""A solved camera with what is known of its errors, in pixels, in metres, and anywhere on the floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, Floats
from calibration.solve.fit import expected_px
from calibration.solve.pairs import Pairs
from calibration.solve.terms import floor_slopes, pixel_slopes

MEDIAN_OF_ROUND, MEDIAN_OF_FLAT = 1.1774, 0.6745
"""Median distance of a normal error of unit deviation in two dimensions, and in one."""


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """What pairs say of a camera.

    Attributes:
        camera: the likeliest one.
        model: the lens terms that the pairs could carry, e.g. ``focal k1``.
        pairs: all N that were given.
        is_used: (N,) pairs believed; the others are grossly wrong.
        residual_px: (N,) distance of each pair's pixel from where the camera puts its floor point.
        left_out_m: (N,) distance on the floor between each pair's point and what all the others say of its pixel;
            infinite where they put the pixel at or above the horizon.
        noise: how many times what is expected (a pixel of the click, 2 cm on the plan) the pairs turned out to be off.
        terms: (T,) names of the terms that may be off; those that are not free are bounded by what lenses are like.
        covariance: (T, T) of them.
    """

    camera: Camera
    model: str
    pairs: Pairs
    is_used: NDArray[np.bool_]
    residual_px: Floats
    left_out_m: Floats
    noise: float
    terms: tuple[str, ...]
    covariance: Floats

    def map_covariance_m2(self, floor_m: Floats) -> Floats:
        """(K, 2, 2) square metres: how far off the map from picture to floor is at (K, 2) places; NaN where unseen."""
        floor = np.asarray(floor_m, np.float64).reshape(-1, 2)
        slopes = to_floor(self.camera, floor) @ pixel_slopes(self.camera, self.terms, floor)
        return np.asarray(slopes @ self.covariance @ np.swapaxes(slopes, 1, 2), np.float64)

    def point_covariance_m2(self, floor_m: Floats) -> Floats:
        """(K, 2, 2) square metres: the map's error, and that of one more point found and measured as the pairs were."""
        floor = np.asarray(floor_m, np.float64).reshape(-1, 2)
        inverse = to_floor(self.camera, floor)
        own = (self.noise * expected_px(self.camera, floor))[:, None, None] ** 2
        return np.asarray(self.map_covariance_m2(floor) + own * inverse @ np.swapaxes(inverse, 1, 2), np.float64)

    def expected_error_m(self, floor_m: Floats) -> Floats:
        """(K,) median distance, metres, by which a point at (K, 2) places will be off; NaN where unseen."""
        return median_distance(self.point_covariance_m2(floor_m))


def to_floor(camera: Camera, floor_m: Floats) -> Floats:
    """(K, 2, 2) metres on the floor a pixel at (K, 2) places; NaN where the camera does not look."""
    slopes = floor_slopes(camera, floor_m)
    seen = np.isfinite(slopes).all((1, 2)) & (np.abs(np.linalg.det(np.nan_to_num(slopes))) > 1e-9)
    inverse = np.full_like(slopes, np.nan)
    inverse[seen] = np.linalg.inv(slopes[seen])
    return inverse


def median_distance(covariance: Floats) -> Floats:
    """(K,) median length of normal errors of (K, 2, 2) covariance: between one and two dimensions, within 3 %."""
    finite = np.isfinite(covariance).all((1, 2))
    values = np.zeros((len(covariance), 2))
    values[finite] = np.sqrt(np.maximum(np.linalg.eigvalsh(covariance[finite]), 0.0))
    small, large = values[:, 0], values[:, 1]
    share = np.where(large > 0, small / np.maximum(large, 1e-12), 0.0)
    factor = MEDIAN_OF_FLAT + (MEDIAN_OF_ROUND - MEDIAN_OF_FLAT) * share**1.4
    return np.asarray(np.where(finite, factor * large, np.nan), np.float64)
