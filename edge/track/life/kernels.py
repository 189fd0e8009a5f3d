"""A track from birth to burial, and whether it has moved: a person, or a thing."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

from edge.track.motion.kernels import EDGE, MOST_NOISE
from edge.track.records import CONFIRMED, FURNITURE, TENTATIVE, TRAIL, Record

TRAIL_STEP_S = 0.12
"""Time between two positions of a trail."""


@njit(cache=True)
def went(t: Record, x1: float, y1: float, x2: float, y2: float) -> float:
    """How far a box has moved from home, pixels: as far as opposite edges of it went together.

    A box that hops between a mannequin and the rack beside it moves one edge only. The top counts twice, because
    somebody who comes nearer to a camera above them moves it less than their feet.
    """
    across = max(min(x1 - t.home_x1, x2 - t.home_x2), min(t.home_x1 - x1, t.home_x2 - x2), 0.0)
    down = min(2.0 * (y1 - t.home_y1), y2 - t.home_y2)
    along = max(down, min(2.0 * (t.home_y1 - y1), t.home_y2 - y2), 0.0)
    return sqrt(across * across + along * along)


@njit(cache=True)
def settle(t: Record, box: NDArray[np.float32], now: float, gap: float, p: Record) -> None:
    """Decides whether a track has moved (a person), stayed (furniture) or is still to be told.

    `gap` is the time since it was last seen. A newborn has moved when its boxes have, or its foot alone, for longer,
    because a box that keeps hold of the rack behind a person does not move its top. Furniture has moved when its
    mean box has.
    """
    share = max(1.0 / t.hits, min(1.0, gap / p.settled_s))
    t.place_x1 += share * (box[0] - t.place_x1)
    t.place_y1 += share * (box[1] - t.place_y1)
    t.place_x2 += share * (box[2] - t.place_x2)
    t.place_y2 += share * (box[3] - t.place_y2)
    proven = t.firm >= p.firm_hits and t.best >= p.birth_score
    if t.state == FURNITURE:
        t.fx = 0.5 * (t.place_x1 + t.place_x2)
        t.fy = t.place_y2
        if proven and went(t, t.place_x1, t.place_y1, t.place_x2, t.place_y2) > p.moved * t.h:
            t.state = CONFIRMED
        return
    whole = went(t, box[0], box[1], box[2], box[3]) > p.moved * t.h
    if whole or abs(t.fy - t.home_foot) > p.moved_foot * t.h:
        if t.away == 0:
            t.away_at = now
        t.away += 1
        long_enough = now - t.away_at >= (p.moved_s if whole else p.moved_foot_s)
        if t.away >= p.moved_updates and long_enough and proven:
            t.state = CONFIRMED
        return
    t.away = 0
    if now - t.home_at <= p.settle_s:
        t.home_x1, t.home_y1, t.home_x2, t.home_y2 = t.place_x1, t.place_y1, t.place_x2, t.place_y2
        t.home_foot += share * (t.fy - t.home_foot)
    still = t.vx * t.vx + t.vy * t.vy < (p.furniture_speed * t.h) ** 2
    if now - t.home_at >= p.furniture_s and still:
        stay(t, p)


@njit(cache=True)
def stay(t: Record, p: Record) -> None:
    """Makes a track a thing that stands where its boxes were."""
    t.state = FURNITURE
    t.fx = 0.5 * (t.place_x1 + t.place_x2)
    t.fy = t.place_y2
    t.vx = t.vy = 0.0
    t.xpp = t.ypp = (p.noise * t.h) ** 2
    t.xpv = t.ypv = 0.0
    t.xvv = t.yvv = (p.start_speed * t.h) ** 2


@njit(cache=True)
def settle_at(t: Record, box: NDArray[np.float32], now: float) -> None:
    """Makes `box` the home of a track: where its moving is measured from."""
    t.home_x1, t.home_y1, t.home_x2, t.home_y2 = box[0], box[1], box[2], box[3]
    t.place_x1, t.place_y1, t.place_x2, t.place_y2 = box[0], box[1], box[2], box[3]
    t.home_foot = t.fy
    t.home_at = t.away_at = now
    t.away = 0


@njit(cache=True)
def give_birth(  # noqa: PLR0917 - compiled, takes no keywords
    t: Record, identity: int, j: int, box: NDArray[np.float32], score: float, now: float, p: Record
) -> None:
    """Fills the record `t` with a new track that starts at `box`."""
    h = max(box[3] - box[1], 4.0)
    t.id = identity
    t.state = TENTATIVE
    t.hits = 1
    t.firm = 1 if score >= p.high_score else 0
    t.det = j
    t.hidden = 0
    t.away = 0
    t.fx = t.born_x = t.last_x = 0.5 * (box[0] + box[2])
    t.fy = t.born_y = t.last_y = box[3]
    t.vx = t.vy = 0.0
    t.h = h
    t.w = box[2] - box[0]
    t.xpp = (p.noise * h * (MOST_NOISE - score)) ** 2
    t.ypp = EDGE * t.xpp
    t.xpv = t.ypv = 0.0
    t.xvv = t.yvv = (p.start_speed * h) ** 2
    t.hpp = (p.height_noise * h) ** 2
    t.score = t.best = score
    t.born_at = t.seen_at = now
    settle_at(t, box, now)
    t.trail_length = 0
    remember(t, now)


@njit(cache=True)
def remember(t: Record, now: float) -> None:
    """Appends the foot point to the trail, the oldest falling out."""
    k = t.trail_length
    if k > 0 and now - t.trail[k - 1, 0] < TRAIL_STEP_S:
        return
    if k == TRAIL:
        for i in range(1, TRAIL):
            for e in range(3):
                t.trail[i - 1, e] = t.trail[i, e]
        k = TRAIL - 1
    t.trail[k, 0] = now
    t.trail[k, 1] = t.fx
    t.trail[k, 2] = t.fy
    t.trail_length = k + 1


@njit(cache=True)
def outlived(t: Record, now: float, p: Record) -> bool:
    """True for a track that has been out of sight for longer than its kind is waited for."""
    unseen = now - t.seen_at
    if unseen <= 0.0:
        return False
    if t.state == FURNITURE:
        return bool(unseen > min(p.furniture_keep_s, 2.0 * (t.seen_at - t.born_at)))
    if t.state == TENTATIVE:
        return bool(unseen > p.tentative_s)
    if p.image_w > 0.0 and (t.fx < 0.0 or t.fx > p.image_w or t.fy - t.h > p.image_h or t.fy < 0.0):
        return bool(unseen > p.tentative_s)
    speed = sqrt(t.vx * t.vx + t.vy * t.vy) / t.h
    still = max(0.0, 1.0 - speed / p.still_speed)
    return bool(unseen > p.lost_s + still * (p.still_lost_s - p.lost_s))
