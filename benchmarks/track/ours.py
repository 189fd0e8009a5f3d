"""Atrium's tracker: as `atrium track` runs it, and as a box does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from edge.track.offline import track_recording
from edge.track.tracker import Tracker

Run = Callable[[list[sv.Detections], float], NDArray[np.float64]]
"""Detections a frame and frames a second to (R, 6) MOT rows: frame from 1, id, left, top, width, height."""


def ours(frames: list[sv.Detections], fps: float) -> NDArray[np.float64]:
    """As `atrium track` writes it."""
    rows = track_recording(frames, fps)
    return np.column_stack([rows[:, 0] + 1, rows[:, 1], rows[:, 2:4], rows[:, 4:6] - rows[:, 2:4]])


def live(frames: list[sv.Detections], fps: float) -> NDArray[np.float64]:
    """As a box tells it, picture by picture: people seen in it, from the moment they are known to have moved."""
    tracker = Tracker()
    told = []
    for index, found in enumerate(frames):
        tracks = tracker.update(index / fps, found)
        told.append((index + 1, tracks))
    rows = [np.empty((0, 6))]
    for number, tracks in told:
        box = tracks.box_px[tracks.observed].astype(float)
        ids = tracks.id[tracks.observed]
        rows.append(np.column_stack([np.full(len(ids), number), ids, box[:, :2], box[:, 2:] - box[:, :2]]))
    return np.concatenate(rows)
