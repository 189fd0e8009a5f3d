"""A floor plan as SVG, drawn from the geometry in metres: zones, walls, doors, names; places for heat and figures."""

from __future__ import annotations

from html import escape

from shapely.geometry import Point
from shapely.ops import polylabel

from calibration.camera import Floats
from calibration.geometry import Zone
from calibration.site import Floor

MARGIN_M = 0.6
NAME_SHARE = 0.0175
"""Height of a zone's name as a share of the plan's width: 16 px where the plan is 900 px wide."""
WHOLE_NAME, LEAST_NAME = 0.85, 0.62
"""Names shrink to the first share of their height before they are broken, to the second before they are left out."""
GLYPH_WIDTH = 0.68
"""Mean width of a letter as a share of its height."""
PASSAGES = frozenset({"", "circulation", "corridor", "entrance", "service", "transit"})
"""Categories drawn as floor, not as shops."""


def plan_html(floor: Floor, label: str, *, names: bool = True) -> str:
    """The plan in three layers, drawn from the geometry: grounds below, a canvas that moves, walls and names above.

    ``[data-zone]`` of the lower drawing take a zone's colour, those of the upper one are its buttons; ``[data-now]``
    takes its figure.

    Args:
        floor: what is drawn.
        label: what the plan is called for those who do not see it.
        names: whether zones have their names, figures and buttons: not on a plan the size of a hand.
    """
    width, height = floor.size_m
    view = f'viewBox="{-MARGIN_M} {-MARGIN_M} {width + 2 * MARGIN_M} {height + 2 * MARGIN_M}"'
    zones = floor.zones.values()
    under = [f'<rect class="ground" x="0" y="0" width="{width}" height="{height}"/>']
    if floor.plan is not None:
        under.append(
            f'<image class="picture" href="/plans/{escape(floor.id)}" width="{width}" height="{height}" '
            'preserveAspectRatio="none"/>'
        )
    under += [
        f'<path class="{_kind(zone)}" data-zone="{escape(zone.id)}" d="{_rings(zone, height)}"/>' for zone in zones
    ]
    over = [f'<path class="edge" d="{_rings(zone, height)}"/>' for zone in zones]
    over += [f'<polyline class="wall" points="{_points(wall.path_m, height)}"/>' for wall in floor.walls]
    over += [f'<polyline class="door" points="{_points(line.ends_m, height)}"/>' for line in floor.lines.values()]
    if names:
        name_m = max(width, height * 1.6) * NAME_SHARE
        over += [_label(zone, height, name_m) for zone in zones]
        over.append(_scale_bar(width, height, name_m))
        over += [_button(zone, height) for zone in zones]
    pictured = " pictured" if floor.plan is not None else ""
    ratio = (width + 2 * MARGIN_M) / (height + 2 * MARGIN_M)
    return (
        f'<div class="plan{pictured}" style="--ratio:{ratio:.4f}" data-size="{width} {height}" '
        f'data-margin="{MARGIN_M}"><div class="layers">'
        f'<svg class="under" {view} aria-hidden="true">{"".join(under)}</svg><canvas aria-hidden="true"></canvas>'
        f'<svg class="over" {view} role="{"group" if names else "img"}" aria-label="{escape(label)}">'
        f"{''.join(over)}</svg>"
        "</div></div>"
    )


def _kind(zone: Zone) -> str:
    return "passage" if zone.category in PASSAGES else "shop"


def _button(zone: Zone, height: float) -> str:
    return (
        f'<path class="hit" data-zone="{escape(zone.id)}" tabindex="0" role="button" '
        f'aria-label="{escape(zone.name)}" d="{_rings(zone, height)}"/>'
    )


def _rings(zone: Zone, height: float) -> str:
    return " ".join(f"M{_points(ring, height).replace(' ', 'L')}Z" for ring in zone.rings_m)


def _points(xy_m: Floats, height: float) -> str:
    return " ".join(f"{x:.2f},{height - y:.2f}" for x, y in xy_m.tolist())


def _label(zone: Zone, height: float, name_m: float) -> str:
    spot = _middle(zone)
    left, _, right, _ = zone.polygon.bounds
    lines, size_m = _fitted(zone.name, name_m, (right - left) * 0.92)
    x, y = spot.x, height - spot.y
    top = y - size_m * (0.55 * len(lines) + 0.05)
    names = "".join(
        f'<text class="name" x="{x:.2f}" y="{top + size_m * 1.1 * index:.2f}" font-size="{size_m:.2f}">'
        f"{escape(line)}</text>"
        for index, line in enumerate(lines)
    )
    figure_y = top + size_m * 1.1 * (len(lines) - 1) + name_m * 1.35
    return (
        f'<g class="label {_kind(zone)}">{names}<text class="now" data-now="{escape(zone.id)}" x="{x:.2f}" '
        f'y="{figure_y:.2f}" style="--size:{name_m * 1.12:.2f}px"></text></g>'
    )


def _middle(zone: Zone) -> Point:
    """The centroid where it is well inside, else the point furthest from any edge."""
    polygon = zone.polygon
    deepest = Point(polylabel(polygon, tolerance=0.2))
    centroid = polygon.centroid
    is_deep = polygon.contains(centroid) and (
        centroid.distance(polygon.boundary) >= 0.8 * deepest.distance(polygon.boundary)
    )
    return centroid if is_deep else deepest


def _fitted(name: str, size_m: float, room_m: float) -> tuple[list[str], float]:
    """The name on one or two lines and the height at which it fits the room; no line where it never does."""
    words = name.split()
    halves = [[" ".join(words[:cut]), " ".join(words[cut:])] for cut in range(1, len(words))]
    best = min(halves, key=lambda pair: max(map(len, pair)), default=None)
    for lines, least in (([name], WHOLE_NAME), (best, LEAST_NAME), ([name], LEAST_NAME)):
        if lines is None:
            continue
        fitting = room_m / (GLYPH_WIDTH * max(map(len, lines)))
        if fitting >= size_m * least:
            return lines, min(size_m, fitting)
    return [], size_m


def _scale_bar(width: float, height: float, name_m: float) -> str:
    length = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if step >= width / 12)
    x, y = width - length - 0.4, height - 0.45
    return (
        f'<g class="scale"><path d="M{x:.2f},{y - 0.2:.2f}v.2h{length}v-.2"/>'
        f'<text x="{x + length / 2:.2f}" y="{y - 0.3:.2f}" font-size="{name_m * 0.8:.2f}">{length} m</text></g>'
    )
