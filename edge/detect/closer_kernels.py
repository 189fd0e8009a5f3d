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


@njit(cache=True, nogil=True)
def recall(  # noqa: C901, PLR0917 - compiled: one pass, and no keywords
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
) -> int:
    """Tells who is in doubt, and gives those whom a closer look has judged lately the score that it left them.

    Args:
        spots: (K, 4) boxes that are remembered; changed in place.
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
        holds_s: and for so long by how much a closer look lowered a score; what raised it holds as short as somebody.

    Returns:
        How many spots are remembered now.
    """
    kept = 0
    for i in range(n):
        if 0.0 <= now - known[i, AT] <= (holds_s if known[i, SHIFT] < 0.0 else stays_s):
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
            iou = overlap(boxes[j], spots[i])
            if iou >= best:
                best, at = iou, i
        if scores[j] >= high or (at >= 0 and known[at, SHIFT] == np.inf):
            if at < 0 and n < len(spots):
                at, n = n, n + 1
            if at >= 0:
                spots[at] = boxes[j]
                known[at, AT] = now
                known[at, SHIFT] = np.inf
        elif at >= 0:
            odds = math.log(scores[j] / (1.0 - scores[j])) + known[at, SHIFT]
            scores[j] = 1.0 / (1.0 + math.exp(-odds))
        else:
            doubted[j] = 1
    return n
