"""What about a camera may be wrong, one small number each, and what we believe of it before anything is measured."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from calibration.camera import Camera, Floats
from calibration.lens import Kind

POSE = ("turn_x", "turn_y", "turn_z", "x", "y", "z")
LENS = ("focal", "across", "down", "k1", "k2", "k3")
TERMS = (*POSE, *LENS)
"""Turns of the camera about its own axes, radians; where it hangs, metres; logarithm of the focal length; where the
lens's axis meets the picture, in picture widths; distortion."""
STEP = {**dict.fromkeys(POSE, 1e-5), "focal": 1e-5, "across": 1e-5, "down": 1e-5, "k1": 1e-4, "k2": 1e-4, "k3": 1e-4}

FOCAL_SHARE = {"brown": 0.8, "fisheye": 0.45}
"""Focal length in picture widths of the lenses malls have: about 64 degrees across; a fisheye about 127 degrees."""
SPREAD = {"focal": 0.5, "across": 0.03, "down": 0.03, "k1": 0.25, "k2": 0.25, "k3": 0.15}
"""Standard deviations before anything is measured. Of sixteen calibrated cameras (WILDTRACK, the CMC room, PETS, the
MultiviewX set) the axis met the picture within 0.005 to 0.09 widths of its middle."""
FISHEYE_SPREAD = {"k1": 0.05, "k2": 0.02, "k3": 0.01}


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
    return FISHEYE_SPREAD.get(term, SPREAD[term]) if lens == "fisheye" else SPREAD[term]


def value(camera: Camera, term: str) -> float:
    """How far a lens term is from what we believe before anything is measured."""
    if term == "focal":
        focal = float(np.sqrt(camera.matrix[0, 0] * camera.matrix[1, 1]))
        return float(np.log(focal / (FOCAL_SHARE[camera.lens] * camera.width)))
    if term == "across":
        return float((camera.matrix[0, 2] - (camera.width - 1) / 2) / camera.width)
    if term == "down":
        return float((camera.matrix[1, 2] - (camera.height - 1) / 2) / camera.width)
    place = _places(camera.lens)[("k1", "k2", "k3").index(term)]
    return float(full_distortion(camera)[place])


def pixel_slopes(camera: Camera, terms: tuple[str, ...], floor_m: Floats) -> Floats:
    """(N, 2, T) how pixels of (N, 2) floor points move with each term."""
    slopes = np.empty((len(floor_m), 2, len(terms)))
    for k, term in enumerate(terms):
        step = np.array([STEP[term]])
        more, less = (shifted(camera, (term,), s).pixels_from_floor(floor_m) for s in (step, -step))
        slopes[:, :, k] = (more - less) / (2 * STEP[term])
    return slopes


def floor_slopes(camera: Camera, floor_m: Floats) -> Floats:
    """(N, 2, 2) how pixels of (N, 2) floor points move with the place, pixels a metre."""
    slopes = np.empty((len(floor_m), 2, 2))
    for k in range(2):
        step = np.zeros(2)
        step[k] = 1e-3
        slopes[:, :, k] = (camera.pixels_from_floor(floor_m + step) - camera.pixels_from_floor(floor_m - step)) / 2e-3
    return slopes


def _places(lens: Kind) -> tuple[int, int, int]:
    return (0, 1, 4) if lens == "brown" else (0, 1, 2)
