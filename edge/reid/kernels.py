"""Numba kernels of appearance: pure functions over arrays, each with a numpy twin in the tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit, types
from numba.extending import intrinsic

from edge.reid.lanes import LANES, eight_apart

Floats32 = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

STRIPES = 4
CHANNELS = 3
BINS = 8
LOOK_SIZE = STRIPES * CHANNELS * BINS
TOP_SHARE, BOTTOM_SHARE = 0.06, 0.97
"""The body's part of a box from top to bottom,"""
SIDE_SHARE = 0.3
"""and what is left out on either side: mostly background."""
MOST_COVERED = 0.35
"""Who is hidden by more than this share behind others in front looks like them."""
MOST_ROWS = 24
"""Rows looked at in a stripe,"""
MOST_COLUMNS = 24
"""and columns: more pixels say no more."""
LIGHT_LOW, LIGHT_HIGH = 10.0, 200.0
COLOUR_LOW, COLOUR_HIGH = -25.0, 40.0
BLOCK = 256
"""Codes that all queries are compared with before the next: so many lie in the fastest cache."""
DARK = 20.0
"""Added to the lightness that colour is divided by: in the dark colour is noise."""


@njit(cache=True, nogil=True)
def put(look: Floats32, start: int, value: float, low: float, high: float) -> None:
    """Adds one value to a histogram of ``BINS`` bins from ``start`` on, shared between the two nearest bins."""
    place = (value - low) / (high - low) * (BINS - 1)
    place = min(max(place, 0.0), BINS - 1 - 1e-4)
    left = int(place)
    look[start + left] += 1 - (place - left)
    look[start + left + 1] += place - left


@njit(cache=True, nogil=True)
def covered(boxes: Floats32, which: int) -> float:
    """The largest share of a box's body that one other box covers whose feet are nearer."""
    x0, y0, x1, y1 = boxes[which, 0], boxes[which, 1], boxes[which, 2], boxes[which, 3]
    side = SIDE_SHARE * (x1 - x0)
    x0, x1 = x0 + side, x1 - side
    most = 0.0
    for k in range(len(boxes)):
        if k != which and boxes[k, 3] > y1:
            wide = min(x1, boxes[k, 2]) - max(x0, boxes[k, 0])
            tall = min(y1, boxes[k, 3]) - max(y0, boxes[k, 1])
            if wide > 0 and tall > 0:
                most = max(most, wide * tall / max(1e-6, (x1 - x0) * (y1 - y0)))
    return most


@njit(cache=True, nogil=True)
def stripes(picture: Bytes, boxes: Floats32, looks: Floats32) -> None:
    """Colours of people in horizontal stripes of their bodies: lightness, and two opponent colours over lightness.

    Args:
        picture: (h, w, 3) BGR.
        boxes: (N, 4) x1, y1, x2, y2 in pixels.
        looks: (N, LOOK_SIZE), filled with square roots of histograms, so that their distances are Hellinger's; not a
            number for who is hidden, or too small to say.
    """
    height, width = picture.shape[0], picture.shape[1]
    for i in range(len(boxes)):
        looks[i] = np.nan
        x0, y0, x1, y1 = boxes[i, 0], boxes[i, 1], boxes[i, 2], boxes[i, 3]
        left = max(0, int(x0 + SIDE_SHARE * (x1 - x0)))
        right = min(width, int(np.ceil(x1 - SIDE_SHARE * (x1 - x0))))
        if not (right - left >= 2 and y1 - y0 >= 4 * STRIPES) or covered(boxes, i) > MOST_COVERED:
            continue
        looks[i] = 0.0
        for s in range(STRIPES):
            share = (BOTTOM_SHARE - TOP_SHARE) / STRIPES
            top = max(0, int(y0 + (TOP_SHARE + s * share) * (y1 - y0)))
            bottom = min(height, int(y0 + (TOP_SHARE + (s + 1) * share) * (y1 - y0)))
            start = s * CHANNELS * BINS
            down, across = 1 + (bottom - top - 1) // MOST_ROWS, 1 + (right - left - 1) // MOST_COLUMNS
            count = 0
            for y in range(top, bottom, max(1, down)):
                for x in range(left, right, across):
                    blue, green, red = float(picture[y, x, 0]), float(picture[y, x, 1]), float(picture[y, x, 2])
                    light = (red + green + blue) / 3
                    per_light = 100.0 / (light + DARK)
                    put(looks[i], start, light, LIGHT_LOW, LIGHT_HIGH)
                    put(looks[i], start + BINS, (red - green) * 0.7071 * per_light, COLOUR_LOW, COLOUR_HIGH)
                    put(
                        looks[i],
                        start + 2 * BINS,
                        (red + green - 2 * blue) * 0.408 * per_light,
                        COLOUR_LOW,
                        COLOUR_HIGH,
                    )
                    count += 1
            if count == 0:
                looks[i] = np.nan
                break
            for k in range(start, start + CHANNELS * BINS):
                looks[i, k] = np.sqrt(looks[i, k] / count)


@njit(cache=True, nogil=True)
def settle_signs(along: Floats32, overlaps: Floats32, pull: float, sweeps: int, signs: Floats32) -> None:
    """Signs of components, turned one by one where together they then stand closer to the vector.

    Where directions overlap, all signs together say too much of what several directions share. Coordinate descent on
    the distance between the vector and what its signs add up to (Jegou, Furon and Fuchs 2012, arXiv:1110.3767, have the
    aim), held back by what ``along`` has beyond that.

    Args:
        along: (N, B) components.
        overlaps: (B, B) inner products of the directions, in whatever metric, 0 on the diagonal.
        pull: what a sign stands for, times what is to be made up for; 0 leaves the signs of the components.
        sweeps: how often every sign is looked at.
        signs: (N, B), filled with -1 and 1.
    """
    count = along.shape[1]
    shared = np.empty(count, np.float32)
    for n in range(along.shape[0]):
        for i in range(count):
            signs[n, i] = 1.0 if along[n, i] > 0 else -1.0
        shared[:] = 0.0
        for i in range(count):
            for j in range(count):
                shared[j] += overlaps[i, j] * signs[n, i]
        for _ in range(sweeps):
            for i in range(count):
                sign = np.float32(1.0) if along[n, i] > pull * shared[i] else np.float32(-1.0)
                if sign != signs[n, i]:
                    signs[n, i] = sign
                    for j in range(count):
                        shared[j] += overlaps[i, j] * sign * 2


def _ones(_context: Any, word: Any) -> Any:
    """How many bits of a word are set: LLVM's ``ctpop``, one instruction where the processor has it."""

    def build(_: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return (types.uint64(types.uint64), build) if word == types.uint64 else None


ones: Any = intrinsic(_ones)


@njit(cache=True, nogil=True)
def spread(query: Words, pattern: Words) -> None:
    """Fills the (8,) vector that codes are compared with by a code (W,), twice where it has four words."""
    for lane in range(LANES):
        pattern[lane] = query[lane % query.shape[0]]


@njit(cache=True, nogil=True)
def apart(query: Words, code: Words) -> int:
    """Hamming distance of two codes (W,)."""
    count = np.uint64(0)
    for word in range(query.shape[0]):
        count += ones(query[word] ^ code[word])
    return np.int64(count)  # type: ignore[return-value]


@njit(cache=True, nogil=True)
def distances(query: Words, codes: Words, found: Ints) -> None:
    """Hamming distances of a code to others.

    Args:
        query: (W,) of 64 bits each, W 4 or 8.
        codes: (N, W).
        found: (N,) or longer, filled with bits, 0 to 64 W.
    """
    pattern = np.empty(LANES, np.uint64)
    spread(query, pattern)
    whole = codes.shape[0] // LANES * LANES
    for i in range(0, whole, LANES):
        if codes.shape[1] == 4:
            eight_apart(4, codes, i, pattern, 0, found, i)
        else:
            eight_apart(8, codes, i, pattern, 0, found, i)
    for i in range(whole, codes.shape[0]):
        found[i] = apart(query, codes[i])


@njit(cache=True, nogil=True)
def place(row: int, far: int, rows: Ints, bits: Ints) -> None:
    """Takes a code among the nearest so far (K,), behind those as near; the last falls out."""
    k = rows.shape[0] - 1
    while k > 0 and bits[k - 1] > far:
        bits[k] = bits[k - 1]
        rows[k] = rows[k - 1]
        k -= 1
    bits[k] = far
    rows[k] = row


@njit(cache=True, nogil=True)
def nearest(queries: Words, codes: Words, rows: Ints, bits: Ints) -> None:
    """The nearest codes of each query, nearest first; of equally near ones those of lower rows.

    Args:
        queries: (M, W) of 64 bits each, W 4 or 8.
        codes: (N, W).
        rows: (M, K), filled with rows of ``codes``; -1 where N is below K.
        bits: (M, K), filled with their Hamming distances; 64 W + 1 where there is none.
    """
    most = rows.shape[1]
    rows[:] = -1
    bits[:] = 64 * codes.shape[1] + 1
    if most == 0:
        return
    pattern = np.empty(LANES, np.uint64)
    found = np.empty(LANES, np.int64)
    # a block stays in the cache for all queries
    for start in range(0, codes.shape[0], BLOCK):
        stop = min(start + BLOCK, codes.shape[0])
        whole = start + (stop - start) // LANES * LANES
        for m in range(queries.shape[0]):
            spread(queries[m], pattern)
            worst = bits[m, most - 1]
            for i in range(start, whole, LANES):
                if codes.shape[1] == 4:
                    nearer = eight_apart(4, codes, i, pattern, worst, found, 0)
                else:
                    nearer = eight_apart(8, codes, i, pattern, worst, found, 0)
                if nearer == 0:
                    continue
                for lane in range(LANES):
                    if found[lane] < bits[m, most - 1]:
                        place(i + lane, found[lane], rows[m], bits[m])
                worst = bits[m, most - 1]
            for i in range(whole, stop):
                far = apart(queries[m], codes[i])
                if far < bits[m, most - 1]:
                    place(i, far, rows[m], bits[m])
