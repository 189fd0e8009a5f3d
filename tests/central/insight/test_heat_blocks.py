"""Heat is published in squares whose people may be told: none lost that can be, none too fine, staff apart."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from central.insight.heat_sum import summed
from central.insight.heatmap import HeatMap, published
from central.insight.suppression import Marks, Names, Suppression
from central.store.heat.chunk import TICKS_A_SECOND, Pairs, packed, united
from central.store.heat.grid import cells_of, codes_of
from central.store.heat.reading import Footfall
from tests.central.store.heat.twin import Where, blocks

KEY = b"k" * 32
Row = tuple[int, int, int, int]
"""Column, row, visitor's number, seconds."""

rows = st.lists(
    st.tuples(st.integers(-9, 20), st.integers(-9, 20), st.integers(0, 9), st.integers(1, 100)), max_size=80
)


class Exact(Suppression):
    """The threshold without the noise."""

    def noise(self, cell_keys: npt.ArrayLike, figures: Names = "", marks: Marks = ()) -> npt.NDArray[np.int64]:
        return np.zeros(np.shape(cell_keys), np.int64)


def chunk(found: list[Row], suppression: Suppression) -> bytes:
    cells = np.array([row[:2] for row in found], np.int64).reshape(-1, 2)
    numbers = np.array([row[2] for row in found], np.uint32)
    ticks = np.array([row[3] * TICKS_A_SECOND for row in found], np.int64)
    keys = {number: suppression.record_key(f"v{number}") for number in set(numbers.tolist())}
    return packed(united([Pairs(codes_of(cells), numbers, ticks)]), keys)


def heat(parts: list[list[Row]], suppression: Suppression, staff: tuple[int, ...] = ()) -> HeatMap:
    found = Footfall([chunk(part, suppression) for part in parts])
    return published(found, np.array(staff, np.uint32), suppression, "heat g", (0.0, 60.0))


def plain(found: list[Row]) -> dict[Where, dict[str, float]]:
    told: dict[Where, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for cx, cy, number, seconds in found:
        told[cx, cy][str(number)] += seconds
    return told


def squares(found: HeatMap) -> set[tuple[int, ...]]:
    """Level, column and row of the square, own cells, people."""
    columns = (found.levels.tolist(), cells_of(found.codes).tolist(), found.own.tolist(), found.visitors.tolist())
    return {(level, x >> level, y >> level, own, people) for level, (x, y), own, people in zip(*columns, strict=True)}


@given(st.lists(rows, max_size=4), st.integers(3, 6), st.sets(st.integers(0, 9), max_size=3))
def test_the_squares_are_those_of_the_plain_quadtree(parts: list[list[Row]], k: int, staff: set[int]) -> None:
    suppression = Exact(k, KEY)
    found = heat(parts, suppression, tuple(staff))
    everything = [row for part in parts for row in part]
    expected = blocks(plain([row for row in everything if row[2] not in staff]), k)
    assert squares(found) == {(level, x, y, own, len(people)) for level, x, y, own, _, people in expected}
    assert found.levels.tolist() == sorted(found.levels.tolist(), reverse=True)
    seconds = {(level, x, y): s for level, x, y, _, s, _ in expected}
    for level, (x, y), told in zip(found.levels.tolist(), cells_of(found.codes), found.person_s.tolist(), strict=True):
        true = seconds[level, int(x) >> level, int(y) >> level]
        assert abs(told - true) <= true * 0.005


@given(st.lists(rows, max_size=3), st.integers(3, 6), st.sets(st.integers(0, 9), max_size=6))
def test_with_noise_every_square_told_has_k_people_and_staff_have_k_of_their_own(
    parts: list[list[Row]], k: int, staff: set[int]
) -> None:
    found = heat(parts, Suppression(k, KEY), tuple(staff))
    everything = plain([row for part in parts for row in part])
    finest: dict[tuple[int, int], int] = {}
    for index, (level, corner) in enumerate(zip(found.levels.tolist(), cells_of(found.codes).tolist(), strict=True)):
        for cx in range(corner[0], corner[0] + (1 << level)):
            for cy in range(corner[1], corner[1] + (1 << level)):
                finest[cx, cy] = index
    people: dict[int, set[str]] = defaultdict(set)
    for cell, here in everything.items():
        if cell in finest:
            people[finest[cell]] |= set(here)
    workers = {str(number) for number in staff}
    for index in range(len(found.codes)):
        assert len(people[index] - workers) >= k
        assert found.visitors[index] >= k
        assert found.staff[index] == 0 or len(people[index] & workers) >= k
    assert np.unique(list(finest.values()), return_counts=True)[1].tolist() == found.own.tolist()


@given(st.lists(rows, min_size=1, max_size=4), st.integers(3, 5), st.integers(0, 2))
def test_a_sum_is_made_of_what_each_map_has_in_each_cell(parts: list[list[Row]], k: int, finest: int) -> None:
    maps = [heat([part], Exact(k, KEY)) for part in parts]
    total = summed(maps, finest)
    whole, each = _painted(total), [_painted(one) for one in maps]
    assert set(whole) == set().union(*each)
    assert len(whole) == sum(int(one) for one in total.own)
    people: dict[int, list[set[int]]] = defaultdict(lambda: [set() for _ in maps])
    seconds: dict[int, float] = defaultdict(float)
    for cell, index in whole.items():
        for number, (one, painted) in enumerate(zip(maps, each, strict=True)):
            if cell in painted:
                people[index][number].add(painted[cell])
                seconds[index] += one.person_s[painted[cell]] / one.own[painted[cell]]
        finer = min(one.levels[painted[cell]] for one, painted in zip(maps, each, strict=True) if cell in painted)
        assert total.levels[index] == max(finer, finest)
    for index, told in enumerate(total.person_s.tolist()):
        assert abs(told - seconds[index]) <= 0.006 * seconds[index]
        fullest = [
            max((int(one.visitors[n]) for n in here), default=0) for one, here in zip(maps, people[index], strict=True)
        ]
        assert total.visitors[index] == sum(fullest) >= k
    assert (total.levels >= finest).all()


def _painted(found: HeatMap) -> dict[tuple[int, int], int]:
    cells: dict[tuple[int, int], int] = {}
    for index, (level, (x, y)) in enumerate(zip(found.levels.tolist(), cells_of(found.codes).tolist(), strict=True)):
        side = 1 << level
        cells |= {(cx, cy): index for cx in range(x, x + side) for cy in range(y, y + side)}
    return cells


def test_a_crowded_cell_stands_alone_and_the_rest_of_its_block_is_merged() -> None:
    crowd = [(0, 0, n, 2) for n in range(5)]
    around = [(n % 2, 1, 10 + n, 2) for n in range(5)]
    merged, alone = heat([crowd + around], Exact(5, KEY)).blocks("shoppers")
    assert (merged.size_m, merged.visitors, merged.person_s) == (1.0, 5, 10.0)
    assert (alone.size_m, alone.visitors, alone.person_s) == (0.5, 5, 10.0)
    assert (alone.density, merged.density) == (40.0, round(10.0 / 0.75, 3))


def test_few_people_leave_no_trace() -> None:
    assert heat([[(0, 0, n, 1) for n in range(4)]], Suppression(5, KEY)).blocks("everybody") == []


def test_days_add_up_and_the_same_squares_keep_their_size() -> None:
    day = [(0, 0, n, 2) for n in range(6)]
    (block,) = summed([heat([day], Exact(5, KEY))] * 7).blocks("shoppers")
    assert (block.size_m, block.visitors, block.person_s) == (0.5, 42, 84.0)
