"""Adding published heatmaps up: pure functions over arrays.

Maps have different squares. A cell of the sum belongs to the smallest square that any map has it in: two cells of that
square which no map has in a smaller one are covered by the same square of every map, so that they can stay together.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

NOT_TOLD = 99
"""In place of a level."""


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
def lowered(squares: NDArray[np.int32], levels: NDArray[np.uint8], least: NDArray[np.int8]) -> None:
    """Take the map's level wherever it has a smaller square than the maps before.

    Args:
        squares: of ``painted``.
        levels: (N,) of the map.
        least: (T, 64) smallest level so far, ``NOT_TOLD`` where there is none; changed.
    """
    for tile in range(len(squares)):
        for cell in range(64):
            n = squares[tile, cell]
            if n >= 0:
                least[tile, cell] = min(least[tile, cell], np.int8(levels[n]))


@njit(cache=True)
def spread(
    squares: NDArray[np.int32], least: NDArray[np.int8], a_cell: NDArray[np.float64], sums: NDArray[np.float64]
) -> None:
    """Add what a map has in each cell to the sum's squares, (T, 64, 4) by lower left cell and level.

    Args:
        squares: of ``painted``.
        least: (T, 64) levels of the sum.
        a_cell: (N,) of the map.
        sums: (T, 64, 4), changed.
    """
    for tile in range(len(squares)):
        for cell in range(64):
            n = squares[tile, cell]
            if n >= 0:
                level = np.int64(least[tile, cell])
                sums[tile, cell >> (2 * level) << (2 * level), level] += a_cell[n]


@njit(cache=True)
def merged(
    squares: NDArray[np.int32], least: NDArray[np.int8], values: NDArray[np.float64], sums: NDArray[np.float64]
) -> None:
    """Add the highest value that a map has in each of the sum's squares.

    Args:
        squares: of ``painted``.
        least: (T, 64) levels of the sum.
        values: (N,) of the map.
        sums: (T, 64, 4), changed.
    """
    here = np.zeros((64, 4))
    for tile in range(len(squares)):
        here[:] = 0
        for cell in range(64):
            n = squares[tile, cell]
            if n >= 0:
                level = np.int64(least[tile, cell])
                corner = cell >> (2 * level) << (2 * level)
                here[corner, level] = max(here[corner, level], values[n])
        sums[tile] += here
