"""Every kernel equals its plain numpy twin."""

from __future__ import annotations

import numpy as np
import pytest

from edge.detect.heads import grid_cells
from edge.detect.kernels import decode_grid, decode_levels, decode_places, discount, pack_planes, settle, suppress


def pack_planes_twin(picture, planes, swapped, gain, shift):
    height, width = picture.shape[:2]
    channels = picture.transpose(2, 0, 1)[:: -1 if swapped else 1]
    planes[:, :height, :width] = channels * gain[:, None, None] + shift[:, None, None]


def decode_grid_twin(raw, cells, column, score_min, in_pixels):
    score = raw[:, 4] * raw[:, column]
    keep = score >= score_min
    raw, cells = raw[keep], cells[keep]
    centre = raw[:, :2] if in_pixels else (raw[:, :2] + cells[:, :2]) * cells[:, 2:]
    size = raw[:, 2:4] if in_pixels else np.exp(raw[:, 2:4]) * cells[:, 2:]
    return np.c_[centre - size / 2, centre + size / 2, score[keep]].astype(np.float32)


def suppress_twin(boxes, scores, iou_max):
    left = list(np.argsort(-scores, kind="stable"))
    kept, keeper = [], np.full(len(boxes), -1)
    while left:
        best = left.pop(0)
        kept.append(best)
        gone = [other for other in left if iou(boxes[best], boxes[other]) > iou_max]
        keeper[[best, *gone]] = best
        left = [other for other in left if other not in gone]
    return np.array(kept, np.int64), keeper


def settle_twin(found, iou_max, scale, offset, edge):
    kept, keeper = suppress_twin(found[:, :4], found[:, 4], iou_max)
    rows = []
    for best in kept:
        same = found[keeper == best].astype(np.float64)
        box = np.average(same[:, :4], axis=0, weights=np.maximum(same[:, 4], 1e-9))
        low, high = (np.clip((corner - offset) / scale, 0, edge) for corner in (box[:2], box[2:]))
        if (high > low).all():
            rows.append([*low, *high, found[best, 4]])
    return np.array(rows, np.float32).reshape(-1, 5)


def discount_twin(told, score_min):
    most = [max([0.2, *(iou(box, other) for other in told[:i, :4].astype(float))]) for i, box in enumerate(told[:, :4])]
    with np.errstate(divide="ignore"):
        logits = np.log(told[:, 4] / (1 - told[:, 4])) - 3 * (np.array(most) - 0.2)
    scores = 1 / (1 + np.exp(-logits))
    return np.c_[told[:, :4], scores][np.argsort(-scores, kind="stable")[: (scores >= score_min).sum()]]


def iou(a, b):
    sides = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None)
    shared = sides.prod()
    return shared / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - shared) if shared > 0 else 0.0


def decode_levels_twin(levels, slot, logit_min):
    found = []
    for stride, scores, sides in zip((8, 16, 32), levels[::2], levels[1::2], strict=True):
        with np.errstate(invalid="ignore"):
            y, x = np.nonzero(scores[slot, 0] >= logit_min)
        values = sides[slot][:, y, x].astype(np.float64).reshape(4, -1, len(y))
        weights = np.exp(values - values.max(1, keepdims=True))
        reach = (weights * np.arange(values.shape[1])[:, None]).sum(1) / weights.sum(1)
        centre = np.stack([x + 0.5, y + 0.5])
        score = 1 / (1 + np.exp(-scores[slot, 0, y, x].astype(np.float64)))
        found.append(np.concatenate([(centre - reach[:2]) * stride, (centre + reach[2:]) * stride, score[None]]).T)
    return np.concatenate(found)


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_pictures_are_packed_into_planes(seed, transposed, swapped):
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 60, 2)
    picture = rng.integers(0, 256, (height, width, 3), np.uint8)
    planes = np.full((64, 64, 3), 114, np.float32).transpose(2, 0, 1)
    if not transposed:
        planes = np.ascontiguousarray(planes)
    expected = planes.copy()
    gain, shift = rng.random(3).astype(np.float32), rng.normal(0, 1, 3).astype(np.float32)
    pack_planes(picture, planes, swapped, gain, shift)
    pack_planes_twin(picture, expected, swapped, gain, shift)
    assert np.allclose(planes, expected, atol=1e-4)


@pytest.mark.parametrize("in_pixels", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_grids_are_decoded(seed, in_pixels):
    rng = np.random.default_rng(seed)
    cells = grid_cells((96, 160))
    raw = rng.normal(0, 1, (len(cells), 9)).astype(np.float32)
    raw[:, 4:] = rng.random((len(cells), 5))
    raw[3, 4] = np.nan
    found = np.empty((len(cells), 5), np.float32)
    count = decode_grid(raw, cells, 5 + seed % 4, 0.3, in_pixels, found)
    expected = decode_grid_twin(raw, cells, 5 + seed % 4, 0.3, in_pixels)
    assert count == len(expected) > 0
    assert np.allclose(found[:count], expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("bins", [1, 8, 16])
@pytest.mark.parametrize("seed", range(5))
def test_levels_are_decoded(seed, bins):
    rng = np.random.default_rng(seed)
    levels = []
    for stride in (8, 16, 32):
        rows, columns = 96 // stride, 160 // stride
        levels.append(rng.normal(-2, 2, (2, 1, rows, columns)).astype(np.float32))
        levels.append(rng.normal(0, 4, (2, 4 * bins, rows, columns)).astype(np.float32))
    levels[0][1, 0, 2, 3] = np.nan
    found = np.full((400, 5), -1, np.float32)
    count = decode_levels(*levels, 1, -1.0, found)
    expected = decode_levels_twin(levels, 1, -1.0)
    assert count == len(expected) > 20
    assert np.abs(found[:count] - expected).max() < 1e-4
    assert (found[count:] == -1).all()
    assert (
        decode_levels(*levels, 1, -1.0, np.empty((7, 5), np.float32)) == count
    )  # all are counted, as many fit written
    assert decode_levels(*levels, 1, np.inf, found) == 0


@pytest.mark.parametrize("seed", range(5))
def test_places_are_decoded(seed):
    rng = np.random.default_rng(seed)
    parts, expected = [], []
    for stride in (8, 16, 32):
        rows, columns = 96 // stride, 160 // stride
        score, place, extent = (
            rng.normal(m, s, (2, c, rows, columns)).astype(np.float32)
            for m, s, c in ((-2, 2, 1), (0.5, 2, 2), (1, 1, 2))
        )
        parts += [score, place, extent]
        y, x = np.nonzero(score[1, 0] >= -1.0)
        middle = place[1][:, y, x].astype(np.float64) + np.stack([x, y])
        half = np.exp(extent[1][:, y, x].astype(np.float64)) / 2
        sure = 1 / (1 + np.exp(-score[1, 0, y, x].astype(np.float64)))
        expected.append(np.concatenate([(middle - half) * stride, (middle + half) * stride, sure[None]]).T)
    expected = np.concatenate(expected)
    found = np.full((400, 5), -1, np.float32)
    assert decode_places(*parts, 1, -1.0, found) == len(expected) > 20
    np.testing.assert_allclose(found[: len(expected)], expected, rtol=1e-5, atol=1e-4)
    assert (found[len(expected) :] == -1).all()
    assert decode_places(*parts, 1, -1.0, np.empty((7, 5), np.float32)) == len(expected)  # as many as fit are written
    parts[0][1] = np.nan
    assert decode_places(*parts, 1, -1.0, found) < len(expected)


def scattered(count, seed):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 100, (count, 2))
    boxes = np.c_[corner, corner + rng.uniform(5, 60, (count, 2))].astype(np.float32)
    return boxes, rng.choice([0.0, 0.2, 0.5, 0.9, 1.0], count).astype(np.float32)  # with ties


@pytest.mark.parametrize("iou_max", [0.0, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("count", [0, 1, 2, 120])
def test_overlapping_boxes_are_suppressed(count, iou_max):
    boxes, scores = scattered(count, seed=count)
    found = np.c_[boxes, scores]
    for ours, twins in zip(suppress(found, iou_max), suppress_twin(boxes, scores, iou_max), strict=True):
        assert ours.tolist() == twins.tolist()


@pytest.mark.parametrize("iou_max", [0.0, 0.3, 0.6, np.inf])
@pytest.mark.parametrize("count", [0, 1, 2, 120])
def test_each_person_is_told_once_where_their_boxes_lie_on_average(count, iou_max):
    boxes, scores = scattered(count, seed=count + 1)
    found = np.c_[boxes, scores].astype(np.float32)
    told = settle(found, iou_max, (0.5, 0.8), (3.0, 9.0), (220.0, 120.0))
    np.testing.assert_allclose(told, settle_twin(found, iou_max, (0.5, 0.8), (3.0, 9.0), (220.0, 120.0)), atol=1e-4)


def test_a_better_placed_box_of_a_lower_score_has_its_say():
    found = np.array([[0, 0, 20, 40, 0.9], [0, 10, 20, 50, 0.3], [60, 0, 80, 40, 0.0]], np.float32)
    told = settle(found, 0.5, (1.0, 1.0), (0.0, 0.0), (100.0, 100.0))
    np.testing.assert_allclose(told, [[0, 2.5, 20, 42.5, 0.9], [60, 0, 80, 40, 0.0]], atol=1e-5)


def test_a_box_that_is_no_number_is_not_told_and_spoils_none():
    found = np.array([[0, 0, 20, 40, 0.9], [np.nan, 0, 20, 40, 0.8], [0, 0, np.inf, 40, 0.7]], np.float32)
    told = settle(found, 0.5, (1.0, 1.0), (0.0, 0.0), (100.0, 100.0))
    np.testing.assert_allclose(told, [[0, 0, 20, 40, 0.9], [0, 0, 100, 40, 0.7]], atol=1e-5)


@pytest.mark.parametrize("count", [0, 1, 5, 60])
@pytest.mark.parametrize("score_min", [0.0, 0.3, 2.0])
def test_who_lies_on_a_surer_box_is_doubted(count, score_min):
    boxes, scores = scattered(count, seed=count + 2)
    told = np.c_[boxes, scores].astype(np.float32)[np.argsort(-scores, kind="stable")]
    plain = discount_twin(told, score_min)
    np.testing.assert_allclose(told[: discount(told, score_min)], plain, atol=1e-5)
    assert (np.diff(told[:, 4]) <= 0).all()


def test_two_side_by_side_are_not_doubted_and_a_half_of_somebody_is():
    told = np.array([[0, 0, 20, 40, 0.9], [15, 0, 35, 40, 0.8], [0, 0, 20, 18, 0.7], [70, 0, 90, 40, 0.6]], np.float32)
    again = told.copy()
    assert discount(told, 0.1) == 4
    np.testing.assert_allclose(told[:, 4], [0.9, 0.8, 0.6, 1 / (1 + 3 / 7 * np.exp(0.75))], atol=1e-6)
    np.testing.assert_array_equal(told[3, :4], [0, 0, 20, 18])
    assert discount(again, 0.55) == 3
