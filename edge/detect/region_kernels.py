"""Numba kernels that find the parts of a picture worth a look; their meaning is in ``regions``."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MOST_SEEDS = 24
# Moved blocks this near each other belong to one body.
_GAP = 2.0


@njit(cache=True, nogil=True)
def find_seeds(moved: Flags, seeds: Floats) -> int:  # noqa: C901 - one scan
    """Fills rectangles (S, 4) x1, y1, x2, y2, in blocks, around blocks that moved together; how many, -1: too many."""
    count = 0
    for r in range(moved.shape[0]):
        for c in range(moved.shape[1]):
            if not moved[r, c]:
                continue
            home = -1
            for k in range(count):
                near_x = seeds[k, 0] - _GAP <= c and c + 1 <= seeds[k, 2] + _GAP
                if near_x and seeds[k, 1] - _GAP <= r and r + 1 <= seeds[k, 3] + _GAP:
                    home = k
                    break
            if home < 0:
                if count == seeds.shape[0]:
                    count = merge(seeds, count, _GAP)
                    if count == seeds.shape[0]:
                        return -1
                home = count
                seeds[home, 0], seeds[home, 1] = c, r
                seeds[home, 2], seeds[home, 3] = c + 1, r + 1
                count += 1
            else:
                seeds[home, 0], seeds[home, 1] = min(seeds[home, 0], c), min(seeds[home, 1], r)
                seeds[home, 2], seeds[home, 3] = max(seeds[home, 2], c + 1), max(seeds[home, 3], r + 1)
    count = merge(seeds, count, _GAP)
    # one block alone is noise where something larger moves
    kept = 0
    for k in range(count):
        if (seeds[k, 2] - seeds[k, 0]) * (seeds[k, 3] - seeds[k, 1]) > 1.0:
            seeds[kept] = seeds[k]
            kept += 1
    return kept or count


@njit(cache=True, nogil=True)
def merge(boxes: Floats, count: int, gap: float) -> int:
    """Joins, in place, boxes (N, 4) that are nearer than the gap to each other, until none are; how many are left."""
    k = 0
    while k < count:
        j = k + 1
        while j < count:
            apart = (
                boxes[k, 0] >= boxes[j, 2] + gap
                or boxes[j, 0] >= boxes[k, 2] + gap
                or boxes[k, 1] >= boxes[j, 3] + gap
                or boxes[j, 1] >= boxes[k, 3] + gap
            )
            if apart:
                j += 1
                continue
            for side in range(2):
                boxes[k, side] = min(boxes[k, side], boxes[j, side])
                boxes[k, side + 2] = max(boxes[k, side + 2], boxes[j, side + 2])
            count -= 1
            boxes[j] = boxes[count]
            k, j = 0, 1
        k += 1
    return count


@njit(cache=True, nogil=True)
def widen(boxes: Floats, count: int, people: Floats, margin: float) -> bool:
    """Widens boxes (N, 4), in place, so that they hold everybody (P, 4) they touch, with a margin; whether any grew."""
    grew = False
    for k in range(count):
        for p in range(people.shape[0]):
            if people[p, 2] <= boxes[k, 0] or people[p, 0] >= boxes[k, 2]:
                continue
            if people[p, 3] <= boxes[k, 1] or people[p, 1] >= boxes[k, 3]:
                continue
            extra = margin * (people[p, 3] - people[p, 1])
            for side in range(2):
                low, high = people[p, side] - extra, people[p, side + 2] + extra
                if low < boxes[k, side] - 1e-6:
                    boxes[k, side] = low
                    grew = True
                if high > boxes[k, side + 2] + 1e-6:
                    boxes[k, side + 2] = high
                    grew = True
    return grew


@njit(cache=True, nogil=True)
def smallest_within(people: Floats, box: Floats) -> float:
    """Height of the smallest person (P, 4) whose middle lies in the box (4,); infinite where nobody's does."""
    least = np.inf
    for p in range(people.shape[0]):
        x, y = (people[p, 0] + people[p, 2]) / 2, (people[p, 1] + people[p, 3]) / 2
        if box[0] <= x < box[2] and box[1] <= y < box[3]:
            least = min(least, people[p, 3] - people[p, 1])
    return least


@njit(cache=True, nogil=True)
def plan_regions(  # noqa: PLR0917 - one plan, plain numbers
    moved: Flags,
    people: Floats,
    width: float,
    height: float,
    block_w: float,
    block_h: float,
    margin: float,
    least_px: float,
    plan: Floats,
) -> int:
    """Fills x1, y1, x2, y2 and the smallest person's height (0 where nobody is known) for parts to look at.

    Args:
        moved: (r, c) blocks.
        people: (P, 4) pixels.
        width: of the picture, pixels.
        height: of the picture, pixels.
        block_w: width of a block, pixels.
        block_h: height of a block, pixels.
        margin: space around what moved and around people, as a share of heights.
        least_px: least side of a part.
        plan: (most, 5), filled.

    Returns:
        How many parts, or -1 where they are more than ``plan`` holds.
    """
    boxes = np.empty((MOST_SEEDS, 4))
    count = find_seeds(moved, boxes)
    if count < 0:
        return -1
    for k in range(count):
        boxes[k, 0] *= block_w
        boxes[k, 1] *= block_h
        boxes[k, 2] *= block_w
        boxes[k, 3] *= block_h
        tall = boxes[k, 3] - boxes[k, 1]
        for side in range(2):
            extra = max(margin * tall, (least_px - (boxes[k, side + 2] - boxes[k, side])) / 2)
            boxes[k, side] -= extra
            boxes[k, side + 2] += extra
    while True:
        before = count
        count = merge(boxes, count, 0.0)
        if not widen(boxes, count, people, margin / 2) and count == before:
            break
    if count > plan.shape[0]:
        return -1
    for k in range(count):
        plan[k, 0], plan[k, 1] = max(0.0, np.floor(boxes[k, 0])), max(0.0, np.floor(boxes[k, 1]))
        plan[k, 2], plan[k, 3] = min(width, np.ceil(boxes[k, 2])), min(height, np.ceil(boxes[k, 3]))
        tall = smallest_within(people, plan[k, :4])
        plan[k, 4] = 0.0 if np.isinf(tall) else tall
    return count
