"""Who was where in a window, from the chunks that cover it, counted in cells and squares: the true figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from central.store.database import Database
from central.store.heat import kernels
from central.store.heat.chunk import LAYOUT_COLUMNS, TICKS_A_SECOND, layout
from central.store.heat.folding import MINUTE_S, QUARTER
from central.store.heat.grid import ALL_CELLS, TILE_BITS, cells_of


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


@dataclass(frozen=True, slots=True)
class Counts:
    """People in the squares of one level, (T, S) each: T tiles, S squares of each.

    Attributes:
        people: different people.
        cell_keys: sums of their record keys modulo 2^64.
        person_s: seconds that they spent there.
        longer_s: by how much the longest stay exceeds the second longest.
    """

    people: npt.NDArray[np.int64]
    cell_keys: npt.NDArray[np.uint64]
    person_s: npt.NDArray[np.float64]
    longer_s: npt.NDArray[np.float64]


class Footfall:
    """Who was where in one window, to be counted in any squares; the true figures.

    Attributes:
        tiles: (T,) where anybody was: codes of cells without their last six bits.
        numbers: (V,) the people's numbers, by id.
    """

    def __init__(self, blobs: Sequence[bytes]) -> None:
        begins = np.cumsum([0, *(len(blob) for blob in blobs)]).tolist()
        rows = [layout(blob, at) for blob, at in zip(blobs, begins, strict=False)]
        self._layout = np.array(rows, np.int64).reshape(-1, LAYOUT_COLUMNS)
        buffer = b"".join(blobs)
        self._shorts, self._words = np.frombuffer(buffer, "<u2"), np.frombuffer(buffer, "<u4")
        longs = np.frombuffer(buffer, "<u8")
        self._begins, self._ids, self._keys, self.numbers = kernels.people_of(self._words, longs, self._layout)
        found = kernels.stretches(self._words, self._layout)
        self._found = found[np.argsort(found[:, 0], kind="stable")]
        self.tiles, self._found[:, 0] = np.unique(self._found[:, 0], return_inverse=True)

    def counted(
        self, among: npt.NDArray[np.uint64], level: int, left_out: npt.NDArray[np.bool_] | None = None
    ) -> Counts:
        """Everybody in every square of a level.

        Args:
            among: (T,) which cells of each tile count, a bit each, in the order of their codes.
            level: 0 to 3: squares of 1, 2, 4 and 8 cells.
            left_out: (V,) who does not count.
        """
        ids = self._ids if left_out is None else np.where(left_out[self._ids], np.int32(-1), self._ids)
        people, sums, ticks, longer = kernels.counted(
            self._shorts, self._words, self._layout, self._found, self._begins, ids, self._keys, among, level
        )
        return Counts(people, sums, ticks / TICKS_A_SECOND, longer / TICKS_A_SECOND)

    def are(self, numbers: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
        """(V,) whether each is among the numbers."""
        return np.isin(self.numbers, numbers)


def footfall(database: Database, site: str, floor: str, start: float, end: float) -> Footfall:
    """Everybody on a floor in the whole minutes from ``start`` until before ``end``, seconds since 1970."""
    return Footfall(chunks(database, site, floor, int(start // MINUTE_S), int(end // MINUTE_S)))


def cells(
    database: Database, site: str, floor: str, start: float, end: float, *, without: frozenset[str] = frozenset()
) -> CellHeat:
    """Everything that happened in each cell in the whole minutes from ``start`` until before ``end``; unsuppressed.

    Args:
        database: where the chunks are.
        site: the site.
        floor: the floor.
        start: seconds since 1970.
        end: the same.
        without: visitors who are left out.
    """
    found = footfall(database, site, floor, start, end)
    left_out = found.are(numbers_of(database, site, without))
    counts = found.counted(np.full(len(found.tiles), ALL_CELLS), 0, left_out)
    tile, cell = np.nonzero(counts.people)
    codes = (found.tiles[tile] << TILE_BITS | cell).astype(np.uint32)
    people = counts.people[tile, cell].astype(np.int32)
    return CellHeat(cells_of(codes), counts.person_s[tile, cell], people, counts.cell_keys[tile, cell])


def chunks(database: Database, site: str, floor: str, first: int, until: int) -> list[bytes]:
    """Chunks of the minutes: quarters where they are whole and closed, else single minutes."""
    there = database.rows(
        "SELECT id, grain, start FROM heat_chunks WHERE site = ? AND floor = ? AND grain IN (1, ?)"
        " AND start >= ? AND start < ?",
        (site, floor, QUARTER, first, until),
    )
    whole = {row[2]: row[0] for row in there if row[1] == QUARTER and row[2] + QUARTER <= until}
    single = [row[0] for row in there if row[1] == 1 and row[2] // QUARTER * QUARTER not in whole]
    rows = database.rows(
        "SELECT pairs FROM heat_chunks WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps([*whole.values(), *single]),),
    )
    return [row[0] for row in rows]


def minutes(database: Database, site: str, floor: str, first: int, until: int) -> list[int]:
    """Minutes since 1970, from ``first`` until before ``until``, of which there is a chunk, by time."""
    rows = database.rows(
        "SELECT start FROM heat_chunks WHERE site = ? AND floor = ? AND grain = 1 AND start >= ? AND start < ?"
        " ORDER BY start",
        (site, floor, first, until),
    )
    return [row[0] for row in rows]


def numbers_of(database: Database, site: str, visitors: frozenset[str]) -> npt.NDArray[np.uint32]:
    """The visitors' numbers, of those who have one."""
    if not visitors:
        return np.empty(0, np.uint32)
    rows = database.rows(
        "SELECT number FROM visitors WHERE site = ? AND visitor IN (SELECT value FROM json_each(?))",
        (site, json.dumps(sorted(visitors))),
    )
    return np.array([row[0] for row in rows], np.uint32)


def staff(database: Database, site: str) -> npt.NDArray[np.uint32]:
    """Numbers of the visitors who are known to work here."""
    rows = database.rows(
        """SELECT number FROM visitors JOIN staff ON staff.site = visitors.site AND staff.person = visitors.visitor
           WHERE visitors.site = :site
           UNION SELECT number FROM staff JOIN stitches ON stitches.site = staff.site AND stitches.person = staff.person
           JOIN visitors ON visitors.site = staff.site AND visitors.visitor = stitches.visitor
           WHERE staff.site = :site""",
        {"site": site},
    )
    return np.array([row[0] for row in rows], np.uint32)
