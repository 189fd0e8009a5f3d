"""A level of an IMDF archive as a floor's zones, tripwires, walls and tenants."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec
import numpy as np
from shapely.geometry import LineString, Polygon

from calibration.camera import Floats
from calibration.geometry import Properties
from calibration.zones.drawing import Drawing, Shape, canonical
from calibration.zones.edit import cut_hole
from calibration.zones.imdf import words
from calibration.zones.imdf.archive import Archive
from calibration.zones.imdf.frame import Frame, frame_about, frame_of, turn_of
from calibration.zones.imdf.levels import choose_level
from calibration.zones.imdf.shapes import outlines_of, path_of
from calibration.zones.imdf.walls import beside, wall_paths
from calibration.zones.imdf.words import Feature
from calibration.zones.tenants import Tenancy, in_order
from contract.errors import BadInputError
from contract.ids import check_id

BORDER_M = 0.3
"""An opening this close to a unit's border lies on it."""
LEAST_M2 = 0.01
"""A kiosk that reaches less into a unit stands beside it."""
LARGEST_M = 5000.0
"""A level that spans more than this is no mall's."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A floor as IMDF told it.

    Attributes:
        drawing: zones, tripwires and walls.
        size_m: width and height of the level, metres.
        frame: where the floor lies on the earth.
        name: the level's.
        remarks: what was left out or guessed, one line each.
    """

    drawing: Drawing
    size_m: tuple[float, float]
    frame: Frame
    name: str
    remarks: tuple[str, ...]


@dataclass(slots=True)
class _Unit:
    feature: Feature
    category: str
    areas: list[Polygon]
    enclosed: bool
    zones: list[Shape] = field(default_factory=list)


def import_level(
    archive: Archive, level: str | None = None, turn_deg: float | None = 0.0, language: str = ""
) -> Imported:
    """One level's zones, tripwires, walls and tenants, in metres.

    A unit becomes a zone, but for solid ones, voids and those shoppers do not enter; a kiosk a zone within a hole of
    its unit's; an opening on a unit's border its tripwire; occupants, by way of their anchors, tenants; borders of
    enclosed units, and of a level that is not outdoors, less openings, walls.
    Where `calibration.zones.imdf.writer` wrote the archive, ids, categories, walls and frame are those it was given.

    Args:
        archive: what `read_archive` found.
        level: the level's id, short name, name or ordinal; None where there is only one.
        turn_deg: how far x runs counter-clockwise of east, degrees; None lays most walls along x and y.
        language: of names, a tag such as ``pt``; the archive's own by default.

    Raises:
        BadInputError: naming the file, the feature and the mend.
    """
    language = language or archive.manifest.language or "en"
    chosen = choose_level(archive, level, language)
    outlines = [ring for polygon in outlines_of(chosen, f"{archive.source}/level.geojson") for ring in polygon]
    own = chosen.properties.get("atrium")
    if isinstance(own, dict):
        frame, size_m = _kept_frame(own, archive.source)
    else:
        frame, size_m = frame_of(outlines, turn_of(outlines) if turn_deg is None else turn_deg)
    if max(size_m) > LARGEST_M:
        raise BadInputError(
            f"{archive.source}: level {chosen.id} spans {max(size_m) / 1000:.0f} km: not a mall; are its degrees right?"
        )
    reading = _Reading(archive, chosen.id, frame, language)
    reading.read_units()
    kiosks = reading.kiosks()
    outside = [] if chosen.properties.get("outdoor") else [Polygon(frame.to_floor(ring)) for ring in outlines]
    lines, gaps = reading.lines()
    walls = reading.kept_walls() if isinstance(own, dict) else _implied_walls(reading.units, gaps, outside)
    zones = [*(zone for unit in reading.units for zone in unit.zones), *kiosks]
    if not any(unit.zones for unit in reading.units) and not isinstance(own, dict):
        raise BadInputError(
            f"{archive.source}: level {chosen.id} has no unit that shoppers enter; choose another level"
        )
    drawing = canonical(Drawing({shape.id: shape for shape in (*zones, *lines, *walls)}))
    name = words.label(chosen.properties.get("name"), language)
    return Imported(drawing, size_m, frame, name, tuple(reading.remarks))


def _kept_frame(own: dict[str, Any], source: str) -> tuple[Frame, tuple[float, float]]:
    try:
        longitude, latitude, turn = map(float, own["frame"])
        width, height = map(float, own["size_m"])
    except (KeyError, TypeError, ValueError):
        raise BadInputError(
            f"{source}/level.geojson: atrium: needs frame and size_m; export the archive anew"
        ) from None
    return frame_about(longitude, latitude, turn, (width, height)), (width, height)


@dataclass(slots=True)
class _Reading:
    archive: Archive
    level: str
    frame: Frame
    language: str
    units: list[_Unit] = field(default_factory=list)
    tenants: dict[str, tuple[Tenancy, ...]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def read_units(self) -> None:
        """Units of the level, and the zones they make."""
        self.tenants = self._tenants()
        for feature in self._all("unit"):
            if feature.properties.get("level_id") != self.level:
                continue
            polygons = outlines_of(feature, f"{self.archive.source}/unit.geojson")
            areas = [Polygon(self._floor(rings[0]), [self._floor(ring) for ring in rings[1:]]) for rings in polygons]
            category = str(feature.properties.get("category") or "unspecified")
            if feature.properties.get("restriction") and category not in words.SOLID:
                category = "nonpublic"
            enclosed = category not in words.UNENCLOSED and category not in words.SEEN_THROUGH
            unit = _Unit(feature, category, sorted(areas, key=lambda area: -area.area), enclosed)
            unit.zones = self._zones(unit, self.tenants.get(feature.id, ()))
            self.units.append(unit)

    def kiosks(self) -> list[Shape]:
        """Kiosks of the level as zones, cut out of the zones that they stand in."""
        kiosks = []
        for feature in self._all("kiosk"):
            if feature.properties.get("level_id") != self.level:
                continue
            ring = self._floor(outlines_of(feature, f"{self.archive.source}/kiosk.geojson")[0][0])
            tenancies = self.tenants.get(feature.id, ())
            latest = _latest(tenancies)
            name = self._label(feature) or (latest.name if latest else "")
            category = (latest.category if latest else "") or words.KIOSK
            own = Properties(id=_id_of(feature), kind="zone", name=name, category=category, tenants=list(tenancies))
            kiosk = Shape(own, (ring,))
            kiosks.append(kiosk)
            for unit in self.units:
                unit.zones = [self._without(zone, kiosk) for zone in unit.zones]
        return kiosks

    def _without(self, zone: Shape, kiosk: Shape) -> Shape:
        areas = (zone.polygon, kiosk.polygon)
        if not all(area.is_valid for area in areas) or areas[0].intersection(areas[1]).area < LEAST_M2:
            return zone
        try:
            return cut_hole(zone, kiosk.rings_m[0])
        except BadInputError as error:
            self._remark(f"kiosk {kiosk.label} is not cut out: {error}")
            return zone

    def lines(self) -> tuple[list[Shape], list[LineString]]:
        """Tripwires, and where walls are open."""
        lines, gaps = [], []
        doors = self._doors()
        for unit in self.units:
            if unit.category in words.DOORED:
                unit.enclosed = any(_on_border(door, area) for door in doors for area in unit.areas)
        for opening in self._all("opening"):
            if opening.properties.get("level_id") != self.level:
                continue
            path = self._floor(path_of(opening, f"{self.archive.source}/opening.geojson"))
            gaps.append(LineString(path))
            name = self._label(opening)
            kept = _kept(opening, "line")
            if kept:
                lines.append(Shape(msgspec.structs.replace(kept, name=name), (path,)))
                continue
            if opening.properties.get("category") in words.NOT_ON_FOOT:
                self._remark(f"opening {name or opening.id} is for {opening.properties['category']}s: no tripwire")
                continue
            zone = _zone_at(path[[0, -1]], self.units)
            if zone is None:
                self._remark(f"opening {name or opening.id} lies on no zone's border: no tripwire; draw it by hand")
                continue
            own = Properties(id=_id_of(opening), kind="line", zone=zone.id, name=name or f"{zone.label} door")
            lines.append(Shape(own, (path[[0, -1]],)))
        return lines, gaps

    def _doors(self) -> list[LineString]:
        source = f"{self.archive.source}/opening.geojson"
        return [
            LineString(self._floor(path_of(opening, source)))
            for opening in self._all("opening")
            if opening.properties.get("level_id") == self.level
        ]

    def kept_walls(self) -> list[Shape]:
        """The walls that we wrote as details."""
        source = f"{self.archive.source}/detail.geojson"
        walls = []
        for detail in self._all("detail"):
            kept = _kept(detail, "wall")
            if kept and detail.properties.get("level_id") == self.level:
                walls.append(Shape(kept, (self._floor(path_of(detail, source)),)))
        return walls

    def _zones(self, unit: _Unit, tenancies: tuple[Tenancy, ...]) -> list[Shape]:
        if unit.category in words.SOLID | words.CLOSED or unit.category in words.SEEN_THROUGH:
            return []
        latest = _latest(tenancies)
        kept = _kept(unit.feature, "zone")
        name = self._label(unit.feature) or (latest.name if latest and not kept else "")
        category = words.unit_category(unit.category) or (latest.category if latest else "")
        own = kept or Properties(id=_id_of(unit.feature), kind="zone", category=category)
        own = msgspec.structs.replace(own, name=name, tenants=list(tenancies))
        zones = []
        for number, area in enumerate(unit.areas, 1):
            part = own
            if number > 1:
                part = msgspec.structs.replace(own, id=f"{own.id}_{number}", name=name and f"{name} ({number})")
            rings = (area.exterior, *area.interiors)
            zones.append(Shape(part, tuple(np.asarray(ring.coords, np.float64)[:-1] for ring in rings)))
        return zones

    def _tenants(self) -> dict[str, tuple[Tenancy, ...]]:
        """Tenancies by unit, or by kiosk where they share its anchor."""
        by_unit: dict[str, list[tuple[int, Tenancy]]] = defaultdict(list)
        anchors = self.archive.features.get("anchor", {})
        at_kiosk = {str(kiosk.properties.get("anchor_id")): kiosk.id for kiosk in self._all("kiosk")}
        for occupant in self._all("occupant"):
            told = str(occupant.properties.get("anchor_id"))
            at_unit = anchors[told].properties.get("unit_id") if told in anchors else None
            unit = at_kiosk.get(told, at_unit)
            if isinstance(unit, str):
                by_unit[unit].append(self._tenancy(occupant))
            else:
                self._remark(f"occupant {self._label(occupant) or occupant.id} has no anchor in a unit: left out")
        return {unit: _ordered(found) for unit, found in by_unit.items()}

    def _tenancy(self, occupant: Feature) -> tuple[int, Tenancy]:
        """A tenancy, and its place among those of its zone where we wrote it."""
        told = occupant.properties
        try:
            start, to = words.interval(told.get("validity"))
        except (ValueError, OverflowError) as error:
            raise BadInputError(
                f"{self.archive.source}/occupant.geojson: {occupant.id}: validity: {error}; write times as "
                "2026-01-31T00:00:00Z"
            ) from None
        kept = told["atrium"] if isinstance(told.get("atrium"), dict) else {}
        tenant = str(kept.get("id") or told.get("correlation_id") or occupant.id)
        category = str(kept.get("category", words.occupant_category(str(told.get("category") or ""))))
        order = kept.get("order")
        name = str(kept.get("name", self._label(occupant)))
        return (order if isinstance(order, int) else 0), Tenancy(tenant, name, category, start, to)

    def _all(self, kind: str) -> list[Feature]:
        return list(self.archive.features.get(kind, {}).values())

    def _floor(self, lonlat_deg: Floats) -> Floats:
        return self.frame.to_floor(lonlat_deg)

    def _label(self, feature: Feature) -> str:
        return words.label(feature.properties.get("name"), self.language)

    def _remark(self, text: str) -> None:
        self.remarks.append(text)


def _latest(tenancies: tuple[Tenancy, ...]) -> Tenancy | None:
    return max(tenancies, key=lambda one: (one.to or date.max, one.start or date.min), default=None)


def _ordered(found: list[tuple[int, Tenancy]]) -> tuple[Tenancy, ...]:
    by_day = in_order([one for _, one in found])
    return tuple(one for _, one in sorted(found, key=lambda pair: (pair[0], by_day.index(pair[1]))))


def _zone_at(ends_m: Floats, units: list[_Unit]) -> Shape | None:
    """Whose door it is: of the zones it borders the one with a tenant, else an enclosed one, else the smallest."""
    door = LineString(ends_m)
    found = [
        ((not zone.own.tenants, not unit.enclosed, area.area), zone)
        for unit in units
        for zone, area in zip(unit.zones, unit.areas, strict=False)
        if _on_border(door, area)
    ]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _on_border(door: LineString, area: Polygon) -> bool:
    border = area.boundary
    return bool(border.distance(door) <= BORDER_M and door.difference(border.buffer(BORDER_M)).is_empty)


def _implied_walls(units: list[_Unit], gaps: list[LineString], outside: list[Polygon]) -> list[Shape]:
    solid = wall_paths([*outside, *(area for unit in units if unit.enclosed for area in unit.areas)], gaps)
    walls = [Shape(Properties(id=f"wall_{number}", kind="wall"), (path,)) for number, path in enumerate(solid, 1)]
    for category, height in words.SEEN_THROUGH.items():
        for path in beside(solid, [area for unit in units if unit.category == category for area in unit.areas]):
            name = f"wall_{len(walls) + 1}"
            walls.append(Shape(Properties(id=name, kind="wall", category=category, height_m=height), (path,)))
    return walls


def _kept(feature: Feature, kind: str) -> Properties | None:
    """Our own properties that a feature we once wrote still carries."""
    told = feature.properties.get("atrium")
    if not isinstance(told, dict):
        return None
    try:
        own = msgspec.convert(told, Properties)
        check_id(own.id, "id")
    except (msgspec.ValidationError, BadInputError) as error:
        raise BadInputError(
            f"{feature.feature_type or kind} {feature.id}: atrium: {error}; remove that property"
        ) from None
    return own if own.kind == kind else None


def _id_of(feature: Feature) -> str:
    try:
        return check_id(feature.id, "id")
    except BadInputError:  # no UUID, as the standard asks
        return str(uuid.uuid5(uuid.NAMESPACE_URL, feature.id))
