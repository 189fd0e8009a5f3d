"""Which boxes belong together: overlap, exact assignment, second boxes of one person."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from edge.track.desk.kernels import USED, order_by, take_floats, take_integers
from edge.track.records import CONFIRMED, FURNITURE, Record

FORBIDDEN = 1e6
"""Cost of a pair outside the gate: far above every real cost, far below where float64 loses digits."""


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
def overlaps(boxes: NDArray[np.float32], desk: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which of (M, 4) boxes touch: those of box `j` are `others[starts[j] : starts[j + 1]]`, rising.

    A sweep from left to right, so that a crowd costs by its density and not by its square.

    Returns:
        (M + 1,) starts; (P,) others.
    """
    m = len(boxes)
    lefts, starts, fill = take_floats(desk, m), take_integers(desk, m + 1), take_integers(desk, m)
    for j in range(m):
        lefts[j] = boxes[j, 0]
    by_left = order_by(lefts, desk)
    starts[:] = 0
    others = fill
    for writes in (False, True):
        for a in range(m):
            j = by_left[a]
            for b in range(a + 1, m):
                o = by_left[b]
                if boxes[o, 0] >= boxes[j, 2]:
                    break
                if min(boxes[j, 3], boxes[o, 3]) > max(boxes[j, 1], boxes[o, 1]):
                    if writes:
                        others[fill[j]] = o
                        others[fill[o]] = j
                        fill[j] += 1
                        fill[o] += 1
                    else:
                        starts[j + 1] += 1
                        starts[o + 1] += 1
        if not writes:
            for j in range(m):
                fill[j] = starts[j]
                starts[j + 1] += starts[j]
            others = take_integers(desk, starts[m])
    for j in range(m):
        for a in range(starts[j] + 1, starts[j + 1]):  # few touch one box
            o, b = others[a], a
            while b > starts[j] and others[b - 1] > o:
                others[b] = others[b - 1]
                b -= 1
            others[b] = o
    return starts, others


@njit(cache=True)
def assign(  # noqa: PLR0917 - compiled, takes no keywords
    starts: NDArray[np.int64],
    columns: NDArray[np.int64],
    cost: NDArray[np.float64],
    m: int,
    unmatched: float,
    desk: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The edge of each row in the assignment of least total cost, -1 where leaving it out (at `unmatched`) is cheaper.

    Exact. Rows and columns that hang together through edges are settled by themselves (`search`), pairs that have
    nobody but each other at once: only who stands together competes.

    Args:
        starts: (N + 1,) where the edges of each row begin.
        columns: (E,) column of each edge.
        cost: (E,) its cost, below `unmatched`.
        m: Number of columns.
        unmatched: Cost of leaving out a row.
        desk: Room, see `desk`; the answer lies on it.
    """
    n = len(starts) - 1
    out = take_integers(desk, n)
    out[:] = -1
    owner = take_integers(desk, n + m)  # a forest whose roots stand for what hangs together; rows, then columns
    for i in range(n + m):
        owner[i] = i
    for i in range(n):
        for e in range(starts[i], starts[i + 1]):
            a, b = root(owner, i), root(owner, n + columns[e])
            owner[max(a, b)] = min(a, b)
    groups = take_integers(desk, n)
    for i in range(n):
        groups[i] = root(owner, i)
    by_group = order_by(groups, desk)
    place = take_integers(desk, m)  # of a column in its group
    place[:] = -1
    mark = desk[USED]
    a = 0
    while a < n:
        desk[USED] = mark  # what the group before took
        b = a + 1
        while b < n and groups[by_group[b]] == groups[by_group[a]]:
            b += 1
        rows = by_group[a:b]
        a = b
        width = 0
        for i in rows:
            for e in range(starts[i], starts[i + 1]):
                if place[columns[e]] < 0:
                    place[columns[e]] = width
                    width += 1
        if width == 0:
            continue
        if width == 1 and len(rows) == 1:
            out[rows[0]] = starts[rows[0]]
            continue
        dense = take_floats(desk, len(rows) * width).reshape((len(rows), width))
        dense[:] = FORBIDDEN
        for r in range(len(rows)):
            for e in range(starts[rows[r]], starts[rows[r] + 1]):
                dense[r, place[columns[e]]] = cost[e]
        match = search(dense, unmatched, desk)
        for r in range(len(rows)):
            for e in range(starts[rows[r]], starts[rows[r] + 1]):
                if match[r] >= 0 and place[columns[e]] == match[r]:
                    out[rows[r]] = e
    return out


@njit(cache=True)
def root(owner: NDArray[np.int64], i: int) -> int:
    """The root of `i` in the forest `owner`, whose ways are shortened in passing."""
    while owner[i] != i:
        owner[i] = owner[owner[i]]
        i = owner[i]
    return i


@njit(cache=True)
def search(cost: NDArray[np.float64], unmatched: float, desk: NDArray[np.int64]) -> NDArray[np.int64]:
    """The best columns of all rows, -1 for none: shortest augmenting paths with dual prices.

    Jonker and Volgenant, Computing 38, 1987. A row can always be left out, at the price `unmatched`, which also ends
    a path; a cost of `FORBIDDEN` is never chosen. The answer lies on the desk.
    """
    n, m = cost.shape
    u, v, least = take_floats(desk, n + 1), take_floats(desk, m + 1), take_floats(desk, m + 1)
    row_of = take_integers(desk, m + 1)  # 1-based; column 0 is the root of the search
    way, done, settled = take_integers(desk, m + 1), take_integers(desk, m + 1), take_integers(desk, n + 1)
    u[:] = 0.0
    v[:] = 0.0
    row_of[:] = 0
    way[:] = 0
    settled[:] = 0
    for i in range(1, n + 1):  # whose best column nobody has wanted yet gets it, which leaves few to search for
        u[i] = unmatched
        best = 0
        for j in range(1, m + 1):
            if cost[i - 1, j - 1] < u[i]:
                u[i] = cost[i - 1, j - 1]
                best = j
        if row_of[best] == 0:
            settled[i] = 1
            if best > 0:
                row_of[best] = i
    for i in range(1, n + 1):
        if settled[i] == 1:
            continue
        row_of[0] = i
        column = leaver = 0
        leave = np.inf
        least[:] = np.inf
        done[:] = 0
        while True:
            done[column] = 1
            row = row_of[column]
            if unmatched - u[row] < leave:
                leave = unmatched - u[row]
                leaver = column
            delta = leave
            nearest = 0
            for j in range(1, m + 1):
                if done[j] == 1:
                    continue
                reduced = cost[row - 1, j - 1] - u[row] - v[j]
                if reduced < least[j]:
                    least[j] = reduced
                    way[j] = column
                if least[j] < delta:
                    delta = least[j]
                    nearest = j
            for j in range(m + 1):
                if done[j] == 1:
                    u[row_of[j]] += delta
                    v[j] -= delta
                else:
                    least[j] -= delta
            leave -= delta
            if nearest == 0:
                column = leaver
                break
            column = nearest
            if row_of[column] == 0:
                break
        while column != 0:
            previous = way[column]
            row_of[column] = row_of[previous]
            column = previous
    out = take_integers(desk, n)
    out[:] = -1
    for j in range(1, m + 1):
        if row_of[j] > 0:
            out[row_of[j] - 1] = j - 1
    return out


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
    return bool(dx * dx + dy * dy < reach * reach)


@njit(cache=True)
def drop_duplicates(  # noqa: PLR0917 - compiled, takes no keywords
    tracks: NDArray[Any],
    boxes: NDArray[np.float32],
    starts: NDArray[np.int64],
    others: NDArray[np.int64],
    taken: NDArray[np.int64],
    p: Record,
) -> None:
    """Marks with -2 the free detections that are second boxes of a matched person; neighbours as of `overlaps`."""
    for j in range(len(taken)):
        if taken[j] != -1:
            continue
        for o in others[starts[j] : starts[j + 1]]:
            if taken[o] >= 0 and tracks[taken[o]].state != FURNITURE and is_duplicate(boxes[j], boxes[o], p):
                taken[j] = -2
                break


@njit(cache=True)
def is_shadow(box: NDArray[np.float32], other: NDArray[np.float32], faint: bool, p: Record) -> bool:
    """True where `box` may be a second view of the person in `other`: too doubtful to start a track from.

    Either it ends at the same height and mostly overlaps sideways (a box that took in the rack behind), or it is
    faint and lies mostly over the person.
    """
    w = min(box[2], other[2]) - max(box[0], other[0])
    h = min(box[3], other[3]) - max(box[1], other[1])
    if w <= 0.0 or h <= 0.0:
        return False
    if faint and w * h > p.shadow_cover * (box[2] - box[0]) * (box[3] - box[1]):
        return True
    level = abs(box[3] - other[3]) < p.shadow_foot * (other[3] - other[1])
    return bool(level and w > p.shadow_width * min(box[2] - box[0], other[2] - other[0]))


@njit(cache=True)
def drop_shadows(  # noqa: PLR0917 - compiled, takes no keywords
    tracks: NDArray[Any],
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    starts: NDArray[np.int64],
    others: NDArray[np.int64],
    taken: NDArray[np.int64],
    p: Record,
) -> None:
    """Marks with -2 the free detections that are shadows of a person matched in this step."""
    for j in range(len(taken)):
        if taken[j] != -1:
            continue
        for o in others[starts[j] : starts[j + 1]]:
            if taken[o] < 0 or tracks[taken[o]].state != CONFIRMED:
                continue
            if is_shadow(boxes[j], boxes[o], scores[j] < p.high_score, p):
                taken[j] = -2
                break


@njit(cache=True)
def drop_repeats(  # noqa: PLR0917 - compiled, takes no keywords
    order: NDArray[np.int64],
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    starts: NDArray[np.int64],
    others: NDArray[np.int64],
    taken: NDArray[np.int64],
    p: Record,
    desk: NDArray[np.int64],
) -> None:
    """Marks with -2 the free detections that repeat a free one earlier in `order`, which is by falling score."""
    rank = take_integers(desk, len(order))
    for k in range(len(order)):
        rank[order[k]] = k
    for j in order:
        if taken[j] != -1:
            continue
        for o in others[starts[j] : starts[j + 1]]:
            if (
                rank[o] < rank[j]
                and taken[o] == -1
                and (is_duplicate(boxes[j], boxes[o], p) or is_shadow(boxes[j], boxes[o], scores[j] < p.high_score, p))
            ):
                taken[j] = -2
                break
