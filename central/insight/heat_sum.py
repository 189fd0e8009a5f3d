"""The sum of heatmaps of several stretches of time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from central.insight import kernels
from central.insight.heatmap import HeatMap, three_digits
from central.store.heat.grid import TILE_BITS


def summed(maps: Sequence[HeatMap], finest: int = 0) -> HeatMap:
    """One map of all: seconds add up, and so do people, each counted once in every map they are in.

    Where a square of the sum holds several of one map, the people are those of the fullest: at least so many.

    Args:
        maps: at least one, with cells of the same side.
        finest: level of the smallest squares: 0 for single cells, 1 for 2 by 2, and so on.
    """
    if len(maps) == 1 and not finest:
        return maps[0]
    tiles = np.unique(np.concatenate([one.codes >> TILE_BITS for one in maps])).astype(np.int64)
    shape = (len(tiles), 1 << TILE_BITS)
    top = np.full(shape, -1, np.int8)
    squares = np.empty(shape, np.int32)
    for one in maps:
        kernels.painted(one.codes, one.levels, tiles, squares)
        top[squares >= 0] = finest
    changed = True
    while changed:
        changed = False
        for one in maps:
            kernels.painted(one.codes, one.levels, tiles, squares)
            changed |= kernels.raised(squares, one.levels, top)
    visitors, person_s, staff, staff_s = (np.zeros((*shape, 4)) for _ in range(4))
    for one in maps:
        kernels.painted(one.codes, one.levels, tiles, squares)
        kernels.gathered(squares, top, one.visitors.astype(np.float64), True, visitors)  # noqa: FBT003
        kernels.gathered(squares, top, one.person_s, False, person_s)  # noqa: FBT003
        kernels.gathered(squares, top, one.staff.astype(np.float64), True, staff)  # noqa: FBT003
        kernels.gathered(squares, top, one.staff_s, False, staff_s)  # noqa: FBT003
    tile, cell = np.nonzero(top >= 0)
    level = top[tile, cell].astype(np.int64)
    own = np.zeros((*shape, 4), np.int64)
    np.add.at(own, (tile, cell >> 2 * level << 2 * level, level), 1)
    tile, cell, level = np.nonzero(own)
    order = np.argsort(-level, kind="stable")
    at = tile[order], cell[order], level[order]
    return HeatMap(
        (tiles[at[0]] << TILE_BITS | at[1]).astype(np.uint32),
        at[2].astype(np.uint8),
        own[at].astype(np.uint8),
        visitors[at].astype(np.int64),
        three_digits(person_s[at]),
        staff[at].astype(np.int64),
        three_digits(staff_s[at]),
        maps[0].cell_m,
    )
