"""Numba kernels of detection: pure functions over arrays, each with a numpy twin in the tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Floats32 = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

# COCO's first class, and the only one of single-class exports.
PERSON_COLUMN = 5


@njit(cache=True, nogil=True)
def pack_planes(picture: Bytes, planes: Floats32) -> None:
    """Writes (h, w, 3) uint8 into the upper left of (3, H, W) float32, unscaled: three planes in one pass."""
    height, width = picture.shape[0], picture.shape[1]
    for y in range(height):
        for x in range(width):
            planes[0, y, x] = picture[y, x, 0]
            planes[1, y, x] = picture[y, x, 1]
            planes[2, y, x] = picture[y, x, 2]


@njit(cache=True, nogil=True)
def decode_grid(raw: Floats32, cells: Floats32, score_min: float, in_pixels: bool, found: Floats32) -> int:
    """Decodes YOLOX predictions (Ge et al. 2021, arXiv:2107.08430, section 2.1) that reach ``score_min``.

    Args:
        raw: (N, 5 + classes): x, y, w, h, objectness, class scores; the last two already through their sigmoid.
        cells: (N, 3): grid column, grid row and stride of each prediction.
        score_min: objectness times class score that a detection must reach.
        in_pixels: true where x, y, w, h are pixels already.
        found: (N, 5) float32, filled with x1, y1, x2, y2, score in input pixels.

    Returns:
        How many rows of ``found`` are filled.
    """
    count = 0
    for i in range(raw.shape[0]):
        score = raw[i, 4] * raw[i, PERSON_COLUMN]
        if not score >= score_min:  # written so that NaN fails
            continue
        if in_pixels:
            x, y, w, h = raw[i, 0], raw[i, 1], raw[i, 2], raw[i, 3]
        else:
            stride = cells[i, 2]
            x = (raw[i, 0] + cells[i, 0]) * stride
            y = (raw[i, 1] + cells[i, 1]) * stride
            w = np.exp(raw[i, 2]) * stride
            h = np.exp(raw[i, 3]) * stride
        found[count, 0] = x - w / 2
        found[count, 1] = y - h / 2
        found[count, 2] = x + w / 2
        found[count, 3] = y + h / 2
        found[count, 4] = score
        count += 1
    return count


@njit(cache=True, nogil=True)
def suppress(boxes: Floats32, scores: Floats32, iou_max: float) -> Ints:
    """Greedy non-maximum suppression of one class.

    Args:
        boxes: (N, 4) x1, y1, x2, y2.
        scores: (N,).
        iou_max: a box that overlaps a kept, better one by more than this goes.

    Returns:
        (K,) indexes of the kept boxes, best first; equal scores in their order of appearance.
    """
    order = np.argsort(-scores, kind="mergesort")
    total = order.shape[0]
    gone = np.zeros(total, np.bool_)
    kept = np.empty(total, np.int64)
    count = 0
    for rank in range(total):
        if gone[rank]:
            continue
        i = order[rank]
        kept[count] = i
        count += 1
        area = (boxes[i, 2] - boxes[i, 0]) * (boxes[i, 3] - boxes[i, 1])
        for later in range(rank + 1, total):
            if gone[later]:
                continue
            j = order[later]
            w = min(boxes[i, 2], boxes[j, 2]) - max(boxes[i, 0], boxes[j, 0])
            h = min(boxes[i, 3], boxes[j, 3]) - max(boxes[i, 1], boxes[j, 1])
            if w <= 0.0 or h <= 0.0:
                continue
            shared = w * h
            other = (boxes[j, 2] - boxes[j, 0]) * (boxes[j, 3] - boxes[j, 1])
            if shared > iou_max * (area + other - shared):
                gone[later] = True
    return kept[:count]
