"""The pictures of a certificate, drawn into matplotlib axes: the camera's, the plan with its errors, the pairs."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from numpy.typing import NDArray

from calibration.camera import Camera, Floats, camera_from_file
from calibration.certificate.limits import Limits
from calibration.certificate.records import CameraCertificate, ErrorGrid
from calibration.certificate.view import View
from calibration.geometry import Zone
from calibration.site import Floor

Picture = NDArray[np.uint8]
BANDS = ("#dcefe9", "#a9d6cb", "#6db5aa", "#f0a04b", "#b3331f")
"""Good is pale, bad is dark, in grey and to the colour-blind as well."""
INK, PALE, RED, GOLD = "#1c2330", "#8a93a3", "#c4161c", "#ffd400"
CYAN, PINK = "#20d0ff", "#ff7bd0"
DENSE_M = 0.1
"""Lines on the floor are bent by the lens: they are drawn in steps of this."""
INSET_M = 0.08
LABEL_LEAST = 0.04
GAP = 0.05
MOST_BAR_CM = 100.0
DOTS_PER_INCH = 190
JPEG_QUALITY = 88


def picture_of(draw: Callable[[Axes], None], width_in: float, height_in: float, kind: str = "png") -> bytes:
    """A drawing as a picture file: ``png``, or ``jpeg`` where there is a photograph in it."""
    figure = Figure(figsize=(width_in, height_in), dpi=DOTS_PER_INCH, facecolor="white")
    draw(figure.add_axes((0.0, 0.0, 1.0, 1.0)))
    content = io.BytesIO()
    if kind == "png":
        figure.savefig(content, format="png", metadata={"Software": None})
    else:
        figure.savefig(content, format="jpeg", pil_kwargs={"quality": JPEG_QUALITY})
    return content.getvalue()


def draw_view(axes: Axes, certificate: CameraCertificate, floor: Floor, limits: Limits, still: Picture | None) -> None:
    """What the camera sees, with the floor's grid, zones, horizon, pairs and where to click next laid over it.

    Args:
        axes: where to draw.
        certificate: the camera's.
        floor: its floor.
        limits: for what is of use.
        still: (H, W, 3) RGB, of the camera's shape or another size of it; None for a plain ground.
    """
    camera = camera_from_file(certificate.camera, certificate.calibration, "certificate")
    view = View(camera, floor, limits.person_px)
    extent = (-0.5, camera.width - 0.5, camera.height - 0.5, -0.5)
    ground = np.full((2, 2, 3), 96, np.uint8) if still is None else still
    axes.imshow(ground, extent=extent, aspect="equal", interpolation="bilinear" if still is not None else "nearest")
    for line in _grid_lines(floor.size_m):
        _draw_line(axes, view, line, color="white", linewidth=0.5, alpha=0.4)
    taken = [*(pair.pixel_px for pair in certificate.pairs), *(at for _, at in clicks_of(certificate, "pixels_px"))]
    for zone in floor.zones.values():
        _draw_zone(axes, view, zone, taken)
    _draw_horizon(axes, certificate)
    _draw_pairs_in_picture(axes, camera, certificate)
    for letter, pixel in clicks_of(certificate, "pixels_px"):
        _draw_next(axes, pixel, letter)
    axes.set_xlim(extent[0], extent[1])
    axes.set_ylim(extent[2], extent[3])
    axes.set_axis_off()


def draw_plan(
    axes: Axes, grid: ErrorGrid | None, floor: Floor, limits: Limits, certificates: list[CameraCertificate]
) -> None:
    """The plan: expected error as a heat picture, zones, walls, cameras; of one camera its pairs and next clicks."""
    width, height = floor.size_m
    axes.set_facecolor("#f3f4f6")
    if grid is not None:
        error = np.array([np.nan if each is None else each for each in grid.error_cm]).reshape(grid.rows, grid.columns)
        colours, norm = ListedColormap(BANDS), BoundaryNorm(_edges(limits), len(BANDS))
        reach = (0.0, grid.columns * grid.step_m, 0.0, grid.rows * grid.step_m)
        axes.imshow(error, extent=reach, origin="lower", cmap=colours, norm=norm, interpolation="nearest", zorder=1)
    for each in certificates:
        if each.grid is None:
            _hatch(axes, each)
    for wall in floor.walls:
        axes.plot(*wall.path_m.T, color=INK, linewidth=1.6, solid_capstyle="round")
    for zone in floor.zones.values():
        _outline_zone(axes, zone, certificates)
    for each in certificates:
        _draw_camera(axes, each, with_name=len(certificates) > 1)
    if len(certificates) == 1:
        _draw_pairs_on_plan(axes, certificates[0])
    margin = 0.02 * max(width, height)
    axes.set_xlim(-margin, width + margin)
    axes.set_ylim(-margin, height + margin)
    axes.set_aspect("equal", anchor="C")
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)


def draw_pairs(axes: Axes, certificate: CameraCertificate) -> None:
    """How far each pair is from what the others say, as bars, with the distance that is usual for a right one."""
    pairs = certificate.pairs
    heights = [min(MOST_BAR_CM, pair.left_out_cm or 0.0) for pair in pairs]
    colours = [RED if pair.is_suspect else "#3d7f78" for pair in pairs]
    places = np.arange(len(pairs))
    axes.bar(places, heights, 0.62, color=colours)
    top = max(20.0, *heights) if heights else 20.0
    for place, pair, height in zip(places, pairs, heights, strict=True):
        if pair.expected_cm is not None and pair.expected_cm < top:
            axes.plot([place - 0.42, place + 0.42], [pair.expected_cm] * 2, color=INK, linewidth=1.0)
        said = "?" if pair.left_out_cm is None else f"{pair.left_out_cm:.0f}"
        above = max(height, min(pair.expected_cm or 0.0, top)) + top * 0.03
        axes.text(float(place), above, said, ha="center", va="bottom", fontsize=6.5, color=INK)
    axes.set_xticks(places, [str(pair.number) for pair in pairs], fontsize=6.5, color=INK)
    axes.set_xlim(-0.7, max(9.3, len(pairs) - 0.3))
    axes.set_ylim(0, top * 1.22)
    axes.set_yticks([])
    axes.tick_params(length=0, pad=1.5)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(PALE)


def legend_words(limits: Limits) -> list[tuple[str, str]]:
    """Colour and words of each band of error, the best first."""
    edges = [f"{edge:.0f}" for edge in _edges(limits)]
    words = [f"up to {edges[1]} cm", *(f"{a} to {b}" for a, b in pairwise(edges[1:5]))]
    return list(zip(BANDS, [*words, f"above {edges[4]}"], strict=True))


def clicks_of(certificate: CameraCertificate, field: str) -> list[tuple[str, tuple[float, float]]]:
    """The places to click next, lettered in the order of the advice: of ``places_m`` or ``pixels_px``."""
    points = [point for advice in certificate.advice for point in getattr(advice, field)]
    return [(chr(ord("A") + k), point) for k, point in enumerate(points[:26])]


def _edges(limits: Limits) -> list[float]:
    good = limits.error_pass_cm
    return [0.0, good / 3, 2 * good / 3, good, max(limits.error_fail_cm, good + 1), 1e9]


def _grid_lines(size_m: tuple[float, float]) -> list[Floats]:
    """Lines along x and y, (V, 2) metres, a metre apart, or more on a large floor."""
    width, height = size_m
    step = 1.0 if max(size_m) <= 25 else 2.0 if max(size_m) <= 60 else 5.0
    along_x, along_y = np.arange(0, width + DENSE_M, DENSE_M), np.arange(0, height + DENSE_M, DENSE_M)
    lines = [np.column_stack([along_x, np.full_like(along_x, y)]) for y in np.arange(0, height + 1e-9, step)]
    return lines + [np.column_stack([np.full_like(along_y, x), along_y]) for x in np.arange(0, width + 1e-9, step)]


def _dense(ring: Floats) -> Floats:
    closed = np.concatenate([ring, ring[:1]])
    parts = []
    for one, other in pairwise(closed):
        count = max(2, int(np.ceil(np.linalg.norm(other - one) / DENSE_M)) + 1)
        parts.append(one + np.linspace(0, 1, count)[:, None] * (other - one))
    return np.concatenate(parts)


def _draw_line(axes: Axes, view: View, line_m: Floats, **style: object) -> None:
    pixel = view.camera.pixels_from_floor(line_m)
    pixel[~view.sees(line_m)] = np.nan
    axes.plot(*pixel.T, **style)  # type: ignore[arg-type]


def _draw_zone(axes: Axes, view: View, zone: Zone, taken: list[tuple[float, float]]) -> None:
    # a wall on the outline hides what is on it; a little inside is seen
    inner = zone.polygon.buffer(-INSET_M)
    for part in getattr(inner, "geoms", [inner]):
        if part.is_empty:
            continue
        for ring in (part.exterior, *part.interiors):
            _draw_line(axes, view, _dense(np.array(ring.coords[:-1])), color=CYAN, linewidth=1.3)
    places, seen, _ = view.zone_places(zone.polygon)
    if len(seen) < LABEL_LEAST * len(places):
        return
    pixel = view.camera.pixels_from_floor(seen)
    # as far as may be from what is drawn there already, and from the picture's sides
    far = view.camera.width / 10
    edge = np.minimum(pixel[:, 0], view.camera.width - pixel[:, 0])
    if taken:
        edge = np.minimum(edge, np.linalg.norm(pixel[:, None] - np.array(taken)[None], axis=2).min(1))
    middle = np.linalg.norm(pixel - np.median(pixel, axis=0), axis=1)
    u, v = pixel[np.argmax(np.minimum(edge, far) - 0.2 * middle)]
    taken += [(u + aside * far / 2, v) for aside in (-1, 0, 1)]
    _label(axes, (u, v), zone.name, CYAN)


def _draw_horizon(axes: Axes, certificate: CameraCertificate) -> None:
    course = np.array(certificate.horizon.line_px)
    if not len(course):
        return
    size = certificate.calibration
    gaps = np.flatnonzero(np.diff(course[:, 0]) > size.width * GAP) + 1
    axes.plot(*np.insert(course, gaps, np.nan, axis=0).T, color=PINK, linewidth=1.2, linestyle=(0, (5, 3)))
    u, v = course[len(course) // 2]
    is_high = v < size.height * 0.06
    at = min(max(u, 0.06 * size.width), 0.94 * size.width)
    at_v = v + size.height * (0.02 if is_high else -0.02)
    _label(axes, (at, at_v), "horizon", PINK, size=6.5, va="top" if is_high else "bottom")


def _draw_pairs_in_picture(axes: Axes, camera: Camera, certificate: CameraCertificate) -> None:
    for pair in certificate.pairs:
        told = camera.pixels_from_floor(np.array(pair.place_m)[None])[0]
        if np.isfinite(told).all() and pair.residual_px > camera.width / 160:
            axes.annotate(
                "", told, pair.pixel_px, arrowprops={"arrowstyle": "->", "color": RED, "linewidth": 1.6}, zorder=4
            )
        _dot(axes, pair.pixel_px, str(pair.number), is_bad=pair.is_suspect)


def _draw_pairs_on_plan(axes: Axes, certificate: CameraCertificate) -> None:
    for pair in certificate.pairs:
        _dot(axes, pair.place_m, str(pair.number), is_bad=pair.is_suspect)
    for letter, place in clicks_of(certificate, "places_m"):
        _draw_next(axes, place, letter)


def _dot(axes: Axes, at: tuple[float, float], text: str, *, is_bad: bool) -> None:
    colour = RED if is_bad else "white"
    axes.plot(*at, "o", markersize=8.5, color=colour, markeredgecolor=INK, markeredgewidth=0.7, zorder=5)
    axes.text(*at, text, ha="center", va="center_baseline", fontsize=5.6, color="white" if is_bad else INK, zorder=6)


def _draw_next(axes: Axes, at: tuple[float, float], letter: str) -> None:
    axes.plot(*at, "s", markersize=9.5, color=GOLD, markeredgecolor=INK, markeredgewidth=0.8, zorder=6)
    axes.text(*at, letter, ha="center", va="center_baseline", fontsize=6.2, color=INK, weight="bold", zorder=7)


def _label(
    axes: Axes, at: tuple[float, float], text: str, colour: str, *, size: float = 7.5, va: str = "center"
) -> None:
    box = {"facecolor": "black", "alpha": 0.6, "edgecolor": "none", "boxstyle": "round,pad=0.15"}
    axes.text(*at, text, color=colour, fontsize=size, ha="center", va=va, bbox=box, zorder=3)


def _outline_zone(axes: Axes, zone: Zone, certificates: list[CameraCertificate]) -> None:
    rings = [np.concatenate([ring, ring[:1]]) for ring in zone.rings_m]
    path = Outline.make_compound_path(*(Outline(ring, closed=True) for ring in rings))
    axes.add_patch(PathPatch(path, fill=False, edgecolor="#0a6f99", linewidth=1.0))
    words = zone.name
    if len(certificates) == 1:
        check = next((each for each in certificates[0].zones if each.id == zone.id), None)
        if check is not None and check.error_cm is not None:
            words += f"\n{check.error_cm:.0f} cm"
    at = zone.polygon.representative_point()
    box = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "boxstyle": "round,pad=0.15"}
    axes.text(at.x, at.y, words, ha="center", va="center", fontsize=6.5, color=INK, bbox=box, zorder=3)


def _hatch(axes: Axes, certificate: CameraCertificate) -> None:
    """What a camera sees of which nobody knows how well."""
    rings = [np.array([*ring, ring[0]]) for ring in certificate.cover.rings_m]
    if rings:
        path = Outline.make_compound_path(*(Outline(ring, closed=True) for ring in rings))
        axes.add_patch(PathPatch(path, facecolor="none", edgecolor="#9aa3b2", hatch="///", linewidth=0.4, zorder=0.5))


def _draw_camera(axes: Axes, certificate: CameraCertificate, *, with_name: bool) -> None:
    camera = camera_from_file(certificate.camera, certificate.calibration, "certificate")
    x, y = camera.centre_m[:2]
    ahead = camera.rotation[2, :2]
    degrees = float(np.degrees(np.arctan2(ahead[1], ahead[0])))
    axes.plot(x, y, marker=(3, 0, degrees - 90), markersize=9, color=INK, clip_on=False, zorder=5)
    if with_name:
        axes.annotate(
            certificate.camera, (x, y), (0, 6), textcoords="offset points", fontsize=6, ha="center", color=INK
        )
