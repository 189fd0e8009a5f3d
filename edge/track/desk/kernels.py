"""Room for what one step notes down, so that a settled tracker asks the system for no memory.

A desk is (L,) int64. What a step needs is taken from it piece by piece; where it does not suffice, the system gives the
rest for that step, and the desk says how large it should have been.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

USED, WANTED, FIRST = 0, 1, 2
"""Places of a desk: where what is free begins; how long the desk would have had to be so far; the first to be used.
Whoever puts `USED` back to what it was gives back all that was taken since."""
LEAST = 1024
"""Length of a new desk: a small crowd's."""


def new_desk(length: int = LEAST) -> Integers:
    """A desk of which nothing is used."""
    desk = np.zeros(max(length, FIRST), np.int64)
    desk[USED] = FIRST
    return desk


@njit(cache=True)
def take_integers(desk: Integers, size: int) -> Integers:
    """(size,) numbers of whatever value."""
    begin = desk[USED]
    end = begin + size
    desk[USED] = end
    desk[WANTED] = max(desk[WANTED], end)
    if end > len(desk):
        return np.empty(size, np.int64)
    return desk[begin:end]


@njit(cache=True)
def take_floats(desk: Integers, size: int) -> Floats:
    """The same as float64."""
    return take_integers(desk, size).view(np.float64)


@njit(cache=True)
def order_by(keys: NDArray[Any], desk: Integers) -> Integers:
    """(N,) rows of (N,) keys by rising key, equal ones as they stand: merges ever longer runs."""
    n = len(keys)
    order, merged = take_integers(desk, n), take_integers(desk, n)
    for k in range(n):
        order[k] = k
    run = 1
    while run < n:
        for begin in range(0, n, 2 * run):
            a, b = begin, min(begin + run, n)
            middle, end = b, min(begin + 2 * run, n)
            for k in range(begin, end):
                if a < middle and (b == end or keys[order[a]] <= keys[order[b]]):
                    merged[k] = order[a]
                    a += 1
                else:
                    merged[k] = order[b]
                    b += 1
        order, merged = merged, order
        run *= 2
    return order
