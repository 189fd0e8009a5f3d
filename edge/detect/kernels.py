"""Numba kernels of detection: pure functions over arrays, each with a numpy twin in the tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from edge.detect.stir_kernels import overlap

Floats32 = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Array = npt.NDArray[Any]

LEAST_WEIGHT = 1e-9
"""Of a box in the mean of its person's: a score of 0 still says where."""
BESIDE_IOU = 0.2
"""Two people side by side overlap (intersection over union) by this much without a word about either."""
DOUBT_PER_IOU = 3.0
"""For each unit of overlap beyond it a box on a surer one loses so much of its score's logit: at 0.35 a score of 0.5
becomes 0.39, and 0.9 becomes 0.85. Decision 40 says how it was measured."""


@njit(cache=True, nogil=True)
def pack_planes(picture: Bytes, planes: Array, swapped: bool, gain: Floats32, shift: Floats32) -> None:
    """Writes a picture into the upper left of planes, standardised, in one pass.

    Args:
        picture: (h, w, 3) uint8.
        planes: (3, H, W) of any numbers, perhaps a transposed view.
        swapped: whether the first plane takes the last channel.
        gain: (3,) for each plane.
        shift: (3,) for each plane: value = pixel * gain + shift.
    """
    height, width = picture.shape[0], picture.shape[1]
    first, last = (2, 0) if swapped else (0, 2)
    for y in range(height):
        for x in range(width):
            planes[0, y, x] = picture[y, x, first] * gain[0] + shift[0]
            planes[1, y, x] = picture[y, x, 1] * gain[1] + shift[1]
            planes[2, y, x] = picture[y, x, last] * gain[2] + shift[2]


@njit(cache=True, nogil=True)
def decode_grid(  # noqa: PLR0917
    raw: Floats32, cells: Floats32, person_column: int, score_min: float, in_pixels: bool, found: Floats32
) -> int:
    """Decodes YOLOX predictions (Ge et al. 2021, arXiv:2107.08430, section 2.1) that reach ``score_min``.

    Args:
        raw: (N, 5 + classes): x, y, w, h, objectness, class scores; the last two already through their sigmoid.
        cells: (N, 3): grid column, grid row and stride of each prediction.
        person_column: of the class score.
        score_min: objectness times class score that a detection must reach.
        in_pixels: true where x, y, w, h are pixels already.
        found: (N, 5) float32, filled with x1, y1, x2, y2, score in input pixels.

    Returns:
        How many rows of ``found`` are filled.
    """
    count = 0
    for i in range(raw.shape[0]):
        score = raw[i, 4] * raw[i, person_column]
        if not score >= score_min:  # written so that NaN fails
            continue
        x, y, w, h = float(raw[i, 0]), float(raw[i, 1]), float(raw[i, 2]), float(raw[i, 3])
        if not in_pixels:
            stride = float(cells[i, 2])
            x = (x + cells[i, 0]) * stride
            y = (y + cells[i, 1]) * stride
            w = np.exp(w) * stride
            h = np.exp(h) * stride
        found[count, 0] = x - w / 2
        found[count, 1] = y - h / 2
        found[count, 2] = x + w / 2
        found[count, 3] = y + h / 2
        found[count, 4] = score
        count += 1
    return count


@njit(cache=True, nogil=True)
def _reach(bins: Floats32) -> float:
    """Expected bin of one side (bins,): the softmax over its bins, weighted by their numbers."""
    top = bins[0]
    for step in range(1, bins.shape[0]):
        top = max(top, bins[step])
    total, weighted = 0.0, 0.0
    for step in range(bins.shape[0]):
        weight = np.exp(float(bins[step] - top))
        total += weight
        weighted += weight * step
    return weighted / total


@njit(cache=True, nogil=True)
def _decode_level(  # noqa: PLR0917
    scores: Floats32, sides: Floats32, stride: int, logit_min: float, found: Floats32, count: int
) -> int:
    """One grid (rows, columns) of ``decode_levels``: goes on behind the first ``count`` rows."""
    columns = scores.shape[1]
    bins = sides.shape[0] // 4
    flat = scores.ravel()
    least = np.float32(logit_min)
    for cell in range(flat.shape[0]):
        if flat[cell] >= least:  # false for NaN
            if count < found.shape[0]:
                y, x = cell // columns, cell % columns
                found[count, 0] = (x + 0.5 - _reach(sides[:bins, y, x])) * stride
                found[count, 1] = (y + 0.5 - _reach(sides[bins : 2 * bins, y, x])) * stride
                found[count, 2] = (x + 0.5 + _reach(sides[2 * bins : 3 * bins, y, x])) * stride
                found[count, 3] = (y + 0.5 + _reach(sides[3 * bins :, y, x])) * stride
                found[count, 4] = 1.0 / (1.0 + np.exp(-float(flat[cell])))
            count += 1
    return count


@njit(cache=True, nogil=True)
def decode_levels(  # noqa: PLR0917
    score8: Floats32,
    sides8: Floats32,
    score16: Floats32,
    sides16: Floats32,
    score32: Floats32,
    sides32: Floats32,
    slot: int,
    logit_min: float,
    found: Floats32,
) -> int:
    """Decodes one picture's cells of strides 8, 16 and 32 whose logit reaches ``logit_min``, and no others.

    Args:
        score8: (B, 1, H/8, W/8) logits, and likewise for the other strides.
        sides8: (B, 4 * bins, H/8, W/8), channel side * bins + bin, sides left, top, right, bottom.
        score16: see above.
        sides16: see above.
        score32: see above.
        sides32: see above.
        slot: which picture of the B.
        logit_min: least logit.
        found: (K, 5) float32, filled with x1, y1, x2, y2 in input pixels and the score.

    Returns:
        How many cells pass; where that is more than K, only K are written.
    """
    count = _decode_level(score8[slot, 0], sides8[slot], 8, logit_min, found, 0)
    count = _decode_level(score16[slot, 0], sides16[slot], 16, logit_min, found, count)
    return _decode_level(score32[slot, 0], sides32[slot], 32, logit_min, found, count)


@njit(cache=True, nogil=True)
def _decode_places(  # noqa: PLR0917
    scores: Floats32, places: Floats32, extents: Floats32, stride: int, logit_min: float, found: Floats32, count: int
) -> int:
    """One grid (rows, columns) of ``decode_places``: goes on behind the first ``count`` rows."""
    columns = scores.shape[1]
    flat = scores.ravel()
    least = np.float32(logit_min)
    for cell in range(flat.shape[0]):
        if flat[cell] >= least:  # false for NaN
            if count < found.shape[0]:
                y, x = cell // columns, cell % columns
                middle_x, middle_y = float(places[0, y, x]) + x, float(places[1, y, x]) + y
                half_x, half_y = np.exp(float(extents[0, y, x])) / 2, np.exp(float(extents[1, y, x])) / 2
                found[count, 0] = (middle_x - half_x) * stride
                found[count, 1] = (middle_y - half_y) * stride
                found[count, 2] = (middle_x + half_x) * stride
                found[count, 3] = (middle_y + half_y) * stride
                found[count, 4] = 1.0 / (1.0 + np.exp(-float(flat[cell])))
            count += 1
    return count


@njit(cache=True, nogil=True)
def decode_places(  # noqa: PLR0917
    score8: Floats32,
    place8: Floats32,
    extent8: Floats32,
    score16: Floats32,
    place16: Floats32,
    extent16: Floats32,
    score32: Floats32,
    place32: Floats32,
    extent32: Floats32,
    slot: int,
    logit_min: float,
    found: Floats32,
) -> int:
    """Decodes one picture's cells of strides 8, 16 and 32 whose logit reaches ``logit_min``, boxes as YOLOX's.

    Args:
        score8: (B, 1, H/8, W/8) logits, and likewise for the other strides.
        place8: (B, 2, H/8, W/8) x and y of the box's middle from the cell's upper left corner, in strides.
        extent8: (B, 2, H/8, W/8) logarithms of its width and height in strides.
        score16: see above.
        place16: see above.
        extent16: see above.
        score32: see above.
        place32: see above.
        extent32: see above.
        slot: which picture of the B.
        logit_min: least logit.
        found: (K, 5) float32, filled with x1, y1, x2, y2 in input pixels and the score.

    Returns:
        How many cells pass; where that is more than K, only K are written.
    """
    count = _decode_places(score8[slot, 0], place8[slot], extent8[slot], 8, logit_min, found, 0)
    count = _decode_places(score16[slot, 0], place16[slot], extent16[slot], 16, logit_min, found, count)
    return _decode_places(score32[slot, 0], place32[slot], extent32[slot], 32, logit_min, found, count)


@njit(cache=True, nogil=True)
def suppress(found: Floats32, iou_max: float) -> tuple[Ints, Ints]:
    """Greedy non-maximum suppression of one class.

    Args:
        found: (N, 5) x1, y1, x2, y2 and score.
        iou_max: a box that overlaps a kept, better one by more than this goes.

    Returns:
        (K,) indexes of the kept boxes, best first, equal scores in their order of appearance; and (N,) for each box the
        index of the kept one that it went for, its own where it stays.
    """
    order = np.argsort(-found[:, 4], kind="mergesort")
    total = order.shape[0]
    keeper = np.full(total, -1, np.int64)
    kept = np.empty(total, np.int64)
    count = 0
    for rank in range(total):
        i = order[rank]
        if keeper[i] >= 0:
            continue
        keeper[i] = i
        kept[count] = i
        count += 1
        area = (found[i, 2] - found[i, 0]) * (found[i, 3] - found[i, 1])
        for later in range(rank + 1, total):
            j = order[later]
            if keeper[j] >= 0:
                continue
            w = min(found[i, 2], found[j, 2]) - max(found[i, 0], found[j, 0])
            h = min(found[i, 3], found[j, 3]) - max(found[i, 1], found[j, 1])
            if w <= 0.0 or h <= 0.0:
                continue
            shared = w * h
            other = (found[j, 2] - found[j, 0]) * (found[j, 3] - found[j, 1])
            if shared > iou_max * (area + other - shared):
                keeper[j] = i
    return kept[:count], keeper


@njit(cache=True, nogil=True)
def settle(
    found: Floats32, iou_max: float, scale: tuple[float, float], offset: tuple[float, float], edge: tuple[float, float]
) -> Floats32:
    """What is told of a picture: each person once, best first, in its own pixels and cut at its edge.

    A box is the mean of those that stand for the same person, weighed by their scores, under the best one's score (box
    voting: Gidaris and Komodakis 2015, arXiv:1505.01749, section 5): the best-scored is seldom the best placed.

    Args:
        found: (N, 5) x1, y1, x2, y2 in input pixels and score, at least 0.
        iou_max: as in ``suppress``; who overlaps by more is the same person.
        scale: (x, y) input pixels per picture pixel.
        offset: (x, y) input pixels at which the picture's upper left corner lies.
        edge: (width, height) of the picture.

    Returns:
        (K, 5), fresh; without boxes that lie wholly in the padding.
    """
    kept, keeper = suppress(found, iou_max)
    told = np.empty((kept.shape[0], 5), np.float32)
    count = 0
    for i in kept:
        total = x1 = y1 = x2 = y2 = 0.0
        for j in range(found.shape[0]):
            if keeper[j] == i:
                weight = max(float(found[j, 4]), LEAST_WEIGHT)
                total += weight
                x1 += weight * found[j, 0]
                y1 += weight * found[j, 1]
                x2 += weight * found[j, 2]
                y2 += weight * found[j, 3]
        x1 = min(max((x1 / total - offset[0]) / scale[0], 0.0), edge[0])
        y1 = min(max((y1 / total - offset[1]) / scale[1], 0.0), edge[1])
        x2 = min(max((x2 / total - offset[0]) / scale[0], 0.0), edge[0])
        y2 = min(max((y2 / total - offset[1]) / scale[1], 0.0), edge[1])
        if x2 > x1 and y2 > y1:
            told[count, 0] = x1
            told[count, 1] = y1
            told[count, 2] = x2
            told[count, 3] = y2
            told[count, 4] = found[i, 4]
            count += 1
    return told[:count]


@njit(cache=True, nogil=True)
def discount(told: Floats32, score_min: float) -> int:
    """Lowers the scores of boxes that lie on surer ones, which may be the same person once more.

    Args:
        told: (K, 5) x1, y1, x2, y2 and score, best first; is put in order anew, equal scores in their order before.
        score_min: who falls below it is to be told no more.

    Returns:
        How many are, the first of them.
    """
    count = told.shape[0]
    for i in range(count):
        most = BESIDE_IOU
        for j in range(i):
            most = max(most, overlap(told[i], told[j]))
        odds = np.exp(-DOUBT_PER_IOU * (most - BESIDE_IOU))
        told[i, 4] *= odds / (1.0 - told[i, 4] * (1.0 - odds))
    kept = 0
    for i in range(count):
        kept += told[i, 4] >= score_min
        for later in range(i, 0, -1):  # hardly anybody moves far
            if not told[later, 4] > told[later - 1, 4]:
                break
            for k in range(5):
                told[later, k], told[later - 1, k] = told[later - 1, k], told[later, k]
    return kept
