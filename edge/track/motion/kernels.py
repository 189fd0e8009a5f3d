"""How a track moves and how well a detection fits it.

Horizontal and vertical motion are two independent constant-velocity Kalman filters on the foot point
(bottom-centre), because the foot is what the floor needs and what stays true when a detector's box swallows the
clothes rack behind a person; height and width ride along as slow scalars.
"""

from __future__ import annotations

from math import exp, log
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from edge.track.matching.kernels import FORBIDDEN
from edge.track.records import FURNITURE, Record

HIDDEN_FOOT = -0.12
"""Boxes that end this far above the foot (in heights, negative is up) may have their feet hidden: more than a stride
bobs."""

EDGE = 2.0
"""Variance of the lower edge of a box over that of its middle, where every edge errs alike: the middle is the mean of
two."""

MOST_NOISE = 1.5
"""A box of score 0 errs by this many times `TrackerConfig.noise`, one of score 1 by 1 less."""


@njit(cache=True)
def predict(tracks: NDArray[Any], n: int, dt: float, p: Record) -> None:
    """Moves the first `n` tracks `dt` seconds on: constant velocity with white acceleration, fading while unseen."""
    for i in range(n):
        t = tracks[i]
        if t.state == FURNITURE:
            continue
        if t.det < 0:
            keep = exp(-dt / p.damping_s)
            t.vx *= keep
            t.vy *= keep
        q = (p.acceleration * t.h) ** 2
        t.fx += t.vx * dt
        t.fy += t.vy * dt
        t.xpp += dt * (2.0 * t.xpv + dt * t.xvv) + q * dt**3 / 3.0
        t.xpv += dt * t.xvv + q * dt * dt / 2.0
        t.xvv = min(t.xvv + q * dt, (2.0 * p.start_speed * t.h) ** 2)
        t.ypp += dt * (2.0 * t.ypv + dt * t.yvv) + q * dt**3 / 3.0
        t.ypv += dt * t.yvv + q * dt * dt / 2.0
        t.yvv = min(t.yvv + q * dt, (2.0 * p.start_speed * t.h) ** 2)
        t.hpp = min(t.hpp + (0.15 * t.h) ** 2 * dt, (0.3 * t.h) ** 2)


@njit(cache=True)
def pair_cost(t: Record, box: NDArray[np.float32], score: float, p: Record) -> tuple[float, int]:
    """Minus twice the log likelihood (and a constant) that `box` is track `t`; 1 where its foot is taken for hidden.

    The foot explains the box, or, where the box ends above the foot, the head does (at a price). Height counts
    little and is capped: merged boxes hop in height while their foot stays.
    """
    noise = (p.noise * t.h * (MOST_NOISE - score)) ** 2
    dx = 0.5 * (box[0] + box[2]) - t.fx
    sx = t.xpp + noise
    mx = dx * dx / sx
    if mx > p.gate:
        return FORBIDDEN, 0
    sy = t.ypp + EDGE * noise
    foot = box[3] - t.fy
    my = foot * foot / sy
    faint = score < p.high_score
    if my > p.gate and (faint or foot >= HIDDEN_FOOT * t.h):
        return FORBIDDEN, 0
    ratio = log((box[3] - box[1]) / t.h) / p.shape_noise
    my += ratio * ratio if faint else min(ratio * ratio, p.shape_cap)
    hidden = 0
    if foot < HIDDEN_FOOT * t.h and not faint:
        head = box[1] - (t.fy - t.h)
        by_head = head * head / (sy + t.hpp + noise) + p.hidden_penalty
        if by_head < my:
            my = by_head
            hidden = 1
    if mx + my > (p.faint_gate if faint else p.gate):
        return FORBIDDEN, 0
    return mx + my + log(sx * sy / t.h**4), hidden


@njit(cache=True)
def correct(t: Record, box: NDArray[np.float32], score: float, hidden: int, p: Record) -> None:
    """Kalman update of track `t` with its box; a hidden foot is measured through head and height."""
    noise = (p.noise * t.h * (MOST_NOISE - score)) ** 2
    gain_p = t.xpp / (t.xpp + noise)
    gain_v = t.xpv / (t.xpp + noise)
    e = 0.5 * (box[0] + box[2]) - t.fx
    t.fx += gain_p * e
    t.vx += gain_v * e
    t.xvv -= gain_v * t.xpv
    t.xpv *= 1.0 - gain_p
    t.xpp *= 1.0 - gain_p
    measured = box[3]
    noise *= EDGE
    height_noise = (p.height_noise * t.h) ** 2
    if hidden == 1:
        measured = box[1] + t.h
        noise += t.hpp
        height_noise *= 16.0
    gain_p = t.ypp / (t.ypp + noise)
    gain_v = t.ypv / (t.ypp + noise)
    e = measured - t.fy
    t.fy += gain_p * e
    t.vy += gain_v * e
    t.yvv -= gain_v * t.ypv
    t.ypv *= 1.0 - gain_p
    t.ypp *= 1.0 - gain_p
    gain_p = t.hpp / (t.hpp + height_noise)
    cap = 0.3 * t.h
    t.h = max(4.0, t.h + gain_p * min(max(box[3] - box[1] - t.h, -cap), cap))
    t.hpp *= 1.0 - gain_p
    t.w += 0.3 * (box[2] - box[0] - t.w)
    t.hidden = hidden


@njit(cache=True)
def stopped_apart(t: Record, newborn: Record, p: Record) -> float:
    """How far apart a lost person and somebody born standing are, 1 being as far as they may be one and the same.

    The filter expects people to walk on. Who stopped is about where they were last seen, whatever the speed they had.
    """
    unseen = newborn.born_at - t.seen_at
    if not 0.0 < unseen <= p.comeback_s:
        return FORBIDDEN
    dx = newborn.born_x - t.last_x
    dy = newborn.born_y - t.last_y
    reach = (p.comeback_reach + p.comeback_speed * unseen) * t.h
    ratio = log(newborn.h / t.h) / p.shape_noise
    return float((dx * dx + dy * dy) / (reach * reach) + ratio * ratio / p.gate)


@njit(cache=True)
def go_on_as(t: Record, newborn: Record) -> None:
    """Moves the lost track `t` to where the newborn one is."""
    t.fx, t.fy, t.vx, t.vy = newborn.fx, newborn.fy, newborn.vx, newborn.vy
    t.xpp, t.xpv, t.xvv = newborn.xpp, newborn.xpv, newborn.xvv
    t.ypp, t.ypv, t.yvv = newborn.ypp, newborn.ypv, newborn.yvv
    t.last_x, t.last_y = newborn.last_x, newborn.last_y
    t.h, t.w, t.hpp = newborn.h, newborn.w, newborn.hpp
    t.hidden, t.det = newborn.hidden, newborn.det
    t.score, t.seen_at = newborn.score, newborn.seen_at
