"""CLEAR MOT: Bernardin and Stiefelhagen, "Evaluating Multiple Object Tracking Performance", EURASIP JIVP 2008."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.eval.frames import Sequence

OUT_OF_REACH = 1e6


@dataclass(frozen=True, slots=True)
class Clear:
    """Multiple object tracking accuracy (at most 1, may be negative) and the identity switches in it."""

    mota: float
    switches: int


def clear(sequence: Sequence, overlap: float = 0.5) -> Clear:
    """MOTA (equation 3): a pair of the previous frame that still overlaps is kept, the rest is matched afresh."""
    partner: dict[int, int] = {}
    misses = extras = switches = truths = 0
    for frame in sequence:
        truths += len(frame.truth)
        fits = frame.iou >= overlap
        cost = np.where(fits, 1 - frame.iou, OUT_OF_REACH)
        column = {int(r): k for k, r in enumerate(frame.result)}
        for g, truth in enumerate(frame.truth):
            k = column.get(partner.get(int(truth), -1))
            if k is not None and fits[g, k]:
                cost[g, k] = -OUT_OF_REACH
        matched = 0
        for g, k in zip(*linear_sum_assignment(cost), strict=True):
            if not fits[g, k]:
                continue
            matched += 1
            truth, result = int(frame.truth[g]), int(frame.result[k])
            switches += partner.get(truth, result) != result
            partner[truth] = result
        misses += len(frame.truth) - matched
        extras += len(frame.result) - matched
    return Clear(1 - (misses + extras + switches) / max(truths, 1), switches)
