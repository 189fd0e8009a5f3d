"""Nobody walks through walls: a track that does has gone over to somebody else."""

from __future__ import annotations

from dataclasses import dataclass, field

import shapely

from calibration.geometry import Wall

PASSABLE_M = 0.9
"""Who leans over a lower wall may seem to stand behind it."""

TOUCH_M = 0.01
"""Walls whose ends come this close meet."""


@dataclass(slots=True)
class Walls:
    """The walls of a floor, as far as foot points can tell on which side of them somebody is.

    Attributes:
        walls: of the floor.
        clear_m: nearer to a wall than this nobody's side is certain, metres.
        post_m: nor does anybody count as gone through it this close to its free end, metres: that is the door.
    """

    walls: tuple[Wall, ...]
    clear_m: float = 0.3
    post_m: float = 0.25
    _solid: shapely.Geometry = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Joins the walls and cuts their free ends back."""
        paths = [wall.path_m for wall in self.walls if wall.height_m >= PASSABLE_M]
        lines = [shapely.LineString(path) for path in paths]
        free = [
            shapely.Point(end)
            for i, path in enumerate(paths)
            for end in (path[0], path[-1])
            if all(shapely.distance(line, shapely.Point(end)) > TOUCH_M for k, line in enumerate(lines) if k != i)
        ]
        self._solid = shapely.difference(shapely.union_all(lines), shapely.buffer(shapely.union_all(free), self.post_m))
        shapely.prepare(self._solid)

    def is_clear(self, place_m: tuple[float, float]) -> bool:
        """Whether it is certain on which side of the walls a place is."""
        return not shapely.distance(self._solid, shapely.Point(place_m)) < self.clear_m  # no wall: not a number

    def part(self, one_m: tuple[float, float], other_m: tuple[float, float]) -> bool:
        """Whether a wall stands between two places."""
        return bool(shapely.intersects(self._solid, shapely.LineString([one_m, other_m])))
