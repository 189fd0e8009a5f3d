"""Adding published heatmaps up: pure functions over arrays.

Maps have different squares. The sum's squares are the smallest of which every square of every map lies in one, so that
nothing is split, and so nothing told that was not told before.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def painted(
    codes: NDArray[np.uint32], levels: NDArray[np.uint8], tiles: NDArray[np.int64], squares: NDArray[np.int32]
) -> None:
    """Write into (T, 64) ``squares`` which square of a map, largest first, has each cell; -1 where none.

    Args:
        codes: (N,) lower left cells.
        levels: (N,) 0 to 3.
        tiles: (T,) ascending, with every tile of the map.
        squares: (T, 64) to be written.
    """
    squares[:] = -1
    for n in range(len(codes)):
        tile = np.searchsorted(tiles, np.int64(codes[n]) >> 6)
        first = np.int64(codes[n]) & 63
        for cell in range(first, first + (1 << (2 * np.int64(levels[n])))):
            squares[tile, cell] = n


@njit(cache=True)
def raised(squares: NDArray[np.int32], levels: NDArray[np.uint8], top: NDArray[np.int8]) -> bool:
    """Whether a cell's level had to be raised so that each square of the map lies within one square of the sum.

    Args:
        squares: of ``painted``.
        levels: (N,) of the map.
        top: (T, 64) levels of the sum so far, -1 where there is nothing; changed.
    """
    highest = levels.astype(np.int8)
    for tile in range(len(squares)):
        for cell in range(64):
            n = squares[tile, cell]
            if n >= 0:
                highest[n] = max(highest[n], top[tile, cell])
    changed = False
    for tile in range(len(squares)):
        for cell in range(64):
            n = squares[tile, cell]
            if n >= 0 and top[tile, cell] < highest[n]:
                top[tile, cell] = highest[n]
                changed = True
    return changed


@njit(cache=True)
def gathered(
    squares: NDArray[np.int32],
    top: NDArray[np.int8],
    values: NDArray[np.float64],
    most: bool,
    sums: NDArray[np.float64],
) -> None:
    """Add a map's values to the sum's squares, (T, 64, 4) by lower left cell and level.

    Args:
        squares: of ``painted``.
        top: (T, 64) levels of the sum.
        values: (N,) of the map.
        most: whether of several squares in one the highest is added, instead of all.
        sums: (T, 64, 4), changed.
    """
    done = np.zeros(len(values), np.bool_)
    here = np.zeros((64, 4))
    for tile in range(len(squares)):
        here[:] = 0
        for cell in range(64):
            n = squares[tile, cell]
            if n < 0 or done[n]:
                continue
            done[n] = True
            level = top[tile, cell]
            corner = cell >> (2 * level) << (2 * level)
            if most:
                here[corner, level] = max(here[corner, level], values[n])
            else:
                here[corner, level] += values[n]
        sums[tile] += here
