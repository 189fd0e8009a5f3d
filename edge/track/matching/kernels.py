"""Which boxes belong together: overlap, exact assignment, second boxes of one person."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

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
def assign(cost: NDArray[np.float64], unmatched: float) -> NDArray[np.int64]:
    """Column of each row in the assignment of least total cost, -1 where leaving it out (at `unmatched`) is cheaper.

    Exact. Pairs that have nobody but each other are matched at once; `search` settles the rest.
    """
    n, m = cost.shape
    out = np.full(n, -1)
    choices = np.zeros(n, np.int64)
    suitors = np.zeros(m, np.int64)
    only = np.zeros(n, np.int64)
    for i in range(n):
        for j in range(m):
            if cost[i, j] < unmatched:
                choices[i] += 1
                suitors[j] += 1
                only[i] = j
    rows = np.empty(n, np.int64)
    k = 0
    for i in range(n):
        if choices[i] == 1 and suitors[only[i]] == 1:
            out[i] = only[i]
        elif choices[i] > 0:
            rows[k] = i
            k += 1
    if k > 0:
        columns = np.empty(m, np.int64)
        c = 0
        for j in range(m):
            if suitors[j] > 0:
                columns[c] = j
                c += 1
        search(cost, unmatched, rows[:k], columns[:c], out)
    return out


@njit(cache=True)
def search(
    cost: NDArray[np.float64],
    unmatched: float,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    out: NDArray[np.int64],
) -> None:
    """Writes to `out` the best columns of `rows`: shortest augmenting paths with dual prices.

    Jonker and Volgenant, Computing 38, 1987; each row has a private column of cost `unmatched`.
    """
    n, m = len(rows), len(columns)
    total = m + n
    u = np.zeros(n + 1)
    v = np.zeros(total + 1)
    row_of = np.zeros(total + 1, np.int64)  # 1-based; column 0 is the root of the search
    way = np.zeros(total + 1, np.int64)
    least = np.empty(total + 1)
    done = np.empty(total + 1, np.bool_)
    for i in range(1, n + 1):
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
                c = FORBIDDEN
                if j <= m:
                    c = cost[rows[row - 1], columns[j - 1]]
                    if c >= unmatched:
                        c = FORBIDDEN
                elif j == m + row:
                    c = unmatched
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
    for j in range(1, m + 1):
        row = row_of[j]
        if row > 0 and cost[rows[row - 1], columns[j - 1]] < unmatched:
            out[rows[row - 1]] = columns[j - 1]


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
