"""The way from pairs of cell and visitor to squares of the floor with different people: pure functions over arrays.

Chunks are read where they lie, in one buffer seen as 2, 4 and 8 byte numbers (see ``chunk`` for the layout's columns).
A tile of 64 cells is taken at a time, through all chunks: for every visitor in it, one word of 64 bits tells in which
cells he was. That makes different people of a cell, of a square and of any part of a square exact, over any window.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from central.store.heat.chunk import (
    CELLS,
    CODES_AT,
    ENDS_AT,
    IS_WIDE,
    KEYS_AT,
    NUMBERS_AT,
    PLACES_AT,
    TICKS_AT,
    VISITORS,
)
from central.store.heat.grid import LEVELS, TILE_BITS

Layout = NDArray[np.int64]

_ONE = np.uint64(1)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_TILE = (1 << TILE_BITS) - 1


@njit(cache=True)
def stretches(words: NDArray[np.uint32], layout: Layout) -> NDArray[np.int64]:
    """(S, 4) tile, chunk, first cell and end of the cells that each chunk has in each tile."""
    many = 0
    for chunk in range(len(layout)):
        before = -1
        at = layout[chunk, CODES_AT]
        for cell in range(layout[chunk, CELLS]):
            tile = np.int64(words[at + cell]) >> TILE_BITS
            many += tile != before
            before = tile
    found = np.empty((many, 4), np.int64)
    n = -1
    for chunk in range(len(layout)):
        before = -1
        at = layout[chunk, CODES_AT]
        for cell in range(layout[chunk, CELLS]):
            tile = np.int64(words[at + cell]) >> TILE_BITS
            if tile != before:
                n += 1
                found[n, 0], found[n, 1], found[n, 2] = tile, chunk, cell
            found[n, 3] = cell + 1
            before = tile
    return found


@njit(cache=True)
def people_of(
    words: NDArray[np.uint32], longs: NDArray[np.uint64], layout: Layout, without: NDArray[np.uint32]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint64]]:
    """Where each chunk's visitors begin in (V,) ids from 0 over all chunks, -1 for who is left out; keys by id."""
    begins = np.zeros(len(layout), np.int64)
    many = 0
    lowest, highest = np.int64(1) << 40, np.int64(0)
    for chunk in range(len(layout)):
        begins[chunk] = many
        at = layout[chunk, NUMBERS_AT]
        for v in range(layout[chunk, VISITORS]):
            number = np.int64(words[at + v])
            lowest, highest = min(lowest, number), max(highest, number)
        many += layout[chunk, VISITORS]
    known = np.full(max(highest - lowest + 1, 0), -2, np.int32)
    for n in range(len(without)):
        number = np.int64(without[n])
        if lowest <= number <= highest:
            known[number - lowest] = -1
    ids = np.empty(many, np.int32)
    keys = np.empty(many, np.uint64)
    different = 0
    for chunk in range(len(layout)):
        at, keys_at = layout[chunk, NUMBERS_AT], layout[chunk, KEYS_AT]
        for v in range(layout[chunk, VISITORS]):
            number = np.int64(words[at + v]) - lowest
            if known[number] == -2:
                known[number] = different
                keys[different] = longs[keys_at + v]
                different += 1
            ids[begins[chunk] + v] = known[number]
    return begins, ids, keys[:different]


@njit(cache=True)
def squares(
    shorts: NDArray[np.uint16],
    words: NDArray[np.uint32],
    layout: Layout,
    found: NDArray[np.int64],
    begins: NDArray[np.int64],
    ids: NDArray[np.int32],
    keys: NDArray[np.uint64],
    k: int,
) -> tuple[Any, ...]:
    """Squares of at least ``k`` different people: code, level, cells of its own, people, sum of keys, ticks; each (B,).

    A cell with ``k`` people stands alone; what is left of its square of 2, 4 and 8 cells stands as one as soon as ``k``
    people were in that rest.

    Args:
        shorts: the buffer as numbers of 2 bytes.
        words: the same as numbers of 4 bytes.
        layout: (K, 10) of the chunks.
        found: (S, 4) ``stretches``, by tile.
        begins: of ``people_of``.
        ids: of ``people_of``.
        keys: of ``people_of``.
        k: fewest people, at least 1.
    """
    room = 1024
    codes, levels, own = np.empty(room, np.uint32), np.empty(room, np.uint8), np.empty(room, np.uint8)
    people, sums, times = np.empty(room, np.int64), np.empty(room, np.uint64), np.empty(room, np.int64)
    n = 0
    masks = np.zeros(len(keys), np.uint64)
    touched = np.empty(len(keys), np.int32)
    count, total, ticks = np.zeros(64, np.int64), np.zeros(64, np.uint64), np.zeros(64, np.int64)
    s = 0
    while s < len(found):
        tile = found[s, 0]
        count[:], total[:], ticks[:] = 0, 0, 0
        many = 0
        while s < len(found) and found[s, 0] == tile:
            chunk = found[s, 1]
            is_wide = layout[chunk, IS_WIDE] == 1
            codes_at, ends_at = layout[chunk, CODES_AT], layout[chunk, ENDS_AT]
            places_at, ticks_at, first = layout[chunk, PLACES_AT], layout[chunk, TICKS_AT], begins[chunk]
            cell = found[s, 2]
            pair = np.int64(words[ends_at + cell - 1]) if cell else 0
            for cell in range(found[s, 2], found[s, 3]):
                c = np.int64(words[codes_at + cell]) & _TILE
                bit = _ONE << np.uint64(c)
                end = np.int64(words[ends_at + cell])
                while pair < end:
                    place = np.int64(words[places_at + pair]) if is_wide else np.int64(shorts[places_at + pair])
                    who = ids[first + place]
                    if who >= 0:
                        ticks[c] += shorts[ticks_at + pair]
                        mask = masks[who]
                        if not mask & bit:
                            if not mask:
                                touched[many] = who
                                many += 1
                            masks[who] = mask | bit
                            count[c] += 1
                            total[c] += keys[who]
                    pair += 1
            s += 1
        if n + 128 > room:
            room *= 2
            codes, levels, own = _longer(codes, room), _longer(levels, room), _longer(own, room)
            people, sums, times = _longer(people, room), _longer(sums, room), _longer(times, room)
        taken, rest = np.uint64(0), np.uint64(0)
        for c in range(64):
            if count[c] >= k:
                codes[n], levels[n], own[n] = (tile << TILE_BITS) | c, 0, 1
                people[n], sums[n], times[n] = count[c], total[c], ticks[c]
                n += 1
                taken |= _ONE << np.uint64(c)
            elif count[c]:
                rest |= _ONE << np.uint64(c)
        for level in range(1, LEVELS):
            if not rest:
                break
            size = 1 << (2 * level)
            square = _ALL if size == 64 else (_ONE << np.uint64(size)) - _ONE
            count[:], total[:] = 0, 0
            for t in range(many):
                mask = masks[touched[t]] & rest
                if mask:
                    for b in range(64 // size):
                        if mask >> np.uint64(b * size) & square:
                            count[b] += 1
                            total[b] += keys[touched[t]]
            for b in range(64 // size):
                if count[b] < k:
                    continue
                area = square << np.uint64(b * size)
                free, time = 0, 0
                for c in range(b * size, (b + 1) * size):
                    bit = _ONE << np.uint64(c)
                    free += not taken & bit
                    if rest & bit:
                        time += ticks[c]
                codes[n], levels[n], own[n] = (tile << TILE_BITS) | (b * size), level, free
                people[n], sums[n], times[n] = count[b], total[b], time
                n += 1
                taken |= area
                rest &= ~area
        for t in range(many):
            masks[touched[t]] = 0
    return codes[:n], levels[:n], own[:n], people[:n], sums[:n], times[:n]


@njit(cache=True)
def _longer(values: NDArray[Any], room: int) -> NDArray[Any]:
    longer = np.empty(room, values.dtype)
    longer[: len(values)] = values
    return longer
