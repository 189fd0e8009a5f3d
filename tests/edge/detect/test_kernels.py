"""Every kernel equals its plain numpy twin."""

from __future__ import annotations

import numpy as np
import pytest

from edge.detect.heads import grid_cells
from edge.detect.kernels import decode_grid, pack_planes, suppress


def pack_planes_twin(picture, planes):
    height, width = picture.shape[:2]
    planes[:, :height, :width] = picture.transpose(2, 0, 1)


def decode_grid_twin(raw, cells, score_min, in_pixels):
    score = raw[:, 4] * raw[:, 5]
    keep = score >= score_min
    raw, cells = raw[keep], cells[keep]
    centre = raw[:, :2] if in_pixels else (raw[:, :2] + cells[:, :2]) * cells[:, 2:]
    size = raw[:, 2:4] if in_pixels else np.exp(raw[:, 2:4]) * cells[:, 2:]
    return np.c_[centre - size / 2, centre + size / 2, score[keep]].astype(np.float32)


def suppress_twin(boxes, scores, iou_max):
    left = list(np.argsort(-scores, kind="stable"))
    kept = []
    while left:
        best = left.pop(0)
        kept.append(best)
        left = [other for other in left if iou(boxes[best], boxes[other]) <= iou_max]
    return np.array(kept, np.int64)


def iou(a, b):
    sides = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None)
    shared = sides.prod()
    return shared / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - shared) if shared > 0 else 0.0


@pytest.mark.parametrize("seed", range(5))
def test_pictures_are_packed_into_planes(seed):
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 60, 2)
    picture = rng.integers(0, 256, (height, width, 3), np.uint8)
    planes = np.full((3, 64, 64), 114, np.float32)
    expected = planes.copy()
    pack_planes(picture, planes)
    pack_planes_twin(picture, expected)
    assert np.array_equal(planes, expected)


@pytest.mark.parametrize("in_pixels", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_grids_are_decoded(seed, in_pixels):
    rng = np.random.default_rng(seed)
    cells = grid_cells((96, 160))
    raw = rng.normal(0, 1, (len(cells), 9)).astype(np.float32)
    raw[:, 4:] = rng.random((len(cells), 5))
    raw[3, 4] = np.nan
    found = np.empty((len(cells), 5), np.float32)
    count = decode_grid(raw, cells, 0.3, in_pixels, found)
    expected = decode_grid_twin(raw, cells, 0.3, in_pixels)
    assert count == len(expected) > 0
    assert np.allclose(found[:count], expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("iou_max", [0.0, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("count", [0, 1, 2, 120])
def test_overlapping_boxes_are_suppressed(count, iou_max):
    rng = np.random.default_rng(count)
    corner = rng.uniform(0, 100, (count, 2))
    boxes = np.c_[corner, corner + rng.uniform(5, 60, (count, 2))].astype(np.float32)
    scores = rng.choice([0.2, 0.5, 0.9], count).astype(np.float32)  # with ties
    kept = suppress(boxes, scores, iou_max)
    assert kept.tolist() == suppress_twin(boxes, scores, iou_max).tolist()
