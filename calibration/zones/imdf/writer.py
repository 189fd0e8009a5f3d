"""A floor as IMDF files that read back as the same floor, to the millimetre.

Names, outlines, doors and tenants stand where the standard puts them; what it has no word for (our ids and categories,
the heights of walls, the plan's frame) stands in a property ``atrium`` of the same feature, as the extension that the
manifest names. Venue, address, building and footprint are not ours to know: a map maker needs them added.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from calibration.camera import Floats
from calibration.zones.drawing import Drawing, Shape, canonical
from calibration.zones.imdf import words
from calibration.zones.imdf.frame import Frame

DECIMALS = 10
"""Of a degree: a hundredth of a millimetre."""
UNIT_FOR = {"corridor": "walkway", "transit": "unspecified", "": "unspecified"}
"""IMDF's unit categories for ours; a room else."""
OCCUPANT_FOR = {"dining": "restaurant", "fashion": "clothing", "": "shopping"}
"""IMDF's occupant categories for ours; others are kept."""


@dataclass(frozen=True, slots=True)
class ExportedFloor:
    """The floor that an archive describes.

    Attributes:
        site: the site's id; with the floor's it makes feature ids that are the same at every export.
        id: the floor's id, the level's short name.
        name: the floor's name.
        size_m: width and height of the plan, metres: the level's outline.
    """

    site: str
    id: str
    name: str
    size_m: tuple[float, float]


def export_level(
    drawing: Drawing, floor: ExportedFloor, frame: Frame, *, created: str, language: str = "en"
) -> dict[str, bytes]:
    """File names and contents of an IMDF archive with one level.

    Args:
        drawing: zones, tripwires and walls.
        floor: whose they are.
        frame: where the plan lies on the earth; its middle must be the plan's.
        created: now, as the manifest tells it (RFC 3339).
        language: the tag of all names.
    """
    return _Writer(f"{floor.site}/{floor.id}", frame, language).files(canonical(drawing), floor, created)


def to_degrees_geojson(drawing: Drawing, frame: Frame) -> bytes:
    """The drawing as plain GeoJSON in degrees of WGS 84 (RFC 7946), as any map shows it."""
    writer = _Writer("", frame, "en")
    features = [
        words.Feature(shape.id, msgspec.to_builtins(shape.own), writer.geometry(shape), shape.own.kind)
        for shape in canonical(drawing).shapes.values()
    ]
    return _encoded(features)


class _Writer:
    def __init__(self, place: str, frame: Frame, language: str) -> None:
        self._place, self._frame, self._language = place, frame, language

    def files(self, drawing: Drawing, floor: ExportedFloor, created: str) -> dict[str, bytes]:
        """Names and contents."""
        level = self._id("level", floor.id)
        zones = drawing.of("zone")
        tenanted = [zone for zone in zones if zone.own.tenants]
        manifest = words.Manifest(
            language=self._language, generated_by="atrium", created=created, extensions=[words.EXTENSION]
        )
        return {
            "manifest.json": msgspec.json.encode(manifest) + b"\n",
            "level.geojson": _encoded([self._level(level, floor)]),
            "unit.geojson": _encoded(self._unit(zone, level) for zone in zones),
            "opening.geojson": _encoded(self._opening(line, level) for line in drawing.of("line")),
            "detail.geojson": _encoded(self._detail(wall, level) for wall in drawing.of("wall")),
            "anchor.geojson": _encoded(self._anchor(zone) for zone in tenanted),
            "occupant.geojson": _encoded(one for zone in tenanted for one in self._occupants(zone)),
        }

    def geometry(self, shape: Shape) -> words.Geometry:
        """A shape in degrees."""
        if shape.own.kind == "zone":
            rings = [self._degrees(np.concatenate([ring, ring[:1]])) for ring in shape.rings_m]
            return words.Geometry("Polygon", rings)
        return words.Geometry("LineString", self._degrees(shape.rings_m[0]))

    def _level(self, level: str, floor: ExportedFloor) -> words.Feature:
        width, height = floor.size_m
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height], [0, 0]], np.float64)
        properties = {
            "category": "unspecified",
            "restriction": None,
            "outdoor": False,
            "ordinal": 0,
            "name": self._labels(floor.name or floor.id),
            "short_name": self._labels(floor.id),
            "display_point": self._point(np.array([[width / 2, height / 2]])),
            "address_id": None,
            "building_ids": None,
            "atrium": {
                "frame": [self._frame.longitude, self._frame.latitude, self._frame.turn_deg],
                "size_m": [width, height],
            },
        }
        outline = words.Geometry("Polygon", [self._degrees(corners)])
        return words.Feature(level, properties, outline, "level")

    def _unit(self, zone: Shape, level: str) -> words.Feature:
        properties = {
            "category": UNIT_FOR.get(zone.own.category, "room"),
            "restriction": None,
            "accessibility": None,
            "name": self._labels(zone.own.name),
            "alt_name": None,
            "level_id": level,
            "display_point": self._inside(zone),
            "atrium": _own(zone),
        }
        return words.Feature(self._id("unit", zone.id), properties, self.geometry(zone), "unit")

    def _opening(self, line: Shape, level: str) -> words.Feature:
        properties = {
            "category": "pedestrian",
            "accessibility": None,
            "access_control": None,
            "door": None,
            "name": self._labels(line.own.name),
            "alt_name": None,
            "display_point": self._point(line.rings_m[0].mean(0, keepdims=True)),
            "level_id": level,
            "atrium": _own(line),
        }
        return words.Feature(self._id("opening", line.id), properties, self.geometry(line), "opening")

    def _detail(self, wall: Shape, level: str) -> words.Feature:
        properties = {"level_id": level, "atrium": _own(wall)}
        return words.Feature(self._id("detail", wall.id), properties, self.geometry(wall), "detail")

    def _anchor(self, zone: Shape) -> words.Feature:
        properties = {"address_id": None, "unit_id": self._id("unit", zone.id)}
        point = self._inside(zone)
        shape = words.Geometry(point["type"], point["coordinates"])
        return words.Feature(self._id("anchor", zone.id, fresh=True), properties, shape, "anchor")

    def _occupants(self, zone: Shape) -> Iterable[words.Feature]:
        for order, tenant in enumerate(zone.own.tenants):
            properties = {
                "name": self._labels(tenant.name or tenant.id),
                "category": OCCUPANT_FOR.get(tenant.category, tenant.category),
                "anchor_id": self._id("anchor", zone.id, fresh=True),
                "hours": None,
                "phone": None,
                "website": None,
                "validity": words.temporality(tenant.start, tenant.to),
                "correlation_id": self._id("tenant", tenant.id),
                "atrium": {"id": tenant.id, "name": tenant.name, "category": tenant.category, "order": order},
            }
            yield words.Feature(
                self._id("occupant", f"{zone.id}/{order}/{tenant.id}", fresh=True), properties, None, "occupant"
            )

    def _id(self, kind: str, name: str, *, fresh: bool = False) -> str:
        """A UUID for a name, always the same; a name that is one stays."""
        if not fresh:
            try:
                return str(uuid.UUID(name)) if len(name) == 36 else _uuid5(f"{self._place}/{kind}/{name}")
            except ValueError:
                pass
        return _uuid5(f"{self._place}/{kind}/{name}")

    def _labels(self, text: str) -> dict[str, str] | None:
        return {self._language: text} if text else None

    def _degrees(self, xy_m: Floats) -> list[list[float]]:
        found: list[list[float]] = np.round(self._frame.to_degrees(xy_m), DECIMALS).tolist()
        return found

    def _inside(self, zone: Shape) -> dict[str, Any]:
        area = zone.polygon
        point = area.representative_point() if area.is_valid else area.centroid
        return self._point(np.array([[point.x, point.y]]))

    def _point(self, xy_m: Floats) -> dict[str, Any]:
        return {"type": "Point", "coordinates": self._degrees(xy_m)[0]}


def _own(shape: Shape) -> dict[str, Any]:
    """Our properties, without what the standard has a place for."""
    name = shape.own.name if shape.own.kind == "wall" else ""  # a detail has none
    found: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(shape.own, tenants=[], name=name))
    return found


def _uuid5(text: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"atrium:{text}"))


def _encoded(features: Iterable[words.Feature]) -> bytes:
    lines = [msgspec.json.encode(feature).decode() for feature in features]
    return ('{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n").encode()
