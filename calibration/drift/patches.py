"""Small patches of background: choosing them, and finding them again by normalised cross-correlation (Lewis 1995)."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.camera import Floats
from calibration.drift.rays import Luma

HALF_PX = 8
"""A patch is 17 pixels square."""
SIDE_PX = 2 * HALF_PX + 1
SMOOTH_PX = 6.0
"""Brightness that changes more slowly than this is light, not texture, and is taken away."""
GRID = (8, 6)
"""Patches are spread over so many cells, columns and rows,"""
PER_CELL = 3
"""with at most so many in each."""
APART_PX = 11
"""Their middles are no nearer to each other than this."""
CONTRAST = 4.0
"""A patch whose texture has a smaller standard deviation, of 255 levels, is noise."""
AMBIGUOUS = 0.8
"""A patch that is so much like its surroundings a few pixels on is no landmark."""

MEDIAN_OF_NORMAL = 0.6745
"""Median of the absolute value of a normal variable of standard deviation 1."""

Patches = NDArray[np.int8]
"""(N, 17, 17) texture with mean 0 and standard deviation ``SCALE``, cut off at 127."""
SCALE = 32.0


def texture(luma: Luma) -> NDArray[np.float32]:
    """(h, w) the picture without the slow changes that light makes."""
    picture = luma.astype(np.float32)
    return np.asarray(picture - cv2.GaussianBlur(picture, (0, 0), SMOOTH_PX), np.float32)


def cut(plane: NDArray[np.float32], middles_px: Floats) -> tuple[Patches, NDArray[np.float32]]:
    """(N, 17, 17) normalised patches about (N, 2) places, between pixels too, and (N,) their contrast."""
    patches = np.zeros((len(middles_px), SIDE_PX, SIDE_PX), np.int8)
    contrast = np.zeros(len(middles_px), np.float32)
    for k, (x, y) in enumerate(middles_px.tolist()):
        part = cv2.getRectSubPix(plane, (SIDE_PX, SIDE_PX), (x, y))
        contrast[k] = part.std()
        patches[k] = np.clip(np.round(SCALE * (part - part.mean()) / max(float(contrast[k]), 1e-3)), -127, 127)
    return patches, contrast


def likeness(one: Patches, other: Patches) -> Floats:
    """(N,) normalised cross-correlation of patches with patches, -1..1."""
    a, b = (each.reshape(len(each), -1).astype(np.float64) for each in (one, other))
    a, b = (each - each.mean(1, keepdims=True) for each in (a, b))
    scale = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray((a * b).sum(1) / np.maximum(scale, 1e-9), np.float64)


def find(
    plane: NDArray[np.float32], patches: Patches, middles_px: NDArray[np.int64], reach_px: int
) -> tuple[Floats, Floats]:
    """Where patches are.

    Args:
        plane: (h, w) texture.
        patches: (N, 17, 17).
        middles_px: (N, 2) where they are expected.
        reach_px: how far around that they are looked for.

    Returns:
        (N, 2) offset of the best place, to a fraction of a pixel by a parabola through its neighbours; NaN at the
        edge of what was searched; and (N,) the correlation there, -1..1.
    """
    pad = HALF_PX + reach_px
    padded = np.asarray(cv2.copyMakeBorder(plane, pad, pad, pad, pad, cv2.BORDER_REPLICATE), np.float32)
    offsets = np.full((len(patches), 2), np.nan)
    scores = np.zeros(len(patches))
    side = 2 * pad + 1
    for k, (x, y) in enumerate(middles_px.tolist()):
        window = padded[y : y + side, x : x + side]
        answer = _correlation(window, patches[k])
        _, scores[k], _, (column, row) = cv2.minMaxLoc(answer)
        if 0 < column < 2 * reach_px and 0 < row < 2 * reach_px:
            offsets[k] = (
                column - reach_px + _peak(answer[row, column - 1 : column + 2]),
                row - reach_px + _peak(answer[row - 1 : row + 2, column]),
            )
    return offsets, scores


def choose(plane: NDArray[np.float32], free: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(N, 2) middles of patches that are landmarks: corners, spread over the picture, unlike what is around them.

    Args:
        plane: (h, w) texture of the background.
        free: (h, w) where patches may lie.
    """
    height, width = plane.shape
    room = cv2.erode(free.astype(np.uint8), np.ones((SIDE_PX, SIDE_PX), np.uint8)) > 0
    room[:HALF_PX], room[-HALF_PX:], room[:, :HALF_PX], room[:, -HALF_PX:] = False, False, False, False
    strength = np.asarray(cv2.cornerMinEigenVal(plane, 5, ksize=3), np.float32)
    strength = np.where((strength == cv2.dilate(strength, np.ones((5, 5)))) & room, strength, 0.0)
    rows, columns = np.nonzero(strength > 0)
    order = np.argsort(-strength[rows, columns], kind="stable")
    spots = np.column_stack([columns, rows])[order].astype(np.int64)
    cell = (spots[:, 0] * GRID[0] // width) * GRID[1] + spots[:, 1] * GRID[1] // height
    kept: list[NDArray[np.int64]] = []
    for name in np.unique(cell):
        mine: list[NDArray[np.int64]] = []
        for spot in spots[cell == name][: 8 * PER_CELL]:
            far = all(np.abs(spot - other).max() >= APART_PX for other in mine + kept)
            if far and _is_landmark(plane, spot):
                mine.append(spot)
                if len(mine) == PER_CELL:
                    break
        kept += mine
    return np.array(kept, np.int64).reshape(-1, 2)


def contrast_of(luma: Luma) -> float:
    """Standard deviation of texture where there is much of it (the ninth decile), of 255 levels, noise taken away.

    The noise is Immerkaer's estimate (1996): what a difference of two Laplacians leaves is no edge.
    """
    plane = texture(luma)
    spread = cv2.blur(plane * plane, (SIDE_PX, SIDE_PX))
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    noise = float(np.median(np.abs(cv2.filter2D(plane, -1, kernel)))) / (6 * MEDIAN_OF_NORMAL)
    return math.sqrt(max(0.0, float(np.percentile(spread, 90)) - noise**2))


def _is_landmark(plane: NDArray[np.float32], spot: NDArray[np.int64]) -> bool:
    """Whether a patch has texture that does not repeat around it."""
    patch, contrast = cut(plane, spot[None].astype(np.float64))
    if contrast[0] < CONTRAST:
        return False
    x, y = spot.tolist()
    reach = HALF_PX
    window = plane[max(0, y - HALF_PX - reach) : y + HALF_PX + reach + 1, max(0, x - HALF_PX - reach) :]
    window = window[:, : min(x, HALF_PX + reach) + HALF_PX + reach + 1]
    answer = _correlation(window, patch[0])
    row, column = min(y - HALF_PX, reach), min(x - HALF_PX, reach)
    answer[max(0, row - 3) : row + 4, max(0, column - 3) : column + 4] = -1.0
    return float(answer.max()) < AMBIGUOUS


def _correlation(window: NDArray[np.float32], patch: NDArray[np.int8]) -> NDArray[np.float32]:
    """How much a patch is like every part of a window, -1..1."""
    return np.asarray(cv2.matchTemplate(window, patch.astype(np.float32), cv2.TM_CCOEFF_NORMED), np.float32)


def _peak(three: NDArray[np.float32]) -> float:
    """Where the parabola through three neighbours has its top, -0.5..0.5 from the middle one."""
    left, middle, right = (float(value) for value in three)
    bend = left - 2 * middle + right
    return 0.0 if bend >= -1e-9 else float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5))
