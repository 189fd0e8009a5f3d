"""Parts of a picture: they hold all that moved and cut nobody, and never cost more than the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.detect.gate import Motion
from edge.detect.region_kernels import MOST_SEEDS, find_seeds, merge, smallest_within
from edge.detect.regions import RegionSettings, local_parts, outside
from edge.detect.sizing import multiple_of

SIZE = (640, 360)
GRID = (60, 106)
BLOCK = 6
WHOLE = 0.65
NOBODY = np.zeros((0, 4), np.float32)


def motion(*boxes):
    """Motion in boxes given in pixels."""
    moved = np.zeros(GRID, np.bool_)
    for x1, y1, x2, y2 in boxes:
        moved[y1 // BLOCK : -(-y2 // BLOCK), x1 // BLOCK : -(-x2 // BLOCK)] = True
    return Motion(stirred=True, due=False, moved=moved, block_share=(BLOCK / SIZE[0], BLOCK / SIZE[1]))


def area(parts):
    return sum(
        multiple_of((p.region[2] - p.region[0]) * p.scale) * multiple_of((p.region[3] - p.region[1]) * p.scale)
        for p in parts
    )


def parts_of(moving, people=NOBODY, **how):
    return local_parts(
        motion(*moving), np.asarray(people, np.float32).reshape(-1, 4), SIZE, WHOLE, RegionSettings(**how)
    )


def test_unknown_motion_is_looked_at_closely_and_around():
    (part,) = parts_of([(300, 100, 320, 150)])
    x1, y1, x2, y2 = part.region
    assert part.scale == 1.0
    assert x1 < 290
    assert x2 > 330
    assert (x2 - x1) * (y2 - y1) < 0.2 * 640 * 360


def test_a_large_person_is_shown_no_larger_than_needed():
    (part,) = parts_of([(300, 100, 360, 300)], [[290, 80, 370, 330]])
    assert part.scale == pytest.approx(0.375)  # 75 of 250 px, rounded up to eighths
    assert area([part]) < 0.25 * 416 * 234


def test_two_far_apart_are_two_parts_and_two_near_each_other_one():
    assert len(parts_of([(100, 100, 120, 150), (500, 100, 520, 150)])) == 2
    assert len(parts_of([(100, 100, 120, 150), (150, 100, 170, 150)])) == 1


def test_where_everything_moves_a_coarser_whole_is_enough_for_large_people_and_not_for_small_ones():
    everywhere = [(0, 0, 630, 350)]
    (part,) = parts_of(everywhere, [[100, 50, 200, 350]])
    assert part.region == (0, 0, 640, 360)
    assert part.scale < WHOLE
    assert parts_of(everywhere, [[100, 50, 200, 350], [300, 50, 320, 90]]) == []
    assert parts_of(everywhere) == []


boxes = st.tuples(st.integers(0, 600), st.integers(0, 320), st.integers(8, 120), st.integers(8, 200)).map(
    lambda b: (b[0], b[1], min(636, b[0] + b[2]), min(360, b[1] + b[3]))
)


@settings(max_examples=150, deadline=None)
@given(moving=st.lists(boxes, min_size=1, max_size=5), people=st.lists(boxes, max_size=6))
def test_whatever_moves_is_in_some_part_and_nobody_is_cut(moving, people):
    known = np.array(people, np.float32).reshape(-1, 4)
    found = parts_of(moving, known)
    assert area(found) <= RegionSettings().most_share * 640 * 360 * WHOLE**2 + 1
    if not found:
        return
    regions = [p.region for p in found]
    for r, c in np.argwhere(motion(*moving).moved):
        x, y = (c + 0.5) * BLOCK, (r + 0.5) * BLOCK
        assert any(x1 <= x <= x2 and y1 <= y <= y2 for x1, y1, x2, y2 in regions)
    for x1, y1, x2, y2 in regions:
        assert 0 <= x1 < x2 <= 640
        assert 0 <= y1 < y2 <= 360
        for px1, py1, px2, py2 in people:
            apart = px2 <= x1 or px1 >= x2 or py2 <= y1 or py1 >= y2
            inside = x1 <= px1 and px2 <= x2 and y1 <= py1 and py2 <= y2
            # filling an input may touch somebody who was not: such a box is dropped as cut, and the last one kept
            assert apart or inside or not _is_wholly_new((px1, py1, px2, py2), (x1, y1, x2, y2))
    assert outside(known, regions).sum() <= len(people)


def _is_wholly_new(person, region):
    middle = (person[0] + person[2]) / 2, (person[1] + person[3]) / 2
    x1, y1, x2, y2 = region
    return x1 + 64 < middle[0] < x2 - 64 and y1 + 64 < middle[1] < y2 - 64


def test_a_part_too_large_to_be_seen_closely_is_seen_as_the_whole_would_be():
    (part,) = parts_of([(150, 80, 370, 290)])
    assert part.scale == WHOLE
    (near,) = parts_of([(100, 60, 220, 200)])
    assert near.scale == 1.0


def test_seeds_against_a_plain_flood():
    rng = np.random.default_rng(3)
    for _ in range(50):
        moved = rng.random((30, 40)) < 0.01
        moved |= np.roll(moved, 1, 1)
        seeds = np.empty((MOST_SEEDS, 4))
        count = find_seeds(moved, seeds)
        assert count >= (1 if moved.any() else 0)
        for r, c in np.argwhere(moved):
            alone = moved[max(0, r - 1) : r + 2, max(0, c - 1) : c + 2].sum() == 1
            holds = [s for s in seeds[:count] if s[0] <= c < s[2] and s[1] <= r < s[3]]
            assert len(holds) == 1 or (alone and not holds)


def test_too_many_seeds_are_told():
    moved = np.zeros((60, 100), np.bool_)
    moved[::6, ::6] = True
    assert find_seeds(moved, np.empty((MOST_SEEDS, 4))) == -1
    assert parts_of([(x, y, x + 6, y + 6) for x in range(0, 600, 60) for y in range(0, 340, 60)]) == []


def test_merging_goes_on_until_nothing_touches():
    chain = np.array([[0, 0, 10, 10], [30, 0, 40, 10], [9, 0, 31, 10], [100, 100, 110, 110]], float)
    assert merge(chain, 4, 0.0) == 2
    assert sorted(chain[:2].tolist()) == [[0, 0, 40, 10], [100, 100, 110, 110]]


def test_the_smallest_counts_where_its_middle_is():
    people = np.array([[0, 0, 10, 50], [0, 0, 10, 30], [90, 90, 100, 95]], float)
    assert smallest_within(people, np.array([0.0, 0.0, 50.0, 50.0])) == 30
    assert np.isinf(smallest_within(people, np.array([200.0, 200.0, 250.0, 250.0])))
