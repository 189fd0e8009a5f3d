"""Viewing directions and back, through whichever lens a camera has, and a picture as it was before a camera turned."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, Floats

Luma = NDArray[np.uint8]
WIDTH_PX = 384
"""Pictures are looked at so wide, at most: with 75 degrees across, a degree is five pixels."""

STEP_PX = 8
"""A turned picture's geometry is worked out so often, and interpolated between: it is smooth."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A camera's lens at working size, the camera itself being the world's origin.

    Attributes:
        camera: the lens at working size, without pose.
        focal_px: its focal length, pixels.
    """

    camera: Camera
    focal_px: float

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in working pixels."""
        return self.camera.width, self.camera.height

    def shrink(self, luma: Luma) -> Luma:
        """The (H, W) picture, of whatever size, at working size."""
        if (luma.shape[1], luma.shape[0]) == self.size:
            return luma
        return np.asarray(cv2.resize(luma, self.size, interpolation=cv2.INTER_AREA), np.uint8)

    def directions(self, uv_px: Floats) -> Floats:
        """(N, 2) pixels to (N, 2) directions x / z, y / z; NaN at right angles to the axis and behind."""
        return self.camera.floor_from_pixels(uv_px, 1.0)  # the plane one metre ahead of a camera at the origin

    def pixels(self, directions: Floats) -> Floats:
        """(N, 2) directions x / z, y / z to (N, 2) pixels."""
        return self.camera.pixels_from_floor(directions, 1.0)

    def turned(self, uv_px: Floats, rotation: Floats, zoom: float = 1.0) -> Floats:
        """(N, 2) where points at (N, 2) pixels appear after the world turned by ``rotation`` (3, 3) before the lens.

        Args:
            uv_px: pixels before.
            rotation: directions before to directions after.
            zoom: the focal length after over the one before.
        """
        middle = self.camera.matrix[:2, 2]
        return np.asarray(middle + zoom * (self.pixels(turn(self.directions(uv_px), rotation)) - middle), np.float64)

    def turned_back(self, luma: Luma, rotation: Floats, zoom: float) -> tuple[Luma, NDArray[np.bool_]]:
        """The (h, w) picture as it would have been before the turn, and (h, w) where it would have shown that."""
        width, height = self.size
        columns, rows = np.arange(0, width + STEP_PX, STEP_PX), np.arange(0, height + STEP_PX, STEP_PX)
        nodes = np.stack(np.meshgrid(columns, rows), -1).reshape(-1, 2).astype(np.float64)
        coarse = self.turned(nodes, rotation, zoom).reshape(len(rows), len(columns), 2)
        coarse = np.where(np.isfinite(coarse), coarse, -width).astype(np.float32)
        x, y = np.meshgrid(*(np.arange(side, dtype=np.float32) / STEP_PX for side in self.size))
        at = np.asarray(cv2.remap(coarse, x, y, cv2.INTER_LINEAR))
        shown = np.asarray(((at >= 0) & (at <= (width - 1, height - 1))).all(2), np.bool_)
        back = cv2.remap(luma, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(back, np.uint8), shown


def turn(directions: Floats, rotation: Floats, zoom: float = 1.0) -> Floats:
    """(N, 2) directions x / z, y / z after the world turned by ``rotation``; NaN where that is behind the camera."""
    ahead = np.column_stack([directions, np.ones(len(directions))]) @ rotation.T
    depth = np.where(ahead[:, 2] > 1e-6, ahead[:, 2], np.nan)
    return np.asarray(zoom * ahead[:, :2] / depth[:, None], np.float64)


def view_of(camera: Camera) -> View:
    """A camera's lens at working size."""
    width = min(WIDTH_PX, camera.width)
    height = max(1, round(camera.height * width / camera.width))
    lens = replace(camera.scaled(width, height), rotation=np.eye(3), translation=np.zeros(3))
    # a shrunk picture's pixels have their middles elsewhere: (p + 1/2) s - 1/2
    scale = np.array([width / camera.width, height / camera.height])
    matrix = lens.matrix.copy()
    matrix[:2, 2] += (scale - 1) / 2
    lens = replace(lens, matrix=matrix)
    return View(lens, float(np.sqrt(lens.matrix[0, 0] * lens.matrix[1, 1])))
