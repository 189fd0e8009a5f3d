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


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def gathered(
    squares: NDArray[np.int32], least: NDArray[np.int8], most: NDArray[np.float64], spread: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:  # fmt: skip
    """Add a map to the sum's squares, (T, 64, 4, 4) by lower left cell and level.

    Args:
        squares: of ``painted``.
        least: (T, 64) levels of the sum.
        most: (N, 2) values of which each of the sum's squares gets the highest.
        spread: (N, 2) values of a cell, which add up.
        sums: (T, 64, 4, 4), ``most``'s and ``spread``'s values side by side; changed.
    """
    here = np.zeros((64, 4, 2))
    for tile in range(len(squares)):
        for cell in range(64):
            n = squares[tile, cell]
            if n < 0:
                continue
            level = np.int64(least[tile, cell])
            corner = cell >> (2 * level) << (2 * level)
            for value in range(2):
                higher = most[n, value] - here[corner, level, value]
                if higher > 0:
                    here[corner, level, value] += higher
                    sums[tile, corner, level, value] += higher
                sums[tile, corner, level, 2 + value] += spread[n, value]
        for cell in range(64):
            if squares[tile, cell] >= 0:
                level = np.int64(least[tile, cell])
                corner = cell >> (2 * level) << (2 * level)
                here[corner, level, 0] = 0
                here[corner, level, 1] = 0
