"""Numba kernels of appearance: pure functions over arrays, each with a numpy twin in the tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Floats32 = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

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
