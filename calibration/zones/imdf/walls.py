"""The walls that IMDF implies: borders of enclosed units without their openings."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon
from shapely.ops import linemerge, unary_union

from calibration.camera import Floats

OPENING_DEPTH_M = 0.3
"""An opening goes through borders this close to it on both sides: a wall has two."""
LEAST_WALL_M = 0.05
"""Shorter rests between openings are none."""


def wall_paths(enclosed: Iterable[Polygon], openings: Iterable[LineString]) -> list[Floats]:
    """The borders of areas, where areas adjoin only once, less the openings: paths (V, 2) metres, in a fixed order."""
    borders = unary_union([area.boundary for area in enclosed])
    through = unary_union([path.buffer(OPENING_DEPTH_M, cap_style="flat") for path in openings])
    return _paths(borders.difference(through))


def beside(paths: Iterable[Floats], areas: Iterable[Polygon]) -> list[Floats]:
    """Outlines of areas where none of some walls runs already, paths (V, 2) metres."""
    taken = unary_union([LineString(path) for path in paths]).buffer(LEAST_WALL_M)
    return _paths(unary_union([area.boundary for area in areas]).difference(taken))


def _paths(lines: shapely.Geometry) -> list[Floats]:
    if lines.is_empty:
        return []
    merged = lines if isinstance(lines, LineString) else linemerge(lines)
    straight = [part.simplify(0.001) for part in getattr(merged, "geoms", [merged])]
    paths = [np.round(np.asarray(part.coords), 3) for part in straight if part.length >= LEAST_WALL_M]
    return sorted((path if tuple(path[0]) <= tuple(path[-1]) else path[::-1] for path in paths), key=np.ndarray.tolist)
