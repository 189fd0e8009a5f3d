"""Compiled arithmetic of the floor: Kalman filters of visitors and squared Mahalanobis distances, over arrays."""

from __future__ import annotations

from math import exp

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@njit(cache=True)
def predict(  # noqa: PLR0917 - compiled code takes no keywords
    state: Floats, cov: Floats, coasting: NDArray[np.bool_], dt: float, accel: float, damping_s: float
) -> None:
    """Moves constant-velocity filters on by ``dt`` seconds, in place.

    White acceleration noise after Bar-Shalom, Li, Kirubarajan (2001), section 6.3.2.

    Args:
        state: (N, 4) x, y in metres, vx, vy in metres a second.
        cov: (N, 4, 4) its covariance.
        coasting: (N,) whether nobody sees the visitor; its speed then falls by 1/e in ``damping_s``.
        dt: seconds.
        accel: standard deviation of the acceleration, metres a second squared.
        damping_s: seconds.
    """
    q = accel * accel
    for i in range(state.shape[0]):
        keep = exp(-dt / damping_s) if coasting[i] else 1.0
        reach = damping_s * (1.0 - keep) if coasting[i] else dt
        for axis in range(2):
            state[i, axis] += reach * state[i, axis + 2]
            state[i, axis + 2] *= keep
        p = cov[i]
        for a in range(2):
            for b in range(2):
                p[a, b] += reach * (p[a, b + 2] + p[a + 2, b]) + reach * reach * p[a + 2, b + 2]
        for a in range(2):
            for b in range(2):
                cross = keep * (p[a, b + 2] + reach * p[a + 2, b + 2])
                p[a, b + 2] = cross
        for a in range(2):
            for b in range(2):
                p[a + 2, b + 2] *= keep * keep
        for a in range(2):
            p[a, a] += q * dt**4 / 4
            p[a, a + 2] += q * dt**3 / 2
            p[a + 2, a + 2] += q * dt * dt
        for a in range(2):
            for b in range(2):
                p[b + 2, a] = p[a, b + 2]


@njit(cache=True)
def correct(state: Floats, cov: Floats, rows: NDArray[np.int64], seen_m: Floats, seen_cov: Floats) -> None:
    """Corrects filters with positions, one after the other, in place.

    Args:
        state: (N, 4) x, y in metres, vx, vy in metres a second.
        cov: (N, 4, 4) its covariance.
        rows: (M,) the filter each position belongs to.
        seen_m: (M, 2) metres.
        seen_cov: (M, 2, 2) square metres.
    """
    gain = np.empty((4, 2))
    fresh = np.empty((4, 4))
    for k in range(rows.shape[0]):
        x = state[rows[k]]
        p = cov[rows[k]]
        s00 = p[0, 0] + seen_cov[k, 0, 0]
        s01 = p[0, 1] + seen_cov[k, 0, 1]
        s11 = p[1, 1] + seen_cov[k, 1, 1]
        det = s00 * s11 - s01 * s01
        for a in range(4):
            gain[a, 0] = (p[a, 0] * s11 - p[a, 1] * s01) / det
            gain[a, 1] = (p[a, 1] * s00 - p[a, 0] * s01) / det
        off_x = seen_m[k, 0] - x[0]
        off_y = seen_m[k, 1] - x[1]
        for a in range(4):
            for b in range(4):
                fresh[a, b] = p[a, b] - gain[a, 0] * p[0, b] - gain[a, 1] * p[1, b]
        for a in range(4):
            x[a] += gain[a, 0] * off_x + gain[a, 1] * off_y
            for b in range(4):
                p[a, b] = 0.5 * (fresh[a, b] + fresh[b, a])


@njit(cache=True)
def merge_sightings(
    count: int, owner: NDArray[np.int64], seen_m: Floats, jitter: Floats, bias: Floats
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """One position for everybody seen, several cameras' weighted by how far each is to be trusted.

    Weights come from jitter and bias together; what is returned as uncertainty is jitter alone, because a filter
    must not average over time what stays wrong.

    Args:
        count: number of people.
        owner: (M,) whose sighting each is, below ``count``.
        seen_m: (M, 2) metres.
        jitter: (M, 2, 2) covariance of what changes from picture to picture, square metres.
        bias: (M, 2, 2) covariance of what stays wrong.

    Returns:
        (K,) people seen, ascending, their (K, 2) positions and (K, 2, 2) jitter.
    """
    weight, inverse = np.zeros((count, 2, 2)), np.empty((owner.shape[0], 2, 2))
    place = np.full(count, -1)  # of each person among those seen
    for k in range(owner.shape[0]):
        for a in range(2):
            for b in range(2):
                inverse[k, a, b] = jitter[k, a, b] + bias[k, a, b]
        invert(inverse[k])
        for a in range(2):
            for b in range(2):
                weight[owner[k], a, b] += inverse[k, a, b]
        place[owner[k]] = 0
    seen = 0
    for i in range(count):
        if place[i] == 0:
            place[i] = seen
            seen += 1
            invert(weight[i])  # from here on the share that a sighting's inverse is worth
    who, position, blur = np.empty(seen, np.int64), np.zeros((seen, 2)), np.zeros((seen, 2, 2))
    for k in range(owner.shape[0]):
        own, worth, mine, r = weight[owner[k]], inverse[k], jitter[k], place[owner[k]]
        who[r] = owner[k]
        for a in range(2):
            left = own[a, 0] * worth[0, 0] + own[a, 1] * worth[1, 0]
            right = own[a, 0] * worth[0, 1] + own[a, 1] * worth[1, 1]
            position[r, a] += left * seen_m[k, 0] + right * seen_m[k, 1]
            for b in range(2):
                other_left = own[b, 0] * worth[0, 0] + own[b, 1] * worth[1, 0]
                other_right = own[b, 0] * worth[0, 1] + own[b, 1] * worth[1, 1]
                blur[r, a, b] += other_left * (left * mine[0, 0] + right * mine[1, 0])
                blur[r, a, b] += other_right * (left * mine[0, 1] + right * mine[1, 1])
    return who, position, blur


@njit(cache=True)
def invert(matrix: Floats) -> None:
    """Inverts a (2, 2) matrix in place."""
    det = matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0]
    matrix[0, 0], matrix[1, 1] = matrix[1, 1] / det, matrix[0, 0] / det
    matrix[0, 1] /= -det
    matrix[1, 0] /= -det


@njit(cache=True)
def mahalanobis(a_m: Floats, a_cov: Floats, b_m: Floats, b_cov: Floats, slack_m: float) -> tuple[Floats, Floats]:
    """Squared Mahalanobis distances between two sets of uncertain positions, and how blurred each pair is.

    Args:
        a_m: (N, 2) metres.
        a_cov: (N, 2, 2) square metres.
        b_m: (M, 2) metres.
        b_cov: (M, 2, 2) square metres.
        slack_m: what calibrations disagree by, metres, one standard deviation.

    Returns:
        (N, M) squared distances, and (N, M) square roots of the determinants of the summed covariances, square metres.
    """
    n, m = a_m.shape[0], b_m.shape[0]
    squared = np.empty((n, m))
    blur = np.empty((n, m))
    for i in range(n):
        for j in range(m):
            s00 = a_cov[i, 0, 0] + b_cov[j, 0, 0] + slack_m * slack_m
            s01 = a_cov[i, 0, 1] + b_cov[j, 0, 1]
            s11 = a_cov[i, 1, 1] + b_cov[j, 1, 1] + slack_m * slack_m
            det = s00 * s11 - s01 * s01
            dx = a_m[i, 0] - b_m[j, 0]
            dy = a_m[i, 1] - b_m[j, 1]
            squared[i, j] = (s11 * dx * dx - 2.0 * s01 * dx * dy + s00 * dy * dy) / det
            blur[i, j] = det**0.5
    return squared, blur
