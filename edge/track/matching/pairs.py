"""Exact assignment for whoever has a table of evidence and no desk at hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.track.desk.kernels import new_desk
from edge.track.matching.kernels import FORBIDDEN, search

DESK_A_SIDE = 8
"""Room on the desk for each row and column: more than `search` takes."""


def best_pairs(gain: NDArray[np.float64]) -> NDArray[np.int64]:
    """(N,) the column of each row in the assignment of greatest total gain, -1 where leaving a row out is better.

    Args:
        gain: (N, M) what speaks for each pair, against 0 for being left out; whatever is at or below `-FORBIDDEN` is
            never chosen, nor is what is not a number.
    """
    desk = new_desk(DESK_A_SIDE * (sum(gain.shape) + 3))
    return search(np.where(gain > -FORBIDDEN, -gain, FORBIDDEN), 0.0, desk).copy()
