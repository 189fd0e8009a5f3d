"""Heat that singles nobody out: cells with fewer than k people are merged into larger ones until they have k.

A quadtree in the manner of spatial cloaking (Gruteser and Grunwald, 2003): a 0.5 m cell walked by at least k different
people is published as it is; what remains of its 1 m, 2 m and 4 m block is published as one as soon as k different
people walked in that remainder; what even a 4 m block cannot hide is withheld.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CELL_M = 0.5
LEVELS = 4
"""Block sides of 1, 2, 4 and 8 cells: 0.5 to 4 m."""


@dataclass(frozen=True, slots=True)
class Block:
    """A square of the floor, less the smaller blocks published within it.

    Attributes:
        x: left edge, metres.
        y: lower edge, metres.
        size_m: side, metres.
        person_s: seconds that people spent in it.
        visitors: different people, at least k.
        density: person-seconds per square metre of what the smaller blocks leave of it.
    """

    x: float
    y: float
    size_m: float
    person_s: float
    visitors: int
    density: float


def blocks(
    cells: npt.NDArray[np.int64], visitors: Sequence[str], person_s: npt.NDArray[np.float64], k: int
) -> list[Block]:
    """The publishable blocks, largest first, so that painting them in order is right.

    Args:
        cells: (N, 2) indices of 0.5 m cells, one row a cell and visitor.
        visitors: N visitors.
        person_s: (N,) seconds.
        k: fewest people of a block.
    """
    pending: dict[tuple[int, int], tuple[set[str], float]] = {}
    for (cx, cy), visitor, seconds in zip(cells.tolist(), visitors, person_s.tolist(), strict=True):
        people, total = pending.get((cx, cy), (set(), 0.0))
        people.add(visitor)
        pending[cx, cy] = people, total + seconds
    published: list[Block] = []
    taken: dict[tuple[int, int], int] = {}
    """Cells of the published part, by block of the present level."""
    for level in range(LEVELS):
        side = 1 << level
        withheld: dict[tuple[int, int], tuple[set[str], float]] = {}
        for (bx, by), (people, total) in pending.items():
            if len(people) < k:
                withheld[bx, by] = people, total
                continue
            area = (side * side - taken.get((bx, by), 0)) * CELL_M**2
            size = side * CELL_M
            published.append(Block(bx * size, by * size, size, round(total, 1), len(people), round(total / area, 3)))
            taken[bx, by] = side * side
        pending, taken = _coarser(withheld), _coarser_counts(taken)
    return published[::-1]


def _coarser(fine: dict[tuple[int, int], tuple[set[str], float]]) -> dict[tuple[int, int], tuple[set[str], float]]:
    coarse: dict[tuple[int, int], tuple[set[str], float]] = {}
    for (bx, by), (people, total) in fine.items():
        before, sum_s = coarse.get((bx >> 1, by >> 1), (set(), 0.0))
        coarse[bx >> 1, by >> 1] = before | people, sum_s + total
    return coarse


def _coarser_counts(fine: dict[tuple[int, int], int]) -> dict[tuple[int, int], int]:
    coarse: dict[tuple[int, int], int] = defaultdict(int)
    for (bx, by), count in fine.items():
        coarse[bx >> 1, by >> 1] += count
    return dict(coarse)
