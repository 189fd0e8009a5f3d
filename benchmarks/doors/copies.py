"""The clips as other cameras would have sent them: mirrored, darker, squeezed; and a floor mirrored with its picture.

A copy shows every picture at the time at which the clip shows it. It is made once, into a cache folder outside the
project.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from calibration.camera import Camera
from calibration.site import Floor
from edge.capture.frame import Image
from edge.capture.source import open_recording

CACHE = Path(os.environ.get("ATRIUM_BENCH_CACHE", Path(tempfile.gettempdir()) / "atrium-bench")) / "doors"
RECIPE = 1
"""Counts up when copies are made differently, so that nobody measures old ones."""
FINE_CRF = 12
"""Constant rate factor of copies that are not about compression: their blocks are finer than the clips' own."""
COARSE_CRF = 35
"""That of the one that is: about a tenth of the clips' bytes."""
GAMMA = 2.0
DIM = 0.4
"""Share of the light that is left,"""
DIM_NOISE = 5.0
"""and the sensor's noise in it, grey levels of 255, one standard deviation."""
TIME_BASE = Fraction(1, 90_000)

Alter = Callable[[Image, np.random.Generator], Image]


def mirror(image: Image, rng: np.random.Generator) -> Image:  # noqa: ARG001 - as every `Alter`
    """Left and right changed over."""
    return np.ascontiguousarray(image[:, ::-1])


def squash(image: Image, rng: np.random.Generator) -> Image:  # noqa: ARG001
    """Middle greys two stops darker, black and white as they were."""
    curve = 255.0 * (np.arange(256) / 255.0) ** GAMMA
    return np.asarray(curve.round().astype(np.uint8)[image])


def dim(image: Image, rng: np.random.Generator) -> Image:
    """Little light, and the noise of a sensor that makes do with it."""
    noisy = DIM * image + rng.normal(0.0, DIM_NOISE, image.shape)
    return np.clip(noisy.round(), 0, 255).astype(np.uint8)


def keep(image: Image, rng: np.random.Generator) -> Image:  # noqa: ARG001
    """The picture as it is."""
    return image


@dataclass(frozen=True, slots=True)
class Copy:
    """A way to make a copy.

    Attributes:
        name: for people.
        alter: what becomes of each picture, before it is encoded.
        crf: x264's constant rate factor.
        mirrored: whether floor and lines must be mirrored, too.
    """

    name: str
    alter: Alter
    crf: int
    mirrored: bool = False


COPIES = (
    Copy("mirrored", mirror, FINE_CRF, mirrored=True),
    Copy(f"gamma {GAMMA:g}", squash, FINE_CRF),
    Copy(f"light x {DIM:g}, noise", dim, FINE_CRF),
    Copy(f"x264 crf {COARSE_CRF}", keep, COARSE_CRF),
)


def copied(clip: Path, copy: Copy, folder: Path = CACHE) -> Path:
    """The copy of a clip, from the cache where it has been made before."""
    stamp = repr((RECIPE, clip.stat().st_size, copy.name, copy.crf))
    target = folder / f"{clip.stem}-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}.mkv"
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.stem}.{os.getpid()}.part.mkv")
        try:
            _write(clip, copy, part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    return target


def _write(clip: Path, copy: Copy, part: Path) -> None:
    recording, rng = open_recording(clip, "clip"), np.random.default_rng(0)
    with av.open(str(part), "w") as container:
        stream: Any = container.add_stream("libx264", rate=Fraction(recording.rate_hz).limit_denominator(1000))
        stream.pix_fmt, stream.time_base = "yuv420p", TIME_BASE
        stream.options = {"crf": str(copy.crf), "preset": "medium", "x264-params": "threads=1:log-level=0"}
        for frame in recording.frames():
            if frame.index == 0:
                stream.width, stream.height = frame.size
            picture = av.VideoFrame.from_ndarray(copy.alter(frame.image, rng), format="bgr24")
            picture.pts, picture.time_base = round(frame.captured_at / TIME_BASE), TIME_BASE
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def mirrored_floor(floor: Floor) -> Floor:
    """A floor as its mirror image would be: x counts from the other side, and cameras see left what was right."""
    width_m = floor.size_m[0]

    def over(points_m: Any) -> Any:
        return np.asarray(points_m, np.float64) * (-1.0, 1.0) + (width_m, 0.0)

    return replace(
        floor,
        zones={name: replace(zone, rings_m=tuple(map(over, zone.rings_m))) for name, zone in floor.zones.items()},
        lines={
            name: replace(line, ends_m=over(line.ends_m), in_normal=line.in_normal * (-1.0, 1.0))
            for name, line in floor.lines.items()
        },
        walls=[replace(wall, path_m=over(wall.path_m)) for wall in floor.walls],
        cameras={name: mirrored_camera(camera, width_m) for name, camera in floor.cameras.items()},
        masks_px={
            name: [np.asarray(mask) * (-1.0, 1.0) + (floor.cameras[name].width, 0.0) for mask in masks]
            for name, masks in floor.masks_px.items()
        },
    )


def mirrored_camera(camera: Camera, width_m: float) -> Camera:
    """The camera that sees a floor of that width, mirrored, as the mirror image of what this one sees.

    Raises:
        ValueError: where its lens has terms whose mirror image nobody worked out.
    """
    if camera.lens != "brown" or len(camera.distortion) > 8:
        raise ValueError(f"camera {camera.name}: only a Brown lens of at most eight terms can be mirrored")
    flip = np.diag([-1.0, 1.0, 1.0])
    matrix = camera.matrix.copy()
    matrix[0, 1], matrix[0, 2] = -matrix[0, 1], camera.width - matrix[0, 2]
    lens = camera.distortion.copy()
    if len(lens) > 3:
        lens[3] = -lens[3]  # the tangential term that pulls sideways
    return replace(
        camera,
        matrix=matrix,
        distortion=lens,
        rotation=flip @ camera.rotation @ flip,
        translation=flip @ (camera.rotation @ np.array([width_m, 0.0, 0.0]) + camera.translation),
    )
