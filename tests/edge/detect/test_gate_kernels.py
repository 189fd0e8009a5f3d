"""The gate's kernels and what the detector tells against plain numpy twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.detect.gate_kernels import MAD_TO_SIGMA, block_means, light_free_change
from edge.detect.region_kernels import MOST_SEEDS, find_seeds, merge, plan_regions, smallest_within, widen

SEEDS = st.integers(0, 2**32 - 1)
BIN = 0.125
"""The gate finds medians to within a bin of so many grey levels."""


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 16))
def test_means_of_blocks_are_numpys(seed, block):
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(1, 8, 2)
    height, width = rows * block + rng.integers(0, block), columns * block + rng.integers(0, block)
    luma = rng.integers(0, 256, (height, width), dtype=np.uint8)
    hidden, means = rng.random((rows, columns)) < 0.2, np.empty((rows, columns), np.float32)
    block_means(luma, block, hidden, means)
    whole = luma[: rows * block, : columns * block].reshape(rows, block, columns, block).mean((1, 3))
    np.testing.assert_allclose(means, np.where(hidden, 0.0, whole), rtol=1e-5, atol=1e-4)


def plain_fit(reference, seen, taken, hidden):
    """One straight line through the blocks that are taken; what it leaves over, and the noise of that."""
    a, b = reference[taken].astype(float), seen[taken].astype(float)
    if not taken.any():
        return None, 0.0
    power = ((a - a.mean()) ** 2).sum()
    gain = np.clip(((a - a.mean()) * (b - b.mean())).sum() / power, 0.5, 2.0) if power > taken.sum() else 1.0
    left = np.where(hidden, 0.0, np.abs(seen - gain * reference - (b.mean() - gain * a.mean())))
    return left, MAD_TO_SIGMA * float(np.median(left[~hidden]))


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.floats(0.7, 1.4), st.floats(-20, 20), st.booleans())
def test_what_light_does_not_explain_is_told_as_by_least_squares(seed, gain, offset, somebody):
    rng = np.random.default_rng(seed)
    reference = rng.uniform(30, 200, (12, 20)).astype(np.float32)
    seen = (gain * reference + offset + rng.normal(0, 1, reference.shape)).astype(np.float32)
    if somebody:
        seen[3:7, 4:6] += np.float32(60)
    hidden = rng.random(reference.shape) < 0.1
    change = np.empty_like(reference)
    noise = light_free_change(reference, seen, hidden, change)
    left, expected = plain_fit(reference, seen, ~hidden, hidden)
    limit = max(3 * expected, 4.0)
    if abs(left.max() - limit) < 0.5 or (np.abs(left - limit) < 0.5).any():
        return  # the median of bins decides otherwise than the exact one
    if left.max() > limit:
        left, expected = plain_fit(reference, seen, ~hidden & (left <= limit), hidden)
    np.testing.assert_allclose(change, left, atol=2e-3)
    assert noise == pytest.approx(expected, abs=1.5 * MAD_TO_SIGMA * BIN)


def boxes_of(rng, count, room=60):
    corner = rng.integers(0, room, (count, 2))
    return np.column_stack([corner, corner + rng.integers(1, 20, (count, 2))]).astype(float)


def join(boxes, gap):
    """Boxes (x1, y1, x2, y2) after any two that are nearer than a gap have become one, until none are."""
    joined = list(boxes)
    while True:
        near = [
            (a, b)
            for i, a in enumerate(joined)
            for b in joined[i + 1 :]
            if all(a[side] < b[side + 2] + gap and b[side] < a[side + 2] + gap for side in (0, 1))
        ]
        if not near:
            return joined
        a, b = near[0]
        joined.remove(a)
        joined.remove(b)
        joined.append((*np.minimum(a, b)[:2].tolist(), *np.maximum(a, b)[2:].tolist()))


@settings(max_examples=80, deadline=None)
@given(SEEDS, st.integers(0, 9), st.sampled_from([0.0, 2.0]))
def test_boxes_are_joined_until_none_are_near(seed, count, gap):
    plain = boxes_of(np.random.default_rng(seed), count)
    boxes, joined = plain.copy(), [tuple(box) for box in plain]
    left = merge(boxes, count, gap)
    assert sorted(map(tuple, boxes[:left])) == sorted(join(joined, gap))


@settings(max_examples=80, deadline=None)
@given(SEEDS, st.integers(0, 6))
def test_the_smallest_person_and_the_widened_part_are_told_as_plainly(seed, count):
    rng = np.random.default_rng(seed)
    people, box = boxes_of(rng, count), boxes_of(rng, 1)
    middle = (people[:, :2] + people[:, 2:]) / 2
    inside = ((middle >= box[0, :2]) & (middle < box[0, 2:])).all(1)
    tall = people[:, 3] - people[:, 1]
    assert smallest_within(people, box[0]) == min([np.inf, *tall[inside]])
    grown = box[0].copy()
    for person, high in zip(people, tall, strict=True):
        if (person[:2] < grown[2:]).all() and (person[2:] > grown[:2]).all():
            grown[:2] = np.minimum(grown[:2], person[:2] - 0.25 * high)
            grown[2:] = np.maximum(grown[2:], person[2:] + 0.25 * high)
    before = box.copy()
    assert widen(box, 1, people, 0.25) == (grown != before[0]).any()
    np.testing.assert_allclose(box[0], grown)


def parts_of(moved, most):
    """Rectangles around blocks that moved together, in blocks; None where, read on so far, they are ever too many."""
    parts = []
    for r, c in np.argwhere(moved).tolist():
        parts = join([*parts, (c, r, c + 1, r + 1)], 2)
        if len(parts) > most:
            return None
    large = [part for part in parts if (part[2] - part[0]) * (part[3] - part[1]) > 1]
    return large or parts


def moved_of(rng, rows, columns, bodies, strays):
    """Blocks that moved: some bodies, and single ones."""
    moved = np.zeros((rows, columns), bool)
    for _ in range(bodies):
        r, c = rng.integers(0, (rows, columns))
        moved[r : r + rng.integers(1, 6), c : c + rng.integers(1, 3)] |= rng.random() < 0.9
    moved[rng.integers(0, rows, strays), rng.integers(0, columns, strays)] = True
    return moved


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(0, 5), st.integers(0, 6), st.sampled_from([3, MOST_SEEDS]))
def test_blocks_that_moved_together_are_found_as_plainly(seed, bodies, strays, most):
    moved = moved_of(np.random.default_rng(seed), 14, 24, bodies, strays)
    seeds = np.empty((most, 4))
    count, expected = find_seeds(moved, seeds), parts_of(moved, most)
    assert count == (-1 if expected is None else len(expected))
    assert sorted(map(tuple, seeds[: max(count, 0)])) == sorted(expected or [])


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(0, 4), st.integers(0, 4), st.integers(0, 5), st.sampled_from([2, 8]))
def test_parts_to_look_at_are_planned_as_plainly(seed, bodies, strays, count, most):
    rng = np.random.default_rng(seed)
    moved, people = moved_of(rng, 14, 24, bodies, strays), boxes_of(rng, count, room=300)
    people[:, 2:] += rng.uniform(0, 80, (count, 2))
    (width, height), (block_w, block_h), margin, least = (384.0, 220.0), (16.0, 15.7), 0.3, 40.0
    plan = np.empty((most, 5))
    made = plan_regions(moved, people, width, height, block_w, block_h, margin, least, plan)
    parts = []
    for x1, y1, x2, y2 in parts_of(moved, MOST_SEEDS) or ():
        left, top, right, foot = x1 * block_w, y1 * block_h, x2 * block_w, y2 * block_h
        space = margin * (foot - top)
        wide, tall = max(space, (least - right + left) / 2), max(space, (least - foot + top) / 2)
        parts.append((left - wide, top - tall, right + wide, foot + tall))
    before = None
    while parts != before:  # whoever is touched is held whole, and parts that touch become one
        before = parts = join(parts, 0.0)
        for x1, y1, x2, y2 in people.tolist():
            near = [x1 < part[2] and part[0] < x2 and y1 < part[3] and part[1] < y2 for part in parts]
            room = margin / 2 * (y2 - y1)
            parts = [
                (min(p[0], x1 - room), min(p[1], y1 - room), max(p[2], x2 + room), max(p[3], y2 + room))
                if is_near
                else p
                for p, is_near in zip(parts, near, strict=True)
            ]
    assert made == (len(parts) if len(parts) <= most else -1)
    if made < 0:
        return
    expected = []
    for x1, y1, x2, y2 in parts:
        left, top, right, foot = (
            max(0, np.floor(x1)),
            max(0, np.floor(y1)),
            min(width, np.ceil(x2)),
            min(height, np.ceil(y2)),
        )
        middle = (people[:, :2] + people[:, 2:]) / 2
        inside = ((middle >= (left, top)) & (middle < (right, foot))).all(1)
        expected.append((left, top, right, foot, min((people[inside, 3] - people[inside, 1]).tolist(), default=0.0)))
    np.testing.assert_allclose(
        np.array(sorted(map(tuple, plan[:made]))).reshape(-1, 5), np.array(sorted(expected)).reshape(-1, 5)
    )
