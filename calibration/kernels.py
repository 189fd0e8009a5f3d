"""What a lens does to one point of the plane before it, where it folds, and the way back."""

from __future__ import annotations

from math import atan, hypot, tan

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ROUNDS = 30
CLOSE = 1e-12
GOOD = 1e-7
"""A point that comes back no closer than this has no origin: the lens cannot have made it."""


@njit(cache=True)
def radial(radius: float, k: Floats, fisheye: bool) -> float:
    """How far from the axis the lens puts what lies ``radius`` from it, on the plane one unit before the camera."""
    if fisheye:
        theta = atan(radius)
        s = theta * theta
        return float(theta * (1.0 + s * (k[0] + s * (k[1] + s * (k[2] + s * k[3])))))
    s = radius * radius
    under = 1.0 + s * (k[5] + s * (k[6] + s * k[7]))
    return float(radius * (1.0 + s * (k[0] + s * (k[1] + s * k[4]))) / under)


@njit(cache=True)
def folded(farthest: float, k: Floats, fisheye: bool) -> float:
    """Radius up to ``farthest`` at which the lens turns back inwards; infinite where it does not."""
    radius, before, step = 0.0, -1.0, 0.0
    while radius <= farthest:
        now = radial(radius, k, fisheye)
        if now <= before:
            low, high = max(0.0, radius - 2 * step), radius
            for _ in range(60):
                third = (high - low) / 3
                if radial(low + third, k, fisheye) < radial(high - third, k, fisheye):
                    low += third
                else:
                    high -= third
            return low
        before = now
        step = max(0.01, 0.02 * radius)
        radius += step
    return np.inf


@njit(cache=True)
def bent_point(x: float, y: float, k: Floats, fisheye: bool) -> tuple[float, float, float, float, float, float]:
    """Where the lens puts a point, and the slopes of that: x by x, x by y, y by x, y by y.

    ``k`` are 14 terms as OpenCV orders them, of a fisheye the first four; a sensor's tilt (the last two) is left out.
    """
    s = x * x + y * y
    if fisheye:
        r = s**0.5
        theta = atan(r)
        q = theta * theta
        share = theta / r if r > 1e-9 else 1.0
        factor = 1.0 + q * (k[0] + q * (k[1] + q * (k[2] + q * k[3])))
        slope = 1.0 + q * (3 * k[0] + q * (5 * k[1] + q * (7 * k[2] + q * 9 * k[3])))
        across = share * factor
        turn = (slope / (1.0 + s) - across) / s if s > 1e-12 else 0.0
        return x * across, y * across, across + x * x * turn, x * y * turn, x * y * turn, across + y * y * turn
    top = 1.0 + s * (k[0] + s * (k[1] + s * k[4]))
    under = 1.0 + s * (k[5] + s * (k[6] + s * k[7]))
    rise = (k[0] + s * (2 * k[1] + s * 3 * k[4])) / under - top / under**2 * (k[5] + s * (2 * k[6] + s * 3 * k[7]))
    factor = top / under
    bx = x * factor + 2 * k[2] * x * y + k[3] * (s + 2 * x * x) + s * (k[8] + s * k[9])
    by = y * factor + k[2] * (s + 2 * y * y) + 2 * k[3] * x * y + s * (k[10] + s * k[11])
    px, py = k[8] + 2 * s * k[9], k[10] + 2 * s * k[11]
    xx = factor + 2 * x * x * rise + 2 * k[2] * y + 6 * k[3] * x + 2 * x * px
    xy = 2 * x * y * rise + 2 * k[2] * x + 2 * k[3] * y + 2 * y * px
    yx = 2 * x * y * rise + 2 * k[2] * x + 2 * k[3] * y + 2 * x * py
    yy = factor + 2 * y * y * rise + 6 * k[2] * y + 2 * k[3] * x + 2 * y * py
    return bx, by, xx, xy, yx, yy


@njit(cache=True)
def unbent(points: Floats, k: Floats, fisheye: bool, widest: float) -> Floats:
    """(N, 2) points of the plane that the lens puts to (N, 2); NaN where it puts none there before it folds."""
    found = np.full((len(points), 2), np.nan)
    end = min(folded(widest, k, fisheye), widest)
    reach = radial(end, k, fisheye)
    for n in range(len(points)):
        u, v = points[n, 0], points[n, 1]
        far = hypot(u, v)
        if not far < np.inf:
            continue
        low, high = 0.0, end
        if fisheye:  # the tangent grows without end: halve the angle, not the radius
            low, high = 0.0, atan(end)
        for _ in range(60):
            middle = 0.5 * (low + high)
            if radial(tan(middle) if fisheye else middle, k, fisheye) < far:
                low = middle
            else:
                high = middle
            if high - low < 1e-4 * high:
                break
        r = tan(0.5 * (low + high)) if fisheye else 0.5 * (low + high)
        if far > reach * 1.05:
            continue
        x, y = (u / far * r, v / far * r) if far > 1e-12 else (u, v)
        for _ in range(ROUNDS):
            bx, by, xx, xy, yx, yy = bent_point(x, y, k, fisheye)
            det = xx * yy - xy * yx
            if abs(det) < 1e-12:
                break
            dx, dy = (yy * (u - bx) - xy * (v - by)) / det, (xx * (v - by) - yx * (u - bx)) / det
            most = 0.25 * (1.0 + hypot(x, y))
            size = hypot(dx, dy)
            if size > most:
                dx, dy = dx * most / size, dy * most / size
            x, y = x + dx, y + dy
            if size < CLOSE * (1.0 + hypot(x, y)):
                break
        bx, by, _, _, _, _ = bent_point(x, y, k, fisheye)
        if hypot(bx - u, by - v) < GOOD * (1.0 + far) and hypot(x, y) <= end:
            found[n, 0], found[n, 1] = x, y
    return found
