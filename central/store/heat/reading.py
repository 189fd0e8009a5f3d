"""Heat of a window, true: squares with different people, from the chunks that cover it."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from central.store.database import Database
from central.store.heat import kernels
from central.store.heat.chunk import LAYOUT_COLUMNS, TICKS_A_SECOND, layout
from central.store.heat.folding import MINUTE_S, QUARTER
from central.store.heat.grid import Codes, cells_of


@dataclass(frozen=True, slots=True)
class Squares:
    """Squares of the floor, none overlapping another's own cells.

    Attributes:
        codes: (N,) code of the lower left cell.
        levels: (N,) 0 to 3: 1, 2, 4 or 8 cells to a side.
        own: (N,) cells that are not taken by smaller squares.
        people: (N,) different people in these.
        cell_keys: (N,) sums of their record keys modulo 2^64.
        person_s: (N,) seconds that they spent there.
    """

    codes: Codes
    levels: npt.NDArray[np.uint8]
    own: npt.NDArray[np.uint8]
    people: npt.NDArray[np.int64]
    cell_keys: npt.NDArray[np.uint64]
    person_s: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CellHeat:
    """Heat by cell.

    Attributes:
        cells: (N, 2) indices of 0.5 m cells.
        person_s: (N,) seconds.
        people: (N,) different people.
        cell_keys: (N,) sums of their record keys modulo 2^64.
    """

    cells: npt.NDArray[np.int32]
    person_s: npt.NDArray[np.float64]
    people: npt.NDArray[np.int32]
    cell_keys: npt.NDArray[np.uint64]


def squares(
    database: Database, site: str, floor: str, start: float, end: float, k: int, without: frozenset[str] = frozenset()
) -> Squares:
    """Squares of at least ``k`` different people in the whole minutes from ``start`` until before ``end``.

    Args:
        database: where the chunks are.
        site: the site.
        floor: the floor.
        start: seconds since 1970, rounded down to a minute.
        end: the same.
        k: fewest people of a square.
        without: visitors who are left out.
    """
    blobs = _chunks(database, site, floor, int(start // MINUTE_S), int(end // MINUTE_S))
    sizes = np.cumsum([0, *(len(blob) for blob in blobs)])
    rows = [layout(blob, begins) for blob, begins in zip(blobs, sizes.tolist(), strict=False)]
    places = np.array(rows, np.int64).reshape(-1, LAYOUT_COLUMNS)
    buffer = b"".join(blobs)
    shorts, words, longs = (np.frombuffer(buffer, kind) for kind in ("<u2", "<u4", "<u8"))
    begins, ids, keys = kernels.people_of(words, longs, places, _numbers(database, site, without))
    found = kernels.stretches(words, places)
    found = found[np.argsort(found[:, 0], kind="stable")]
    codes, levels, own, people, sums, ticks = kernels.squares(shorts, words, places, found, begins, ids, keys, k)
    return Squares(codes, levels, own, people, sums, ticks / TICKS_A_SECOND)


def cells(
    database: Database, site: str, floor: str, start: float, end: float, without: frozenset[str] = frozenset()
) -> CellHeat:
    """Everything that happened in each cell in the whole minutes from ``start`` until before ``end``; unsuppressed."""
    found = squares(database, site, floor, start, end, 1, without)
    return CellHeat(cells_of(found.codes), found.person_s, found.people.astype(np.int32), found.cell_keys)


def _chunks(database: Database, site: str, floor: str, first: int, until: int) -> list[bytes]:
    """Chunks of the minutes: quarters where they are whole and closed, else single minutes."""
    there = database.rows(
        "SELECT id, grain, start FROM heat_chunks WHERE site = ? AND floor = ? AND grain IN (1, ?)"
        " AND start >= ? AND start < ?",
        (site, floor, QUARTER, first, until),
    )
    whole = {row[2]: row[0] for row in there if row[1] == QUARTER and row[2] + QUARTER <= until}
    single = [row[0] for row in there if row[1] == 1 and row[2] // QUARTER * QUARTER not in whole]
    rows = database.rows(
        "SELECT pairs FROM heat_chunks WHERE id IN (SELECT value FROM json_each(?)) ORDER BY grain, start",
        (json.dumps([*whole.values(), *single]),),
    )
    return [row[0] for row in rows]


def _numbers(database: Database, site: str, visitors: frozenset[str]) -> npt.NDArray[np.uint32]:
    """The visitors' numbers, of those who have one."""
    rows = database.rows(
        "SELECT number FROM visitors WHERE site = ? AND visitor IN (SELECT value FROM json_each(?))",
        (site, json.dumps(sorted(visitors))),
    )
    return np.array([row[0] for row in rows], np.uint32)
