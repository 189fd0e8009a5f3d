"""Heat is published in blocks of at least k people, none lost that can be published, none too fine."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from central.insight.heatmap import blocks

rows = st.lists(
    st.tuples(st.integers(-9, 20), st.integers(-9, 20), st.integers(0, 9), st.floats(0.5, 100)), max_size=80
)


@given(rows, st.integers(3, 6))
def test_every_block_has_k_people_of_its_own(found: list[tuple[int, int, int, float]], k: int) -> None:
    cells = np.array([row[:2] for row in found], np.int64).reshape(-1, 2)
    visitors = [f"v{row[2]}" for row in found]
    person_s = np.array([row[3] for row in found])
    published = blocks(cells, visitors, person_s, k)
    assert all(block.visitors >= k for block in published)
    sizes = [block.size_m for block in published]
    assert sizes == sorted(sizes, reverse=True)
    owner: dict[tuple[float, float, float], set[str]] = defaultdict(set)
    seconds: dict[tuple[float, float, float], float] = defaultdict(float)
    for (cx, cy), visitor, s in zip(cells.tolist(), visitors, person_s, strict=True):
        x, y = cx * 0.5, cy * 0.5
        inside = [b for b in published if b.x <= x < b.x + b.size_m and b.y <= y < b.y + b.size_m]
        if inside:
            finest = min(inside, key=lambda b: b.size_m)
            owner[finest.x, finest.y, finest.size_m].add(visitor)
            seconds[finest.x, finest.y, finest.size_m] += s
    for block in published:
        key = (block.x, block.y, block.size_m)
        assert len(owner[key]) == block.visitors
        assert abs(seconds[key] - block.person_s) < 0.06


def test_a_crowded_cell_stands_alone_and_the_rest_of_its_block_is_merged() -> None:
    crowd = [(0, 0, f"v{n}") for n in range(5)]
    around = [(n % 2, 1, f"w{n}") for n in range(5)]
    found = crowd + around
    published = blocks(np.array([row[:2] for row in found]), [row[2] for row in found], np.full(len(found), 2.0), k=5)
    assert [(block.size_m, block.visitors, block.person_s) for block in published] == [(1.0, 5, 10.0), (0.5, 5, 10.0)]
    merged, alone = published
    assert alone.density == 40.0
    assert merged.density == round(10.0 / 0.75, 3)


def test_few_people_leave_no_trace() -> None:
    found = [(0, 0, f"v{n}") for n in range(4)]
    assert blocks(np.array([row[:2] for row in found]), [row[2] for row in found], np.ones(4), k=5) == []
