"""Corners of zones and walls draw a click on the plan to themselves, so that a corner takes one click."""

from __future__ import annotations

import numpy as np

from calibration.camera import Floats
from calibration.page.ports import Geometry
from calibration.page.workspace import Point

REACH_M = 0.15
"""A click so near to a corner means the corner; closer than a person stands to a pillar's edge."""


def corners(geometry: Geometry) -> Floats:
    """(N, 2) metres: every corner of zones, ends of lines, and bends of walls, each once."""
    found = [ring for zone in geometry.zones.values() for ring in zone.rings_m]
    found += [line.ends_m for line in geometry.lines.values()]
    found += [wall.path_m for wall in geometry.walls]
    if not found:
        return np.empty((0, 2))
    return np.unique(np.round(np.vstack(found), 3), axis=0)


def snapped(at_m: Point, to_m: Floats, reach_m: float = REACH_M) -> Point:
    """The nearest of (N, 2) corners where one is within reach, else the point itself."""
    if not len(to_m):
        return at_m
    far = np.hypot(*(to_m - np.array(at_m)).T)
    nearest = int(np.argmin(far))
    return (float(to_m[nearest, 0]), float(to_m[nearest, 1])) if far[nearest] <= reach_m else at_m
