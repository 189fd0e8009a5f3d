"""HOTA: Luiten et al., "HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking", IJCV 2021."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.eval.frames import Sequence

ALPHAS = np.arange(0.05, 0.99, 0.05)
"""Overlaps at which a pair counts as a match; HOTA is the mean over them."""

EPSILON = 1e-9


@dataclass(frozen=True, slots=True)
class Hota:
    """Means over `ALPHAS`, each 0..1."""

    hota: float
    detection: float
    association: float


def hota(sequence: Sequence) -> Hota:
    """HOTA of a sequence: the geometric mean of detection and association accuracy (equations 13 to 16)."""
    potential = np.zeros((sequence.truths, sequence.results))
    truth_count = np.zeros(sequence.truths)
    result_count = np.zeros(sequence.results)
    for frame in sequence:
        truth_count[frame.truth] += 1
        result_count[frame.result] += 1
        union = frame.iou.sum(0)[None] + frame.iou.sum(1)[:, None] - frame.iou
        potential[np.ix_(frame.truth, frame.result)] += np.where(
            union > EPSILON, frame.iou / np.maximum(union, EPSILON), 0
        )
    alignment = potential / np.maximum(truth_count[:, None] + result_count[None] - potential, EPSILON)

    hits, misses, extras = np.zeros(len(ALPHAS)), np.zeros(len(ALPHAS)), np.zeros(len(ALPHAS))
    together = np.zeros((len(ALPHAS), sequence.truths, sequence.results))
    for frame in sequence:
        g, k = linear_sum_assignment(-(alignment[np.ix_(frame.truth, frame.result)] * frame.iou))
        overlap = frame.iou[g, k]
        for a, alpha in enumerate(ALPHAS):
            good = overlap >= alpha - EPSILON
            hits[a] += good.sum()
            misses[a] += len(frame.truth) - good.sum()
            extras[a] += len(frame.result) - good.sum()
            np.add.at(together[a], (frame.truth[g[good]], frame.result[k[good]]), 1)
    detection = hits / np.maximum(hits + misses + extras, 1)
    jaccard = together / np.maximum(truth_count[:, None] + result_count[None] - together, 1)
    association = (together * jaccard).sum((1, 2)) / np.maximum(hits, 1)
    return Hota(float(np.sqrt(detection * association).mean()), float(detection.mean()), float(association.mean()))
