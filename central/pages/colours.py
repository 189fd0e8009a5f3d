"""Heat as a picture: a sequential scale whose lightness falls steadily, so that it reads without colour vision."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from central.insight.heatmap import CELL_M, Block

STOPS = ((255, 247, 188), (254, 196, 79), (236, 112, 20), (179, 46, 20), (92, 14, 50))
"""Pale yellow to dark wine (RGB), after ColorBrewer's YlOrBr and its like; the lightness runs from 96 to 20."""
LEAST_ALPHA, MOST_ALPHA = 0.55, 0.92
FULL_SHARE = 0.98
"""The scale ends at this quantile of the walked area, so that one queue does not grey out the rest."""
SOFTNESS_CELLS = 0.6


def heat_picture(blocks: Sequence[Block], size_m: tuple[float, float], minutes: float) -> tuple[str, float]:
    """A PNG data address covering the floor, one pixel a 0.5 m cell, and the value at the scale's end.

    Args:
        blocks: largest first.
        size_m: width and height of the floor.
        minutes: length of the window; the value is people per 100 square metres, averaged over it.
    """
    columns, rows = max(1, math.ceil(size_m[0] / CELL_M)), max(1, math.ceil(size_m[1] / CELL_M))
    density = np.zeros((rows, columns), np.float32)
    for block in blocks:
        left, low = round(block.x / CELL_M), round(block.y / CELL_M)
        side = round(block.size_m / CELL_M)
        density[max(low, 0) : max(low + side, 0), max(left, 0) : max(left + side, 0)] = block.density
    people = density / (minutes * 60) * 100
    walked = people[people > 0]
    full = _nice(float(np.quantile(walked, FULL_SHARE))) if len(walked) else 0.0
    soft = np.asarray(cv2.GaussianBlur(people, (0, 0), SOFTNESS_CELLS), np.float32)
    picture = _coloured(np.clip(soft / full, 0, 1) if full else soft)[::-1]
    _, png = cv2.imencode(".png", picture)
    return "data:image/png;base64," + base64.b64encode(png.tobytes()).decode(), full


def scale_css() -> str:
    """The same scale as a CSS gradient."""
    return "linear-gradient(90deg," + ",".join(f"rgb{stop}" for stop in STOPS) + ")"


def _coloured(share: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """(H, W) shares of the scale to (H, W, 4) blue, green, red, alpha."""
    position = np.linspace(0, 1, len(STOPS))
    channels = [np.interp(share, position, [stop[channel] for stop in STOPS]) for channel in (2, 1, 0)]
    alpha = np.where(share > 0.01, (LEAST_ALPHA + (MOST_ALPHA - LEAST_ALPHA) * share) * np.minimum(1, share * 8), 0)
    return np.stack([*channels, alpha * 255], axis=-1).astype(np.uint8)


def _nice(value: float) -> float:
    """The value rounded up to 1, 2, 3 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 3, 5, 10) if step * power >= value * 0.999)
