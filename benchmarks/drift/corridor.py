"""Real corridors (CAVIAR): half an hour made of a clip gone through to and fro, and its pictures turned by K R K^-1.

Nobody knows these cameras' lenses; one of 60 degrees across is assumed, for turning and for watching alike. A watch
that believes in another lens than the one that turned the pictures is measured besides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from benchmarks.drift.light import Light
from benchmarks.drift.twin import knocks_of
from benchmarks.drift.watched import Knock, Outcome, Picture, Quiet, run_knock, run_quiet
from calibration.camera import Camera
from calibration.drift.watch import CHECK_S

HFOV_DEG = 60.0
HEIGHT_M, TILT_DEG = 3.5, 25.0
"""A plausible pose, so that degrees become centimetres."""
STRIDE = 25
"""Pictures between looks: a second of the clip."""


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A clip's pictures, a second apart, and the camera that is taken for the one that filmed it."""

    camera: Camera
    pictures: list[Picture]

    def at(self, at: float) -> Picture:
        """The picture at a time; after the last one it goes backwards, and so on."""
        k, last = round(at / CHECK_S), len(self.pictures) - 1
        return self.pictures[last - abs(last - k % (2 * last))]


def clips(folder: Path) -> list[Path]:
    """All clips, sorted."""
    return sorted([*folder.glob("*.mpg"), *folder.glob("*.mp4")])


def read_clip(path: Path) -> Clip:
    """Its pictures, one a second."""
    reader, pictures, index = cv2.VideoCapture(str(path)), [], 0
    while True:
        there, picture = reader.read()
        if not there:
            break
        if index % STRIDE == 0:
            pictures.append(np.asarray(picture, np.uint8))
        index += 1
    reader.release()
    height, width = pictures[0].shape[:2]
    return Clip(corridor_camera(path.stem, width, height), pictures)


def corridor_camera(name: str, width: int, height: int, hfov_deg: float = HFOV_DEG) -> Camera:
    """A camera as it might hang there."""
    focal = width / 2 / np.tan(np.radians(hfov_deg) / 2)
    matrix = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1.0]])
    sine, cosine = np.sin(np.radians(TILT_DEG)), np.cos(np.radians(TILT_DEG))
    rotation = np.array([[1.0, 0, 0], [0, -sine, -cosine], [0, cosine, -sine]])
    return Camera(name[:64], width, height, matrix, np.empty(0), rotation, -rotation @ np.array([0, 0, HEIGHT_M]))


def warped(picture: Picture, camera: Camera, knock: Knock) -> Picture:
    """The picture as the knocked camera would have taken it."""
    homography = camera.matrix @ knock.rotation @ np.linalg.inv(camera.matrix)
    size = (picture.shape[1], picture.shape[0])
    return np.asarray(cv2.warpPerspective(picture, homography, size, flags=cv2.INTER_CUBIC), np.uint8)


def watch_clip(
    clip: Clip, seed: int, seconds: float, sizes: Sequence[float], believed: Camera | None = None
) -> tuple[Quiet, list[Outcome]]:
    """A clip's undisturbed run and what came of its knocks; the watch believes in the clip's camera or another."""
    light, camera = Light(seed), believed or clip.camera
    knocks = knocks_of(np.random.default_rng([seed, 8]), seconds, sizes)

    def straight(at: float) -> Picture:
        return light.on(clip.at(at), at)

    def run() -> Iterator[tuple[float, Picture]]:
        for k in range(round(seconds / CHECK_S)):
            yield k * CHECK_S, straight(k * CHECK_S)

    quiet = run_quiet(camera, run(), [knock.at for knock in knocks])

    def turned(knock: Knock) -> Callable[[float], Picture]:
        return lambda at: light.on(warped(clip.at(at), clip.camera, knock), at)

    outcomes = [run_knock(camera, quiet.branches[knock.at], knock, turned(knock), straight) for knock in knocks]
    return quiet, outcomes


def other_lens(camera: Camera, factor: float) -> Camera:
    """The same with a focal length that is wrong by a factor."""
    matrix = camera.matrix.copy()
    matrix[:2, :2] *= factor
    return replace(camera, matrix=matrix)
