"""A calibrated camera: pixels to floor metres and back, through lens and pose.

Convention of OpenCV: ``x_cam = R @ x_world + t``, world in metres, floor at z = 0, pixels from
the upper left. What the lens does stands in `lens`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from calibration.lens import BROWN_LENGTHS, FISHEYE_LENGTHS, Kind, bend, fold, straighten
from calibration.versions.digest import camera_hash
from calibration.versions.record import CALIBRATION_SCHEMA, CalibrationFile
from contract.errors import BadInputError
from contract.files import read_json
from contract.ids import check_id

Floats = NDArray[np.float64]

ASSUMED_HEIGHT_M = 1.7
"""Height of a person whose feet are hidden; adults shod average 1.62 to 1.80 m across countries."""
ROTATION_TOLERANCE = 1e-3


class CameraFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry of ``cameras.json``; further fields, as other tools write them, are passed over."""

    width: int
    height: int
    K: list[list[float]]
    dist: list[float]
    R: list[list[float]]
    t: list[float]
    lens: Kind = "brown"
    calibration: CalibrationFile | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """One camera's lens and pose.

    Attributes:
        name: the camera's id.
        width: picture width the calibration holds for, pixels.
        height: picture height, pixels.
        matrix: (3, 3) intrinsics K, pixels.
        distortion: (D,) distortion terms, D of 0, 4, 5, 8, 12 or 14; of a fisheye 0 or 4.
        rotation: (3, 3) R, world to camera.
        translation: (3,) t, metres.
        lens: which model the distortion belongs to.
    """

    name: str
    width: int
    height: int
    matrix: Floats
    distortion: Floats
    rotation: Floats
    translation: Floats
    lens: Kind = "brown"

    @property
    def centre_m(self) -> Floats:
        """(3,) where the camera hangs, metres."""
        return np.asarray(-self.rotation.T @ self.translation, np.float64)

    def scaled(self, width: int, height: int) -> Camera:
        """The same camera delivering pictures of another size."""
        if (width, height) == (self.width, self.height):
            return self
        scale = np.diag([width / self.width, height / self.height, 1.0])
        return replace(self, width=width, height=height, matrix=scale @ self.matrix)

    def pixels_from_world(self, xyz_m: Floats) -> Floats:
        """(N, 3) metres to (N, 2) pixels; NaN behind the camera, and so far aside that the lens shows nothing there."""
        xyz = np.asarray(xyz_m, np.float64).reshape(-1, 3)
        if not len(xyz):
            return np.empty((0, 2))
        ahead = xyz @ self.rotation.T + self.translation
        with np.errstate(divide="ignore", invalid="ignore"):
            flat = np.where(ahead[:, 2:] > 1e-6, ahead[:, :2] / ahead[:, 2:], np.nan)
            flat[~(np.hypot(flat[:, 0], flat[:, 1]) <= self._fold())] = np.nan
        return self.pixels_from_plane(flat)

    def pixels_from_plane(self, flat: Floats) -> Floats:
        """(N, 2) points of the plane one unit before the camera to (N, 2) pixels."""
        bent = bend(flat, self.distortion, self.lens)
        return np.asarray(bent @ self.matrix[:2, :2].T + self.matrix[:2, 2], np.float64)

    def plane_from_pixels(self, uv_px: Floats) -> Floats:
        """(N, 2) pixels to (N, 2) points of the plane one unit before the camera; NaN where the lens shows nothing."""
        uv = np.asarray(uv_px, np.float64).reshape(-1, 2)
        bent = (uv - self.matrix[:2, 2]) @ np.linalg.inv(self.matrix[:2, :2]).T
        return straighten(bent, self.distortion, self.lens)

    def pixels_from_floor(self, xy_m: Floats, z_m: float = 0.0) -> Floats:
        """(N, 2) floor metres, at height ``z_m``, to (N, 2) pixels; NaN behind the camera."""
        xy = np.asarray(xy_m, np.float64).reshape(-1, 2)
        return self.pixels_from_world(np.column_stack([xy, np.full(len(xy), z_m)]))

    def floor_from_pixels(self, uv_px: Floats, z_m: float = 0.0) -> Floats:
        """(N, 2) pixels to (N, 2) metres on the plane at height ``z_m``; NaN at or above the horizon."""
        flat = self.plane_from_pixels(uv_px)
        if not len(flat):
            return np.empty((0, 2))
        rays = np.column_stack([flat, np.ones(len(flat))]) @ self.rotation
        centre = self.centre_m
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = (z_m - centre[2]) / rays[:, 2]
        reach[~(reach > 0)] = np.nan
        return np.asarray(centre[:2] + rays[:, :2] * reach[:, None], np.float64)

    def floor_from_heads(self, uv_px: Floats, height_m: float = ASSUMED_HEIGHT_M) -> Floats:
        """(N, 2) head pixels to (N, 2) floor metres of people ``height_m`` tall; NaN above that plane's horizon."""
        return self.floor_from_pixels(uv_px, height_m)

    def person_height_px(self, xy_m: Floats, height_m: float = ASSUMED_HEIGHT_M) -> Floats:
        """(N,) height in pixels of somebody standing at (N, 2) metres; NaN behind the camera."""
        span = self.pixels_from_floor(xy_m) - self.pixels_from_floor(xy_m, height_m)
        return np.asarray(np.hypot(span[:, 0], span[:, 1]), np.float64)

    def sees(self, xy_m: Floats) -> NDArray[np.bool_]:
        """(N,) whether the floor point falls inside the picture (walls are not considered)."""
        uv = self.pixels_from_floor(xy_m)
        with np.errstate(invalid="ignore"):
            inside = (uv >= 0).all(1) & (uv[:, 0] < self.width) & (uv[:, 1] < self.height)
        return np.asarray(inside, np.bool_)

    def to_file(self) -> CameraFile:
        """The entry of ``cameras.json`` that reads back as this camera."""
        return CameraFile(
            self.width,
            self.height,
            self.matrix.tolist(),
            self.distortion.tolist(),
            self.rotation.tolist(),
            self.translation.tolist(),
            self.lens,
        )

    def _fold(self) -> float:
        return fold(tuple(self.distortion.tolist()), self.lens)


def camera_from_file(name: str, entry: CameraFile, source: str) -> Camera:
    """The camera that a ``cameras.json`` entry describes.

    Raises:
        BadInputError: where shapes are off, R is no rotation, the focal length is not positive, or the numbers are not
            those that were solved.
    """
    check_id(name, f"{source}: camera")

    def array(values: object, shape: tuple[int, ...], field: str) -> Floats:
        try:
            found = np.array(values, np.float64)
        except ValueError:
            found = np.empty(0)
        if found.shape != shape or not np.isfinite(found).all():
            raise BadInputError(f"{source}: camera {name}: {field} must be {shape} finite numbers; calibrate it again")
        return found

    matrix = array(entry.K, (3, 3), "K")
    rotation = array(entry.R, (3, 3), "R")
    translation = array(np.ravel(entry.t), (3,), "t")
    lengths = BROWN_LENGTHS if entry.lens == "brown" else FISHEYE_LENGTHS
    if len(entry.dist) not in lengths:
        raise BadInputError(
            f"{source}: camera {name}: dist has {len(entry.dist)} terms; a {entry.lens} lens takes one of {lengths}"
        )
    if np.abs(rotation @ rotation.T - np.eye(3)).max() > ROTATION_TOLERANCE or np.linalg.det(rotation) < 0:
        raise BadInputError(f"{source}: camera {name}: R is not a rotation; calibrate it again")
    if entry.width < 1 or entry.height < 1 or matrix[0, 0] <= 0 or matrix[1, 1] <= 0:
        raise BadInputError(f"{source}: camera {name}: width, height and focal lengths must be positive")
    distortion = array(entry.dist, (len(entry.dist),), "dist")
    camera = Camera(name, entry.width, entry.height, matrix, distortion, rotation, translation, entry.lens)
    if entry.calibration is not None:
        _check_unchanged(camera, entry.calibration, source)
    return camera


def _check_unchanged(camera: Camera, calibration: CalibrationFile, source: str) -> None:
    """Refuse numbers that are not those that the calibration block was written for."""
    where = f"{source}: camera {camera.name}"
    if calibration.schema_ != CALIBRATION_SCHEMA:
        raise BadInputError(
            f"{where}: its calibration's schema is {calibration.schema_!r}; this version reads {CALIBRATION_SCHEMA!r}"
        )
    if calibration.hash and calibration.hash != camera_hash(camera):
        raise BadInputError(
            f"{where}: was edited by hand: solve it again, roll it back, or remove its calibration block"
        )


def cameras_so_far(path: Path) -> dict[str, Camera]:
    """All cameras of a ``cameras.json``, by name; none where there is no such file, as before the first is calibrated.

    Raises:
        BadInputError: as `load_cameras`.
    """
    return load_cameras(path) if path.exists() else {}


def load_cameras(path: Path) -> dict[str, Camera]:
    """All cameras of a ``cameras.json``, by name.

    Raises:
        BadInputError: naming the file, the camera and the field.
    """
    entries = read_json(path, dict[str, CameraFile])
    return {name: camera_from_file(name, entry, str(path)) for name, entry in entries.items()}
