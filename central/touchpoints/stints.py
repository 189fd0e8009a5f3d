"""Stints: when each visitor stood at a spot, and how exactly there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from central.touchpoints.nearby import Fixes

REACH_M = 0.9
"""Who uses a till stands within this of its spot; the next in the queue at its very edge."""
SMOOTH_S = 5
"""A position is the mean of so many seconds: that of one second is off by up to half a metre."""
GAP_S = 16.0
"""Somebody missed, or lost and found again, for so long was there all the time."""
LEAST_S = 4.0
"""Who was there more briefly walked by."""
LAST_S = 12.0
"""Where somebody stood is told from so many seconds before they left: before that they may have been in the queue."""
STOOD_S, STOOD_M = 40.0, 0.5
"""Earlier seconds in which they stood at the same place as in the last ones count, too: noise lasts for seconds."""
LEAVING_S = 1.5
"""and without the last, in which they turn to go."""


@dataclass(frozen=True, slots=True)
class Stint:
    """A visitor's stay at a spot.

    Attributes:
        visitor: their number.
        start: seconds since 1970, with ``end``.
        off_m: how far from the spot they stood on average in its last seconds; (``x``, ``y``) is that mean.
        seen_s: seconds with a position in it.
    """

    visitor: int
    start: float
    end: float
    x: float
    y: float
    seen_s: float

    @property
    def off_m(self) -> float:
        """Metres from the spot."""
        return float(np.hypot(self.x, self.y))


def stints(fixes: Fixes) -> list[Stint]:
    """Every stay at the spot that fixes are relative to, by its end."""
    order = np.lexsort((fixes.at, fixes.number))
    number, at, x, y = fixes.number[order], fixes.at[order], fixes.x[order], fixes.y[order]
    found: list[Stint] = []
    firsts = np.flatnonzero(np.r_[True, number[1:] != number[:-1]]) if len(number) else np.empty(0, np.intp)
    for first, last in zip(firsts.tolist(), [*firsts[1:].tolist(), len(number)], strict=True):
        if last - first >= LEAST_S:
            found += _of_one(int(number[first]), at[first:last], x[first:last], y[first:last])
    return sorted(found, key=lambda one: (one.end, one.visitor))


def _of_one(visitor: int, at: np.ndarray, x: np.ndarray, y: np.ndarray) -> list[Stint]:
    near = np.hypot(_smooth(x), _smooth(y)) < REACH_M
    at, x, y = at[near], x[near], y[near]
    if len(at) < LEAST_S:
        return []
    cuts = np.flatnonzero(np.diff(at) > GAP_S) + 1
    found = []
    for piece in np.split(np.arange(len(at)), cuts):
        start, end = float(at[piece[0]]), float(at[piece[-1]])
        if len(piece) < LEAST_S:
            continue
        chosen = piece[(at[piece] >= end - LAST_S) & (at[piece] <= end - LEAVING_S)]
        chosen = chosen if len(chosen) else piece
        mean_x, mean_y = x[chosen].mean(), y[chosen].mean()
        stood = piece[(at[piece] >= end - STOOD_S) & (at[piece] <= end - LEAVING_S)]
        stood = stood[np.hypot(x[stood] - mean_x, y[stood] - mean_y) < STOOD_M]
        chosen = stood if len(stood) > len(chosen) else chosen
        found.append(Stint(visitor, start, end, float(x[chosen].mean()), float(y[chosen].mean()), float(len(piece))))
    return found


def _smooth(values: np.ndarray) -> np.ndarray:
    """(N,) mean of each and its neighbours, fewer at the ends."""
    total = np.r_[0.0, np.cumsum(values)]
    index = np.arange(len(values))
    low, high = np.maximum(index - SMOOTH_S // 2, 0), np.minimum(index + SMOOTH_S // 2 + 1, len(values))
    return np.asarray((total[high] - total[low]) / (high - low))
