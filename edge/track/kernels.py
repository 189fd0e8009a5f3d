"""One step of the tracker of one camera, compiled, and what is read off it.

Numba notices a change of this file only: after a change in `matching`, `motion`, `life` or `records`, touch it, and
`recording/kernels.py`, which compiles it in.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from edge.track.life.kernels import give_birth, outlived, remember, settle, settle_at
from edge.track.matching.kernels import assign, drop_duplicates, drop_repeats, drop_shadows, overlaps
from edge.track.motion.kernels import MOST_NOISE, correct, go_on_as, pair_cost, predict, stopped_apart
from edge.track.records import CONFIRMED, FURNITURE, TENTATIVE, Record

CONFIDENT, FAINT, LEFT_OVER = 0, 1, 2
"""Rounds of association: confident detections, for all who have some claim; faint ones, for those in sight; and what
is left, for the newborn."""

FARTHEST = 1e6
"""Coordinates beyond this many pixels are no picture's; their squares would leave float32."""


@njit(cache=True)
def takes_part(t: Record, turn: int, recent: float, now: float, p: Record) -> bool:
    """True where a track may be matched in a round; `recent` is how long ago it is in sight.

    Those out of sight compete with those in sight, and so does a newborn that confident detections have shown: left
    for later, their boxes would go to whoever stands beside them and is missed this once. The doubt about where they
    are is in their covariance, and costs them.
    """
    in_sight = now - t.seen_at <= recent
    if turn == CONFIDENT:
        return bool(t.state != TENTATIVE or (in_sight and t.firm >= p.firm_hits))
    if turn == FAINT:
        return bool(t.state == FURNITURE or (t.state == CONFIRMED and in_sight))
    return bool(t.state == TENTATIVE)


@njit(cache=True)
def associate(  # noqa: PLR0917 - compiled, takes no keywords
    tracks: NDArray[Any],
    rows: NDArray[np.int64],
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    columns: NDArray[np.int64],
    taken: NDArray[np.int64],
    now: float,
    p: Record,
) -> None:
    """Matches the tracks `rows` to the detections `columns`, corrects them, and notes in `taken` who took what."""
    n, m = len(rows), len(columns)
    if n == 0 or m == 0:
        return
    middles = 0.5 * (boxes[columns, 0] + boxes[columns, 2])
    across = np.argsort(middles)
    columns = columns[across]
    middles = middles[across]
    near = np.empty((n, 2), np.int64)  # the boxes within the gate of each track, sideways
    room = 0
    for a in range(n):
        t = tracks[rows[a]]
        reach = sqrt(p.gate * (t.xpp + (MOST_NOISE * p.noise * t.h) ** 2))
        near[a, 0] = np.searchsorted(middles, t.fx - reach)
        near[a, 1] = near[a, 0]
        while near[a, 1] < m and middles[near[a, 1]] <= t.fx + reach:
            near[a, 1] += 1
        room += near[a, 1] - near[a, 0]
    starts = np.zeros(n + 1, np.int64)
    edges = np.empty(room, np.int64)
    costs = np.empty(room)
    hidden = np.empty(room, np.int8)
    k = 0
    for a in range(n):
        t = tracks[rows[a]]
        for b in range(near[a, 0], near[a, 1]):
            j = columns[b]
            cost, by_head = pair_cost(t, boxes[j], scores[j], p)
            if t.state == FURNITURE and scores[j] >= p.high_score:
                cost += p.furniture_penalty
            if cost < p.clutter:
                edges[k], costs[k], hidden[k] = b, cost, by_head
                k += 1
        starts[a + 1] = k
    match = assign(starts, edges[:k], costs[:k], m, p.clutter)
    for a in range(n):
        e = match[a]
        if e < 0:
            continue
        j = columns[edges[e]]
        t = tracks[rows[a]]
        if t.state != FURNITURE:
            correct(t, boxes[j], scores[j], hidden[e], p)
        gap = now - t.seen_at
        take(t, j, boxes[j], scores[j], now, p)
        taken[j] = rows[a]
        if t.state != CONFIRMED:
            remember(t, now)
            settle(t, boxes[j], now, gap, p)


@njit(cache=True)
def take(t: Record, j: int, box: NDArray[np.float32], score: float, now: float, p: Record) -> None:  # noqa: PLR0917
    """Notes that detection `j` was this track's."""
    t.det = j
    t.hits += 1
    t.last_x, t.last_y = t.fx, t.fy
    if score >= p.high_score:
        t.firm += 1
        if t.firm == 1 and t.state == TENTATIVE:  # where it was before is hearsay
            settle_at(t, box, now)
    t.score = score
    t.best = max(t.best, t.score)
    t.seen_at = now


@njit(cache=True)
def bring_back(tracks: NDArray[Any], n: int, taken: NDArray[np.int64], now: float, p: Record) -> None:
    """Gives people just lost the tracks born standing about there, which would pass for things: they have stopped."""
    lost = np.empty(n, np.int64)
    k = 0
    for i in range(n):
        if tracks[i].state == CONFIRMED and tracks[i].det < 0:
            lost[k] = i
            k += 1
    if k == 0:
        return
    for i in range(n):
        newborn = tracks[i]
        is_due = newborn.state == TENTATIVE and newborn.det >= 0 and now - newborn.born_at >= p.comeback_after_s
        if not is_due or newborn.away > 0 or newborn.firm < p.firm_hits:
            continue
        nearest, who = 1.0, -1
        for r in lost[:k]:
            if tracks[r].det < 0:
                apart = stopped_apart(tracks[r], newborn, p)
                if apart < nearest:
                    nearest, who = apart, r
        if who >= 0:
            go_on_as(tracks[who], newborn)
            taken[newborn.det] = who
            newborn.det = -1
            newborn.seen_at = -np.inf  # buried at the end of the step


@njit(cache=True)
def play_round(  # noqa: PLR0917 - compiled, takes no keywords
    tracks: NDArray[Any],
    n: int,
    turn: int,
    recent: float,
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    least: float,
    below: float,
    taken: NDArray[np.int64],
    now: float,
    p: Record,
) -> None:
    """Associates the unmatched tracks of a round with the free detections of scores `least` to `below`."""
    rows = np.empty(n, np.int64)
    k = 0
    for i in range(n):
        t = tracks[i]
        if t.det < 0 and takes_part(t, turn, recent, now, p):
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
def step(  # noqa: PLR0917 - compiled, takes no keywords
    tracks: NDArray[Any],
    n: int,
    next_id: int,
    now: float,
    dt: float,
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    params: NDArray[Any],
) -> tuple[int, int]:
    """One update of one camera in place: predict, associate in rounds, give birth, bury.

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
    starts, others = overlaps(boxes)
    recent = max(p.faint_s, 1.5 * dt)
    play_round(tracks, n, CONFIDENT, recent, boxes, scores, p.high_score, 2.0, taken, now, p)
    drop_duplicates(tracks, boxes, starts, others, taken, p)
    drop_shadows(tracks, boxes, scores, starts, others, taken, p)
    play_round(tracks, n, FAINT, recent, boxes, scores, p.low_score, p.high_score, taken, now, p)
    drop_duplicates(tracks, boxes, starts, others, taken, p)
    drop_shadows(tracks, boxes, scores, starts, others, taken, p)
    order = np.argsort(-scores)
    drop_repeats(order, boxes, scores, starts, others, taken, p)
    play_round(tracks, n, LEFT_OVER, recent, boxes, scores, p.low_score, 2.0, taken, now, p)
    bring_back(tracks, n, taken, now, p)
    drop_duplicates(tracks, boxes, starts, others, taken, p)
    for j in order:
        if taken[j] == -1 and scores[j] >= p.low_score:
            give_birth(tracks[n], next_id, j, boxes[j], scores[j], now, p)
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
def sound(boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """Rows of the (M, 4) boxes that can be somebody: finite, with an area, near enough to any picture, and scored."""
    rows = np.empty(len(boxes), np.int64)
    k = 0
    for j in range(len(boxes)):
        x1, y1, x2, y2 = boxes[j, 0], boxes[j, 1], boxes[j, 2], boxes[j, 3]
        if x2 > x1 and y2 > y1 and min(x1, y1) > -FARTHEST and max(x2, y2) < FARTHEST and 0.0 <= scores[j] <= 1.0:
            rows[k] = j
            k += 1
    return rows[:k]


@njit(cache=True)
def put_back(tracks: NDArray[Any], n: int, seconds: float) -> None:
    """Takes `seconds` off all times that the first `n` tracks remember: their clock was put back."""
    for i in range(n):
        t = tracks[i]
        t.born_at -= seconds
        t.seen_at -= seconds
        t.away_at -= seconds
        t.home_at -= seconds
        for e in range(t.trail_length):
            t.trail[e, 0] -= seconds


@njit(cache=True)
def report(
    tracks: NDArray[Any], n: int, people_only: bool, now: float, boxes: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    """What is said of the first `n` tracks (or of the people among them) after a step.

    Returns:
        (N,) ids; (N, 12) box, foot, velocity, foot at birth, score, seconds unseen; (N, 2) observed, foot hidden;
        (N,) time of birth; (K, 4) id, time, foot of those whose trail is still to be told.
    """
    rows = np.empty(n, np.int64)
    k = 0
    trail = 0
    for i in range(n):
        if people_only and tracks[i].state != CONFIRMED:
            continue
        rows[k] = i
        trail += tracks[i].trail_length
        k += 1
    ids = np.empty(k, np.int64)
    values = np.empty((k, 12), np.float32)
    flags = np.empty((k, 2), np.bool_)
    born_at = np.empty(k)
    past = np.empty((trail, 4))
    told = 0
    for r in range(k):
        t = tracks[rows[r]]
        ids[r] = t.id
        if t.det >= 0:
            for e in range(4):
                values[r, e] = boxes[t.det, e]
        else:
            values[r, 0], values[r, 1], values[r, 2], values[r, 3] = t.fx - t.w / 2, t.fy - t.h, t.fx + t.w / 2, t.fy
        values[r, 4], values[r, 5], values[r, 6], values[r, 7] = t.fx, t.fy, t.vx, t.vy
        values[r, 8], values[r, 9], values[r, 10], values[r, 11] = t.born_x, t.born_y, t.score, now - t.seen_at
        flags[r, 0] = t.det >= 0
        flags[r, 1] = t.hidden == 1
        born_at[r] = t.born_at
        for e in range(t.trail_length):
            past[told, 0] = t.id
            past[told, 1], past[told, 2], past[told, 3] = t.trail[e, 0], t.trail[e, 1], t.trail[e, 2]
            told += 1
    return ids, values, flags, born_at, past
