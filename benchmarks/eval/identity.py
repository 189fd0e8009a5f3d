"""IDF1: Ristani et al., "Performance Measures and a Data Set for Multi-Target, Multi-Camera Tracking", ECCVW 2016."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.eval.frames import Sequence


def idf1(sequence: Sequence, overlap: float = 0.5) -> float:
    """Share of boxes with the right identity under the best one-to-one match of identities, 0..1 (equation 11)."""
    together = np.zeros((sequence.truths, sequence.results))
    total = 0
    for frame in sequence:
        total += len(frame.truth) + len(frame.result)
        g, k = np.nonzero(frame.iou >= overlap)
        np.add.at(together, (frame.truth[g], frame.result[k]), 1)
    match = linear_sum_assignment(-together)
    return float(2 * together[match].sum() / max(total, 1))
