"""A person on the floor as an ellipsoid, its outline in a picture, and the person behind an outline."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

from edge.floor.joint.records import Record

Floats = NDArray[np.float64]

MIDDLE, TOP, FOOT, INSIDE, TALL = 0, 1, 2, 3, 4
"""What `outline` gives: pixels of the box's middle, upper and lower edge; share inside the picture; height uncut."""
NEAR_M = 0.5
"""Nobody nearer to a camera's plane than this is looked for."""
STEP_M = 0.02
"""Of the numeric derivatives."""
VARIED = (0, 1, 4)
"""The parts of a state that a box depends on: place and height."""


@njit(cache=True)
def outline(  # noqa: PLR0917 - compiled, takes no keywords
    camera: Record, x: float, y: float, tall_m: float, radius_m: float, out: Floats
) -> bool:
    """Writes the box around an ellipsoid that stands on the floor; gives whether it lies before the camera.

    The outline of a quadric is a conic (Hartley and Zisserman, Multiple View Geometry, 2nd ed., 8.3); its dual is
    P diag(radius, radius, height / 2, -1) P' about the ellipsoid's centre.

    Args:
        camera: a record of `CAMERA`.
        x: metres.
        y: metres.
        tall_m: height of the person, metres.
        radius_m: half their width, metres.
        out: (5,) takes the result; edges are cut at the picture's border.
    """
    p = camera.matrix
    half = tall_m / 2
    q0 = p[0, 0] * x + p[0, 1] * y + p[0, 2] * half + p[0, 3]
    q1 = p[1, 0] * x + p[1, 1] * y + p[1, 2] * half + p[1, 3]
    q2 = p[2, 0] * x + p[2, 1] * y + p[2, 2] * half + p[2, 3]
    if q2 < NEAR_M:
        return False
    a, h = radius_m * radius_m, half * half
    c22 = a * (p[2, 0] ** 2 + p[2, 1] ** 2) + h * p[2, 2] ** 2 - q2 * q2
    if c22 >= -1e-6:
        return False
    c00 = a * (p[0, 0] ** 2 + p[0, 1] ** 2) + h * p[0, 2] ** 2 - q0 * q0
    c02 = a * (p[0, 0] * p[2, 0] + p[0, 1] * p[2, 1]) + h * p[0, 2] * p[2, 2] - q0 * q2
    c11 = a * (p[1, 0] ** 2 + p[1, 1] ** 2) + h * p[1, 2] ** 2 - q1 * q1
    c12 = a * (p[1, 0] * p[2, 0] + p[1, 1] * p[2, 1]) + h * p[1, 2] * p[2, 2] - q1 * q2
    du, u = sqrt(max(c02 * c02 - c00 * c22, 0.0)) / -c22, c02 / c22
    dv, v = sqrt(max(c12 * c12 - c11 * c22, 0.0)) / -c22, c12 / c22
    left, right = min(max(u - du, 0.0), camera.width), min(max(u + du, 0.0), camera.width)
    top, foot = min(max(v - dv, 0.0), camera.height), min(max(v + dv, 0.0), camera.height)
    out[MIDDLE], out[TOP], out[FOOT] = (left + right) / 2, top, foot
    out[INSIDE] = (right - left) * (foot - top) / max(4 * du * dv, 1e-6)
    out[TALL] = 2 * dv
    return True


@njit(cache=True)
def expect(  # noqa: PLR0917 - compiled, takes no keywords
    camera: Record, mean: Floats, radius_m: float, out: Floats, jacobian: Floats, scratch: Floats
) -> bool:
    """Writes the box expected of somebody, with what the camera is off by, and how it depends on their state.

    Args:
        camera: a record of `CAMERA`.
        mean: (5,) their state.
        radius_m: half their width, metres.
        out: (5,) see `outline`.
        jacobian: (3, 5) of middle, top, foot; only place and height are written.
        scratch: (5,).

    Returns:
        Whether they are before the camera.
    """
    x, y, tall_m = mean[0], mean[1], mean[4]
    if not outline(camera, x, y, tall_m, radius_m, out):
        return False
    for part in VARIED:
        ahead = outline(
            camera,
            x + STEP_M if part == 0 else x,
            y + STEP_M if part == 1 else y,
            tall_m + STEP_M if part == 4 else tall_m,
            radius_m,
            scratch,
        )
        if not ahead:
            return False
        for e in range(3):
            jacobian[e, part] = (scratch[e] - out[e]) / STEP_M
    across = 2 * out[MIDDLE] / camera.width - 1
    down = 2 * out[FOOT] / camera.height - 1
    for e in range(3):
        out[e] += (camera.bias[e, 0] + camera.bias[e, 1] * across + camera.bias[e, 2] * down) * out[TALL]
    return True


@njit(cache=True)
def box_noise(camera: Record, box: Floats, tall_px: float, rules: Record, out: Floats) -> None:
    """Writes (3,) variances of a box's middle, top and foot, square pixels; edges cut at the border say little."""
    margin = rules.border * tall_px
    for e in range(3):
        share = rules.side_noise if e == MIDDLE else (rules.top_noise if e == TOP else rules.foot_noise)
        if e == MIDDLE:
            is_cut = box[0] < margin or box[2] > camera.width - margin
        elif e == TOP:
            is_cut = box[1] < margin
        else:
            is_cut = box[3] > camera.height - margin
        out[e] = (share * tall_px) ** 2 + rules.noise_px**2
        if is_cut:
            out[e] *= rules.cut_noise**2


@njit(cache=True)
def innovation(cov: Floats, jacobian: Floats, noise: Floats, spread: Floats, gain: Floats) -> None:
    """Writes (3, 3) J P J' + R to `spread` and (5, 3) P J' to `gain`."""
    for a in range(5):
        for e in range(3):
            gain[a, e] = cov[a, 0] * jacobian[e, 0] + cov[a, 1] * jacobian[e, 1] + cov[a, 4] * jacobian[e, 4]
    for e in range(3):
        for f in range(3):
            spread[e, f] = jacobian[e, 0] * gain[0, f] + jacobian[e, 1] * gain[1, f] + jacobian[e, 4] * gain[4, f]
        spread[e, e] += noise[e]


@njit(cache=True)
def invert(s: Floats, out: Floats) -> float:
    """Writes the inverse of a symmetric (3, 3) matrix and gives its determinant."""
    a, b, c, d, e, f = s[0, 0], s[0, 1], s[0, 2], s[1, 1], s[1, 2], s[2, 2]
    aa, bb, cc = d * f - e * e, c * e - b * f, b * e - c * d
    det: float = a * aa + b * bb + c * cc
    out[0, 0], out[0, 1], out[0, 2] = aa / det, bb / det, cc / det
    out[1, 1], out[1, 2], out[2, 2] = (a * f - c * c) / det, (b * c - a * e) / det, (a * d - b * b) / det
    out[1, 0], out[2, 0], out[2, 1] = out[0, 1], out[0, 2], out[1, 2]
    return det


@njit(cache=True)
def stand(camera: Record, box: Floats, rules: Record, mean: Floats, cov: Floats) -> bool:
    """Writes the state of somebody known by one box only; gives whether there can be such a person.

    Begins at the floor under the box's foot, or under its top where the foot is cut, and iterates a Kalman update from
    a prior as wide as the room (Bell and Cathey 1993).

    Args:
        camera: a record of `CAMERA`.
        box: (4,) left, top, right, bottom, pixels without the lens's distortion.
        rules: a record of `RULES`.
        mean: (5,) takes the state.
        cov: (5, 5) takes its covariance.
    """
    tall_px = box[3] - box[1]
    u = (box[0] + box[2]) / 2
    if box[3] > camera.height - rules.border * tall_px:
        plane = np.empty((3, 3))
        for e in range(3):
            plane[e, 0], plane[e, 1] = camera.matrix[e, 0], camera.matrix[e, 1]
            plane[e, 2] = camera.matrix[e, 2] * rules.height_m + camera.matrix[e, 3]
        if abs(np.linalg.det(plane)) < 1e-9:
            return False
        back = np.linalg.inv(plane)
        v = box[1] - camera.bias[TOP, 0] * tall_px
    else:
        back = camera.floor.copy()
        v = box[3] - camera.bias[FOOT, 0] * tall_px
    w = back[2, 0] * u + back[2, 1] * v + back[2, 2]
    if w == 0.0:
        return False
    first = np.zeros(5)
    first[0] = (back[0, 0] * u + back[0, 1] * v + back[0, 2]) / w
    first[1] = (back[1, 0] * u + back[1, 1] * v + back[1, 2]) / w
    first[4] = rules.height_m
    mean[:] = first
    expected, scratch, noise, miss = np.empty(5), np.empty(5), np.empty(3), np.empty(3)
    jacobian, spread, inverse, gain = np.zeros((3, 5)), np.empty((3, 3)), np.empty((3, 3)), np.empty((5, 3))
    for _ in range(3):
        if not np.hypot(mean[0] - camera.x, mean[1] - camera.y) < rules.most_reach_m:
            return False
        if not expect(camera, mean, rules.radius_m, expected, jacobian, scratch):
            return False
        cov[:] = 0.0
        cov[0, 0] = cov[1, 1] = 16.0
        cov[2, 2] = cov[3, 3] = rules.start_speed**2
        cov[4, 4] = rules.height_spread_m**2
        box_noise(camera, box, expected[TALL], rules, noise)
        innovation(cov, jacobian, noise, spread, gain)
        if not invert(spread, inverse) > 0:
            return False
        miss[0], miss[1], miss[2] = u - expected[0], box[1] - expected[1], box[3] - expected[2]
        for e in range(3):
            for part in VARIED:
                miss[e] -= jacobian[e, part] * (first[part] - mean[part])
        for a in range(5):
            mean[a] = first[a]
            for e in range(3):
                for f in range(3):
                    mean[a] += gain[a, e] * inverse[e, f] * miss[f]
        mean[4] = min(max(mean[4], rules.shortest_m), rules.tallest_m)
    for a in range(5):
        for b in range(5):
            for e in range(3):
                for f in range(3):
                    cov[a, b] -= gain[a, e] * inverse[e, f] * gain[b, f]
    return bool(np.hypot(mean[0] - camera.x, mean[1] - camera.y) < rules.most_reach_m)
