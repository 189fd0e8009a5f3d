"""Half-metre cells and their codes: Morton order, so that a square of 1, 2 or 4 m is one stretch of codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint32]

CELL_M = 0.5
LEVELS = 4
"""Squares of 1, 2, 4 and 8 cells: 0.5 to 4 m. A square of the last level is a tile: 64 cells, one bit each."""
TILE_BITS = 6
ALL_CELLS = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
OFFSET = 1 << 15
"""Added to a cell's indices, so that 16 km to each side of the origin have codes; whole tiles."""
CM_PER_CELL = round(100 * CELL_M)


def codes_of(cells: npt.NDArray[Any]) -> Codes:
    """(N,) Morton codes (Morton, 1966) of (N, 2) cell indices; what lies 16 km out is put to the edge.

    >>> codes_of(np.array([[-OFFSET, -OFFSET], [1 - OFFSET, -OFFSET], [-OFFSET, 1 - OFFSET]])).tolist()
    [0, 1, 2]
    """
    shifted = np.clip(np.asarray(cells, np.int64) + OFFSET, 0, 2 * OFFSET - 1).astype(np.uint32)
    codes: Codes = _spread(shifted[:, 0]) | (_spread(shifted[:, 1]) << np.uint32(1))
    return codes


def codes_of_cm(x_cm: npt.NDArray[np.int32], y_cm: npt.NDArray[np.int32]) -> Codes:
    """(N,) codes of the cells that hold the points; a point on a border belongs to the cell above and to the right."""
    return codes_of(np.stack([x_cm // CM_PER_CELL, y_cm // CM_PER_CELL], axis=1))


def cells_of(codes: Codes) -> npt.NDArray[np.int32]:
    """(N, 2) cell indices of codes."""
    codes = np.asarray(codes, np.uint32)
    columns, rows = _gathered(codes), _gathered(codes >> np.uint32(1))
    return np.stack([columns, rows], axis=1).astype(np.int32) - OFFSET


_MASKS = ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555))


def _spread(values: Codes) -> Codes:
    """16 bits with a nought between each two."""
    for shift, mask in _MASKS:
        values = (values | (values << np.uint32(shift))) & np.uint32(mask)
    return values


def _gathered(values: Codes) -> Codes:
    """Every second bit, from the lowest."""
    values = values & np.uint32(0x55555555)
    for shift, mask in ((1, 0x33333333), (2, 0x0F0F0F0F), (4, 0x00FF00FF), (8, 0x0000FFFF)):
        values = (values | (values >> np.uint32(shift))) & np.uint32(mask)
    return values
