"""A whole recording's detections to tracks: as live, but first boxes and short gaps are filled in afterwards.

Live, somebody is reported once they have moved. With the recording at hand, the boxes from before that moment are
theirs too, and a gap between two sightings is bridged along the straight line between them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from edge.track.config import TrackerConfig
from edge.track.kernels import fill_gaps
from edge.track.tracker import Tracker

BRIDGE_S = 2.0
"""Longest gap between two sightings of a person that is filled by interpolation, seconds."""


def track_recording(
    frames: Sequence[sv.Detections], fps: float, config: TrackerConfig | None = None, bridge_s: float = BRIDGE_S
) -> NDArray[np.float64]:
    """Tracks of a recording.

    Args:
        frames: Detections of each frame, in order.
        fps: Frames a second.
        config: Settings of the tracker.
        bridge_s: Gaps up to this long are interpolated; 0 leaves them open.

    Returns:
        (R, 7) rows of frame (from 0), id (from 1 in order of appearance), left, top, right, bottom in pixels, score;
        sorted by frame, then id.
    """
    tracker = Tracker(config or TrackerConfig())
    seen: list[NDArray[np.float64]] = []
    people: set[int] = set()
    for index, detections in enumerate(frames):
        tracker.advance(index / fps, detections)
        rows, confirmed = tracker.sightings()
        seen.append(np.column_stack([np.full(len(rows), float(index)), rows]))
        people.update(confirmed.tolist())
    if not seen:
        return np.empty((0, 7))
    table = np.concatenate(seen)
    table = table[np.isin(table[:, 1], np.fromiter(people, float, len(people)))]
    table = table[np.lexsort((table[:, 0], table[:, 1]))]
    table = fill_gaps(table, round(bridge_s * fps))
    table[:, 1] = np.unique(table[:, 1], return_inverse=True)[1] + 1
    return table[np.lexsort((table[:, 1], table[:, 0]))]
