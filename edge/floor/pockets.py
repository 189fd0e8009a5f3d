"""Blind ground that leads nowhere: the corners of a room that no camera sees, and that are left by its door alone."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from calibration.camera import Floats
from calibration.site import Floor
from edge.track.matching.kernels import root

CELL_M = 0.25
"""Ground is divided into cells of this size."""
SLIP_M = 0.5
"""Blind ground this close to a line lets people pass it unseen."""
LEADS_AWAY = frozenset({"entrance", "transit"})
"""Zones of these categories are left within: by escalators, lifts and doors to the street."""


def blind_ways(
    floor: Floor, watching: Callable[[Floats], NDArray[np.int64]], walls: shapely.Geometry, lines: shapely.Geometry
) -> NDArray[np.bool_]:
    """Where blind ground leads away from what is watched.

    A zone that has lines of its own is entered and left across them, unless it is one where people change floors.
    Blind ground that lies in such zones alone, is shut in by walls and watched ground, and touches no line, hides
    people but lets nobody go.

    Args:
        floor: its zones and lines.
        watching: gives how many cameras watch each place (N, 2), metres.
        walls: that hide and hold people.
        lines: all the floor's.

    Returns:
        (R + 2, C + 2) whether such ground lies in or beside each cell of the plan; the outermost are beyond it.
    """
    columns, rows = (int(np.ceil(side / CELL_M)) + 2 for side in floor.size_m)
    x, y = np.meshgrid((np.arange(columns) - 0.5) * CELL_M, (np.arange(rows) - 0.5) * CELL_M)
    cells = np.column_stack([x.ravel(), y.ravel()])
    blind = watching(cells) == 0
    shut = np.zeros(len(cells), np.bool_)
    own = {line.zone for line in floor.lines.values()}
    for zone in floor.zones.values():
        if zone.id in own and zone.category not in LEADS_AWAY:
            shut |= zone.contains(cells)
    leads = ~shut
    if not lines.is_empty:
        leads |= shapely.distance(shapely.points(cells), lines) <= SLIP_M
    room = _rooms(cells, blind, (rows, columns), walls)
    is_open = np.zeros(int(room.max()) + 1, np.bool_)
    is_open[room[blind & leads]] = True
    grid = (blind & is_open[room]).reshape(rows, columns)
    grid[[0, -1]] = grid[:, [0, -1]] = True
    widened = cv2.dilate(grid.view(np.uint8), np.ones((3, 3), np.uint8)).view(np.bool_)
    beside = widened & ~(blind | shut).reshape(rows, columns)  # not through the walls of a room
    return np.asarray(grid | beside, np.bool_)


def _rooms(
    cells: Floats, blind: NDArray[np.bool_], shape: tuple[int, int], walls: shapely.Geometry
) -> NDArray[np.int64]:
    """(N,) a number below N that blind cells share from one of which to the other one gets unseen."""
    index = np.arange(len(cells)).reshape(shape)
    pairs = np.vstack(
        [
            np.column_stack([index[:, :-1].ravel(), index[:, 1:].ravel()]),
            np.column_stack([index[:-1].ravel(), index[1:].ravel()]),
        ]
    )
    pairs = pairs[blind[pairs].all(1)]
    if not walls.is_empty and len(pairs):
        pairs = pairs[~shapely.intersects(walls, shapely.linestrings(cells[pairs]))]
    return connected(len(cells), pairs)


@njit(cache=True)
def connected(count: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,) the least of those that hang together with each through (E, 2) pairs.

    As `scipy.sparse.csgraph.connected_components`, which takes a tenth of a second to import.
    """
    owner = np.arange(count)
    for k in range(len(pairs)):
        a, b = root(owner, pairs[k, 0]), root(owner, pairs[k, 1])
        owner[max(a, b)] = min(a, b)
    for k in range(count):
        owner[k] = root(owner, k)
    return owner
