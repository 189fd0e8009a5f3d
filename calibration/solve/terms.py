"""What about a camera may be wrong, one small number each, and what we believe of it before anything is measured."""

from __future__ import annotations

from dataclasses import replace
from math import log

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, Floats
from calibration.lens import WIDEST, Kind, padded
from calibration.solve.kernels import FLOOR, project

POSE = ("turn_x", "turn_y", "turn_z", "x", "y", "z")
LENS = ("focal", "across", "down", "k1", "k2", "k3")
TERMS = (*POSE, *LENS)
"""Turns of the camera about its own axes, radians; where it hangs, metres; logarithm of the focal length; where the
lens's axis meets the picture, in picture widths; distortion."""
STEP = {**dict.fromkeys(POSE, 1e-5), "focal": 1e-5, "across": 1e-5, "down": 1e-5, "k1": 1e-4, "k2": 1e-4, "k3": 1e-4}

FOCAL_SHARE = {"brown": 0.8, "fisheye": 0.45}
"""Focal length in picture widths of the lenses malls have: about 64 degrees across; a fisheye about 127 degrees."""
SPREAD = {"focal": 0.5, "across": 0.03, "down": 0.03, "k1": 0.25, "k2": 0.25, "k3": 0.15}
"""Standard deviations before anything is measured. Of twelve real cameras (WILDTRACK, the CMC room, PETS) the axis met
the picture 0.01 to 0.08 of its width beside the middle and 0.01 to 0.09 above or below. 0.04 and 0.05 for ``across``
and ``down`` changed the mean error of none of them by more than 1.3 cm (`benchmarks.calibration`, four draws)."""
FISHEYE_SPREAD = {"k1": 0.05, "k2": 0.02, "k3": 0.01}
SPREADS: dict[Kind, Floats] = {
    "brown": np.array([SPREAD[term] for term in LENS]),
    "fisheye": np.array([FISHEYE_SPREAD.get(term, SPREAD[term]) for term in LENS]),
}
LEVEL = np.eye(3)


def plain_camera(  # noqa: PLR0917 - as Camera has them
    name: str, size: tuple[int, int], focal_px: float, lens: Kind, rotation: Floats, translation: Floats
) -> Camera:
    """A camera with its axis in the middle of the picture and no distortion."""
    matrix = np.array([[focal_px, 0, (size[0] - 1) / 2], [0, focal_px, (size[1] - 1) / 2], [0, 0, 1.0]])
    return Camera(name, *size, matrix, np.zeros(5 if lens == "brown" else 4), rotation, translation, lens)


def shifted(camera: Camera, terms: tuple[str, ...], by: Floats) -> Camera:
    """The camera with (T,) small changes made to its terms."""
    change = dict(zip(terms, by.tolist(), strict=True))
    turn = np.array([change.get(name, 0.0) for name in POSE[:3]])
    move = np.array([change.get(name, 0.0) for name in POSE[3:]])
    rotation = cv2.Rodrigues(turn)[0] @ camera.rotation if turn.any() else camera.rotation
    centre = camera.centre_m + move
    matrix = camera.matrix.copy()
    matrix[0, 0] *= np.exp(change.get("focal", 0.0))
    matrix[1, 1] *= np.exp(change.get("focal", 0.0))
    matrix[0, 2] += camera.width * change.get("across", 0.0)
    matrix[1, 2] += camera.width * change.get("down", 0.0)
    distortion = full_distortion(camera).copy()
    for name, place in zip(("k1", "k2", "k3"), _places(camera.lens), strict=True):
        distortion[place] += change.get(name, 0.0)
    return replace(
        camera, matrix=matrix, distortion=distortion, rotation=rotation, translation=np.asarray(-rotation @ centre)
    )


def full_distortion(camera: Camera) -> Floats:
    """The camera's distortion with room for every term."""
    least = 5 if camera.lens == "brown" else 4
    short = max(0, least - len(camera.distortion))
    return np.concatenate([camera.distortion, np.zeros(short)]) if short else camera.distortion


def trimmed(camera: Camera) -> Camera:
    """The camera without distortion terms that are all zero."""
    return camera if camera.distortion.any() else replace(camera, distortion=np.empty(0))


def spread(term: str, lens: Kind) -> float:
    """Standard deviation of a lens term before anything is measured."""
    return float(spreads(lens)[LENS.index(term)])


def spreads(lens: Kind) -> Floats:
    """(6,) standard deviations of ``LENS`` before anything is measured."""
    return SPREADS[lens]


def value(camera: Camera, term: str) -> float:
    """How far a lens term is from what we believe before anything is measured."""
    return float(values(camera)[LENS.index(term)])


def values(camera: Camera) -> Floats:
    """(6,) how far ``LENS`` are from what we believe before anything is measured."""
    matrix, terms, wide = camera.matrix, full_distortion(camera), camera.width
    one, two, three = _places(camera.lens)
    focal = 0.5 * log(matrix[0, 0] * matrix[1, 1]) - log(FOCAL_SHARE[camera.lens] * wide)
    across, down = (matrix[0, 2] - (wide - 1) / 2) / wide, (matrix[1, 2] - (camera.height - 1) / 2) / wide
    return np.array([focal, across, down, terms[one], terms[two], terms[three]])


def projected(camera: Camera, floor_m: Floats) -> tuple[Floats, Floats]:
    """(N, 2) pixels of (N, 2) floor points, and their (N, 2, COLUMNS) slopes, see `kernels`; NaN where unseen."""
    uv, slopes = project(*flattened(camera), np.ascontiguousarray(floor_m, np.float64), 0.0, WIDEST)
    return uv, slopes


def flattened(camera: Camera) -> tuple[Floats, Floats, Floats, float, Floats, Floats, bool]:
    """The camera as `kernels` takes it: rotation, place, matrix, width, 14 lens terms, tilt, whether a fisheye."""
    terms = padded(camera.distortion)
    return (
        np.ascontiguousarray(camera.rotation),
        np.ascontiguousarray(camera.centre_m),
        np.ascontiguousarray(camera.matrix),
        float(camera.width),
        terms,
        _tilt(terms[12], terms[13]) if terms[12:].any() else LEVEL,
        camera.lens == "fisheye",
    )


def pixel_slopes(camera: Camera, terms: tuple[str, ...], floor_m: Floats) -> Floats:
    """(N, 2, T) how pixels of (N, 2) floor points move with each term; NaN where unseen."""
    return projected(camera, floor_m)[1][:, :, columns(terms)]


def floor_slopes(camera: Camera, floor_m: Floats) -> Floats:
    """(N, 2, 2) how pixels of (N, 2) floor points move with the place, pixels a metre; NaN where unseen."""
    return projected(camera, floor_m)[1][:, :, FLOOR:]


def columns(terms: tuple[str, ...]) -> NDArray[np.int64]:
    """(T,) where the terms stand among the slopes."""
    return np.array([TERMS.index(term) for term in terms], np.int64)


def _tilt(about_x: float, about_y: float) -> Floats:
    """(3, 3) what a sensor that is not square to the lens does (OpenCV's ``tauX`` and ``tauY``)."""
    cx, sx, cy, sy = np.cos(about_x), np.sin(about_x), np.cos(about_y), np.sin(about_y)
    turn = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]]) @ np.array([[1, 0, 0], [0, cx, sx], [0, -sx, cx]])
    level = np.array([[turn[2, 2], 0, -turn[0, 2]], [0, turn[2, 2], -turn[1, 2]], [0, 0, 1.0]])
    return np.asarray(level @ turn, np.float64)


def _places(lens: Kind) -> tuple[int, int, int]:
    return (0, 1, 4) if lens == "brown" else (0, 1, 2)
