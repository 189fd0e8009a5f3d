"""Compiled arithmetic of the tracker: Kalman foot points, association likelihood, exact assignment, one step of a camera.

A track is one record of `TRACK`. Its vertical and horizontal motion are two independent constant-velocity Kalman filters on
the foot point (bottom-centre), because the foot is what the floor needs and what stays true when a detector's box swallows
the clothes rack behind a person; height and width ride along as slow scalars. All lengths in the parameters are in heights
of the person, all times in seconds, so that one setting serves every resolution and every frame rate.
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Record = Any
"""One record of `TRACK` or `PARAMS`; numpy's stubs know no fields."""

TENTATIVE, CONFIRMED, FURNITURE = 0, 1, 2
"""Not yet known to move; has moved, is a person; has stood where it was born for so long that it is taken for a thing."""

IN_SIGHT, LOST, NEWBORN = 0, 1, 2
"""Kinds of track that a round of association is for: seen a moment ago (and furniture), out of sight, not yet known."""

FORBIDDEN = 1e6
"""Cost of a pair outside the gate: far above every real cost, far below where float64 loses digits."""

TRAIL = 24
"""Positions remembered of a track not yet known to move; at one in `TRAIL_STEP_S` they reach back three seconds."""
TRAIL_STEP_S = 0.12

TRACK = np.dtype(
    [
        ("id", np.int64),
        ("state", np.int64),
        ("hits", np.int64),
        ("det", np.int64),  # row of the detection matched in this step, -1 for none
        ("hidden", np.int64),  # 1 where the foot of this step comes from the head
        ("firm", np.int64),  # matched detections of a high score
        ("away", np.int64),  # updates in a row in which both edges stood away from home
        ("fx", np.float64),
        ("fy", np.float64),
        ("vx", np.float64),
        ("vy", np.float64),
        ("h", np.float64),
        ("w", np.float64),
        ("xpp", np.float64),  # covariance of position and velocity, horizontal, then vertical
        ("xpv", np.float64),
        ("xvv", np.float64),
        ("ypp", np.float64),
        ("ypv", np.float64),
        ("yvv", np.float64),
        ("hpp", np.float64),
        ("score", np.float64),
        ("best", np.float64),  # highest score so far
        ("born_at", np.float64),
        ("seen_at", np.float64),
        ("born_x", np.float64),
        ("born_y", np.float64),
        ("away_at", np.float64),  # when it was first seen away from home, this time
        ("home_at", np.float64),
        ("home_x1", np.float64),  # mean box of its first moments, from which its moving is measured
        ("home_y1", np.float64),
        ("home_x2", np.float64),
        ("home_y2", np.float64),
        ("place_x1", np.float64),  # mean box of the latest moments
        ("place_y1", np.float64),
        ("place_x2", np.float64),
        ("place_y2", np.float64),
        ("trail_length", np.int64),
        (
            "trail",
            np.float64,
            (TRAIL, 3),
        ),  # time, foot x, foot y of its first moments, until it is known to be a person
    ]
)

PARAMS = np.dtype(
    [
        (name, np.float64)
        for name in (
            "high_score", "low_score", "birth_score", "noise", "height_noise", "acceleration", "start_speed", "damping_s",
            "gate", "clutter", "hidden_penalty", "shape_noise", "shape_cap", "moved", "moved_updates", "moved_s", "moved_foot", "moved_foot_s", "settle_s",
            "furniture_s", "furniture_speed", "settled_s", "furniture_keep_s", "furniture_penalty", "lost_s", "still_lost_s", "still_speed", "tentative_s",
            "duplicate_foot", "firm_hits", "faint_s", "shadow_cover", "faint_shadow", "faint_gate", "shadow_foot", "shadow_width", "duplicate_iou", "duplicate_cover", "image_w", "image_h",
        )
    ]
)  # fmt: skip


@njit(cache=True)
def iou_matrix(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N, M) intersection over union of (N, 4) and (M, 4) boxes, corners in pixels."""
    out = np.zeros((a.shape[0], b.shape[0]))
    for i in range(a.shape[0]):
        for j in range(b.shape[0]):
            w = min(a[i, 2], b[j, 2]) - max(a[i, 0], b[j, 0])
            h = min(a[i, 3], b[j, 3]) - max(a[i, 1], b[j, 1])
            if w > 0.0 and h > 0.0:
                area = (a[i, 2] - a[i, 0]) * (a[i, 3] - a[i, 1]) + (b[j, 2] - b[j, 0]) * (b[j, 3] - b[j, 1])
                out[i, j] = w * h / (area - w * h)
    return out


@njit(cache=True)
def assign(cost: NDArray[np.float64], unmatched: float) -> NDArray[np.int64]:
    """Column of each row in the assignment of least total cost, -1 where leaving it out (at `unmatched`) is cheaper.

    Exact: shortest augmenting paths with dual prices (Jonker and Volgenant, Computing 38, 1987), each row having a private
    column of cost `unmatched`.
    """
    n, m = cost.shape
    total = m + n
    u = np.zeros(n + 1)
    v = np.zeros(total + 1)
    row_of = np.zeros(total + 1, np.int64)  # 1-based; column 0 is the root of the search
    way = np.zeros(total + 1, np.int64)
    least = np.empty(total + 1)
    done = np.empty(total + 1, np.bool_)
    for i in range(1, n + 1):
        feasible = False
        for j in range(m):
            if cost[i - 1, j] < unmatched:
                feasible = True
                break
        if not feasible:
            continue
        row_of[0] = i
        column = 0
        least[:] = np.inf
        done[:] = False
        while True:
            done[column] = True
            row = row_of[column]
            delta = np.inf
            nearest = 0
            for j in range(1, total + 1):
                if done[j]:
                    continue
                if j <= m:
                    c = cost[row - 1, j - 1]
                    if c >= unmatched:
                        c = FORBIDDEN
                elif j == m + row:
                    c = unmatched
                else:
                    c = FORBIDDEN
                reduced = c - u[row] - v[j]
                if reduced < least[j]:
                    least[j] = reduced
                    way[j] = column
                if least[j] < delta:
                    delta = least[j]
                    nearest = j
            for j in range(total + 1):
                if done[j]:
                    u[row_of[j]] += delta
                    v[j] -= delta
                else:
                    least[j] -= delta
            column = nearest
            if row_of[column] == 0:
                break
        while column != 0:
            previous = way[column]
            row_of[column] = row_of[previous]
            column = previous
    out = np.full(n, -1)
    for j in range(1, m + 1):
        if row_of[j] > 0 and cost[row_of[j] - 1, j - 1] < unmatched:
            out[row_of[j] - 1] = j - 1
    return out


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
    """Minus twice the log likelihood (less a constant) that `box` is track `t`, and 1 where its foot is taken for hidden.

    The foot explains the box, or, where the box ends above the foot, the head does (at a price). Height counts little and is
    capped: merged boxes hop in height while their foot stays.
    """
    noise = (p.noise * t.h * (1.5 - score)) ** 2
    dx = 0.5 * (box[0] + box[2]) - t.fx
    sx = t.xpp + noise
    mx = dx * dx / sx
    if mx > p.gate:
        return FORBIDDEN, 0
    sy = t.ypp + noise
    foot = box[3] - t.fy
    ratio = log((box[3] - box[1]) / t.h) / p.shape_noise
    faint = score < p.high_score
    my = foot * foot / sy + (ratio * ratio if faint else min(ratio * ratio, p.shape_cap))
    hidden = 0
    if foot < -0.12 * t.h and not faint:
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
    noise = (p.noise * t.h * (1.5 - score)) ** 2
    gain_p = t.xpp / (t.xpp + noise)
    gain_v = t.xpv / (t.xpp + noise)
    e = 0.5 * (box[0] + box[2]) - t.fx
    t.fx += gain_p * e
    t.vx += gain_v * e
    t.xvv -= gain_v * t.xpv
    t.xpv *= 1.0 - gain_p
    t.xpp *= 1.0 - gain_p
    measured = box[3]
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
def is_duplicate(box: NDArray[np.float32], other: NDArray[np.float32], p: Record) -> bool:
    """Two boxes of one person: the same foot, or much overlap, or one almost inside the other's upper part."""
    w = min(box[2], other[2]) - max(box[0], other[0])
    h = min(box[3], other[3]) - max(box[1], other[1])
    if w <= 0.0 or h <= 0.0:
        return False
    area = (box[2] - box[0]) * (box[3] - box[1])
    area_other = (other[2] - other[0]) * (other[3] - other[1])
    if w * h > p.duplicate_iou * (area + area_other - w * h) or w * h > p.duplicate_cover * area:
        return True
    dx = 0.5 * (box[0] + box[2] - other[0] - other[2])
    dy = box[3] - other[3]
    reach = p.duplicate_foot * (other[3] - other[1])
    return dx * dx + dy * dy < reach * reach


@njit(cache=True)
def went(t: Record, x1: float, y1: float, x2: float, y2: float) -> float:
    """How far a box has moved from home, pixels: as far as both its sides, and both its top and its bottom, went together.

    A box that hops between a mannequin and the rack beside it moves one edge only. The top counts twice, because somebody
    who comes nearer to a camera above them moves it less than their feet.
    """
    across = max(min(x1 - t.home_x1, x2 - t.home_x2), min(t.home_x1 - x1, t.home_x2 - x2), 0.0)
    down = min(2.0 * (y1 - t.home_y1), y2 - t.home_y2)
    along = max(down, min(2.0 * (t.home_y1 - y1), t.home_y2 - y2), 0.0)
    return sqrt(across * across + along * along)


@njit(cache=True)
def settle(t: Record, box: NDArray[np.float32], now: float, gap: float, p: Record) -> None:
    """Decides whether a track has moved (a person), stayed (furniture) or is still to be told; `gap` is since it was seen.

    A newborn has moved when its boxes have, or its foot alone, for longer, because a box that keeps hold of the rack behind
    a person does not move its top. Furniture has moved when its mean box has.
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
    if whole or abs(t.fy - t.home_y2) > p.moved_foot * t.h:
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
    still = t.vx * t.vx + t.vy * t.vy < (p.furniture_speed * t.h) ** 2
    if now - t.home_at >= p.furniture_s and still:
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
    t.home_at = t.away_at = now
    t.away = 0


@njit(cache=True)
def associate(
    tracks: NDArray[Any],
    rows: NDArray[np.int64],
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    columns: NDArray[np.int64],
    taken: NDArray[np.int64],
    now: float,
    p: Record,
) -> None:
    """Matches the tracks `rows` to the detections `columns` and corrects them; `taken` notes the track of each detection."""
    n, m = len(rows), len(columns)
    if n == 0 or m == 0:
        return
    cost = np.empty((n, m))
    hidden = np.zeros((n, m), np.int8)
    for a in range(n):
        t = tracks[rows[a]]
        for b in range(m):
            j = columns[b]
            cost[a, b], hidden[a, b] = pair_cost(t, boxes[j], scores[j], p)
            if t.state == FURNITURE and scores[j] >= p.high_score:
                cost[a, b] += p.furniture_penalty
    match = assign(cost, p.clutter)
    for a in range(n):
        if match[a] < 0:
            continue
        j = columns[match[a]]
        t = tracks[rows[a]]
        if t.state != FURNITURE:
            correct(t, boxes[j], scores[j], hidden[a, match[a]], p)
        t.det = j
        t.hits += 1
        if scores[j] >= p.high_score:
            t.firm += 1
            if t.firm == 1 and t.state == TENTATIVE:  # where it was before is hearsay
                settle_at(t, boxes[j], now)
        t.score = scores[j]
        t.best = max(t.best, t.score)
        gap = now - t.seen_at
        t.seen_at = now
        taken[j] = rows[a]
        if t.state != CONFIRMED:
            remember(t, now)
            settle(t, boxes[j], now, gap, p)


@njit(cache=True)
def play_round(
    tracks: NDArray[Any],
    n: int,
    who: int,
    recent: float,
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    least: float,
    below: float,
    taken: NDArray[np.int64],
    now: float,
    p: Record,
) -> None:
    """Associates the unmatched tracks of one kind with the free detections of scores `least` to `below`."""
    rows = np.empty(n, np.int64)
    k = 0
    for i in range(n):
        t = tracks[i]
        if t.det >= 0:
            continue
        if t.state == TENTATIVE:
            kind = NEWBORN
        elif t.state == FURNITURE or now - t.seen_at <= recent:
            kind = IN_SIGHT
        else:
            kind = LOST
        if kind == who:
            rows[k] = i
            k += 1
    if k == 0:
        return
    columns = np.empty(len(boxes), np.int64)
    c = 0
    for j in range(len(boxes)):
        if taken[j] == -1 and least <= scores[j] < below:
            columns[c] = j
            c += 1
    associate(tracks, rows[:k], boxes, scores, columns[:c], taken, now, p)


@njit(cache=True)
def give_birth(t: Record, identity: int, j: int, box: NDArray[np.float32], score: float, now: float, p: Record) -> None:
    """Fills the record `t` with a new track that starts at `box`."""
    h = max(box[3] - box[1], 4.0)
    t.id = identity
    t.state = TENTATIVE
    t.hits = 1
    t.firm = 1 if score >= p.high_score else 0
    t.det = j
    t.hidden = 0
    t.away = 0
    t.fx = t.born_x = 0.5 * (box[0] + box[2])
    t.fy = t.born_y = box[3]
    t.vx = t.vy = 0.0
    t.h = h
    t.w = box[2] - box[0]
    t.xpp = t.ypp = (p.noise * h * (1.5 - score)) ** 2
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
        return unseen > min(p.furniture_keep_s, 2.0 * (t.seen_at - t.born_at))
    if t.state == TENTATIVE:
        return unseen > p.tentative_s
    if p.image_w > 0.0 and (t.fx < 0.0 or t.fx > p.image_w or t.fy - t.h > p.image_h or t.fy < 0.0):
        return unseen > p.tentative_s
    speed = sqrt(t.vx * t.vx + t.vy * t.vy) / t.h
    still = max(0.0, 1.0 - speed / p.still_speed)
    return unseen > p.lost_s + still * (p.still_lost_s - p.lost_s)


@njit(cache=True)
def step(
    tracks: NDArray[Any],
    n: int,
    next_id: int,
    now: float,
    dt: float,
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    params: NDArray[Any],
) -> tuple[int, int]:
    """One update of one camera in place: predict, associate in three rounds, give birth, bury.

    Args:
        tracks: (capacity,) records of `TRACK`, the first `n` in use; needs room for n + M.
        n: Tracks in use.
        next_id: Identity of the next birth.
        now: Seconds.
        dt: Seconds since the previous step.
        boxes: (M, 4) pixels.
        scores: (M,) confidences 0..1.
        params: (1,) record of `PARAMS`.

    Returns:
        Tracks in use afterwards, and the next identity.
    """
    p = params[0]
    m = len(boxes)
    predict(tracks, n, dt, p)
    for i in range(n):
        tracks[i].det = -1
        tracks[i].hidden = 0
        if tracks[i].state == CONFIRMED:
            tracks[i].trail_length = 0
    taken = np.full(m, -1)
    recent = max(p.faint_s, 1.5 * dt)
    play_round(tracks, n, IN_SIGHT, recent, boxes, scores, p.high_score, 2.0, taken, now, p)
    drop_duplicates(tracks, boxes, taken, p)
    if p.faint_shadow > 0.0:
        drop_shadows(tracks, boxes, scores, taken, p)
    play_round(tracks, n, IN_SIGHT, recent, boxes, scores, p.low_score, p.high_score, taken, now, p)
    drop_duplicates(tracks, boxes, taken, p)
    play_round(tracks, n, LOST, recent, boxes, scores, p.high_score, 2.0, taken, now, p)
    drop_duplicates(tracks, boxes, taken, p)
    drop_shadows(tracks, boxes, scores, taken, p)
    order = np.argsort(-scores)
    drop_repeats(order, boxes, scores, taken, p)
    play_round(tracks, n, NEWBORN, recent, boxes, scores, p.low_score, 2.0, taken, now, p)
    drop_duplicates(tracks, boxes, taken, p)
    for j in order:
        if taken[j] == -1 and scores[j] >= p.low_score:
            give_birth(tracks[n], next_id, j, boxes[j], scores[j], now, p)
            taken[j] = n
            for o in range(m):
                if taken[o] == -1 and is_duplicate(boxes[o], boxes[j], p):
                    taken[o] = -2
            n += 1
            next_id += 1

    alive = 0
    for i in range(n):
        if not outlived(tracks[i], now, p):
            if alive != i:
                tracks[alive] = tracks[i]
            alive += 1
    return alive, next_id


@njit(cache=True)
def drop_duplicates(tracks: NDArray[Any], boxes: NDArray[np.float32], taken: NDArray[np.int64], p: Record) -> None:
    """Marks with -2 the free detections that are second boxes of a matched person."""
    for j in range(len(taken)):
        if taken[j] != -1:
            continue
        for o in range(len(taken)):
            if taken[o] >= 0 and tracks[taken[o]].state != FURNITURE and is_duplicate(boxes[j], boxes[o], p):
                taken[j] = -2
                break


@njit(cache=True)
def sightings(
    tracks: NDArray[Any], n: int, boxes: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Rows of id, box, score of the tracks matched in the latest step, and the ids of those known to be people."""
    rows = np.empty((n, 6))
    people = np.empty(n, np.int64)
    r = 0
    k = 0
    for i in range(n):
        t = tracks[i]
        if t.det < 0:
            continue
        rows[r, 0] = t.id
        for e in range(4):
            rows[r, 1 + e] = boxes[t.det, e]
        rows[r, 5] = t.score
        r += 1
        if t.state == CONFIRMED:
            people[k] = t.id
            k += 1
    return rows[:r], people[:k]


@njit(cache=True)
def fill_gaps(table: NDArray[np.float64], longest: int) -> NDArray[np.float64]:
    """Adds straight-line rows between sightings of one id up to `longest` frames apart.

    `table` is (R, 7) of frame, id, box, score, sorted by id, then frame.
    """
    extra = 0
    for r in range(1, len(table)):
        gap = int(table[r, 0] - table[r - 1, 0])
        if table[r, 1] == table[r - 1, 1] and 1 < gap <= longest:
            extra += gap - 1
    out = np.empty((len(table) + extra, 7))
    k = 0
    for r in range(len(table)):
        if r > 0 and table[r, 1] == table[r - 1, 1]:
            gap = int(table[r, 0] - table[r - 1, 0])
            if 1 < gap <= longest:
                for g in range(1, gap):
                    for e in range(7):
                        out[k, e] = table[r - 1, e] + (table[r, e] - table[r - 1, e]) * g / gap
                    out[k, 1] = table[r, 1]
                    k += 1
        out[k] = table[r]
        k += 1
    return out


@njit(cache=True)
def is_shadow(box: NDArray[np.float32], other: NDArray[np.float32], faint: bool, p: Record) -> bool:
    """True where `box` may be a second view of the person in `other`: too doubtful to start a track from.

    Either it ends at the same height and mostly overlaps sideways (a box that took in the rack behind), or it is faint and
    lies mostly over the person.
    """
    w = min(box[2], other[2]) - max(box[0], other[0])
    h = min(box[3], other[3]) - max(box[1], other[1])
    if w <= 0.0 or h <= 0.0:
        return False
    if faint and w * h > p.shadow_cover * (box[2] - box[0]) * (box[3] - box[1]):
        return True
    level = abs(box[3] - other[3]) < p.shadow_foot * (other[3] - other[1])
    return level and w > p.shadow_width * min(box[2] - box[0], other[2] - other[0])


@njit(cache=True)
def drop_shadows(
    tracks: NDArray[Any], boxes: NDArray[np.float32], scores: NDArray[np.float32], taken: NDArray[np.int64], p: Record
) -> None:
    """Marks with -2 the free detections that are shadows of a person matched in this step."""
    for j in range(len(taken)):
        if taken[j] != -1:
            continue
        for o in range(len(taken)):
            if taken[o] < 0 or tracks[taken[o]].state != CONFIRMED:
                continue
            if is_shadow(boxes[j], boxes[o], scores[j] < p.high_score, p):
                taken[j] = -2
                break


@njit(cache=True)
def drop_repeats(
    order: NDArray[np.int64],
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    taken: NDArray[np.int64],
    p: Record,
) -> None:
    """Marks with -2 the free detections that repeat a free one of higher score; `order` is by falling score."""
    for a in range(1, len(order)):
        j = order[a]
        if taken[j] != -1:
            continue
        for b in range(a):
            o = order[b]
            if taken[o] == -1 and (
                is_duplicate(boxes[j], boxes[o], p) or is_shadow(boxes[j], boxes[o], scores[j] < p.high_score, p)
            ):
                taken[j] = -2
                break
