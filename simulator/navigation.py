"""Ways through a floor: a clearance map, shortest paths on it, pulled straight."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from calibration.site import Floor

Floats = NDArray[np.float64]
CELL_M = 0.1
BODY_RADIUS_M = 0.22
"""Nobody's middle comes nearer to a wall than this."""
COMFORT_M = 0.55
"""Paths keep this far from walls where there is room."""
NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))


class Ways:
    """Paths on one floor.

    Args:
        floor: its size and walls.
        obstacles_m: further outlines (V, 2) that nobody walks through.
    """

    def __init__(self, floor: Floor, obstacles_m: tuple[Floats, ...] = ()) -> None:
        columns, rows = (round(side / CELL_M) for side in floor.size_m)
        free = np.ones((rows, columns), np.uint8)
        free[[0, -1]] = 0
        free[:, [0, -1]] = 0
        for wall in floor.walls:
            cv2.polylines(free, [np.round(wall.path_m / CELL_M).astype(np.int32).reshape(-1, 1, 2)], False, 0, 1)  # noqa: FBT003
        for outline in obstacles_m:
            cv2.fillPoly(free, [np.round(outline / CELL_M).astype(np.int32).reshape(-1, 1, 2)], 0)
        self._clearance = np.asarray(cv2.distanceTransform(free, cv2.DIST_L2, 5), np.float64) * CELL_M
        self._away = np.stack(np.gradient(cv2.GaussianBlur(self._clearance, (0, 0), 1.5))[::-1], -1)
        self._walkable = self._clearance > BODY_RADIUS_M
        self._graph = self._connect()
        self._trees: dict[tuple[int, int], NDArray[np.int32]] = {}

    def clearance_m(self, xy_m: Floats) -> Floats:
        """(N,) distance to the nearest wall or thing."""
        row, column = self._cells(xy_m)
        return np.asarray(self._clearance[row, column], np.float64)

    def away(self, xy_m: Floats) -> Floats:
        """(N, 2) unit direction away from the nearest wall or thing."""
        row, column = self._cells(xy_m)
        found = self._away[row, column]
        return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1), 1e-9)[:, None], np.float64)

    def nearest_free(self, xy_m: Floats) -> Floats:
        """(2,) the walkable place nearest to a point."""
        row, column = (int(v[0]) for v in self._cells(xy_m[None]))
        if self._walkable[row, column]:
            return np.asarray(xy_m, np.float64)
        rows, columns = np.nonzero(self._walkable)
        best = int(np.argmin((rows - row) ** 2 + (columns - column) ** 2))
        return (np.array([columns[best], rows[best]]) + 0.5) * CELL_M

    def path(self, start_m: Floats, goal_m: Floats) -> list[Floats]:
        """Points (2,) to walk through, the goal last; only the goal where there is no way."""
        goal = self.nearest_free(goal_m)
        end = tuple(int(v[0]) for v in self._cells(goal[None]))
        columns = self._walkable.shape[1]
        tree = self._tree((end[0], end[1]))
        row, column = (int(v[0]) for v in self._cells(self.nearest_free(start_m)[None]))
        node = row * columns + column
        cells: list[int] = []
        while node >= 0 and len(cells) < self._walkable.size:
            cells.append(node)
            node = int(tree[node])
        points = [(np.array([cell % columns, cell // columns]) + 0.5) * CELL_M for cell in cells]
        return self._pulled([start_m, *points[1:-1], goal])

    def sees(self, start_m: Floats, end_m: Floats, margin_m: float = 0.3) -> bool:
        """Whether one can walk straight from one point to the other, ``margin_m`` off everything."""
        count = max(2, int(np.hypot(*(end_m - start_m)) / (0.7 * CELL_M)))
        points = start_m + np.linspace(0, 1, count)[1:-1, None] * (end_m - start_m)
        return not len(points) or bool((self.clearance_m(points) > margin_m).all())

    def _pulled(self, points: list[Floats]) -> list[Floats]:
        out, at = [], 0
        while at < len(points) - 1:
            low, high = at + 1, len(points) - 1
            while low < high:  # the furthest point in sight, by halves: good enough on a shortest path
                middle = (low + high + 1) // 2
                if self.sees(points[at], points[middle]):
                    low = middle
                else:
                    high = middle - 1
            out.append(points[low])
            at = low
        return out or [points[-1]]

    def _cells(self, xy_m: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        rows, columns = self._clearance.shape
        column = np.clip((xy_m[:, 0] / CELL_M).astype(np.int64), 0, columns - 1)
        row = np.clip((xy_m[:, 1] / CELL_M).astype(np.int64), 0, rows - 1)
        return row, column

    def _connect(self) -> coo_array:
        rows, columns = self._walkable.shape
        number = np.arange(rows * columns).reshape(rows, columns)
        cost = 1.0 + 2.5 * np.maximum(0.0, COMFORT_M - self._clearance) / COMFORT_M
        sources, targets, weights = [], [], []
        for down, right in NEIGHBOURS:
            here = (slice(0, rows - down), slice(max(0, -right), columns - max(0, right)))
            there = (slice(down, rows), slice(max(0, right), columns + min(0, right)))
            both = self._walkable[here] & self._walkable[there]
            sources.append(number[here][both])
            targets.append(number[there][both])
            weights.append(np.hypot(down, right) * 0.5 * (cost[here] + cost[there])[both])
        source, target, weight = (np.concatenate(part) for part in (sources, targets, weights))
        return coo_array((weight, (source, target)), shape=(rows * columns,) * 2).tocsr()

    def _tree(self, end: tuple[int, int]) -> NDArray[np.int32]:
        if end not in self._trees:
            node = end[0] * self._walkable.shape[1] + end[1]
            _, tree = dijkstra(self._graph, directed=False, indices=node, return_predecessors=True)
            self._trees[end] = np.asarray(tree, np.int32)
        return self._trees[end]
