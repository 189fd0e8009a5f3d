"""The sum of published heatmaps: reckoned from what was told alone, so it tells nothing beyond them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from central.insight import kernels
from central.insight.heatmap import HeatMap, three_digits
from central.store.heat.grid import TILE_BITS


def summed(maps: Sequence[HeatMap], finest: int = 0) -> HeatMap:
    """One map of all, as fine as the finest of them.

    Seconds of a larger square are spread evenly over its cells. People add up, each counted once in every map they are
    in: those of the square that covers a cell, and where several squares of one map are merged those of the fullest.

    Args:
        maps: at least one, with cells of the same side.
        finest: level of the smallest squares: 0 for single cells, 1 for 2 by 2, and so on.
    """
    if len(maps) == 1 and not finest:
        return maps[0]
    tiles = np.unique(np.concatenate([one.codes >> TILE_BITS for one in maps])).astype(np.int64)
    shape = (len(tiles), 1 << TILE_BITS)
    least = np.full(shape, kernels.NOT_TOLD, np.int8)
    each = np.empty((len(maps), *shape), np.int32)
    for one, squares in zip(maps, each, strict=True):
        kernels.painted(one.codes, one.levels, tiles, squares)
        kernels.lowered(squares, one.levels, least)
    least = np.maximum(least, np.int8(finest))
    sums = np.zeros((*shape, 4, 4))
    for one, squares in zip(maps, each, strict=True):
        most = np.stack([one.visitors, one.staff], axis=1).astype(np.float64)
        spread = np.stack([one.person_s, one.staff_s], axis=1) / one.own[:, None]
        kernels.gathered(squares, least, most, spread, sums)
    tile, cell = np.nonzero(least < kernels.NOT_TOLD)
    level = least[tile, cell].astype(np.int64)
    own = np.zeros((*shape, 4), np.int64)
    np.add.at(own, (tile, cell >> 2 * level << 2 * level, level), 1)
    tile, cell, level = np.nonzero(own)
    order = np.argsort(-level, kind="stable")
    at = tile[order], cell[order], level[order]
    return HeatMap(
        (tiles[at[0]] << TILE_BITS | at[1]).astype(np.uint32),
        at[2].astype(np.uint8),
        own[at].astype(np.uint8),
        sums[at][:, 0].astype(np.int64),
        three_digits(sums[at][:, 2]),
        sums[at][:, 1].astype(np.int64),
        three_digits(sums[at][:, 3]),
        maps[0].cell_m,
    )
