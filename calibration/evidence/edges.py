"""Corners of a dark square to a tenth of a pixel, from its edges.

What looks for a corner itself is pulled inwards by blur, half a pixel and more at a square's corner; an edge is not.
So each side is found along its length, a line laid through it, and neighbours brought to meet.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from calibration.camera import Floats

MOST_WINDOW_PX, LEAST_WINDOW_PX = 3.0, 1.2
BORDER = 0.1
"""A tag's border is an eighth of its side: looking farther from the edge than this share would meet the next one."""
ENDS = 0.12
"""Share of a side left out at each end, where its neighbour's edge is near."""
FINE_PX = 0.25
PASSES = 2


def square_corners(grey: NDArray[np.uint8], rough_px: Floats) -> Floats:
    """(4, 2) corners of a dark square near (4, 2) rough ones in order around it; those where an edge is lost."""
    picture = grey.astype(np.float32)
    corners = np.asarray(rough_px, np.float64)
    for _ in range(PASSES):
        lines = [_edge(picture, corners, k) for k in range(4)]
        if any(line is None for line in lines):
            return np.asarray(rough_px, np.float64)
        met = np.cross([lines[k - 1] for k in range(4)], lines)  # type: ignore[arg-type]
        corners = met[:, :2] / met[:, 2:]
    far = np.linalg.norm(corners - rough_px, axis=1).max()
    return corners if far < 2 * MOST_WINDOW_PX else np.asarray(rough_px, np.float64)


def _edge(picture: NDArray[np.float32], corners: Floats, k: int) -> Floats | None:
    """(3,) the line (a, b, c), a u + b v + c = 0, along the side that begins at corner k."""
    start, end = corners[k], corners[(k + 1) % 4]
    length = float(np.hypot(*(end - start)))
    if length < 4:
        return None
    along = (end - start) / length
    outwards = np.array([along[1], -along[0]])
    if (corners.mean(0) - start) @ outwards > 0:
        outwards = -outwards
    window = float(np.clip(BORDER * length, LEAST_WINDOW_PX, MOST_WINDOW_PX))
    across = np.arange(-window, window + FINE_PX / 2, FINE_PX)
    spots = start + np.linspace(ENDS, 1 - ENDS, max(6, int(length)))[:, None] * (end - start)
    where = spots[:, None] + across[None, :, None] * outwards
    profile = map_coordinates(picture, [where[..., 1], where[..., 0]], order=1, mode="nearest")
    rise = np.clip(np.diff(profile, axis=1), 0.0, None)
    total = rise.sum(1)
    clear = total > 0.4 * float(np.median(total))
    if clear.sum() < 4 or float(np.median(total)) < 5:
        return None
    offset = (rise * (across[:-1] + FINE_PX / 2)).sum(1)[clear] / total[clear]
    found = spots[clear] + offset[:, None] * outwards
    for _ in range(2):
        middle = found.mean(0)
        normal = np.linalg.svd(found - middle)[2][1]
        off = np.abs((found - middle) @ normal)
        kept = off <= max(0.15, 2.5 * float(np.median(off)))
        if kept.all() or kept.sum() < 4:
            break
        found = found[kept]
    return np.array([normal[0], normal[1], -normal @ middle])
