"""Changes to one drawn shape; each returns a new one and leaves the old as it was, which is all that undo needs."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import shapely
from shapely.geometry import LineString, MultiPolygon, Polygon
from shapely.ops import split, unary_union

from calibration.camera import Floats
from calibration.zones.drawing import Shape
from contract.errors import BadInputError

Point = tuple[float, float]


def move_vertex(shape: Shape, ring: int, index: int, to_m: Point) -> Shape:
    """The shape with one vertex elsewhere."""
    moved = _ring(shape, ring, index).copy()
    moved[index] = to_m
    return _with_ring(shape, ring, moved)


def insert_vertex(shape: Shape, ring: int, after: int, at_m: Point) -> Shape:
    """The shape with one more vertex, behind the vertex ``after``."""
    return _with_ring(shape, ring, np.insert(_ring(shape, ring, after), after + 1, at_m, axis=0))


def remove_vertex(shape: Shape, ring: int, index: int) -> Shape:
    """The shape with one vertex less; a hole of three vertices goes altogether.

    Raises:
        BadInputError: where nothing would be left.
    """
    old = _ring(shape, ring, index)
    least = 3 if shape.own.kind == "zone" else 2
    if len(old) > least:
        return _with_ring(shape, ring, np.delete(old, index, axis=0))
    if shape.own.kind == "zone" and ring:
        return fill_hole(shape, ring)
    raise BadInputError(f"{shape.own.kind} {shape.id}: cannot do with fewer than {least} points; delete it as a whole")


def move_shape(shape: Shape, by_m: Point) -> Shape:
    """The whole shape elsewhere."""
    return replace(shape, rings_m=tuple(ring + np.asarray(by_m, np.float64) for ring in shape.rings_m))


def cut_hole(zone: Shape, hole_m: Floats) -> Shape:
    """The zone without what lies within a ring (V, 2): a hole, or a bay where the ring reaches its border.

    Raises:
        BadInputError: where either crosses itself, nothing would be left, or the zone would fall apart.
    """
    area, hole = _sound(zone), Polygon(hole_m)
    if not hole.is_valid or hole.area <= 0:
        raise BadInputError(f"zone {zone.id}: the outline of the hole crosses itself; draw it again")
    if not area.intersects(hole) or area.intersection(hole).area <= 0:
        raise BadInputError(f"zone {zone.id}: the hole lies outside it; draw it inside")
    return _of_polygon(zone, area.difference(hole), "cut it with a smaller hole, or split the zone")


def fill_hole(zone: Shape, ring: int) -> Shape:
    """The zone without that hole (rings count from 1; 0 is the outline)."""
    if not 1 <= ring < len(zone.rings_m):
        raise BadInputError(f"zone {zone.id}: has no hole {ring}")
    return replace(zone, rings_m=(*zone.rings_m[:ring], *zone.rings_m[ring + 1 :]))


def split_zone(zone: Shape, path_m: Floats, other_id: str) -> tuple[Shape, Shape]:
    """The two parts of a zone that a path (V, 2) cuts from border to border; the larger keeps the id.

    Raises:
        BadInputError: where the path does not make two of it.
    """
    parts = [part for part in split(_sound(zone), LineString(path_m)).geoms if part.area > 0]
    if len(parts) != 2:
        raise BadInputError(
            f"zone {zone.id}: the cut makes {len(parts)} parts of it, not 2; draw it once across, from border to border"
        )
    large, small = sorted(parts, key=lambda part: -part.area)
    other = replace(zone, own=msgspec.structs.replace(zone.own, id=other_id))
    return _of_polygon(zone, large, ""), _of_polygon(other, small, "")


def join_zones(zone: Shape, other: Shape) -> Shape:
    """Both as one, under the first one's id.

    Raises:
        BadInputError: where they do not touch along a border.
    """
    return _of_polygon(zone, unary_union([_sound(zone), _sound(other)]), f"move {other.id} up to it first")


def _ring(shape: Shape, ring: int, index: int) -> Floats:
    if not 0 <= ring < len(shape.rings_m) or not 0 <= index < len(shape.rings_m[ring]):
        raise BadInputError(f"{shape.own.kind} {shape.id}: has no vertex {index} in ring {ring}")
    return shape.rings_m[ring]


def _with_ring(shape: Shape, ring: int, points: Floats) -> Shape:
    return replace(shape, rings_m=(*shape.rings_m[:ring], points, *shape.rings_m[ring + 1 :]))


def _sound(zone: Shape) -> Polygon:
    area = zone.polygon
    if not area.is_valid or area.area <= 0:
        raise BadInputError(f"zone {zone.id}: crosses itself; mend its outline first")
    return area


def _of_polygon(zone: Shape, area: shapely.Geometry, mend: str) -> Shape:
    if isinstance(area, MultiPolygon) or not isinstance(area, Polygon) or area.area <= 0:
        raise BadInputError(f"zone {zone.id}: would not be one piece; {mend}")
    rings = [area.exterior, *area.interiors]
    return replace(zone, rings_m=tuple(np.asarray(ring.coords, np.float64)[:-1] for ring in rings))
