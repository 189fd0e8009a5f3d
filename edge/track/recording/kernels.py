"""All frames of a recording through the tracker in one call, and the gaps between sightings.

Numba notices a change of this file only: after a change in another room of the tracker, touch it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from edge.track.kernels import step
from edge.track.records import CONFIRMED


@njit(cache=True)
def follow(  # noqa: PLR0917 - compiled, takes no keywords
    tracks: NDArray[Any],
    n: int,
    next_id: int,
    first: int,
    fps: float,
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    cuts: NDArray[np.int64],
    params: NDArray[Any],
    rows: NDArray[np.float64],
    written: int,
    people: NDArray[np.bool_],
) -> tuple[int, int, int, int]:
    """Steps from frame `first` on, as far as the room in `tracks` allows; notes who was seen, and who is a person.

    Args:
        tracks: (capacity,) records of `TRACK`, the first `n` in use.
        n: Tracks in use.
        next_id: Identity of the next birth.
        first: The frame to begin with.
        fps: Frames a second.
        boxes: (D, 4) pixels, all frames' detections in order.
        scores: (D,) confidences 0..1.
        cuts: (F + 1,) where each frame's detections begin.
        params: (1,) record of `PARAMS`.
        rows: (D, 7) frame, id, box, score of every matched detection; filled from `written` on.
        written: Rows filled.
        people: (D + 1,) by identity, True from the moment it is known to be a person.

    Returns:
        The frame to go on with (F at the end), tracks in use, the next identity, rows filled.
    """
    for frame in range(first, len(cuts) - 1):
        begin, end = cuts[frame], cuts[frame + 1]
        if n + end - begin > len(tracks):
            return frame, n, next_id, written
        dt = 1.0 / fps if frame > 0 else 0.0
        n, next_id = step(tracks, n, next_id, frame / fps, dt, boxes[begin:end], scores[begin:end], params)
        for i in range(n):
            t = tracks[i]
            if t.det < 0:
                continue
            rows[written, 0] = frame
            rows[written, 1] = t.id
            for e in range(4):
                rows[written, 2 + e] = boxes[begin + t.det, e]
            rows[written, 6] = t.score
            written += 1
            if t.state == CONFIRMED:
                people[t.id] = True
    return len(cuts) - 1, n, next_id, written


@njit(cache=True)
def fill_gaps(table: NDArray[np.float64], longest: int) -> NDArray[np.float64]:
    """Adds straight-line rows between sightings of one id up to `longest` frames apart.

    `table` is (R, 7) of frame, id, box, score, sorted by id, then frame.
    """
    extra = 0
    for r in range(1, len(table)):
        gap = int(table[r, 0] - table[r - 1, 0])
        if table[r, 1] == table[r - 1, 1] and 1 < gap <= longest:
            extra += gap - 1
    out = np.empty((len(table) + extra, 7))
    k = 0
    for r in range(len(table)):
        if r > 0 and table[r, 1] == table[r - 1, 1]:
            gap = int(table[r, 0] - table[r - 1, 0])
            if 1 < gap <= longest:
                for g in range(1, gap):
                    for e in range(7):
                        out[k, e] = table[r - 1, e] + (table[r, e] - table[r - 1, e]) * g / gap
                    out[k, 1] = table[r, 1]
                    k += 1
        out[k] = table[r]
        k += 1
    return out
