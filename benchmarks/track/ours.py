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
    told = [tracker.update(index / fps, found) for index, found in enumerate(frames)]
    number = np.repeat(np.arange(1, len(told) + 1), [len(tracks) for tracks in told])
    box = np.concatenate([tracks.box_px for tracks in told]).astype(float)
    ids = np.concatenate([tracks.id for tracks in told])
    seen = np.concatenate([tracks.observed for tracks in told])
    rows: NDArray[np.float64] = np.column_stack([number, ids, box[:, :2], box[:, 2:] - box[:, :2]])[seen]
    return rows
