"""What is wrong with a zone by itself: its outline, size, names and tenants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.validation import explain_validity

from calibration.zones.drawing import Drawing, Shape
from calibration.zones.findings import Finding, at
from calibration.zones.limits import Limits
from calibration.zones.tenants import flaws


def sound_zones(drawing: Drawing) -> dict[str, Polygon]:
    """The zones whose outlines enclose something, by id."""
    areas = {zone.id: zone.polygon for zone in drawing.of("zone")}
    return {name: area for name, area in areas.items() if area.is_valid and area.area > 0}


def check_shapes(drawing: Drawing, limits: Limits) -> Iterator[Finding]:
    """Self-crossing, too small and too thin zones, zones without a category, doubled names, doubtful tenancies."""
    sound = sound_zones(drawing)
    for zone in drawing.of("zone"):
        if zone.id in sound:
            yield from _check_size(zone, sound[zone.id], limits)
        else:
            yield _crossing(zone)
        if not zone.own.category and not any(one.category for one in zone.own.tenants):
            yield Finding(
                "no-category",
                "warning",
                (zone.id,),
                _middle(zone),
                f"zone {zone.label} has no category: no campaign can name it; choose one",
            )
        yield from _check_tenants(zone)
    yield from _check_names(drawing)


def _crossing(zone: Shape) -> Finding:
    explained = explain_validity(zone.polygon)
    reason, _, rest = explained.partition("[")
    numbers = rest.rstrip("]").split()
    place = (float(numbers[0]), float(numbers[1])) if len(numbers) >= 2 else _middle(zone)
    what = {"Self-intersection": "crosses itself", "Ring Self-intersection": "touches itself"}.get(
        reason, "encloses nothing" if reason == "Valid Geometry" else f"is no area ({reason.lower()})"
    )
    if reason == "Hole lies outside shell":
        what = "has a hole that lies outside it"
    return Finding(
        "self-crossing",
        "error",
        (zone.id,),
        place,
        f"zone {zone.label} {what} {at(place)}: move the vertex there, or draw its outline again",
    )


def _check_size(zone: Shape, area: Polygon, limits: Limits) -> Iterator[Finding]:
    middle = _middle(zone)
    width = 2 * inner_radius_m(area)
    if area.area < limits.area_m2:
        yield Finding(
            "too-small",
            "error",
            (zone.id,),
            middle,
            f"zone {zone.label} has {area.area:.2f} m2 {at(middle)}, less than {limits.area_m2:g} m2: nobody is ever "
            "counted in it; enlarge or delete it",
        )
    elif width < limits.width_m:
        yield Finding(
            "too-thin",
            "error",
            (zone.id,),
            middle,
            f"zone {zone.label} is nowhere wider than {width:.2f} m {at(middle)}: cameras cannot tell who stands in "
            f"it; make it at least {limits.width_m:g} m wide or delete it",
        )


def inner_radius_m(area: Polygon) -> float:
    """Radius of the largest circle within, to a centimetre, metres."""
    line = shapely.maximum_inscribed_circle(area, tolerance=0.01)
    return float(shapely.length(line))


def _check_names(drawing: Drawing) -> Iterator[Finding]:
    named: dict[str, list[Shape]] = defaultdict(list)
    for zone in drawing.of("zone"):
        if zone.own.name:
            named[zone.own.name.casefold().strip()].append(zone)
    for zones in named.values():
        if len(zones) > 1:
            ids = tuple(zone.id for zone in zones)
            yield Finding(
                "doubled-name",
                "warning",
                ids,
                _middle(zones[0]),
                f"{len(zones)} zones are called {zones[0].own.name} ({', '.join(ids)}): nobody can tell them apart in "
                "a report; name each its own way",
            )


def _check_tenants(zone: Shape) -> Iterator[Finding]:
    for flaw in flaws(zone.own.tenants):
        when = f"from {flaw.start or 'the beginning'} to {flaw.to or 'ever'}"
        says = {
            "empty": f"its tenant {flaw.tenants[0]} ends before it begins ({when}): correct the dates",
            "overlap": f"{' and '.join(flaw.tenants)} both have it {when}: let one end on the day the other begins",
            "gap": f"nobody has it {when}, between {' and '.join(flaw.tenants)}: right if it stood empty, else mend it",
        }[flaw.code]
        yield Finding(
            f"tenant-{flaw.code}",
            "warning" if flaw.code == "gap" else "error",
            (zone.id,),
            _middle(zone),
            f"zone {zone.label}: {says}",
        )


def _middle(zone: Shape) -> tuple[float, float]:
    area = zone.polygon
    if area.is_valid and area.area > 0:
        inside = area.representative_point()
        return float(inside.x), float(inside.y)
    middle = np.mean(zone.rings_m[0], axis=0)
    return float(middle[0]), float(middle[1])
