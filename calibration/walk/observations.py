"""What each camera saw of the walk: boxes in time, from MOT detection text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, Floats
from contract.errors import BadInputError
from contract.files import read_bytes
from contract.mot import COLUMNS, numbered_rows

EDGE_PX = 2.0
"""A box that ends this close to the picture's edge is cut off there."""
BOX_ORIGIN_PX = 0.5
"""Boxes count from the corner of the first pixel, a camera's matrix from its middle."""
BEYOND_SHARE = 0.02
"""Boxes may reach this share beyond the picture before they are taken to be of another picture size."""
DEFAULT_SCORE_MIN = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Sightings:
    """N boxes of one camera, in time order.

    Attributes:
        time_s: (N,) by the camera's own clock, seconds.
        box_px: (N, 4) x1, y1, x2, y2.
        score: (N,) of the detector, 0..1.
        left_out: how many lines were no boxes (not finite, or of no size).
    """

    time_s: Floats
    box_px: Floats
    score: Floats
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.time_s)

    def only(self, wanted: NDArray[np.bool_] | NDArray[np.int64]) -> Sightings:
        """Some of them, in the order given."""
        return Sightings(self.time_s[wanted], self.box_px[wanted], self.score[wanted], self.left_out)


def sightings(time_s: Floats, box_px: Floats, score: Floats, score_min: float = DEFAULT_SCORE_MIN) -> Sightings:
    """Boxes in time order, those left out that are not finite, have no size or hardly a score."""
    time, box, sure = np.asarray(time_s, np.float64), np.asarray(box_px, np.float64).reshape(-1, 4), np.asarray(score)
    sound = np.isfinite(time) & np.isfinite(box).all(1) & np.isfinite(sure)
    with np.errstate(invalid="ignore"):
        sound &= (box[:, 2] > box[:, 0]) & (box[:, 3] > box[:, 1])
        kept = np.flatnonzero(sound & (sure >= score_min))
    kept = kept[np.argsort(time[kept], kind="stable")]
    return Sightings(time[kept], box[kept], np.asarray(sure[kept], np.float64), int((~sound).sum()))


def read_sightings(
    path: Path, fps: float, times_s: dict[int, float] | None = None, score_min: float = DEFAULT_SCORE_MIN
) -> Sightings:
    """What a camera saw, from the text that `atrium detect` writes; an empty file is a camera that saw nobody.

    Args:
        path: lines of ``frame,-1,x,y,w,h,score``, in any order, frames from 1; lines with nan are left out.
        fps: frames a second, where no times are given: frame 1 is second 0.
        times_s: second of each frame by the camera's own clock; boxes of other frames are left out.
        score_min: boxes of a lower score are left out.

    Raises:
        BadInputError: naming the file, the line and the mend.
    """
    table = np.array([row for _, row in numbered_rows(path)], np.float64).reshape(-1, COLUMNS)
    frame, box = table[:, 0], np.column_stack([table[:, 2:4], table[:, 2:4] + table[:, 4:6]])
    if times_s is None:
        time = (frame - 1.0) / fps
    else:
        time = np.array([times_s.get(int(each), np.nan) if np.isfinite(each) else np.nan for each in frame])
    return sightings(time, box, table[:, 6], score_min)


def read_times(path: Path) -> dict[int, float]:
    """Second of each frame by a camera's own clock, from CSV ``frame,time_s``, frames from 1, in any order.

    Raises:
        BadInputError: naming the file, the line and the mend.
    """
    times: dict[int, float] = {}
    for number, line in enumerate(read_bytes(path).decode("utf-8", "replace").splitlines(), 1):
        fields = [field.strip() for field in line.split(",")]
        if fields == [""] or (number == 1 and fields[0] == "frame"):
            continue
        try:
            frame, time = float(fields[0]), float(fields[1])
        except (ValueError, IndexError):
            frame = time = np.nan
        if not np.isfinite(time) or frame != np.floor(frame):
            raise BadInputError(f"{path}: line {number}: expected frame,time_s such as 12,2.40; correct that line")
        times[int(frame)] = time
    return times


def check_size(name: str, camera: Camera, seen: Sightings) -> None:
    """Refuses boxes of pictures larger than the calibration's.

    Raises:
        BadInputError: naming the camera and both sizes.
    """
    if not len(seen):
        return
    right, low = seen.box_px[:, 2].max(), seen.box_px[:, 3].max()
    if right > camera.width * (1 + BEYOND_SHARE) + 1 or low > camera.height * (1 + BEYOND_SHARE) + 1:
        raise BadInputError(
            f"{name}: its boxes reach to ({right:.0f}, {low:.0f}), its calibration holds for {camera.width}x"
            f"{camera.height}; detect in pictures of that size"
        )


def is_cut(camera: Camera, box_px: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """(N,) whether boxes are cut at a side, at the upper and at the lower edge of the picture."""
    side = (box_px[:, 0] < EDGE_PX) | (box_px[:, 2] > camera.width - EDGE_PX)
    return side, box_px[:, 1] < EDGE_PX, box_px[:, 3] > camera.height - EDGE_PX
