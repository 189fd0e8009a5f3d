"""Who of many came from where of many: probabilities of every pair, given that nobody can be two people."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from calibration.camera import Floats

ROUNDS = 200
STILL = 1e-6
"""Messages that change less than this have settled."""


def marginals(weights: Floats) -> Floats:
    """(N, M) the probability that arrival i is departure j, over all ways in which each has at most one counterpart.

    Sum-product on the bipartite graph (Williams and Lau, 2014, doi:10.1109/TAES.2014.120568, section IV): exact on
    trees, close elsewhere, and always convergent.

    Args:
        weights: (N, M) likelihood of each pair over that of both being without a counterpart, not negative.
    """
    rows, columns = weights.shape
    if not rows or not columns:
        return np.zeros((rows, columns))
    back = np.ones((rows, columns))
    for _ in range(ROUNDS):
        flow = weights * back
        forth = weights / (1 + flow.sum(1, keepdims=True) - flow)
        fresh = 1 / (1 + forth.sum(0, keepdims=True) - forth)
        change = float(np.abs(fresh - back).max())
        back = fresh
        if change < STILL:
            break
    flow = weights * back
    found: Floats = flow / (1 + flow.sum(1, keepdims=True))
    return found


def best_pairs(weights: Floats) -> list[tuple[int, int]]:
    """The likeliest of all ways to pair arrivals with departures: (i, j) of each pair, ascending.

    Args:
        weights: (N, M) as of ``marginals``; a pair is worth making only where its weight is above 1.
    """
    rows, columns = weights.shape
    gain = np.log(np.maximum(weights, 1.0))
    if not rows or not columns or not gain.any():
        return []
    found = zip(*linear_sum_assignment(gain, maximize=True), strict=True)
    return [(int(i), int(j)) for i, j in found if gain[i, j] > 0]
