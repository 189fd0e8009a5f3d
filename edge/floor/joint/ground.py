"""What a floor's plan tells the joint tracker: how much of somebody each camera sees past the walls, place by place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from calibration.camera import ASSUMED_HEIGHT_M, Camera
from calibration.geometry import Wall
from calibration.site import Floor
from edge.floor.coverage import SMALLEST_PERSON_PX, SURE_PERSON_PX

Floats = NDArray[np.float64]

CELL_M = 0.25
"""Ground is divided into cells of this size."""
RIM_M = 2.0
"""Cells reach this far beyond the plan."""
BESIDE_M = np.array([-0.2, -0.1, 0.0, 0.1, 0.2])
"""Somebody is looked at along lines that pass their middle so far to the side, metres."""
DOUBTFUL_SHARE = 0.5
"""Of whoever looks too small to be hardly missed, so much counts as seen."""


class Ground(NamedTuple):
    """A floor for the kernels.

    Attributes:
        sight: (C, R, K) share of somebody standing in a cell that a camera sees, 0..1; without a plan there are no
            cells, and every camera sees as far as its picture.
    """

    sight: Floats


def open_ground(cameras: int) -> Ground:
    """Ground of which nothing is known, under so many cameras."""
    return Ground(np.ones((cameras, 0, 0)))


def ground_of(floor: Floor, cameras: Mapping[str, Camera]) -> Ground:
    """What a floor's plan says of what cameras see, in their order."""
    columns, rows = (int(np.ceil((side + 2 * RIM_M) / CELL_M)) for side in floor.size_m)
    x, y = np.meshgrid((np.arange(columns) + 0.5) * CELL_M - RIM_M, (np.arange(rows) + 0.5) * CELL_M - RIM_M)
    cells = np.column_stack([x.ravel(), y.ravel()])
    sight = [share_in_sight(camera, floor.walls, cells) for camera in cameras.values()]
    return Ground(np.array(sight).reshape(-1, rows, columns))


def share_in_sight(camera: Camera, walls: Sequence[Wall], places_m: Floats) -> Floats:
    """(N,) share of somebody standing at (N, 2) places whom walls leave in a camera's sight, 0..1.

    Over a wall that is lower than itself a camera sees whatever is higher than the line that grazes its top. Who looks
    smaller than people who are reliably found is not seen. The picture's border is not considered.
    """
    centre = camera.centre_m
    off = places_m - centre[:2]
    beside = np.column_stack([-off[:, 1], off[:, 0]]) / np.maximum(np.hypot(*off.T), 1e-9)[:, None]
    share = np.zeros(len(places_m))
    for side_m in BESIDE_M:
        ends = places_m + side_m * beside
        lines = shapely.linestrings(np.stack([np.broadcast_to(centre[:2], ends.shape), ends], 1))
        hidden_m = np.zeros(len(ends))
        for wall in walls:
            path = shapely.LineString(wall.path_m)
            rows = np.flatnonzero(shapely.intersects(lines, path))
            if wall.height_m >= centre[2]:
                hidden_m[rows] = np.inf
                continue
            for row in rows.tolist():
                cut = shapely.get_coordinates(shapely.intersection(lines[row], path)) - centre[:2]
                at = float(np.hypot(*cut.T).max())  # the crossing nearest to them hides most
                far = float(np.hypot(*(ends[row] - centre[:2])))
                grazing_m = centre[2] - (centre[2] - wall.height_m) * far / max(at, 1e-6)
                hidden_m[row] = max(hidden_m[row], grazing_m)
        share += np.clip(1 - hidden_m / ASSUMED_HEIGHT_M, 0.0, 1.0) / len(BESIDE_M)
    tall = np.nan_to_num(camera.person_height_px(places_m))
    share[tall < SURE_PERSON_PX] *= DOUBTFUL_SHARE
    share[tall < SMALLEST_PERSON_PX] = 0.0
    return share


@njit(cache=True)
def is_planned(ground: Ground) -> bool:
    """Whether there is a plan."""
    return bool(ground.sight.shape[1] > 0)


@njit(cache=True)
def in_sight(ground: Ground, camera: int, x: float, y: float) -> float:
    """Share of somebody at a place that a camera sees, 0..1; beyond the cells nothing."""
    if not is_planned(ground):
        return 1.0
    row, column = int(np.floor((y + RIM_M) / CELL_M)), int(np.floor((x + RIM_M) / CELL_M))
    if row < 0 or row >= ground.sight.shape[1] or column < 0 or column >= ground.sight.shape[2]:
        return 0.0
    return float(ground.sight[camera, row, column])
