"""What lies over picture and plan, as SVG: zones, walls, doors, grid, horizon, pairs, residuals, people.

The picture's user units are its pixels in OpenCV's sense (the middle of the upper left one is 0, 0); the plan's are
metres with y downwards. ``--px`` is the size of a CSS pixel in user units, kept up to date by the page's script.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import numpy as np

from calibration.camera import Camera, Floats
from calibration.geometry import Zone
from calibration.page.desk import Desk, People, Residual
from calibration.page.ports import Geometry
from calibration.page.see_through import PASSAGES
from calibration.page.through_lens import floor_line_px, footprint_m, grid_m, horizon_px, seen_and_hidden_px
from calibration.page.workspace import Point, Selection, Side
from calibration.page.zoning import ZoneWork
from calibration.zones.sight import places_in, shows_floor

ARROW_GAIN = 10.0
"""Residuals are a pixel or two; they are drawn so many times as long."""
LEAST_NAMED = 0.08
"""A zone whose sight is lower than this share of the picture's height bears no name there."""
LONGEST_ARROW = 0.12
"""But no longer than this share of the picture's width."""


def picture_layers(desk: Desk, size_m: tuple[float, float], zones: ZoneWork | None = None) -> str:
    """Everything over the camera's picture; with zones in hand, their corners in place of pairs."""
    parts = []
    camera = desk.camera
    if camera is not None:
        parts.append(desk.through_lens(lambda seen, shapes: _lens_layers(seen, shapes, size_m)))
        parts.append(_next(desk, camera))
    if zones is None:
        parts += [_arrows(desk), _marks(desk, "picture")]
    elif camera is not None:
        parts.append(zone_marks(zones, camera))
    if desk.people is not None:
        parts.append(_dots(desk.people.foot_px))
    return "".join(parts)


def plan_layers(
    desk: Desk | None, geometry: Geometry, size_m: tuple[float, float], zones: ZoneWork | None = None
) -> str:
    """Everything over the plan; with zones in hand, their corners in place of pairs."""
    height = size_m[1]
    parts = [_plan_geometry(geometry, height)]
    if desk is not None:
        camera = desk.camera
        if camera is not None:
            x, y = camera.centre_m[:2]
            outline = _path([_down(footprint_m(camera, size_m), height)])
            parts.append(f'<path class="footprint" d="{outline}Z"/><g transform="translate({x:.3f} {height - y:.3f})">')
            parts.append('<g class="k"><path class="eye" d="M-7,-5h14v10h-14z"/></g></g>')
            parts.append(_next(desk, None, height))
        if zones is None:
            parts += [_doubts(desk, height), _marks(desk, "plan", height)]
        if desk.people is not None:
            parts.append(_dots(_down(_placed(desk.people), height)))
    if zones is not None:
        parts.append(zone_marks(zones, None, height))
    return "".join(parts)


def _lens_layers(camera: Camera, geometry: Geometry, size_m: tuple[float, float]) -> str:
    grid = _path(run for line in grid_m(size_m) for run in floor_line_px(camera, line))
    parts = [f'<path class="grid" d="{grid}"/>']
    behind: list[Floats] = []
    for zone in geometry.zones.values():
        seen, hidden = _seen_rings(camera, zone, geometry)
        behind += hidden
        parts.append(_cased("zone", _path(seen), zone.name))
    for wall in geometry.walls:
        seen, hidden = seen_and_hidden_px(camera, wall.path_m, geometry.walls)
        behind += hidden
        parts.append(f'<path class="wall" d="{_path(seen)}"/>')
    for line in geometry.lines.values():
        seen, hidden = seen_and_hidden_px(camera, line.ends_m, geometry.walls)
        behind += hidden
        parts.append(_cased("door", _path(seen), line.name))
    parts.append(f'<path class="behind" d="{_path(behind)}"/>')
    parts.append(f'<path class="horizon" d="{_path(horizon_px(camera))}"/>')
    parts += [_name_in_picture(camera, zone, geometry) for zone in geometry.zones.values()]
    return "".join(parts)


def _seen_rings(camera: Camera, zone: Zone, geometry: Geometry) -> tuple[list[Floats], list[Floats]]:
    both = [seen_and_hidden_px(camera, ring, geometry.walls, closed=True) for ring in zone.rings_m]
    return [run for seen, _ in both for run in seen], [run for _, hidden in both for run in hidden]


def _name_in_picture(camera: Camera, zone: Zone, geometry: Geometry) -> str:
    """The zone's name in the middle of what is seen of it; none where that is too small to carry a name."""
    grid = places_in(zone.polygon)
    uv = camera.pixels_from_floor(grid[shows_floor(camera, grid, geometry.walls)])
    if not len(uv) or np.ptp(uv[:, 1]) < LEAST_NAMED * camera.height:
        return ""
    middle = uv[int(np.argmin(np.hypot(*(uv - np.median(uv, axis=0)).T)))]
    return _name(zone, (middle[0], middle[1]))


def _plan_geometry(geometry: Geometry, height: float) -> str:
    parts = []
    for zone in sorted(geometry.zones.values(), key=lambda each: -each.polygon.area):
        kind = "passage" if zone.category in PASSAGES else "shop"
        outline = " ".join(_path([_down(ring, height)]) + "Z" for ring in zone.rings_m)
        parts.append(f'<path class="area {kind}" d="{outline}"><title>{escape(zone.name)}</title></path>')
    walls = _path(_down(wall.path_m, height) for wall in geometry.walls)
    parts.append(f'<path class="wall" d="{walls}"/>')
    parts += [_cased("door", _path([_down(line.ends_m, height)]), line.name) for line in geometry.lines.values()]
    for zone in geometry.zones.values():
        x, y = zone.polygon.representative_point().coords[0]
        parts.append(_name(zone, (x, height - y)))
    return "".join(parts)


def zone_marks(work: ZoneWork, camera: Camera | None, height: float = 0.0) -> str:
    """The corners in hand and the outline they make; in the picture where a camera is given, else on the plan."""
    points = work.corners_m
    if not len(points):
        return ""
    side: Side = "plan" if camera is None else "picture"
    is_zone = work.drawing.kind == "zone" if work.drawing is not None else work.chosen in work.geometry.zones
    closed = is_zone and work.drawing is None
    if camera is None:
        runs = [_down(np.vstack([points, points[:1]]) if closed else points, height)]
        places = points
    else:
        runs = floor_line_px(camera, points, closed=closed)
        places = camera.pixels_from_floor(points)
    parts = [_cased("inhand", _path(runs), "")]
    for k, place in enumerate(places.tolist()):
        if np.isfinite(place).all():
            kind = "corner" + " chosen" * (k == work.corner)
            parts.append(_mark((place[0], place[1]), side, k, kind, height))
    return "".join(parts)


def _cased(kind: str, outline: str, name: str) -> str:
    """A line with a light casing, so that it shows on any picture."""
    if not outline:
        return ""
    return (
        f'<path class="casing" d="{outline}"/><path class="{kind}" d="{outline}"><title>{escape(name)}</title></path>'
    )


def _name(zone: Zone, at: Point) -> str:
    return f'<text class="name" x="{at[0]:.2f}" y="{at[1]:.2f}">{escape(zone.name)}</text>'


def _marks(desk: Desk, side: Side, height: float = 0.0) -> str:
    marks, chosen = desk.workspace.marks, desk.workspace.selection
    residuals = desk.findings.residuals
    parts = []
    for k, pair in enumerate(marks.pairs):
        residual = residuals.get(pair)
        kind = "wrong" if residual is not None and not residual.is_used else ""
        is_chosen = chosen is not None and chosen.index == k
        parts.append(_mark(pair.at(side), side, k, kind + " chosen" * is_chosen, height))
    if marks.waiting is not None and marks.waiting[0] == side:
        is_chosen = chosen == Selection(side, None)
        parts.append(_mark(marks.waiting[1], side, None, "waiting" + " chosen" * is_chosen, height))
    return "".join(parts)


def _mark(at: Point, side: Side, index: int | None, kind: str, height: float) -> str:
    x, y = at if side == "picture" else (at[0], height - at[1])
    number = "" if index is None else str(index + 1)
    return (
        f'<g class="mark {kind}" data-side="{side}" data-index="{number}" data-x="{x:.4f}" data-y="{y:.4f}" '
        f'transform="translate({x:.4f} {y:.4f})"><g class="k"><circle class="halo" r="9"/><circle class="ring" r="9"/>'
        f'<path class="cross" d="M-4,0H4M0,-4V4"/><text x="12" y="-8">{number}</text></g></g>'
    )


def _arrows(desk: Desk) -> str:
    width = desk.snapshot.size[0] if desk.snapshot is not None else 1
    parts = []
    for pair in desk.workspace.marks.pairs:
        residual: Residual | None = desk.findings.residuals.get(pair)
        if residual is None or residual.pixel is None:
            continue
        by = (np.array(residual.pixel) - np.array(pair.picture)) * ARROW_GAIN
        by *= min(1.0, LONGEST_ARROW * width / max(float(np.hypot(*by)), 1e-9))
        u, v = pair.picture
        kind = "arrow" if residual.is_used else "arrow wrong"
        parts.append(f'<path class="{kind}" d="M{u:.2f},{v:.2f}l{by[0]:.2f},{by[1]:.2f}"/>')
    return "".join(parts)


def _doubts(desk: Desk, height: float) -> str:
    """Rings on the plan as wide as each pair is off from what the others say."""
    parts = []
    for pair in desk.workspace.marks.pairs:
        residual = desk.findings.residuals.get(pair)
        if residual is not None and np.isfinite(residual.left_out_m):
            kind = "doubt" if residual.is_used else "doubt wrong"
            x, y = pair.plan
            parts.append(f'<circle class="{kind}" cx="{x:.3f}" cy="{height - y:.3f}" r="{residual.left_out_m:.3f}"/>')
    return "".join(parts)


def _next(desk: Desk, camera: Camera | None, height: float = 0.0) -> str:
    """A ring where the next pair helps most; in the picture where a camera is given."""
    view = desk.findings.certificate
    if view is None or view.click_next_m is None or desk.is_saved:
        return ""
    at = view.click_next_m if camera is None else camera.pixels_from_floor(view.click_next_m[None])[0]
    if not np.isfinite(at).all():
        return ""
    x, y = (at[0], height - at[1]) if camera is None else at
    return (
        f'<g class="next" transform="translate({x:.2f} {y:.2f})"><g class="k"><circle class="halo" r="17"/>'
        '<circle class="ring" r="17"/></g></g>'
    )


def _placed(people: People) -> Floats:
    return people.floor_m[np.isfinite(people.floor_m).all(1)]


def _dots(places: Floats) -> str:
    return "".join(
        f'<g class="person" transform="translate({x:.3f} {y:.3f})"><g class="k"><circle r="6"/></g></g>'
        for x, y in places.tolist()
    )


def _down(xy_m: Floats, height: float) -> Floats:
    """Metres with y upwards to the plan's user units."""
    return np.column_stack([xy_m[:, 0], height - xy_m[:, 1]])


def _path(runs: Iterable[Floats]) -> str:
    return " ".join("M" + "L".join(f"{x:.2f},{y:.2f}" for x, y in run.tolist()) for run in runs if len(run))
