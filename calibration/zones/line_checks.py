"""What is wrong with tripwires: no zone, off its border, too short, walled up."""

from __future__ import annotations

from collections.abc import Iterator

import shapely
from shapely.geometry import Point, Polygon
from shapely.ops import unary_union

from calibration.zones.drawing import Drawing, Shape
from calibration.zones.findings import Finding, at
from calibration.zones.limits import Limits
from calibration.zones.shape_checks import sound_zones

WALLED_SHARE = 0.5
"""A tripwire more than half of which lies along a wall is walled up."""
ALONG_WALL_M = 0.1
"""A wall so close to a tripwire runs along it."""


def check_lines(drawing: Drawing, limits: Limits) -> Iterator[Finding]:
    """All of it, for each tripwire."""
    sound = sound_zones(drawing)
    walls = unary_union([wall.path for wall in drawing.of("wall")]).buffer(ALONG_WALL_M)
    for line in drawing.of("line"):
        ends = line.rings_m[0]
        middle = (float(ends[:, 0].mean()), float(ends[:, 1].mean()))
        if len(ends) != 2 or line.path.length == 0:
            yield _of(line, "crooked", middle, "must be straight between two different points: draw it again")
            continue
        length = line.path.length
        if length < limits.door_m:
            yield _of(
                line,
                "short",
                middle,
                f"is {length:.2f} m long {at(middle)}, shorter than a door ({limits.door_m:g} m): people step past it; "
                "draw it from jamb to jamb",
            )
        yield from _check_zone(line, middle, drawing, sound, limits)
        walled = line.path.intersection(walls).length / length
        if walled > WALLED_SHARE:
            yield _of(
                line,
                "walled-up",
                middle,
                f"lies along a wall for {walled:.0%} of its length {at(middle)}: nobody can cross it; end the wall at "
                "the door, or move the tripwire",
            )


def _check_zone(
    line: Shape, middle: tuple[float, float], drawing: Drawing, sound: dict[str, Polygon], limits: Limits
) -> Iterator[Finding]:
    zones = [zone.id for zone in drawing.of("zone")]
    if line.own.zone not in zones:
        near = min(sound, key=lambda name: sound[name].distance(Point(middle)), default="")
        mend = f"the nearest is {near}" if near else "draw its zone first"
        missing = f"zone {line.own.zone!r}, which is not on this floor" if line.own.zone else "no zone"
        yield _of(line, "no-zone", middle, f"belongs to {missing}: choose its zone; {mend}")
        return
    if line.own.zone not in sound:
        return
    border = sound[line.own.zone].boundary
    away = max(shapely.distance(border, shapely.points([*line.rings_m[0].tolist(), middle])).tolist())
    if away > limits.border_m:
        label = drawing.shapes[line.own.zone].label
        yield _of(
            line,
            "off-border",
            middle,
            f"lies up to {away:.1f} m from the border of its zone {label} {at(middle)}: who crosses it does not enter "
            "the zone; snap both ends to the border, or choose another zone",
        )


def _of(line: Shape, code: str, place_m: tuple[float, float], says: str) -> Finding:
    about = (line.id, line.own.zone) if line.own.zone else (line.id,)
    return Finding(code, "error", about, place_m, f"tripwire {line.label} {says}")
