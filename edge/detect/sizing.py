"""Which input size a picture gets, of a network that takes any."""

from __future__ import annotations

import math
from functools import lru_cache

MULTIPLE_PX = 32
# The working area may be passed by this much, so that 288x384 counts as 256x416's equal.
AREA_MAX = 1.06
# Enlarging shows the network nothing new, but its finest grid has more places for those who are far off: an old
# camera's picture may fill the working area. And people in a thumbnail are smaller than any it was taught.
SCALE_MAX = 1.25
TINY_SHARE = 0.25
TINY_SCALE_MAX = 2.0
# Rounding must not add a multiple.
SLACK = 1e-9


@lru_cache(maxsize=1024)
def choose_size(
    image_size: tuple[int, int], working_size: tuple[int, int], scale_max: float | None = None
) -> tuple[tuple[int, int], float]:
    """The input (height, width) in which a picture is shrunk least, and of those the smallest.

    Args:
        image_size: (height, width) of the picture.
        working_size: (height, width) whose area the input may have, and at most 6 % more.
        scale_max: the most that the picture is enlarged; None for 1.25, and 2 for pictures of less than a quarter of
            the working area.

    Returns:
        (height, width), multiples of 32, and that bound, for ``Fit.of``.

    >>> choose_size((360, 640), (256, 416))
    ((256, 416), 1.25)
    >>> choose_size((288, 384), (256, 416))
    ((288, 384), 1.25)
    >>> choose_size((1000, 1000), (256, 416))
    ((320, 320), 1.25)
    """
    height, width = image_size
    area = working_size[0] * working_size[1]
    if scale_max is None:
        scale_max = TINY_SCALE_MAX if height * width < TINY_SHARE * area else SCALE_MAX
    units = max(1, int(AREA_MAX * area / MULTIPLE_PX**2))
    best = _least(height, width, scale_max)
    if best[0] * best[1] > units:
        best = min((_within(rows, units // rows, height, width) for rows in range(1, units + 1)), key=_rank)[:2]
    return (best[0] * MULTIPLE_PX, best[1] * MULTIPLE_PX), scale_max


def _least(height: int, width: int, scale: float) -> tuple[int, int]:
    """Rows and columns, in multiples, that hold a picture at that scale."""
    return max(1, math.ceil(height * scale / MULTIPLE_PX - SLACK)), max(
        1, math.ceil(width * scale / MULTIPLE_PX - SLACK)
    )


def _within(rows: int, columns: int, height: int, width: int) -> tuple[int, int, float]:
    """The least rows and columns, and the scale, of the largest picture that these hold."""
    scale = min(rows * MULTIPLE_PX / height, columns * MULTIPLE_PX / width)
    return *_least(height, width, scale), scale


def _rank(choice: tuple[int, int, float]) -> tuple[float, int, int]:
    """Large scales first; of equal ones the smaller input, hence the one with less padding."""
    rows, columns, scale = choice
    return -round(scale, 6), rows * columns, rows


def multiple_of(length: float) -> int:
    """The next multiple of 32 pixels that holds a length."""
    return MULTIPLE_PX * max(1, math.ceil(length / MULTIPLE_PX - 1e-6))
