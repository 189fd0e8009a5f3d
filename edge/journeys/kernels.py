"""Compiled geometry of journeys: points against all zones at once, and simplified paths."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@njit(cache=True)
def zone_depths(points_m: Floats, edges_m: Floats, starts: NDArray[np.int64]) -> Floats:
    """(N, Z) how deep each point lies inside each zone, metres; negative outside.

    Args:
        points_m: (N, 2) metres.
        edges_m: (E, 4) edges x0, y0, x1, y1 of all zones' rings, holes included, metres.
        starts: (Z + 1,) where each zone's edges begin, and the end.
    """
    count = starts.shape[0] - 1
    depth = np.empty((points_m.shape[0], count))
    for i in range(points_m.shape[0]):
        x, y = points_m[i, 0], points_m[i, 1]
        for z in range(count):
            inside = False
            nearest = np.inf
            for e in range(starts[z], starts[z + 1]):
                x0, y0, x1, y1 = edges_m[e]
                if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
                    inside = not inside
                dx, dy = x1 - x0, y1 - y0
                length = dx * dx + dy * dy
                share = 0.0 if length == 0.0 else ((x - x0) * dx + (y - y0) * dy) / length
                share = min(1.0, max(0.0, share))
                off_x, off_y = x - x0 - share * dx, y - y0 - share * dy
                nearest = min(nearest, off_x * off_x + off_y * off_y)
            depth[i, z] = nearest**0.5 if inside else -(nearest**0.5)
    return depth


@njit(cache=True)
def simplify(points: Floats, tolerance_m: float) -> NDArray[np.bool_]:
    """(N,) which points of a path to keep: Douglas and Peucker (1973) with the distance at the same moment.

    The distance is that between a point and where a walker at even speed from one kept point to the next would be
    at its time (Meratnia and de By 2004), so that somebody who stops stays stopped.

    Args:
        points: (N, 3) seconds, x, y in metres, in order of time.
        tolerance_m: largest distance from the path to the simplified one, metres.
    """
    n = points.shape[0]
    keep = np.zeros(n, np.bool_)
    if n == 0:
        return keep
    keep[0] = keep[n - 1] = True
    stack = np.empty((n + 1, 2), np.int64)
    stack[0, 0], stack[0, 1] = 0, n - 1
    depth = 1
    while depth:
        depth -= 1
        first, last = stack[depth]
        worst, at = tolerance_m * tolerance_m, -1
        span = points[last, 0] - points[first, 0]
        for i in range(first + 1, last):
            share = (points[i, 0] - points[first, 0]) / span if span > 0 else 0.0
            off_x = points[i, 1] - points[first, 1] - share * (points[last, 1] - points[first, 1])
            off_y = points[i, 2] - points[first, 2] - share * (points[last, 2] - points[first, 2])
            off = off_x * off_x + off_y * off_y
            if off > worst:
                worst, at = off, i
        if at >= 0:
            keep[at] = True
            stack[depth, 0], stack[depth, 1] = first, at
            stack[depth + 1, 0], stack[depth + 1, 1] = at, last
            depth += 2
    return keep
