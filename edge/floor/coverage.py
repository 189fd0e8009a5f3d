"""Which places of a floor its cameras watch, and where people can come and go without being seen to."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiLineString

from calibration.camera import Floats
from calibration.site import Floor
from edge.floor.pockets import CELL_M, blind_ways

SMALLEST_PERSON_PX = 24.0
"""People who look smaller than this are not reliably found; their place counts as unwatched."""
SURE_PERSON_PX = 36.0
"""People who look larger than this are hardly missed."""
AROUND = np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1], [0.7, 0.7], [-0.7, 0.7], [0.7, -0.7], [-0.7, -0.7]])
"""Where we look about a place, in units of the margin."""
RIM_CELLS = 16
"""What cameras see is remembered of the plan's cells and so many around it."""
MOST_PLACES = 4096
"""So many answers about ways out are remembered."""
LOW_WALL_M = 1.2
"""Lower walls hide nobody."""


@dataclass(slots=True)
class Coverage:
    """What the cameras of a floor watch.

    Attributes:
        floor: the floor.
        door_m: somebody this close to a line may come or go, metres.
        margin_m: a place is inside only if everything this far around it is watched, metres.
        blind: cameras that see nothing to be trusted at present.
        blind_at: when those, and others, were so last, seconds.
    """

    floor: Floor
    door_m: float = 1.5
    margin_m: float = 1.0
    blind: frozenset[str] = frozenset()
    blind_at: dict[str, float] = field(default_factory=dict)
    _cells: dict[str, bytearray] = field(default_factory=dict, init=False, repr=False)
    _ways_out: dict[tuple[float, float], bool] = field(default_factory=dict, init=False, repr=False)
    _open_cells: NDArray[np.bool_] | None = field(default=None, init=False, repr=False)
    _walls: shapely.Geometry = field(init=False, repr=False)
    _lines: shapely.Geometry = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Lays out walls and lines for the many questions about them."""
        walls = (wall.path_m for wall in self.floor.walls if wall.height_m >= LOW_WALL_M)
        self._walls = MultiLineString(list(walls))
        self._lines = MultiLineString([line.ends_m for line in self.floor.lines.values()])
        shapely.prepare(self._walls)

    def __getstate__(self) -> dict[str, Any]:
        """Without what can be found out again."""
        names = ("floor", "door_m", "margin_m", "blind", "blind_at")
        return {name: getattr(self, name) for name in names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Takes it all back."""
        for name, value in state.items():
            setattr(self, name, value)
        self._cells, self._ways_out, self._open_cells = {}, {}, None
        self.__post_init__()

    def note_blind(self, blind: Collection[str], at: float) -> None:
        """From now on, until it is said again, these cameras see nothing to be trusted."""
        self.blind = frozenset(blind)
        self.blind_at |= dict.fromkeys(blind, at)

    def hidden_s(self, place_m: tuple[float, float], since: float, until: float) -> float:
        """Seconds at the beginning of a time in which all cameras that would see a place were blind."""
        if not self.blind_at:
            return 0.0
        watching = [name for name in self.floor.cameras if self.would_see(name, place_m)]
        sighted_at = min((self.blind_at.get(name, since) for name in watching), default=since)
        return float(np.clip(sighted_at - since, 0.0, max(0.0, until - since)))

    def should_see(self, camera_name: str, place_m: tuple[float, float]) -> bool:
        """Whether a camera would hardly miss somebody at a place, or within half a cell of it, who is not hidden."""
        return camera_name not in self.blind and self.would_see(camera_name, place_m)

    def would_see(self, camera_name: str, place_m: tuple[float, float]) -> bool:
        """The same of a camera that may be blind at present."""
        column, row = math.floor(place_m[0] / CELL_M), math.floor(place_m[1] / CELL_M)
        columns, rows = (math.ceil(side / CELL_M) + 2 * RIM_CELLS for side in self.floor.size_m)
        known = self._cells.get(camera_name)
        if known is None:
            known = self._cells[camera_name] = bytearray(columns * rows)
        across, up = column + RIM_CELLS, row + RIM_CELLS
        if not (0 <= across < columns and 0 <= up < rows):  # nobody stays out there
            return self._sees_cell(camera_name, column, row)
        cell = up * columns + across
        if not known[cell]:
            known[cell] = 1 + self._sees_cell(camera_name, column, row)
        return known[cell] == 2

    def _sees_cell(self, camera_name: str, column: int, row: int) -> bool:
        """Whether a camera would hardly miss somebody in the middle of a cell."""
        middle = (np.array([(column, row)], np.float64) + 0.5) * CELL_M
        tall = self.floor.cameras[camera_name].person_height_px(middle)
        return bool(self.watched_by(camera_name, middle)[0] and tall[0] >= SURE_PERSON_PX)

    def watching(self, xy_m: Floats) -> NDArray[np.int64]:
        """(N,) how many cameras watch each (N, 2) place: in the picture, large enough, no wall between."""
        xy = np.asarray(xy_m, np.float64).reshape(-1, 2)
        count = np.zeros(len(xy), np.int64)
        for name in self.floor.cameras:
            count += self.watched_by(name, xy)
        return count

    def watched_by(self, camera_name: str, xy_m: Floats) -> NDArray[np.bool_]:
        """(N,) whether that camera watches each (N, 2) place."""
        xy = np.asarray(xy_m, np.float64).reshape(-1, 2)
        camera = self.floor.cameras[camera_name]
        seen = camera.sees(xy)
        if seen.any():
            with np.errstate(invalid="ignore"):
                seen[seen] = camera.person_height_px(xy[seen]) >= SMALLEST_PERSON_PX
        rows = np.flatnonzero(seen)
        seen[rows] = self._in_sight(camera.centre_m[:2], xy[rows])
        return seen

    def is_way_out(self, xy_m: tuple[float, float]) -> bool:
        """Whether somebody at that place can come or go unseen: at a line, or at the edge of what is watched.

        A blind corner of a shop is no way out: who is there must come back, or go by the shop's door.
        """
        if xy_m not in self._ways_out:
            if len(self._ways_out) >= MOST_PLACES:  # asked in every picture about where its tracks began
                self._ways_out.clear()
            self._ways_out[xy_m] = self._leads_out(np.array(xy_m))
        return self._ways_out[xy_m]

    def _leads_out(self, here_m: Floats) -> bool:
        if shapely.distance(self._lines, shapely.Point(here_m)) <= self.door_m:  # no line: not a number
            return True
        return self.is_edge((float(here_m[0]), float(here_m[1])))

    def is_edge(self, xy_m: tuple[float, float], within_m: float | None = None) -> bool:
        """Whether ground that nobody watches and that leads away lies so near a place, metres, ``margin_m`` where None.

        A line both of whose sides are watched is no edge: nobody crosses it unseen.
        """
        here_m = np.array(xy_m)
        around = here_m + (self.margin_m if within_m is None else within_m) * AROUND
        around = around[self._in_sight(here_m, around)]
        unwatched = around[self.watching(around) == 0]
        return bool(self._open_at(unwatched).any())

    def parts(self, one_m: tuple[float, float], other_m: tuple[float, float]) -> bool:
        """Whether a wall or a line lies between two places: nobody gets from one to the other without being seen to."""
        way = shapely.LineString([one_m, other_m])
        return bool(shapely.intersects(self._walls, way) or shapely.intersects(self._lines, way))

    def _open_at(self, xy_m: Floats) -> NDArray[np.bool_]:
        """(N,) whether blind ground at or beside each place (N, 2) leads away; beyond the plan everything does."""
        if self._open_cells is None:
            self._open_cells = blind_ways(self.floor, self.watching, self._walls, self._lines)
        rows, columns = self._open_cells.shape
        cell = np.floor(np.asarray(xy_m).reshape(-1, 2) / CELL_M).astype(np.int64) + 1  # a rim of open cells
        row, column = np.clip(cell[:, 1], 0, rows - 1), np.clip(cell[:, 0], 0, columns - 1)
        return np.asarray(self._open_cells[row, column], np.bool_)

    def _in_sight(self, here_m: Floats, xy_m: Floats) -> NDArray[np.bool_]:
        """(N,) whether no wall stands between one place (2,) and each of (N, 2)."""
        if self._walls.is_empty or not len(xy_m):
            return np.ones(len(xy_m), np.bool_)
        sights = np.stack([np.broadcast_to(here_m, np.shape(xy_m)), xy_m], 1)
        return np.asarray(~shapely.intersects(self._walls, shapely.linestrings(sights)), np.bool_)
