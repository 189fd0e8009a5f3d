"""Kernels of who stirs against plain numpy twins."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.detect.gate_kernels import MAD_TO_SIGMA
from edge.detect.stir import RULES, StirSettings
from edge.detect.stir_kernels import (
    COLUMNS,
    FLEETING_S,
    GRID,
    HIDDEN,
    KEPT,
    PLACE,
    RING,
    ROWS,
    STEP,
    STEPS,
    compare,
    find_noise,
    find_places,
    fit_light,
    hide,
    overlap,
    sample,
    stirred,
    watch,
)

SEEDS = st.integers(0, 2**32 - 1)
OWN = StirSettings()
INSIDE = np.s_[RING:-RING, RING:-RING]


def rules():
    return np.array([astuple(OWN)], RULES)


def bounds(box):
    """(rows + 1,) and (columns + 1,) edges of the cells."""
    down, across = (box[3] - box[1]) / ROWS, (box[2] - box[0]) / COLUMNS
    return box[1] + down * np.arange(-RING, ROWS + RING + 1), box[0] + across * np.arange(-RING, COLUMNS + RING + 1)


def some_box(rng, width=200, height=150):
    x, y = rng.uniform(-10, width - 20), rng.uniform(-10, height - 40)
    return np.array([x, y, x + rng.uniform(4, 60), y + rng.uniform(8, 100)], np.float32)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.booleans())
def test_cells_are_means_and_hidden_where_nobody_may_look(seed, masked):
    rng = np.random.default_rng(seed)
    luma, box = rng.integers(0, 256, (150, 200), dtype=np.uint8), some_box(rng)
    covered = (rng.random(luma.shape) < 0.003).astype(np.uint8) * 255 if masked else np.zeros((0, 0), np.uint8)
    cells = np.empty(GRID, np.float32)
    sample(luma, covered, box, cells)
    rows, columns = (np.floor(edges).astype(int) for edges in bounds(box.astype(np.float32)))
    for r, c in np.ndindex(*GRID):
        part = np.s_[rows[r] : max(rows[r] + 1, rows[r + 1]), columns[c] : max(columns[c] + 1, columns[c + 1])]
        outside = part[0].start < 0 or part[1].start < 0 or part[0].stop > 150 or part[1].stop > 200
        if outside or (masked and covered[part].any()):
            assert cells[r, c] == HIDDEN
        else:
            assert cells[r, c] == pytest.approx(luma[part].mean(), abs=1e-3)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.floats(0, 0.5))
def test_a_passer_hides_the_cells_they_touch(seed, margin):
    rng = np.random.default_rng(seed)
    box, passer = some_box(rng), some_box(rng)
    cells = rng.uniform(0, 255, GRID).astype(np.float32)
    before = cells.copy()
    hide(cells, box, passer, margin)
    rows, columns = bounds(box.astype(float))
    more = margin * (passer[2:] - passer[:2]).astype(float)
    left, top, right, bottom = (*(passer[:2] - more), *(passer[2:] + more))
    touched = ((rows[:-1] < bottom) & (rows[1:] > top))[:, None] & ((columns[:-1] < right) & (columns[1:] > left))[None]
    at_the_edge = np.minimum.reduce([abs(rows[:-1] - bottom), abs(rows[1:] - top)]) < 1e-3
    beside = np.minimum.reduce([abs(columns[:-1] - right), abs(columns[1:] - left)]) < 1e-3
    sure = ~at_the_edge[:, None] & ~beside[None]
    assert ((cells == HIDDEN) == touched)[sure].all()
    assert (cells == before)[~touched & sure].all()


def two_pictures(rng, changed_cells=0):
    before = rng.uniform(40, 180, GRID).astype(np.float32)
    now = (rng.uniform(0.8, 1.2) * before + rng.uniform(-15, 15) + rng.normal(0, 0.5, GRID)).astype(np.float32)
    inside = now[INSIDE]
    inside.reshape(inside.shape)[:2, :changed_cells] += np.float32(50)
    hidden = rng.random(GRID) < 0.05
    now[hidden] = HIDDEN
    return before, now


def plain_fit(before, now, taken):
    """What one straight line through the taken cells leaves over, and the noise of that."""
    a, b = before[taken].astype(float), now[taken].astype(float)
    power = ((a - a.mean()) ** 2).sum()
    gain = np.clip(((a - a.mean()) * (b - b.mean())).sum() / power, 0.67, 1.5) if power > 16 * taken.sum() else 1.0
    left = np.abs(now - gain * before - (b.mean() - gain * a.mean()))
    return np.where((before >= 0) & (now >= 0), left, np.nan)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(0, 8))
def test_light_is_taken_out_as_by_least_squares(seed, count):
    before, now = two_pictures(np.random.default_rng(seed), count)
    change, bins = np.zeros(GRID, np.float32), np.zeros(STEPS, np.int64)
    noise = fit_light(before, now, np.inf, change, bins)
    left = plain_fit(before, now, (before >= 0) & (now >= 0))
    np.testing.assert_allclose(change, left, atol=5e-3)
    least = min(np.nanmedian(left), (STEPS - 1) * STEP)
    assert noise == pytest.approx(MAD_TO_SIGMA * least, abs=1.5 * MAD_TO_SIGMA * STEP)
    again = np.where(np.isnan(left), np.inf, left)
    limit = 6.0
    if (np.abs(again - limit) < 0.01).any():
        return  # roundings decide who is fitted
    fit_light(before, now, limit, change, bins)
    np.testing.assert_allclose(change, plain_fit(before, now, again <= limit), atol=2e-2)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_noise_is_that_of_the_quieter_half(seed):
    rng = np.random.default_rng(seed)
    change = np.abs(rng.normal(0, rng.uniform(0.5, 8), GRID)).astype(np.float32)
    change[rng.random(GRID) < 0.3] = np.nan
    noise = find_noise(change, np.zeros(STEPS, np.int64))
    assert noise == pytest.approx(MAD_TO_SIGMA * float(np.nanmedian(change)), abs=2 * MAD_TO_SIGMA * STEP)


def plain_stirred(before, now):
    """The share of changed cells, by the settings' words."""
    seen = (before >= 0) & (now >= 0)
    left = plain_fit(before, now, seen)
    limit = max(OWN.change_min, OWN.noise_factor * MAD_TO_SIGMA * np.nanmedian(left))
    left = plain_fit(before, now, np.where(seen, left, np.inf) <= limit)
    limit = max(OWN.change_min, OWN.noise_factor * MAD_TO_SIGMA * np.nanmedian(left))
    ring = np.ones(GRID, bool)
    ring[INSIDE] = False
    if (seen & ~ring).sum() < OWN.known * (~ring).sum() or (seen & ring).sum() < OWN.known * ring.sum():
        return np.nan
    stands_out = np.where(seen, left, 0.0) > limit
    around, inside = stands_out[ring].sum() / (seen & ring).sum(), stands_out[~ring].sum() / (seen & ~ring).sum()
    return np.nan if around > OWN.around_most or inside > OWN.inside_most else inside


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(0, 8), st.booleans())
def test_what_stirred_is_told_as_plainly(seed, count, around):
    rng = np.random.default_rng(seed)
    before, now = two_pictures(rng, count)
    if around:
        now[0, :] += np.float32(60)
    told = stirred(before, now, np.empty(GRID, np.float32), np.zeros(STEPS, np.int64), rules()[0])
    plain = plain_stirred(before, now)
    assert np.isnan(told) if np.isnan(plain) else told == pytest.approx(plain, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_overlap_is_intersection_over_union(seed):
    rng = np.random.default_rng(seed)
    one, other = some_box(rng), some_box(rng)
    wide = max(0.0, float(min(one[2], other[2]) - max(one[0], other[0])))
    tall = max(0.0, float(min(one[3], other[3]) - max(one[1], other[1])))
    areas = [float((b[2] - b[0]) * (b[3] - b[1])) for b in (one, other)]
    assert overlap(one, other) == pytest.approx(wide * tall / (sum(areas) - wide * tall), abs=1e-5)


@settings(max_examples=50, deadline=None)
@given(SEEDS, st.integers(0, 8), st.integers(0, 8), st.integers(0, 8))
def test_boxes_find_the_places_they_overlap_most(seed, known, seen, room):
    rng = np.random.default_rng(seed)
    places, now = np.zeros(known + room, PLACE), 100.0
    old = [(some_box(rng, 90, 80), rng.uniform(80, 99), rng.uniform(85, 100)) for _ in range(known)]
    for i, (box, born, at) in enumerate(old):
        places[i]["box"], places[i]["born_at"], places[i]["seen_at"] = box, min(born, at), at
    boxes = np.array([some_box(rng, 90, 80) for _ in range(seen)], np.float32).reshape(-1, 4)
    found = np.empty(seen, np.int64)
    kept = [box for box, born, at in old if now - at <= min(OWN.keep_s, FLEETING_S + at - min(born, at))]
    n = find_places(places, known, now, now + 0.125, boxes, found, rules()[0])
    if n < 0:  # no room: told as it was left, and done by a second call with more
        assert n == -1 - len(kept)
        places = np.concatenate([places, np.zeros(seen, PLACE)])
        n = find_places(places, len(kept), now, now + 0.125, boxes, found, rules()[0])
    for j, box in enumerate(boxes):
        overlaps = [overlap(box, each) for each in kept]
        if max(overlaps, default=0.0) < OWN.same:
            kept.append(box)
        np.testing.assert_array_equal(
            places[found[j]]["box"],
            kept[-1] if len(overlaps) < len(kept) else kept[max(range(len(overlaps)), key=lambda i: (overlaps[i], i))],
        )
    assert n == len(kept)
    assert len(places) == known + room or len(kept) > known + room


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(0, 8))
def test_a_picture_is_compared_with_the_one_nearest_to_a_second_ago(seed, count):
    rng = np.random.default_rng(seed)
    place, at = np.zeros(1, PLACE), 0.0
    kept = []
    for _ in range(count + 1):
        at += rng.choice([0.05, 0.125, 0.3, 0.8, 2.5])
        before, cells = two_pictures(rng, int(rng.integers(0, 8)))
        cells = before if rng.random() < 0.5 else cells
        compare(place[0], at, cells, np.empty(GRID, np.float32), np.zeros(STEPS, np.int64), rules()[0])
        old = [each for each in kept[-KEPT:] if 0.5 * OWN.since_s <= at - each[0] <= OWN.since_most_s]
        pick = min(old, key=lambda each: abs(at - each[0] - OWN.since_s), default=None)
        plain = np.nan if pick is None else plain_stirred(pick[1], cells)
        np.testing.assert_allclose(place[0]["stir"], plain, atol=1e-6)
        if not kept or at - kept[-1][0] >= OWN.since_s / KEPT:
            kept.append((at, cells))
    assert place[0]["kept"] == len(kept)


def test_each_place_is_looked_at_once_and_what_a_surer_box_covers_is_that_ones():
    rng = np.random.default_rng(3)
    luma = rng.integers(60, 200, (200, 300), dtype=np.uint8)
    later = luma.copy()
    later[60:90, 100:115] = 0  # inside both boxes, near the left edge of the second
    boxes = np.array([[80, 40, 120, 140], [98, 42, 138, 142]], np.float32)
    places, n, told = np.zeros(8, PLACE), 0, []
    scores, scratch = np.array([0.9, 0.4], np.float32), (np.empty(GRID, np.float32), np.empty(GRID, np.float32))
    for before, at, picture in ((-1.0, 0.0, luma), (0.0, 0.5, luma), (0.5, 1.5, later)):
        found, stirs = np.empty(2, np.int64), np.empty(2, np.float32)
        n = watch(
            *(places, n, before, at, picture, np.zeros((0, 0), np.uint8), boxes, scores, found),
            *(*scratch, np.zeros(STEPS, np.int64), stirs, rules()),
        )
        told.append(stirs)
    assert n == 2
    assert places["kept"][:2].tolist() == [3, 3]
    assert np.isnan(told[:2]).all()  # who has only just come passes by
    one = np.empty(GRID, np.float32), np.empty(GRID, np.float32)
    for cells, picture in zip(one, (luma, later), strict=True):
        sample(picture, np.zeros((0, 0), np.uint8), boxes[0], cells)
    assert told[2][0] == pytest.approx(plain_stirred(*one))
    assert told[2][0] > 0.06
    assert np.isnan(told[2][1]) or told[2][1] == 0.0
