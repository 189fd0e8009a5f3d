"""Numba kernels of the pace."""

from __future__ import annotations

from math import hypot

import numpy as np
import numpy.typing as npt
from numba import njit

Floats32 = npt.NDArray[np.float32]


@njit(cache=True, nogil=True)
def fast_heights(before: Floats32, after: Floats32, share: float) -> float:
    """How far boxes (N, 4) are, in their heights, from the nearest ones (M, 4) before: by their feet, a quantile.

    Args:
        before: at least one.
        after: at least one.
        share: of the quantile, 0..1, between values as numpy's.
    """
    count = len(after)
    away = np.empty(count)
    for i in range(count):
        x, y = (after[i, 0] + after[i, 2]) / 2, after[i, 3]
        least = np.inf
        for j in range(len(before)):
            least = min(least, hypot(x - (before[j, 0] + before[j, 2]) / 2, y - before[j, 3]))
        away[i] = least / max(after[i, 3] - after[i, 1], np.float32(1.0))
    away.sort()
    at = share * (count - 1)
    low = int(at)
    return float(away[low] + (at - low) * (away[min(low + 1, count - 1)] - away[low]))
