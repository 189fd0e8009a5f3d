"""Where a camera shows points of a plane above the floor, and how each pixel moves with everything that may be off.

The solver asks this some thousand times for each camera; numbers out of a formula are fifty times as fast as
differences between shifted cameras.
"""

from __future__ import annotations

from math import atan, cos, exp, hypot, sin

import numpy as np
from numba import njit
from numpy.typing import NDArray

from calibration.kernels import bent_point, folded

Floats = NDArray[np.float64]
TURN, PLACE, FOCAL, ACROSS, DOWN, FIRST_K, FLOOR, COLUMNS = 0, 3, 6, 7, 8, 9, 12, 14
"""Columns of the slopes: as `terms.TERMS`, then the point's own x and y on the floor."""
NEAREST = 1e-6
"""What is no farther in front of the camera is not in front of it."""


@njit(cache=True)
def project(  # noqa: PLR0917 - compiled, takes no keywords
    rotation: Floats, centre: Floats, matrix: Floats, width: float, k: Floats, tilt: Floats, fisheye: bool,
    points: Floats, z: float, widest: float,
) -> tuple[Floats, Floats]:  # fmt: skip
    """(N, 2) pixels of (N, 2) points at height ``z`` and their (N, 2, COLUMNS) slopes; NaN where they are not seen.

    ``k`` are the lens's terms as OpenCV orders them, padded to 14; ``widest`` is a radius on the plane.
    """
    count = len(points)
    uv = np.full((count, 2), np.nan)
    slopes = np.full((count, 2, COLUMNS), np.nan)
    ahead = np.empty((count, 3))
    farthest = 0.0
    for n in range(count):
        dx, dy, dz = points[n, 0] - centre[0], points[n, 1] - centre[1], z - centre[2]
        for i in range(3):
            ahead[n, i] = rotation[i, 0] * dx + rotation[i, 1] * dy + rotation[i, 2] * dz
        if ahead[n, 2] > NEAREST:
            farthest = max(farthest, hypot(ahead[n, 0], ahead[n, 1]) / ahead[n, 2])
    fold = folded(farthest, k, fisheye)
    for n in range(count):
        depth = ahead[n, 2]
        if not depth > NEAREST:
            continue
        x, y = ahead[n, 0] / depth, ahead[n, 1] / depth
        r = hypot(x, y)
        if not r < fold or r > widest:
            continue
        s = r * r
        lean = np.empty((3, 2))
        bx, by, xx, xy, yx, yy = bent_point(x, y, k, fisheye)
        power = s / (1.0 + s * (k[5] + s * (k[6] + s * k[7])))
        if fisheye:
            s = atan(r) ** 2
            power = s * atan(r) / r if r > 1e-9 else 0.0
        for j in range(3):
            lean[j, 0], lean[j, 1] = x * power, y * power
            power *= s
        if not fisheye and (tilt[2, 0] != 0.0 or tilt[2, 1] != 0.0):
            far = tilt[2, 0] * bx + tilt[2, 1] * by + tilt[2, 2]
            tx = (tilt[0, 0] * bx + tilt[0, 1] * by + tilt[0, 2]) / far
            ty = (tilt[1, 0] * bx + tilt[1, 1] * by + tilt[1, 2]) / far
            a, b = (tilt[0, 0] - tx * tilt[2, 0]) / far, (tilt[0, 1] - tx * tilt[2, 1]) / far
            c, d = (tilt[1, 0] - ty * tilt[2, 0]) / far, (tilt[1, 1] - ty * tilt[2, 1]) / far
            bx, by = tx, ty
            xx, xy, yx, yy = a * xx + b * yx, a * xy + b * yy, c * xx + d * yx, c * xy + d * yy
            for j in range(3):
                lean[j, 0], lean[j, 1] = a * lean[j, 0] + b * lean[j, 1], c * lean[j, 0] + d * lean[j, 1]
        ax, skew, ay = matrix[0, 0], matrix[0, 1], matrix[1, 1]
        uv[n, 0] = ax * bx + skew * by + matrix[0, 2]
        uv[n, 1] = ay * by + matrix[1, 2]
        own = slopes[n]
        own[0, FOCAL], own[1, FOCAL] = ax * bx, ay * by
        own[0, ACROSS], own[1, ACROSS] = width, 0.0
        own[0, DOWN], own[1, DOWN] = 0.0, width
        for j in range(3):
            own[0, FIRST_K + j] = ax * lean[j, 0] + skew * lean[j, 1]
            own[1, FIRST_K + j] = ay * lean[j, 1]
        for i in range(2):
            gx = ax * xx + skew * yx if i == 0 else ay * yx
            gy = ax * xy + skew * yy if i == 0 else ay * yy
            to_x, to_y, to_z = gx / depth, gy / depth, -(gx * x + gy * y) / depth
            own[i, TURN] = to_z * ahead[n, 1] - to_y * depth
            own[i, TURN + 1] = to_x * depth - to_z * ahead[n, 0]
            own[i, TURN + 2] = to_y * ahead[n, 0] - to_x * ahead[n, 1]
            for j in range(3):
                moved = to_x * rotation[0, j] + to_y * rotation[1, j] + to_z * rotation[2, j]
                own[i, PLACE + j] = -moved
                if j < 2:
                    own[i, FLOOR + j] = moved
    return uv, slopes


@njit(cache=True)
def weighed(  # noqa: PLR0917 - compiled, takes no keywords
    uv: Floats, slopes: Floats, pixel_px: Floats, weight: Floats, free: NDArray[np.int64], hidden_px: float,
    tolerance: float,
) -> tuple[float, Floats, Floats]:  # fmt: skip
    """Weighted squared misfits of pairs, and the (T, T) and (T,) of their normal equations, for the columns ``free``.

    A point that the camera does not see misses by ``hidden_px`` in both directions, and pulls nowhere. With a finite
    ``tolerance``, standard deviations, misfits well beyond it count for no more than that (Geman and McClure 1987).
    """
    count = len(free)
    normal, slope, cost = np.zeros((count, count)), np.zeros(count), 0.0
    most = tolerance**2
    for n in range(len(uv)):
        if not np.isfinite(uv[n, 0]):
            square, own = 2 * weight[n] * hidden_px**2, 0.0
        else:
            square = weight[n] * ((uv[n, 0] - pixel_px[n, 0]) ** 2 + (uv[n, 1] - pixel_px[n, 1]) ** 2)
            own = weight[n]
        if most < np.inf:
            own *= (most / (most + square)) ** 2
            square *= most / (most + square)
        cost += square
        if own == 0.0:
            continue
        for i in range(2):
            off = uv[n, i] - pixel_px[n, i]
            for a in range(count):
                pull = own * slopes[n, i, free[a]]
                slope[a] -= pull * off
                for b in range(a + 1):
                    normal[a, b] += pull * slopes[n, i, free[b]]
    for a in range(count):
        for b in range(a):
            normal[b, a] = normal[a, b]
    return cost, normal, slope


@njit(cache=True)
def solved(normal: Floats, slope: Floats, damping: float, step: Floats) -> bool:
    """Whether ``normal``, its diagonal lifted by ``damping``, is positive definite; writes the step (Cholesky)."""
    count = len(slope)
    low = np.zeros((count, count))
    for i in range(count):
        for j in range(i + 1):
            total = normal[i, j]
            if i == j:
                total += damping * normal[i, i] + 1e-12
            for m in range(j):
                total -= low[i, m] * low[j, m]
            if i == j:
                if not total > 0.0:
                    return False
                low[i, i] = total**0.5
            else:
                low[i, j] = total / low[j, j]
    for i in range(count):
        total = slope[i]
        for m in range(i):
            total -= low[i, m] * step[m]
        step[i] = total / low[i, i]
    for i in range(count - 1, -1, -1):
        total = step[i]
        for m in range(i + 1, count):
            total -= low[m, i] * step[m]
        step[i] = total / low[i, i]
    return True


@njit(cache=True)
def moved(  # noqa: PLR0917 - compiled, takes no keywords
    rotation: Floats, centre: Floats, matrix: Floats, k: Floats, width: float, fisheye: bool,
    free: NDArray[np.int64], step: Floats,
) -> tuple[Floats, Floats, Floats, Floats]:  # fmt: skip
    """Rotation, place, matrix and lens terms after a step in the columns ``free``."""
    change = np.zeros(FLOOR)
    for a in range(len(free)):
        change[free[a]] = step[a]
    x, y, z = change[0], change[1], change[2]
    angle = (x * x + y * y + z * z) ** 0.5
    one = sin(angle) / angle if angle > 1e-12 else 1.0
    two = (1.0 - cos(angle)) / angle**2 if angle > 1e-6 else 0.5
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    turn = np.eye(3) + one * cross
    out = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            for m in range(3):
                turn[i, j] += two * cross[i, m] * cross[m, j]
    for i in range(3):
        for j in range(3):
            out[i, j] = turn[i, 0] * rotation[0, j] + turn[i, 1] * rotation[1, j] + turn[i, 2] * rotation[2, j]
    lens, terms = matrix.copy(), k.copy()
    lens[0, 0] *= exp(change[FOCAL])
    lens[1, 1] *= exp(change[FOCAL])
    lens[0, 2] += width * change[ACROSS]
    lens[1, 2] += width * change[DOWN]
    terms[0] += change[FIRST_K]
    terms[1] += change[FIRST_K + 1]
    terms[2 if fisheye else 4] += change[FIRST_K + 2]
    return out, centre + change[PLACE:FOCAL], lens, terms


@njit(cache=True)
def believed(values: Floats, sharp: Floats, free: NDArray[np.int64], normal: Floats, slope: Floats) -> float:
    """Cost of lens terms that are so far from what is expected; adds their pull to the normal equations."""
    cost = 0.0
    for j in range(len(values)):
        cost += sharp[j] * values[j] ** 2
    for a in range(len(free)):
        j = free[a] - FOCAL
        if j >= 0:
            normal[a, a] += sharp[j]
            slope[a] -= sharp[j] * values[j]
    return cost


@njit(cache=True)
def descend(  # noqa: PLR0917 - compiled, takes no keywords
    rotation: Floats, centre: Floats, matrix: Floats, width: float, k: Floats, tilt: Floats, fisheye: bool,
    widest: float, floor_m: Floats, pixel_px: Floats, weight: Floats, free: NDArray[np.int64], values: Floats,
    sharp: Floats, hidden_px: float, tolerance: float, rounds: int,
) -> tuple[Floats, Floats, Floats, Floats, float]:  # fmt: skip
    """Levenberg and Marquardt's descent from one camera: the rotation, place, matrix, lens terms and cost it ends at.

    ``values`` are the lens's terms less what is expected of them, ``sharp`` one over the variance of each; see
    `project` and `weighed` for the others.
    """
    uv, slopes = project(rotation, centre, matrix, width, k, tilt, fisheye, floor_m, 0.0, widest)
    cost, normal, slope = weighed(uv, slopes, pixel_px, weight, free, hidden_px, tolerance)
    cost += believed(values, sharp, free, normal, slope)
    step = np.zeros(len(free))
    damping = 1e-3
    for _ in range(rounds):
        found = False
        while damping < 1e9:
            if solved(normal, slope, damping, step):
                for a in range(len(free)):
                    step[a] = min(0.5, max(-0.5, step[a]))
                turn, place, lens, terms = moved(rotation, centre, matrix, k, width, fisheye, free, step)
                ahead = values.copy()
                for a in range(len(free)):
                    if free[a] >= FOCAL:
                        ahead[free[a] - FOCAL] += step[a]
                uv, slopes = project(turn, place, lens, width, terms, tilt, fisheye, floor_m, 0.0, widest)
                better, next_normal, next_slope = weighed(uv, slopes, pixel_px, weight, free, hidden_px, tolerance)
                better += believed(ahead, sharp, free, next_normal, next_slope)
                if better < cost:
                    found = True
                    break
            damping *= 8
        if not found:
            break
        is_done = cost - better < 1e-9 * (1 + cost)
        rotation, centre, matrix, k, values = turn, place, lens, terms, ahead
        cost, normal, slope, damping = better, next_normal, next_slope, max(damping / 5, 1e-9)
        if is_done:
            break
    return rotation, centre, matrix, k, cost


@njit(cache=True)
def exact_homographies(source: Floats, target: Floats, samples: NDArray[np.int64]) -> Floats:
    """(S, 3, 3) maps of ``source`` to ``target`` (N, 2) through the (S, 4) points of each sample, of unit length.

    By way of the projective basis (Hartley and Zisserman 2004, section 2.3); not finite where three points line up.
    """
    found = np.empty((len(samples), 3, 3))
    away, there = np.empty((3, 3)), np.empty((3, 3))
    for s in range(len(samples)):
        to_basis(source, samples[s], away, 1)
        to_basis(target, samples[s], there, 0)
        total = 0.0
        for i in range(3):
            for j in range(3):
                found[s, i, j] = there[i, 0] * away[0, j] + there[i, 1] * away[1, j] + there[i, 2] * away[2, j]
                total += found[s, i, j] ** 2
        found[s] /= total**0.5 if total > 0.0 else np.nan
    return found


@njit(cache=True)
def to_basis(points: Floats, sample: NDArray[np.int64], out: Floats, away: int) -> None:
    """Writes the (3, 3) map from four points to the projective basis, or the one from there, into ``out``."""
    x, y = points[sample, 0], points[sample, 1]
    for k in range(3):
        a, b = (k + 1) % 3, (k + 2) % 3
        dx, dy, dz = y[a] - y[b], x[b] - x[a], x[a] * y[b] - x[b] * y[a]
        share = dx * x[3] + dy * y[3] + dz
        if away == 1:
            share = 1.0 / share if share != 0.0 else np.nan
            out[k, 0], out[k, 1], out[k, 2] = dx * share, dy * share, dz * share
        else:
            out[0, k], out[1, k], out[2, k] = x[k] * share, y[k] * share, share
