"""A chunk: everybody of one floor in one stretch of time, as unique pairs of cell and visitor with their time.

It rests as one BLOB of columns, each filled up to 8 bytes, little-endian, so that many chunks joined can be read where
they lie:

- ``<5I``: visitors V, cells C, pairs P, whether visitors' places take 4 bytes instead of 2, nothing (and 4 bytes more)
- record keys, 8 bytes each, and numbers, 4 bytes each, of the V visitors, by number
- codes of the C cells, ascending, and for each the number of pairs up to and with it, 4 bytes each
- of the P pairs, by cell: the visitor's place among the V, 2 or 4 bytes each, and ticks, 2 bytes each
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from central.store.heat.grid import Codes

TICKS_A_SECOND = 50
"""Time is kept in ticks of 20 ms: a pair of a quarter hour fits 2 bytes, and steps of a box add up without rest."""
MOST_TICKS = 65_535

_HEAD = struct.Struct("<5I4x")
_WIDE = 65_536


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of cell and visitor, by code and number, each once.

    Attributes:
        codes: (N,) cells.
        numbers: (N,) visitors.
        ticks: (N,) time.
    """

    codes: Codes
    numbers: npt.NDArray[np.uint32]
    ticks: npt.NDArray[np.int64]


def united(parts: Sequence[Pairs]) -> Pairs:
    """All pairs of the parts, the ticks of equal ones added up."""
    keys = np.concatenate([(one.codes.astype(np.uint64) << np.uint64(32)) | one.numbers for one in parts])
    ticks = np.concatenate([one.ticks for one in parts])
    order = np.argsort(keys)
    keys, ticks = keys[order], ticks[order]
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.empty(0, np.intp)
    unique = keys[first]
    total = np.add.reduceat(ticks, first) if len(keys) else ticks
    return Pairs((unique >> np.uint64(32)).astype(np.uint32), unique.astype(np.uint32), total)


def packed(pairs: Pairs, key_of: dict[int, int]) -> bytes:
    """The pairs at rest.

    Args:
        pairs: by code and number.
        key_of: record keys by number, of every visitor of the pairs.
    """
    numbers, places = np.unique(pairs.numbers, return_inverse=True)
    keys = np.array([key_of[number] for number in numbers.tolist()], np.uint64)
    first = np.flatnonzero(np.diff(pairs.codes, prepend=pairs.codes[:1] ^ np.uint32(1)) != 0)
    ends = np.append(first[1:], len(pairs.codes)) if len(first) else first
    is_wide = len(numbers) > _WIDE
    columns = (
        keys,
        numbers.astype(np.uint32),
        pairs.codes[first],
        ends.astype(np.uint32),
        places.astype(np.uint32 if is_wide else np.uint16),
        np.clip(pairs.ticks, 0, MOST_TICKS).astype(np.uint16),
    )
    head = _HEAD.pack(len(numbers), len(first), len(pairs.codes), is_wide, 0)
    return head + b"".join(_filled(column.tobytes()) for column in columns)


def _filled(column: bytes) -> bytes:
    return column + bytes(-len(column) % 8)


def _up(size: int) -> int:
    return size + (-size % 8)


LAYOUT_COLUMNS = 10
VISITORS, CELLS, PAIRS, IS_WIDE, KEYS_AT, NUMBERS_AT, CODES_AT, ENDS_AT, PLACES_AT, TICKS_AT = range(LAYOUT_COLUMNS)
"""Columns of a layout: three counts, whether places are wide, and where each column begins, in its own elements."""


def layout(blob: bytes, begins: int) -> list[int]:
    """One chunk's row of a layout, for its BLOB beginning at that byte of a buffer."""
    visitors, cells, pairs, is_wide, _ = _HEAD.unpack_from(blob)
    keys_at = begins + _HEAD.size
    numbers_at = keys_at + 8 * visitors
    codes_at = numbers_at + _up(4 * visitors)
    ends_at = codes_at + _up(4 * cells)
    places_at = ends_at + _up(4 * cells)
    ticks_at = places_at + _up((4 if is_wide else 2) * pairs)
    places = places_at // (4 if is_wide else 2)
    starts = [keys_at // 8, numbers_at // 4, codes_at // 4, ends_at // 4, places, ticks_at // 2]
    return [visitors, cells, pairs, is_wide, *starts]


def unpacked(blob: bytes) -> tuple[Pairs, dict[int, int]]:
    """The pairs of a chunk and the record keys by number: what ``packed`` was given."""
    row = layout(blob, 0)
    visitors, cells, pairs = row[VISITORS], row[CELLS], row[PAIRS]
    shorts, words, longs = np.frombuffer(blob, "<u2"), np.frombuffer(blob, "<u4"), np.frombuffer(blob, "<u8")
    numbers = words[row[NUMBERS_AT] :][:visitors]
    keys = longs[row[KEYS_AT] :][:visitors]
    codes, ends = words[row[CODES_AT] :][:cells], words[row[ENDS_AT] :][:cells]
    places = (words if row[IS_WIDE] else shorts)[row[PLACES_AT] :][:pairs]
    ticks = shorts[row[TICKS_AT] :][:pairs]
    many = np.diff(ends.astype(np.int64), prepend=np.int64(0)).astype(np.int64)
    found = Pairs(np.repeat(codes, many), numbers[places], ticks.astype(np.int64))
    return found, dict(zip(numbers.tolist(), keys.tolist(), strict=True))
