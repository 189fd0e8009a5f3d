"""Zones, lines and walls of a floor, from GeoJSON in floor metres (RFC 7946, metres for degrees)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.validation import explain_validity

from calibration.camera import Floats
from calibration.zones.tenants import Tenancy
from contract.errors import BadInputError
from contract.files import read_json
from contract.ids import check_id

SIDE_PROBE_M = 0.25
"""How far beside a line's middle we look for the zone it belongs to."""
WALL_HEIGHT_M = 3.0
"""A wall whose file tells no height."""


class Properties(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """What a feature says of itself."""

    id: str
    kind: Literal["zone", "line", "wall"]
    name: str = ""
    category: str = ""
    zone: str = ""
    in_side: Literal["left", "right", ""] = ""
    boundary: Literal["in", "out", "none", ""] = ""
    height_m: float = WALL_HEIGHT_M
    tenants: list[Tenancy] = []


class Geometry(msgspec.Struct, frozen=True):
    """A GeoJSON geometry; coordinates are checked by kind."""

    type: Literal["Polygon", "LineString"]
    coordinates: list[Any]


class Feature(msgspec.Struct, frozen=True):
    """A GeoJSON feature."""

    properties: Properties
    geometry: Geometry
    type: Literal["Feature"] = "Feature"


class FeatureCollection(msgspec.Struct, frozen=True):
    """A GeoJSON file."""

    features: list[Feature]
    type: Literal["FeatureCollection"] = "FeatureCollection"


@dataclass(frozen=True, slots=True, eq=False)
class Zone:
    """An area of the floor.

    Attributes:
        rings_m: the outline and then the holes, each (V, 2) metres, not closed.
        tenants: who has it when, as the file lists them.
    """

    id: str
    name: str
    category: str
    rings_m: tuple[Floats, ...]
    tenants: tuple[Tenancy, ...] = ()

    @property
    def polygon(self) -> Polygon:
        """The same as a shapely polygon."""
        return Polygon(self.rings_m[0], self.rings_m[1:])

    def contains(self, xy_m: Floats) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """(N,) whether each (N, 2) point in metres lies inside."""
        xy = np.asarray(xy_m, np.float64).reshape(-1, 2)
        return np.asarray(shapely.contains_xy(self.polygon, xy[:, 0], xy[:, 1]), np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A tripwire from ``ends_m[0]`` to ``ends_m[1]``; crossing it towards ``in_normal`` is ``in`` for its zone.

    Attributes:
        ends_m: (2, 2) metres.
        in_normal: (2,) unit vector across the line, towards the zone it belongs to.
        boundary: by which crossing of it people come onto the floor; ``none`` where by neither, empty where the file
            does not say and the zones must.
    """

    id: str
    name: str
    zone: str
    ends_m: Floats
    in_normal: Floats
    boundary: Literal["in", "out", "none", ""] = ""


@dataclass(frozen=True, slots=True, eq=False)
class Wall:
    """A wall along ``path_m`` (V, 2) metres, ``height_m`` high, standing on the floor."""

    id: str
    path_m: Floats
    height_m: float


def load_geometry(path: Path) -> tuple[dict[str, Zone], dict[str, Line], list[Wall]]:
    """Zones and lines by id, and walls, of a floor's GeoJSON file.

    Raises:
        BadInputError: naming the file, the feature and the mend: doubled ids, self-crossing zones, lines of no length.
    """
    zones: dict[str, Zone] = {}
    lines: dict[str, Feature] = {}
    walls: list[Wall] = []
    seen: set[str] = set()
    for feature in read_json(path, FeatureCollection).features:
        name = check_id(feature.properties.id, f"{path}: feature")
        if name in seen:
            raise BadInputError(f"{path}: feature {name!r} stands twice; give each its own id")
        seen.add(name)
        if feature.properties.kind == "zone":
            zones[name] = _zone(path, feature)
        elif feature.properties.kind == "line":
            lines[name] = feature
        else:
            walls.append(
                Wall(name, points_of(path, feature, feature.geometry.coordinates, 2), feature.properties.height_m)
            )
    return zones, {name: _line(path, feature, zones) for name, feature in lines.items()}, walls


def points_of(path: Path, feature: Feature, values: list[Any], least: int) -> Floats:
    """(V, 2) the coordinates in metres.

    Raises:
        BadInputError: where fewer than ``least`` are points of two finite numbers.
    """
    try:
        points = np.array([[pair[0], pair[1]] for pair in values], np.float64)
    except (TypeError, ValueError, IndexError, KeyError):
        points = np.empty((0, 2))
    if len(points) < least or not np.isfinite(points).all():
        raise BadInputError(
            f"{path}: {feature.properties.id}: needs at least {least} points [x, y] in metres; draw it again"
        )
    return points


def rings_of(path: Path, feature: Feature) -> tuple[Floats, ...]:
    """Outline and holes of a polygon, each (V, 2) metres, not closed; whether they cross is not looked at.

    Raises:
        BadInputError: where it is no polygon.
    """
    own = feature.properties
    if feature.geometry.type != "Polygon" or not feature.geometry.coordinates:
        raise BadInputError(f"{path}: zone {own.id}: its geometry must be a Polygon")
    rings = []
    for values in feature.geometry.coordinates:
        ring = points_of(path, feature, values if isinstance(values, list) else [], 3)
        rings.append(ring[:-1] if len(ring) > 3 and (ring[0] == ring[-1]).all() else ring)
    return tuple(rings)


def _zone(path: Path, feature: Feature) -> Zone:
    own = feature.properties
    zone = Zone(own.id, own.name or own.id, own.category, rings_of(path, feature), tuple(own.tenants))
    if not zone.polygon.is_valid or zone.polygon.area <= 0:
        raise BadInputError(f"{path}: zone {own.id}: {explain_validity(zone.polygon)} (metres); redraw its outline")
    return zone


def _line(path: Path, feature: Feature, zones: dict[str, Zone]) -> Line:
    own = feature.properties
    ends = points_of(path, feature, feature.geometry.coordinates, 2)
    along = ends[-1] - ends[0]
    length = float(np.hypot(*along))
    if feature.geometry.type != "LineString" or len(ends) != 2 or length <= 0:
        raise BadInputError(f"{path}: line {own.id}: must be a LineString of two different points")
    if own.zone not in zones:
        raise BadInputError(f"{path}: line {own.id}: zone {own.zone!r} is not in this file; it has {', '.join(zones)}")
    left = np.array([-along[1], along[0]]) / length
    normal = left if _zone_is_left(own, ends, left, zones) else -left
    return Line(own.id, own.name or own.id, own.zone, ends, normal, own.boundary)


def _zone_is_left(own: Properties, ends: Floats, left: Floats, zones: dict[str, Zone]) -> bool:
    if own.in_side:
        return own.in_side == "left"
    middle = ends.mean(0)
    probes = zones[own.zone].contains(np.stack([middle + SIDE_PROBE_M * left, middle - SIDE_PROBE_M * left]))
    if probes[0] != probes[1]:
        return bool(probes[0])
    centroid = np.array(zones[own.zone].polygon.representative_point().coords[0])
    return bool((centroid - middle) @ left >= 0)
