"""The order of a queue: sales of one till against stints at it, as a sum over all ways that keep the order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]


@njit(cache=True)
def in_order(odds: Floats) -> Floats:
    """(N, M + 1) probability that sale i is stint j's, and in the last column that it is nobody's we saw.

    Both are in their order in time; of two sales the later is the later stint's. Forward-backward over all such
    matchings, each counted once (a stint passed over is never followed at once by a sale of nobody's).

    Args:
        odds: (N, M) odds of the match against the sale being nobody's.
    """
    n, m = odds.shape
    free = np.zeros((n + 1, m + 1))
    passed = np.zeros((n + 1, m + 1))
    free_on = np.zeros((n + 2, m + 2))
    passed_on = np.zeros((n + 2, m + 2))
    free[0, 0] = 1.0
    for i in range(n + 1):
        for j in range(m + 1):
            if i > 0:
                free[i, j] += free[i - 1, j]
                if j > 0:
                    free[i, j] += (free[i - 1, j - 1] + passed[i - 1, j - 1]) * odds[i - 1, j - 1]
            if j > 0:
                passed[i, j] = free[i, j - 1] + passed[i, j - 1]
    for i in range(n, -1, -1):
        for j in range(m, -1, -1):
            matched = odds[i, j] * free_on[i + 1, j + 1] if i < n and j < m else 0.0
            end = 1.0 if i == n and j == m else 0.0
            passed_on[i, j] = end + matched + (passed_on[i, j + 1] if j < m else 0.0)
            free_on[i, j] = passed_on[i, j] + (free_on[i + 1, j] if i < n else 0.0)
    total = free[n, m] + passed[n, m]
    found = np.zeros((n, m + 1))
    for i in range(n):
        left = 1.0
        for j in range(m):
            share = (free[i, j] + passed[i, j]) * odds[i, j] * free_on[i + 1, j + 1] / total
            found[i, j] = share
            left -= share
        found[i, m] = max(left, 0.0)
    return found
