"""Which places on the floor a camera sees: inside its picture, and no wall before them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, Floats
from calibration.geometry import Wall, Zone

GRID_M = 0.4
AT_WALL_M = 0.08
"""What lies so near to a wall is on it, not behind it."""


def places_in(zone: Zone, step_m: float = GRID_M) -> Floats:
    """(N, 2) metres: a grid of places in the zone; its middle at least."""
    left, low, right, high = zone.polygon.bounds
    x, y = (np.arange(a + step_m / 2, b, step_m) for a, b in ((left, right), (low, high)))
    grid = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    grid = grid[zone.contains(grid)]
    return grid if len(grid) else np.array(zone.polygon.representative_point().coords)


def in_sight(camera: Camera, floor_m: Floats, walls: Sequence[Wall]) -> NDArray[np.bool_]:
    """(N,) whether each (N, 2) place is in the picture, and no wall stands before it."""
    return np.asarray(camera.sees(floor_m) & ~behind_walls(camera, floor_m, walls), np.bool_)


def behind_walls(camera: Camera, floor_m: Floats, walls: Sequence[Wall]) -> NDArray[np.bool_]:
    """(N,) whether a wall hides each (N, 2) place from where the camera hangs."""
    eye = camera.centre_m
    ray = np.asarray(floor_m, np.float64) - eye[:2]
    most = 1 - AT_WALL_M / np.maximum(np.hypot(ray[:, 0], ray[:, 1]), AT_WALL_M)
    hidden = np.zeros(len(floor_m), np.bool_)
    for wall in walls:
        for start, end in zip(wall.path_m[:-1], wall.path_m[1:], strict=True):
            along, to = end - start, start - eye[:2]
            cross = ray[:, 0] * along[1] - ray[:, 1] * along[0]
            with np.errstate(divide="ignore", invalid="ignore"):
                share = (to[0] * along[1] - to[1] * along[0]) / cross
                place = (to[0] * ray[:, 1] - to[1] * ray[:, 0]) / cross
                low = eye[2] * (1 - share) < wall.height_m
                hidden |= (share > 0) & (share < most) & (place >= 0) & (place <= 1) & low
    return hidden
