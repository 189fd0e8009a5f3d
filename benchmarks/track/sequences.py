"""Sequences of detections with truth, and rows of tracks, in MOTChallenge text."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import supervision as sv
from numpy.typing import NDArray

SHARED = Path(os.environ.get("ATRIUM_SHARED", Path(__file__).resolve().parent.parent.parent.parent / "shared" / "data"))
DATA = SHARED / "mot"


@dataclass(frozen=True, slots=True)
class Footage:
    """One sequence.

    Attributes:
        name: Of its folder.
        fps: Frames a second.
        last: Number of the last frame with truth; frames count from 1.
        frames: Detections of each frame.
        truth: (R, >=6) MOT rows: frame, id, left, top, width, height.
    """

    name: str
    fps: float
    last: int
    frames: list[sv.Detections]
    truth: NDArray[np.float64]


def read(folder: Path) -> Footage:
    """The sequence of a folder with `det.txt`, `gt.txt` and `seqinfo.ini`."""
    truth = np.loadtxt(folder / "gt.txt", delimiter=",", ndmin=2)
    last = int(truth[:, 0].max())
    return Footage(folder.name, frame_rate(folder), last, detections(folder / "det.txt", last), truth)


def frame_rate(folder: Path) -> float:
    """Frames a second by `seqinfo.ini`."""
    for line in (folder / "seqinfo.ini").read_text().splitlines():
        if line.lower().startswith("framerate"):
            return float(line.split("=")[1])
    raise ValueError(f"{folder / 'seqinfo.ini'}: no frameRate")


def detections(path: Path, last: int) -> list[sv.Detections]:
    """Detections of the frames 1 to `last`."""
    rows = np.loadtxt(path, delimiter=",", ndmin=2)
    frames = []
    for number in range(1, last + 1):
        d = rows[rows[:, 0] == number]
        xyxy = np.column_stack([d[:, 2:4], d[:, 2:4] + d[:, 4:6]]).reshape(-1, 4)
        frames.append(sv.Detections(xyxy=xyxy, confidence=d[:, 6], class_id=np.zeros(len(d), int)))
    return frames
