"""Heat that singles nobody out: cells that cannot be told are merged into larger squares until they can.

A quadtree in the manner of spatial cloaking (Gruteser and Grunwald, 2003): a 0.5 m cell whose people can be told
(``Suppression``) is published as it is; what remains of its 1 m, 2 m and 4 m square is published as one as soon as the
different people of that remainder can be told; what even a 4 m square cannot hide is withheld.

Shoppers alone choose the squares. Staff are counted in the same squares, on their own, and told only where they are
enough: ``everybody`` is both published figures, never a figure of both together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from central.insight.suppression import Marks, Suppression
from central.store.heat.grid import ALL_CELLS, CELL_M, LEVELS, TILE_BITS, Codes, cells_of
from central.store.heat.reading import Counts as SquareCounts
from central.store.heat.reading import Footfall

__all__ = ["CELL_M", "Block", "HeatMap", "Who", "published"]

Who = Literal["shoppers", "everybody"]
Counts = npt.NDArray[np.int64]
Seconds = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Block:
    """A square of the floor, less the smaller blocks published within it.

    Attributes:
        x: left edge, metres.
        y: lower edge, metres.
        size_m: side, metres.
        person_s: seconds that people spent in it.
        visitors: different people, as published.
        density: person-seconds per square metre of what the smaller blocks leave of it.
    """

    x: float
    y: float
    size_m: float
    person_s: float
    visitors: int
    density: float


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """Squares as they may leave central, largest first, so that painting them in order is right.

    Attributes:
        codes: (N,) code of each square's lower left cell.
        levels: (N,) 0 to 3: 1, 2, 4 or 8 cells to a side.
        own: (N,) cells that smaller squares leave of it.
        visitors: (N,) published shoppers.
        person_s: (N,) their seconds.
        staff: (N,) published members of staff, 0 where they may not be told.
        staff_s: (N,) their seconds.
        cell_m: side of a cell, metres.
    """

    codes: Codes
    levels: npt.NDArray[np.uint8]
    own: npt.NDArray[np.uint8]
    visitors: Counts
    person_s: Seconds
    staff: Counts
    staff_s: Seconds
    cell_m: float = CELL_M

    def people(self, who: Who) -> tuple[Counts, Seconds]:
        """(N,) visitors and seconds of shoppers, or of shoppers and staff."""
        if who == "shoppers":
            return self.visitors, self.person_s
        return self.visitors + self.staff, self.person_s + self.staff_s

    def squares(self, who: Who) -> tuple[Seconds, Seconds, Seconds, Seconds]:
        """(N,) left edges, lower edges and sides in metres, and person-seconds per square metre."""
        corner_m = cells_of(self.codes).astype(np.float64) * self.cell_m
        sides_m: Seconds = np.ldexp(self.cell_m, self.levels.astype(np.int64))
        density: Seconds = np.round(self.people(who)[1] / (self.own.astype(np.float64) * self.cell_m**2), 3)
        return corner_m[:, 0], corner_m[:, 1], sides_m, density

    def blocks(self, who: Who) -> list[Block]:
        """The squares one by one."""
        visitors, person_s = self.people(who)
        x, y, size_m, density = (column.tolist() for column in self.squares(who))
        rows = zip(x, y, size_m, person_s.tolist(), visitors.tolist(), density, strict=True)
        return [Block(*row) for row in rows]


def published(
    found: Footfall,
    staff: npt.NDArray[np.uint32],
    suppression: Suppression,
    figure: str,
    marks: Marks,
    *,
    finest: int = 0,
    cell_m: float = CELL_M,
) -> HeatMap:
    """What of the footfall may be told.

    Args:
        found: who was where.
        staff: numbers of those who work here.
        suppression: decides.
        figure: names the heatmap; the same for the same floor.
        marks: ends of the window.
        finest: level of the smallest squares.
        cell_m: side of a cell, metres.
    """
    works = found.are(staff)
    tree = _Tree(found, works)
    shoppers = _Teller(suppression, f"shoppers {figure}", marks)
    for level in range(finest, LEVELS):
        tree.grow(level, shoppers)
    return tree.map_of(_Teller(suppression, f"staff {figure}", marks), cell_m)


class _Teller:
    """Tells people and their seconds in squares: two figures, each with noise of its own.

    Args:
        suppression: the method.
        figure: names whom the squares are about, and of which floor.
        marks: ends of the window.
    """

    def __init__(self, suppression: Suppression, figure: str, marks: Marks) -> None:
        self._suppression = suppression
        self._people = suppression.figure_keys(figure)
        self._seconds = suppression.figure_keys(f"seconds {figure}")
        self._marks = marks

    def told(self, level: int, codes: Codes, of: _Counted) -> tuple[Counts, Seconds]:
        """(N,) people and seconds of squares of a level as they may be told, 0 where they may not.

        The longest stay in a square counts as the second longest, so that nobody's own stay shows; the mean of the
        stays, times a number of people that is off by noise other than the published one's, is the seconds.
        """
        named = _named(self._people, codes, level)
        people = self._suppression.published(of.people, of.keys, named, self._marks)
        named = _named(self._seconds, codes, level)
        with np.errstate(over="ignore"):
            off = self._suppression.noise(of.keys + named, named, self._marks)
        stay_s = (of.person_s - of.longer_s) / np.maximum(of.people, 1)
        return people, np.where(people > 0, three_digits(stay_s * np.maximum(of.people + off, 1)), 0.0)


def _named(figure: npt.NDArray[np.uint64], codes: Codes, level: int) -> npt.NDArray[np.uint64]:
    """(N,) numbers that name the figures of squares."""
    with np.errstate(over="ignore"):
        return figure + (codes.astype(np.uint64) * np.uint64(LEVELS) + np.uint64(level))


@dataclass(frozen=True, slots=True, eq=False)
class _Counted:
    """(N,) each: different people, their cell keys, their seconds, and by how much the longest stay is the longest."""

    people: Counts
    keys: npt.NDArray[np.uint64]
    person_s: Seconds
    longer_s: Seconds


@dataclass(frozen=True, slots=True, eq=False)
class _Level:
    """Squares told of one level: their tile and place in it, code, own cells (a bit each), people and seconds."""

    level: int
    tile: npt.NDArray[np.intp]
    square: npt.NDArray[np.intp]
    codes: Codes
    own: npt.NDArray[np.uint64]
    visitors: Counts
    person_s: Seconds


class _Tree:
    """Squares told so far, and which cells are left."""

    def __init__(self, found: Footfall, works: npt.NDArray[np.bool_]) -> None:
        self._found = found
        self._works = works
        self._rest = np.full(len(found.tiles), ALL_CELLS)
        self._told: list[_Level] = []

    def grow(self, level: int, teller: _Teller) -> None:
        """Publish what can be told of this level's squares, of the cells that are left."""
        counts = self._found.counted(self._rest, level, self._works if self._works.any() else None)
        tile, square = np.nonzero(counts.people)
        codes = (self._found.tiles[tile] << TILE_BITS | square << 2 * level).astype(np.uint32)
        visitors, person_s = teller.told(level, codes, _at(counts, tile, square))
        some = visitors > 0
        tile, square = tile[some], square[some]
        area = (ALL_CELLS >> np.uint64(64 - 4**level)) << (square.astype(np.uint64) << np.uint64(2 * level))
        own = area & self._rest[tile]
        self._told.append(_Level(level, tile, square, codes[some], own, visitors[some], person_s[some]))
        np.bitwise_and.at(self._rest, tile, ~area)

    def map_of(self, teller: _Teller, cell_m: float) -> HeatMap:
        """Everything told, with the staff in the same squares."""
        found = self._told[::-1]
        staff = [self._staff(one, teller) for one in found]
        return HeatMap(
            np.concatenate([one.codes for one in found]),
            np.concatenate([np.full(len(one.codes), one.level, np.uint8) for one in found]),
            np.concatenate([np.bitwise_count(one.own) for one in found]),
            np.concatenate([one.visitors for one in found]),
            np.concatenate([one.person_s for one in found]),
            np.concatenate([people for people, _ in staff]),
            np.concatenate([seconds for _, seconds in staff]),
            cell_m,
        )

    def _staff(self, told: _Level, teller: _Teller) -> tuple[Counts, Seconds]:
        """Published staff of a level's squares and their seconds."""
        if not len(told.codes) or not self._works.any():
            return np.zeros(len(told.codes), np.int64), np.zeros(len(told.codes))
        among = np.zeros(len(self._found.tiles), np.uint64)
        np.bitwise_or.at(among, told.tile, told.own)
        counts = self._found.counted(among, told.level, ~self._works)
        return teller.told(told.level, told.codes, _at(counts, told.tile, told.square))


def _at(counts: SquareCounts, tile: npt.NDArray[np.intp], square: npt.NDArray[np.intp]) -> _Counted:
    at = (tile, square)
    return _Counted(counts.people[at], counts.cell_keys[at], counts.person_s[at], counts.longer_s[at])


def three_digits(values: Seconds) -> Seconds:
    """(N,) the values, at least 0, to three significant digits.

    >>> three_digits(np.array([0.0, 0.12345, 98765.0])).tolist()
    [0.0, 0.123, 98800.0]
    """
    power = np.floor(np.log10(np.where(values > 0, values, 1.0)))
    unit = 10.0 ** (power - 2)
    return np.where(values > 0, np.round(np.round(values / unit) * unit, 6), 0.0)
