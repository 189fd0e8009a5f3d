"""A whole recording's detections to tracks: as live, but first boxes and short gaps are filled in afterwards.

Live, somebody is reported once they have moved. With the recording at hand, the boxes from before that moment are
theirs too, and a gap between two sightings is bridged along the straight line between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.track.config import TrackerConfig
from edge.track.desk.kernels import new_desk
from edge.track.kernels import sound
from edge.track.recording.kernels import fill_gaps, follow
from edge.track.records import TRACK, compiled
from edge.track.seen import Seen
from edge.track.tracker import SPARE_TRACKS

OFFLINE_DESK = 65_536
"""Numbers that a step may note down before it asks the system for memory: those of a hundred people."""
BRIDGE_S = 2.0
"""Longest gap between two sightings of a person that is filled by interpolation, seconds."""


def track_recording(
    frames: Sequence[Seen], fps: float, config: TrackerConfig | None = None, bridge_s: float = BRIDGE_S
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
    boxes = np.concatenate([np.empty((0, 4), np.float32), *(f.xyxy for f in frames)]).astype(np.float32)
    scores = np.concatenate([np.empty(0, np.float32), *map(confidences, frames)]).astype(np.float32)
    cuts = np.concatenate([[0], np.cumsum([len(f.xyxy) for f in frames])]).astype(np.int64)
    kept = sound(boxes, scores)
    if len(kept) < len(boxes):
        boxes, scores, cuts = boxes[kept], scores[kept], np.searchsorted(kept, cuts)
    table = whole(boxes, scores, cuts, fps, compiled(config or TrackerConfig()))
    table = fill_gaps(table, round(bridge_s * fps))
    table[:, 1] = np.unique(table[:, 1], return_inverse=True)[1] + 1
    return table[np.lexsort((table[:, 1], table[:, 0]))]


def confidences(found: Seen) -> NDArray[np.float32]:
    """How sure each detection is; entirely where none says."""
    return np.ones(len(found), np.float32) if found.confidence is None else found.confidence


def whole(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], cuts: NDArray[np.int64], fps: float, params: NDArray[Any]
) -> NDArray[np.float64]:
    """Sightings of the people among all frames' detections, as `follow` takes and notes them, by id, then frame."""
    bank, desk = np.zeros(SPARE_TRACKS, TRACK), new_desk(OFFLINE_DESK)
    rows = np.empty((len(boxes), 7))
    people = np.zeros(len(boxes) + 1, np.bool_)
    frame, count, next_id, written = 0, 0, 1, 0
    while True:
        frame, count, next_id, written = follow(
            bank, count, next_id, frame, fps, boxes, scores, cuts, params, rows, written, people, desk
        )
        if frame == len(cuts) - 1:
            break
        bank = np.concatenate([bank, np.zeros_like(bank)])
    table = rows[:written]
    table = table[people[table[:, 1].astype(np.int64)]]
    return table[np.lexsort((table[:, 0], table[:, 1]))]
