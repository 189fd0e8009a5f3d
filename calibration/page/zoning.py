"""Zones and tripwires while somebody draws them: corners are set, moved and removed, and every change can be undone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.validation import explain_validity

from calibration.camera import Floats
from calibration.geometry import Line, Zone
from calibration.page.ports import Geometry
from calibration.page.shapes import drawing_of
from calibration.page.workspace import Point
from calibration.zones.snap import snap
from contract.errors import BadInputError

Kind = Literal["zone", "line"]
LEAST_AREA_M2 = 0.25
LEAST_LINE_M = 0.3
MOST_ZONES = 400
MOST_CORNERS = 100
MOST_NAME = 60
REACH_M = 0.15
"""A corner this near to another shape, or to a right angle, is meant to be on it."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A shape whose corners (metres) are being set."""

    kind: Kind
    points: tuple[Point, ...] = ()


class ZoneWork:
    """Zones, lines and walls as they are on the page.

    Attributes:
        geometry: all of it; replaced as a whole by every change.
        chosen: id of the zone or line in hand, or None.
        corner: index of its corner in hand, or None.
        drawing: what is being drawn, or None.
        is_kept: whether this is what is kept.
    """

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        self.chosen: str | None = None
        self.corner: int | None = None
        self.drawing: Drawing | None = None
        self.is_kept = True
        self._past: list[Geometry] = []
        self._future: list[Geometry] = []

    @property
    def can_undo(self) -> bool:
        """Whether there is anything to take back."""
        return bool(self._past) or self.drawing is not None

    @property
    def can_redo(self) -> bool:
        """Whether anything that was undone can be done again."""
        return bool(self._future)

    @property
    def corners_m(self) -> Floats:
        """(V, 2) metres: the corners in hand, of the drawing or of the chosen shape's outline."""
        if self.drawing is not None:
            return np.array(self.drawing.points, np.float64).reshape(-1, 2)
        if self.chosen in self.geometry.zones:
            return self.geometry.zones[self.chosen].rings_m[0]
        if self.chosen in self.geometry.lines:
            return self.geometry.lines[self.chosen].ends_m
        return np.empty((0, 2))

    def click(self, at: Point) -> None:
        """Sets a corner while drawing; else takes the zone there in hand, the smallest of several.

        Raises:
            BadInputError: where what it completes is no shape.
        """
        if self.drawing is not None:
            before = self.drawing.points[-1] if self.drawing.points else None
            self._set_corner(self.drawing, self._drawn_to(at, before))
            return
        here = [zone for zone in self.geometry.zones.values() if zone.contains(np.array([at]))[0]]
        self.choose(min(here, key=lambda zone: zone.polygon.area).id if here else None)

    def choose(self, name: str | None) -> None:
        """Takes a zone or line in hand by its id."""
        known = name in self.geometry.zones or name in self.geometry.lines
        self.chosen, self.corner, self.drawing = name if known else None, None, None

    def grab(self, index: int | None) -> None:
        """Takes a corner in hand; while drawing, the first corner closes the zone.

        Raises:
            BadInputError: where the drawing is no zone yet.
        """
        if self.drawing is not None and index == 0:
            self.close()
        else:
            self.corner = index if index is not None and 0 <= index < len(self.corners_m) else None

    def draw(self, kind: Kind) -> None:
        """Starts a new zone, or a new line of the zone in hand.

        Raises:
            BadInputError: where a line has no zone, or there are too many.
        """
        if kind == "line" and self._zone_in_hand() is None:
            raise BadInputError("choose the zone first that the line belongs to")
        if len(self.geometry.zones) >= MOST_ZONES:
            raise BadInputError(f"a floor takes {MOST_ZONES} zones; delete some")
        self.drawing, self.corner = Drawing(kind), None

    def close(self) -> None:
        """The zone being drawn is whole.

        Raises:
            BadInputError: where its corners are no zone.
        """
        if self.drawing is None or self.drawing.kind != "zone":
            return
        name = _free_id("zone", {*self.geometry.zones, *self.geometry.lines, *(w.id for w in self.geometry.walls)})
        zone = Zone(name, f"Zone {name.rsplit('-', 1)[-1]}", "", (self.corners_m,))
        _refuse(zone)
        self._change(replace(self.geometry, zones={**self.geometry.zones, name: zone}))
        self.choose(name)

    def move(self, index: int, to: Point) -> None:
        """A corner goes elsewhere, to another shape's corner, border or wall where one is near.

        Raises:
            BadInputError: where the zone would cross itself.
        """
        points = self.corners_m.copy()
        if self.drawing is not None or not 0 <= index < len(points):
            return
        points[index] = self._drawn_to(to, None, besides=(self.chosen or "",))
        self._reshape(points)
        self.corner = index

    def nudge(self, by: Point) -> None:
        """The corner in hand moves by a little.

        Raises:
            BadInputError: where the zone would cross itself.
        """
        points = self.corners_m.copy()
        if self.drawing is None and self.corner is not None and self.corner < len(points):
            points[self.corner] += by
            self._reshape(points)

    def delete(self) -> None:
        """The corner in hand goes; without one, the shape.

        Raises:
            BadInputError: where what is left is no zone.
        """
        geometry = self.geometry
        if self.chosen in geometry.zones and self.corner is not None:
            corner = self.corner
            self.corner = None
            self._reshape(np.delete(self.corners_m, corner, axis=0))
        elif self.chosen in geometry.zones:
            zones = {name: zone for name, zone in geometry.zones.items() if name != self.chosen}
            lines = {name: line for name, line in geometry.lines.items() if line.zone != self.chosen}
            self._change(replace(geometry, zones=zones, lines=lines))
            self.choose(None)
        elif self.chosen in geometry.lines:
            lines = {name: line for name, line in geometry.lines.items() if name != self.chosen}
            self._change(replace(geometry, lines=lines))
            self.choose(None)

    def name(self, name: str, category: str) -> None:
        """What the zone in hand is called, and what kind of zone it is."""
        zone = self._zone_in_hand()
        if zone is None:
            return
        named = replace(zone, name=_plain(name) or zone.id, category=_plain(category).lower())
        if (named.name, named.category) != (zone.name, zone.category):
            self._change(replace(self.geometry, zones={**self.geometry.zones, zone.id: named}))

    def turn(self) -> None:
        """The line in hand counts the other direction as in."""
        line = self.geometry.lines.get(self.chosen or "")
        if line is not None:
            turned = replace(line, in_normal=-line.in_normal)
            self._change(replace(self.geometry, lines={**self.geometry.lines, line.id: turned}))

    def undo(self) -> None:
        """Takes back the last corner of a drawing, or the last change."""
        if self.drawing is not None:
            points = self.drawing.points[:-1]
            self.drawing = replace(self.drawing, points=points) if self.drawing.points else None
        elif self._past:
            self._future.append(self.geometry)
            self._restore(self._past.pop())

    def redo(self) -> None:
        """Does again what was undone last."""
        if self._future and self.drawing is None:
            self._past.append(self.geometry)
            self._restore(self._future.pop())

    def keep(self, write: Callable[[Geometry], None]) -> None:
        """Has the shapes written."""
        write(self.geometry)
        self.is_kept = True

    def _drawn_to(self, at: Point, before: Point | None, besides: tuple[str, ...] = ()) -> Point:
        """The point, drawn to corner, border, wall or right angle where one is near."""
        return snap(at, drawing_of(self.geometry), REACH_M, from_m=before, besides=besides).place_m

    def _set_corner(self, drawing: Drawing, at: Point) -> None:
        if drawing.points and at == drawing.points[0] and drawing.kind == "zone":
            self.close()
            return
        if at not in drawing.points and len(drawing.points) < MOST_CORNERS:
            self.drawing = drawing = replace(drawing, points=(*drawing.points, at))
        if drawing.kind == "line" and len(drawing.points) == 2:
            self._close_line(np.array(drawing.points, np.float64))

    def _close_line(self, ends: Floats) -> None:
        zone = self._zone_in_hand()
        along = ends[1] - ends[0]
        length = float(np.hypot(*along))
        if zone is None or length < LEAST_LINE_M:
            self.drawing = None
            raise BadInputError(f"a line needs {LEAST_LINE_M:g} m; draw it again")
        left = np.array([-along[1], along[0]]) / length
        inside = np.array(zone.polygon.representative_point().coords[0]) - ends.mean(0)
        name = _free_id(f"{zone.id}-door", {*self.geometry.lines, *self.geometry.zones})
        line = Line(name, f"{zone.name} door", zone.id, ends, left if inside @ left >= 0 else -left)
        self._change(replace(self.geometry, lines={**self.geometry.lines, name: line}))
        self.choose(name)

    def _zone_in_hand(self) -> Zone | None:
        line = self.geometry.lines.get(self.chosen or "")
        return self.geometry.zones.get(line.zone if line is not None else self.chosen or "")

    def _reshape(self, points: Floats) -> None:
        geometry, name = self.geometry, self.chosen
        if name in geometry.zones:
            zone = geometry.zones[name]
            zone = replace(zone, rings_m=(points, *zone.rings_m[1:]))
            _refuse(zone)
            self._change(replace(geometry, zones={**geometry.zones, name: zone}))
        elif name in geometry.lines:
            line = geometry.lines[name]
            along = points[1] - points[0]
            left = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-9)
            line = replace(line, ends_m=points, in_normal=left if left @ line.in_normal >= 0 else -left)
            self._change(replace(geometry, lines={**geometry.lines, name: line}))

    def _change(self, geometry: Geometry) -> None:
        self._past.append(self.geometry)
        self._future.clear()
        self.geometry, self.is_kept = geometry, False

    def _restore(self, geometry: Geometry) -> None:
        self.geometry, self.is_kept = geometry, False
        self.choose(self.chosen)


def _refuse(zone: Zone) -> None:
    points = zone.rings_m[0]
    if len(points) < 3:
        raise BadInputError(f"{zone.name}: a zone needs three corners; set more")
    polygon = Polygon(points, zone.rings_m[1:])
    if not polygon.is_valid:
        reason = re.sub(r"\[.*\]", "", explain_validity(polygon)).strip().lower()
        raise BadInputError(f"{zone.name}: the outline would cross itself ({reason}); it stays as it was")
    if shapely.area(polygon) < LEAST_AREA_M2:
        raise BadInputError(f"{zone.name}: {shapely.area(polygon):.2f} m2 is too small for a zone; draw it larger")


def _free_id(stem: str, taken: set[str]) -> str:
    stem = stem[:58]
    return next(name for k in range(1, len(taken) + 2) if (name := f"{stem}-{k}") not in taken)


def _plain(text: str) -> str:
    return " ".join(text.split())[:MOST_NAME]
