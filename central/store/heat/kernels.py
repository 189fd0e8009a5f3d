"""The way from pairs of cell and visitor to different people in squares of the floor: pure functions over arrays.

Chunks are read where they lie, in one buffer seen as 2, 4 and 8 byte numbers (see ``chunk`` for the layout's columns).
A tile of 64 cells is taken at a time, through all chunks: for every visitor in it, one word of 64 bits tells in which
of its squares they were already. So different people of a cell, a square or any part of one are exact, over any window.
"""

from __future__ import annotations

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
from central.store.heat.grid import TILE_BITS

Layout = NDArray[np.int64]

_ONE = np.uint64(1)
_TILE = np.uint64((1 << TILE_BITS) - 1)


@njit(cache=True, nogil=True)
def stretches(words: NDArray[np.uint32], layout: Layout) -> NDArray[np.int64]:
    """(S, 4) tile, chunk, first cell and end of the cells that each chunk has in each tile."""
    many = 0
    for chunk in range(len(layout)):
        before = np.int64(-1)
        at = layout[chunk, CODES_AT]
        for cell in range(layout[chunk, CELLS]):
            tile = np.int64(words[at + cell]) >> TILE_BITS
            many += tile != before
            before = tile
    found = np.empty((many, 4), np.int64)
    n = -1
    for chunk in range(len(layout)):
        before = np.int64(-1)
        at = layout[chunk, CODES_AT]
        for cell in range(layout[chunk, CELLS]):
            tile = np.int64(words[at + cell]) >> TILE_BITS
            if tile != before:
                n += 1
                found[n, 0], found[n, 1], found[n, 2] = tile, chunk, cell
            found[n, 3] = cell + 1
            before = tile
    return found


@njit(cache=True, nogil=True)
def people_of(
    words: NDArray[np.uint32], longs: NDArray[np.uint64], layout: Layout
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint64], NDArray[np.uint32]]:
    """Where each chunk's visitors begin in (V,) ids, the ids (from 0, one a person), keys and numbers by id."""
    begins = np.zeros(len(layout), np.int64)
    many = 0
    lowest, highest = np.int64(1) << 40, np.int64(0)
    for chunk in range(len(layout)):
        begins[chunk] = many
        at = layout[chunk, NUMBERS_AT]
        for v in range(layout[chunk, VISITORS]):
            number = np.int64(words[at + v])
            lowest = min(lowest, number)
            highest = max(highest, number)
        many += layout[chunk, VISITORS]
    span = highest - lowest + 1 if many else np.int64(0)
    known = np.full(span, -1, np.int32)
    ids = np.empty(many, np.int32)
    keys, numbers = np.empty(many, np.uint64), np.empty(many, np.uint32)
    different = 0
    for chunk in range(len(layout)):
        at, keys_at = layout[chunk, NUMBERS_AT], layout[chunk, KEYS_AT]
        for v in range(layout[chunk, VISITORS]):
            number = np.int64(words[at + v]) - lowest
            if known[number] < 0:
                known[number] = different
                keys[different] = longs[keys_at + v]
                numbers[different] = words[at + v]
                different += 1
            ids[begins[chunk] + v] = known[number]
    return begins, ids, keys[:different], numbers[:different]


@njit(cache=True, nogil=True)
def counted(  # noqa: PLR0917 - numba takes no keywords
    shorts: NDArray[np.uint16],
    words: NDArray[np.uint32],
    layout: Layout,
    found: NDArray[np.int64],
    begins: NDArray[np.int64],
    ids: NDArray[np.int32],
    keys: NDArray[np.uint64],
    among: NDArray[np.uint64],
    level: int,
) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]:
    """Different people, sums of their keys, ticks, and by how many the longest stay exceeds the second longest.

    Of every square of a level, (T, 64 / 4^level) each.

    Args:
        shorts: the buffer as numbers of 2 bytes.
        words: the same as numbers of 4 bytes.
        layout: (K, 10) of the chunks.
        found: (S, 4) ``stretches``, by tile, the tile as its place among T tiles.
        begins: of ``people_of``.
        ids: of ``people_of``; whoever has -1 is left out.
        keys: of ``people_of``.
        among: (T,) which cells of each tile count, a bit each.
        level: 0 to 3.
    """
    fold, many_squares = np.uint64(2 * level), 64 >> (2 * level)
    people = np.zeros((len(among), many_squares), np.int64)
    sums = np.zeros((len(among), many_squares), np.uint64)
    ticks = np.zeros((len(among), many_squares), np.int64)
    longer = np.zeros((len(among), many_squares), np.int64)
    longest = np.zeros((many_squares, 2), np.int64)
    spent = np.zeros((len(keys), many_squares), np.int32)  # a row is empty again once its tile is done
    people_at = np.zeros((len(keys), 2), np.uint64)  # squares of the tile and key, side by side in the cache
    people_at[:, 1] = keys
    touched = np.empty(len(keys), np.int32)
    s = 0
    while s < len(found):
        tile = found[s, 0]
        wanted = among[tile]
        many = 0
        while s < len(found) and found[s, 0] == tile:
            if not wanted:
                s += 1
                continue
            chunk = found[s, 1]
            is_wide = layout[chunk, IS_WIDE] == 1
            codes_at, ends_at = layout[chunk, CODES_AT], layout[chunk, ENDS_AT]
            places_at, ticks_at = np.uint64(layout[chunk, PLACES_AT]), np.uint64(layout[chunk, TICKS_AT])
            first = np.uint64(begins[chunk])
            pair = np.uint64(words[ends_at + found[s, 2] - 1]) if found[s, 2] else np.uint64(0)
            for cell in range(found[s, 2], found[s, 3]):
                end = np.uint64(words[ends_at + cell])
                c = np.uint64(words[codes_at + cell]) & _TILE
                if not wanted >> c & _ONE:
                    pair = end
                    continue
                square = np.int64(c >> fold)
                bit = _ONE << np.uint64(square)
                time, new, key = 0, 0, np.uint64(0)
                while pair < end:
                    place = np.uint64(words[places_at + pair]) if is_wide else np.uint64(shorts[places_at + pair])
                    who = ids[first + place]
                    if who >= 0:
                        person = np.uint64(who)
                        time += shorts[ticks_at + pair]
                        spent[who, square] += shorts[ticks_at + pair]
                        mask = people_at[person, 0]
                        if not mask & bit:
                            if not mask:
                                touched[many] = who
                                many += 1
                            people_at[person, 0] = mask | bit
                            new += 1
                            key += people_at[person, 1]
                    pair += _ONE
                people[tile, square] += new
                sums[tile, square] += key
                ticks[tile, square] += time
            s += 1
        longest[:] = 0
        for t in range(many):
            turn = touched[t]
            people_at[turn, 0] = 0
            for at in range(many_squares):
                stay = spent[turn, at]
                spent[turn, at] = 0
                if stay > longest[at, 0]:
                    longest[at, 1] = longest[at, 0]
                    longest[at, 0] = stay
                elif stay > longest[at, 1]:
                    longest[at, 1] = stay
        if many:
            longer[tile] = longest[:, 0] - longest[:, 1]
    return people, sums, ticks, longer
