"""A floor's zones, tripwires and walls while they are being drawn: they may still be wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from shapely.geometry import LineString, Polygon

from calibration.camera import Floats
from calibration.geometry import Properties
from contract.errors import BadInputError
from contract.ids import check_id

Kind = Literal["zone", "line", "wall"]
KINDS: tuple[Kind, ...] = ("zone", "line", "wall")
MILLIMETRES = 3
"""Decimals that a file keeps of a metre."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One thing drawn on a floor.

    Attributes:
        own: id, kind, name and so on, as the file writes them.
        rings_m: a zone's outline and holes, each (V, 2) metres, not closed; a line's or wall's one path (V, 2).
    """

    own: Properties
    rings_m: tuple[Floats, ...]

    @property
    def id(self) -> str:
        """Its id."""
        return self.own.id

    @property
    def label(self) -> str:
        """What people call it."""
        return self.own.name or self.own.id

    @property
    def polygon(self) -> Polygon:
        """A zone as shapely sees it; it may cross itself."""
        return Polygon(self.rings_m[0], self.rings_m[1:])

    @property
    def path(self) -> LineString:
        """A line or wall as shapely sees it."""
        return LineString(self.rings_m[0])


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """All that is drawn on a floor, by id."""

    shapes: dict[str, Shape]

    def of(self, kind: Kind) -> list[Shape]:
        """The zones, lines or walls, in the order of the drawing."""
        return [shape for shape in self.shapes.values() if shape.own.kind == kind]

    def having(self, *shapes: Shape) -> Drawing:
        """The same with these added, or put in the place of those of the same id.

        Raises:
            BadInputError: where an id is none.
        """
        for shape in shapes:
            check_id(shape.id, shape.own.kind)
        return Drawing(self.shapes | {shape.id: shape for shape in shapes})

    def without(self, *ids: str) -> Drawing:
        """The same without these; a removed zone's tripwires go with it."""
        return Drawing(
            {
                name: shape
                for name, shape in self.shapes.items()
                if name not in ids and not (shape.own.kind == "line" and shape.own.zone in ids)
            }
        )


def zone_of(name: str, /, outline_m: Any, *holes_m: Any, **own: Any) -> Shape:
    """A zone from points in metres; further keywords are its properties."""
    return Shape(Properties(id=name, kind="zone", **own), tuple(_points(ring) for ring in (outline_m, *holes_m)))


def line_of(name: str, /, ends_m: Any, zone: str, **own: Any) -> Shape:
    """A tripwire from points in metres; further keywords are its properties."""
    return Shape(Properties(id=name, kind="line", zone=zone, **own), (_points(ends_m),))


def wall_of(name: str, /, path_m: Any, **own: Any) -> Shape:
    """A wall from points in metres; further keywords are its properties."""
    return Shape(Properties(id=name, kind="wall", **own), (_points(path_m),))


def _points(values: Any) -> Floats:
    return np.asarray(values, np.float64).reshape(-1, 2)


def canonical(drawing: Drawing) -> Drawing:
    """The one form that a file keeps: millimetres, no doubled points, outlines left-hand and holes right-hand
    (RFC 7946, section 3.1.6), zones before lines before walls, each by id.

    Raises:
        BadInputError: where less than a triangle, or than two points, is left of a shape.
    """  # noqa: D205 - one sentence
    ordered = sorted(drawing.shapes.values(), key=lambda shape: (KINDS.index(shape.own.kind), shape.id))
    return Drawing({shape.id: _canonical(shape) for shape in ordered})


def _canonical(shape: Shape) -> Shape:
    zone = shape.own.kind == "zone"
    rings = [_apart(_to_millimetres(ring), closed=zone) for ring in shape.rings_m]
    least = 3 if zone else 2
    if not rings or len(rings[0]) < least:
        raise BadInputError(
            f"{shape.own.kind} {shape.id}: needs at least {least} points apart; draw it again or delete it"
        )
    if zone:
        rings = [_turned(ring, left=place == 0) for place, ring in enumerate(rings) if place == 0 or len(ring) >= least]
    return replace(shape, rings_m=tuple(rings))


def _to_millimetres(ring: Floats) -> Floats:
    return np.round(ring, MILLIMETRES) + 0.0  # no minus zero


def _apart(ring: Floats, *, closed: bool) -> Floats:
    if not len(ring):
        return ring
    fresh = np.ones(len(ring), np.bool_)
    fresh[1:] = (ring[1:] != ring[:-1]).any(1)
    kept = ring[fresh]
    while closed and len(kept) > 1 and (kept[0] == kept[-1]).all():
        kept = kept[:-1]
    return kept


def _turned(ring: Floats, *, left: bool) -> Floats:
    area = signed_area(ring)
    if area == 0 or (area > 0) == left:
        return ring
    return np.concatenate([ring[:1], ring[:0:-1]])  # it still begins where it was begun


def signed_area(ring_m: Floats) -> float:
    """Area within a ring (V, 2), m2: positive where it runs counter-clockwise (shoelace formula)."""
    local = ring_m - ring_m[0]  # far from the origin the products would drown the area
    x, y = local[:, 0], local[:, 1]
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
