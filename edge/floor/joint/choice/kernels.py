"""The best assignment of one camera's boxes to people, and the next best ones, group by group."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from edge.track.desk.kernels import FIRST, USED
from edge.track.matching.kernels import FORBIDDEN, search

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@njit(cache=True)
def find_wants(gains: Floats) -> tuple[Integers, Integers]:
    """(R, M) by which columns each row of (R, M) gains, first ones used, and (R,) how many those are."""
    wants, counts = np.empty(gains.shape, np.int64), np.zeros(len(gains), np.int64)
    for r in range(len(gains)):
        for j in range(gains.shape[1]):
            if gains[r, j] > 0.0:
                wants[r, counts[r]] = j
                counts[r] += 1
    return wants, counts


@njit(cache=True)
def rank(  # noqa: PLR0917 - compiled, takes no keywords
    gains: Floats,
    wants: Integers,
    counts: Integers,
    people: Integers,
    margin: float,
    choice: Integers,
    loss: Floats,
) -> tuple[int, float]:
    """Writes the best ways to give out boxes, best first.

    People who want none of each other's boxes are settled apart, so that the cost grows with the largest crowd and not
    with everybody. The next best ways forbid one pair of the best way (the first level of Murty, Operations Research
    16, 1968), in one group at a time.

    Args:
        gains: (R, M) what each record's person gains by each box; not positive where it is none of theirs.
        wants: (R, M) the boxes by which each gains, and
        counts: (R,) how many, see `find_wants`.
        people: (N,) the rows of `gains` that take part.
        margin: ways worse than the best by more are left out.
        choice: (W, N) takes the box of each, -1 for none.
        loss: (W,) takes how much worse than the best each way is.

    Returns:
        The number of ways, and what the best one gains in all.
    """
    n, m = len(people), gains.shape[1]
    most = len(loss)
    for a in range(n):
        choice[0, a] = -1
    loss[0] = 0.0
    ways = 1
    total = 0.0
    group = np.full(n, -1)
    column_group = np.full(m, -1)
    rows, columns, queue = np.empty(n, np.int64), np.empty(m, np.int64), np.empty(n, np.int64)
    desk = np.zeros(FIRST + 6 * (n + m + 2), np.int64)  # for the best way and one that differs
    edges = 0
    for a in range(n):
        edges += counts[people[a]]
    head, following, suitor = np.full(m, -1), np.empty(edges, np.int64), np.empty(edges, np.int64)
    edge = 0
    for a in range(n):
        for w in range(counts[people[a]]):
            j = wants[people[a], w]
            suitor[edge], following[edge], head[j] = a, head[j], edge
            edge += 1
    for first in range(n):
        if group[first] >= 0:
            continue
        group[first] = first
        queue[0] = first
        r, c, pairs, done = 1, 0, 0, 0
        while done < r:
            a = queue[done]
            done += 1
            for w in range(counts[people[a]]):
                j = wants[people[a], w]
                pairs += 1
                if column_group[j] >= 0:
                    continue
                column_group[j] = first
                columns[c] = j
                c += 1
                edge = head[j]
                while edge >= 0:
                    b = suitor[edge]
                    edge = following[edge]
                    if group[b] < 0:
                        group[b] = first
                        queue[r] = b
                        r += 1
        if c == 0:
            continue
        for a in range(r):
            rows[a] = queue[a]
        if pairs == 1:
            choice[0, first] = columns[0]
            total += gains[people[first], columns[0]]
            continue
        desk[USED] = FIRST
        cost = np.empty((r, c))
        for a in range(r):
            for b in range(c):
                gain = gains[people[rows[a]], columns[b]]
                cost[a, b] = -gain if gain > 0.0 else FORBIDDEN
        best = search(cost, 0.0, desk)
        mark = desk[USED]
        worth = 0.0
        for a in range(r):
            if best[a] >= 0:
                worth -= cost[a, best[a]]
                choice[0, rows[a]] = columns[best[a]]
        total += worth
        for a in range(r):
            if best[a] < 0 or most == 1:
                continue
            kept = cost[a, best[a]]
            cost[a, best[a]] = FORBIDDEN
            desk[USED] = mark
            other = search(cost, 0.0, desk)
            cost[a, best[a]] = kept
            lost = worth
            for b in range(r):
                if other[b] >= 0:
                    lost += cost[b, other[b]]
            ways = insert(choice, loss, ways, group, first, rows[:r], columns, other, lost, margin)
    # the best way is complete only now: the others differ from it in one group each
    for way in range(1, ways):
        mine = choice[way, n]
        for a in range(n):
            if group[a] != mine:
                choice[way, a] = choice[0, a]
    return ways, total


@njit(cache=True)
def insert(  # noqa: PLR0917 - compiled, takes no keywords
    choice: Integers,
    loss: Floats,
    ways: int,
    group: Integers,
    mine: int,
    rows: Integers,
    columns: Integers,
    other: Integers,
    lost: float,
    margin: float,
) -> int:
    """Takes one more way into the ranking where it is good enough and new; gives the number of ways."""
    n = len(group)
    if lost > margin or (ways == len(loss) and lost >= loss[ways - 1]):
        return ways
    for way in range(1, ways):
        if choice[way, n] != mine or abs(loss[way] - lost) > 1e-9:
            continue
        is_same = True
        for b in range(len(rows)):
            column = columns[other[b]] if other[b] >= 0 else -1
            if choice[way, rows[b]] != column:
                is_same = False
        if is_same:
            return ways
    if ways < len(loss):
        ways += 1
    at = ways - 1
    while at > 1 and loss[at - 1] > lost:
        loss[at] = loss[at - 1]
        for a in range(n + 1):
            choice[at, a] = choice[at - 1, a]
        at -= 1
    loss[at] = lost
    choice[at, n] = mine
    for b in range(len(rows)):
        choice[at, rows[b]] = columns[other[b]] if other[b] >= 0 else -1
    return ways
