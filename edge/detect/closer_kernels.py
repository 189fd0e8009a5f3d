"""Whom a detector was in doubt about before, and what came of it: compiled."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from edge.detect.stir_kernels import overlap

Floats32 = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.uint8]

AT, SHIFT = 0, 1
"""Columns of what is known of a spot: when, seconds, and by how much a closer look moved the score's logit; infinite
where somebody is."""
FIRST, LAST = slice(0, 4), slice(4, 8)
"""Columns of a spot: the box that was judged there, and the one that it has become."""


@njit(cache=True, nogil=True)
def recall(  # noqa: C901, PLR0912, PLR0917 - compiled: one pass, and no keywords
    spots: Floats32,
    known: Floats,
    n: int,
    now: float,
    boxes: Floats32,
    scores: Floats32,
    doubted: Flags,
    low: float,
    high: float,
    same: float,
    stays_s: float,
    holds_s: float,
    moves: float,
) -> int:
    """Tells who is in doubt, and gives those whom a closer look has judged lately the score that it left them.

    Args:
        spots: (K, 8) boxes that are remembered, see `FIRST`; changed in place.
        known: (K, 2) what of them, see `AT`; changed in place.
        n: how many are.
        now: seconds; what is later than now is forgotten.
        boxes: (N, 4) of this picture.
        scores: (N,) of them, above 0 and below 1; changed in place.
        doubted: (N,) filled: 1 where a closer look has to decide.
        low: lower scores are nobody yet.
        high: from here on one look is enough.
        same: a box is at a spot that it overlaps at least so much (intersection over union).
        stays_s: for so long somebody who is no longer seen is remembered,
        holds_s: and for so long what a closer look made of a score.
        moves: who has gone so many times their width since they were judged is no thing: only their score is raised,
            and only that of whoever stays is lowered.

    Returns:
        How many spots are remembered now.
    """
    kept = 0
    for i in range(n):
        if 0.0 <= now - known[i, AT] <= (stays_s if known[i, SHIFT] == np.inf else holds_s):
            spots[kept] = spots[i]
            known[kept] = known[i]
            kept += 1
    n = kept
    for j in range(len(boxes)):
        doubted[j] = 0
        if scores[j] < low:
            continue
        best, at = same, -1
        for i in range(n):
            iou = max(overlap(boxes[j], spots[i, FIRST]), overlap(boxes[j], spots[i, LAST]))
            if iou >= best:
                best, at = iou, i
        has_gone = False
        if at >= 0:
            spots[at, LAST] = boxes[j]
            has_gone = gone(spots[at, FIRST], boxes[j]) >= moves * (boxes[j, 2] - boxes[j, 0])
            if has_gone and known[at, SHIFT] < 0.0:
                known[at, SHIFT] = np.inf
        if scores[j] >= high or (at >= 0 and known[at, SHIFT] == np.inf):
            if at < 0 and n < len(spots):
                at, n = n, n + 1
            if at >= 0:
                spots[at, FIRST] = boxes[j]
                spots[at, LAST] = boxes[j]
                known[at, AT] = now
                known[at, SHIFT] = np.inf
        elif at >= 0 and (has_gone or overlap(boxes[j], spots[at, FIRST]) >= same):
            shift = known[at, SHIFT] if has_gone else min(known[at, SHIFT], 0.0)
            odds = math.log(scores[j] / (1.0 - scores[j])) + shift
            scores[j] = 1.0 / (1.0 + math.exp(-odds))
        else:
            doubted[j] = 1
    return n


@njit(cache=True, nogil=True)
def gone(one: Floats32, other: Floats32) -> float:
    """How far all of a box has gone, pixels: a box that only grows, or loses its feet, goes nowhere."""
    return math.hypot(
        along(other[0] - one[0], other[2] - one[2]),
        along(other[1] - one[1], other[3] - one[3]),
    )


@njit(cache=True, nogil=True)
def along(near: float, far: float) -> float:
    """How far two edges have gone together."""
    return min(abs(near), abs(far)) if near * far > 0.0 else 0.0
