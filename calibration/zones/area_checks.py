"""What is wrong between zones, and between zones and walls and plan: overlaps, slits, walls within, off the plan."""

from __future__ import annotations

from collections.abc import Iterator

import shapely
from shapely.geometry import LineString, Polygon, box
from shapely.ops import unary_union

from calibration.zones.drawing import Drawing
from calibration.zones.findings import Finding, at
from calibration.zones.limits import Limits
from calibration.zones.shape_checks import sound_zones

LEAST_SLIT_M2 = 0.05
"""Smaller slits between zones nobody steps into."""


def check_areas(drawing: Drawing, size_m: tuple[float, float], limits: Limits) -> Iterator[Finding]:
    """Overlaps, slits, zones across walls and off the plan; self-crossing zones are passed over."""
    sound = sound_zones(drawing)
    yield from _check_overlaps(drawing, sound, limits)
    yield from _check_slits(drawing, sound, limits)
    yield from _check_walls(drawing, sound, limits)
    yield from _check_plan(drawing, sound, size_m, limits)


def _check_overlaps(drawing: Drawing, sound: dict[str, Polygon], limits: Limits) -> Iterator[Finding]:
    names = list(sound)
    if not names:
        return
    areas = [sound[name] for name in names]
    tree = shapely.STRtree(areas)
    for one, other in sorted(zip(*tree.query(areas, predicate="intersects").tolist(), strict=True)):
        if one >= other:
            continue
        common = areas[one].intersection(areas[other])
        if common.buffer(-limits.overlap_m / 2).is_empty:
            continue
        small, large = sorted((one, other), key=lambda place: areas[place].area)
        inner, outer = (drawing.shapes[names[place]] for place in (small, large))
        place = _inside(common)
        both = f"zones {inner.label} and {outer.label}"
        says = f"{both} overlap by {common.area:.2f} m2 {at(place)}: people there count in both"
        if common.area > 0.99 * areas[small].area:
            mend = f"{inner.label} lies within {outer.label}: cut its outline out as a hole, or delete one"
            severe = True
        elif common.buffer(-limits.overlap_width_m / 2).is_empty:
            mend = "a strip along their border: snap the vertices of one to the other"
            severe = False
        else:
            mend = f"draw the border between them once, or cut {inner.label} out of {outer.label}"
            severe = True
        yield Finding("overlap", "error" if severe else "warning", (inner.id, outer.id), place, f"{says}; {mend}")


def _check_slits(drawing: Drawing, sound: dict[str, Polygon], limits: Limits) -> Iterator[Finding]:
    """Floor between zones too narrow to be a zone, with no wall in it: people vanish there for a step."""
    union = unary_union(list(sound.values()))
    half = limits.gap_m / 2
    closed = union.buffer(half, join_style="mitre").buffer(-half, join_style="mitre")
    walls = unary_union([wall.path for wall in drawing.of("wall")])
    slits = closed.difference(union)
    for slit in getattr(slits, "geoms", [slits]):
        if slit.area < LEAST_SLIT_M2 or slit.buffer(0.01).intersects(walls):
            continue
        beside = tuple(name for name, area in sound.items() if area.distance(slit) < 0.01)
        place = _inside(slit)
        yield Finding(
            "slit",
            "warning",
            beside,
            place,
            f"a slit of {slit.area:.2f} m2 lies between {' and '.join(drawing.shapes[name].label for name in beside)} "
            f"{at(place)}, with no wall in it: snap their borders together",
        )


def _check_walls(drawing: Drawing, sound: dict[str, Polygon], limits: Limits) -> Iterator[Finding]:
    for name, area in sound.items():
        within = area.buffer(-limits.beside_m, join_style="mitre")
        if within.is_empty:
            continue
        label = drawing.shapes[name].label
        for wall in drawing.of("wall"):
            inside = wall.path.intersection(within)
            if inside.length <= limits.wall_m:
                continue
            place = _on(inside)
            free = area.contains(wall.path) and wall.path.distance(area.boundary) > limits.beside_m
            runs = f"wall {wall.label} runs {inside.length:.1f} m through zone {label} {at(place)}"
            if free:
                yield Finding(
                    "wall-within",
                    "warning",
                    (name, wall.id),
                    place,
                    f"{runs} and stands free in it: right for a shelf or column; cut a hole where nobody can stand",
                )
            else:
                yield Finding(
                    "across-wall",
                    "error",
                    (name, wall.id),
                    place,
                    f"{runs}: people on both sides would count as in one room; end the zone at the wall, split it "
                    "there, or correct the wall",
                )


def _check_plan(
    drawing: Drawing, sound: dict[str, Polygon], size_m: tuple[float, float], limits: Limits
) -> Iterator[Finding]:
    plan = box(-limits.plan_m, -limits.plan_m, size_m[0] + limits.plan_m, size_m[1] + limits.plan_m)
    for shape in drawing.shapes.values():
        drawn = sound.get(shape.id) if shape.own.kind == "zone" else LineString(shape.rings_m[0])
        if drawn is None or plan.covers(drawn):
            continue
        out = drawn.difference(box(0, 0, *size_m))
        place = _on(out)
        much = f"{out.area:.1f} m2" if shape.own.kind == "zone" else f"{out.length:.1f} m"
        yield Finding(
            "off-plan",
            "warning" if shape.own.kind == "wall" else "error",
            (shape.id,),
            place,
            f"{shape.own.kind} {shape.label} reaches {much} beyond the plan of {size_m[0]:g} x {size_m[1]:g} m "
            f"{at(place)}: move it onto the plan, or correct the floor's size_m",
        )


def _inside(area: shapely.Geometry) -> tuple[float, float]:
    point = area.representative_point()
    return float(point.x), float(point.y)


def _on(path: shapely.Geometry) -> tuple[float, float]:
    longest = max(getattr(path, "geoms", [path]), key=lambda part: (part.area, part.length))
    if longest.area > 0:
        return _inside(longest)
    middle = longest.interpolate(0.5, normalized=True)
    return float(middle.x), float(middle.y)
