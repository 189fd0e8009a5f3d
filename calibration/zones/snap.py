"""Where a drawn point goes: to the vertex, border, wall or right angle that it was meant for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from calibration.camera import Floats
from calibration.zones.drawing import Drawing, Shape

To = Literal["vertex", "edge", "wall", "axis", "free"]
AXES_DEG = (0.0, 90.0)


@dataclass(frozen=True, slots=True)
class Snap:
    """Where a point went.

    Attributes:
        place_m: the point, metres.
        to: what drew it there; ``free`` where nothing was near.
        shape: the id of the shape it lies on; empty for an axis or nothing.
    """

    place_m: tuple[float, float]
    to: To
    shape: str = ""


def snap(
    place_m: tuple[float, float],
    drawing: Drawing,
    within_m: float,
    *,
    from_m: tuple[float, float] | None = None,
    axes_deg: Collection[float] = AXES_DEG,
    besides: Collection[str] = (),
) -> Snap:
    """The place drawn to the nearest vertex, else to a border or wall, else into line with the point before.

    Args:
        place_m: where the pointer is, metres.
        drawing: what is drawn already.
        within_m: nothing farther than this draws it, metres.
        from_m: the point before, from which right angles are measured.
        axes_deg: directions of straight lines, degrees from x; a border is met exactly on one where both are near.
        besides: ids that do not draw it, such as the shape that is being moved.
    """
    here = np.asarray(place_m, np.float64)
    shapes = [shape for name, shape in drawing.shapes.items() if name not in besides]
    vertex = _nearest_vertex(here, shapes, within_m)
    if vertex:
        return vertex
    lines = [] if from_m is None else [(np.asarray(from_m, np.float64), _direction(angle)) for angle in axes_deg]
    edges = [(shape, *edge) for shape in shapes for edge in _edges(shape)]
    best: tuple[float, Snap] | None = None
    for shape, begin, end in edges:
        for foot, rank in _feet_on_edge(here, begin, end, lines):
            away = float(np.hypot(*(foot - here)))
            if away <= within_m and (best is None or away + rank * within_m < best[0]):
                to: To = "wall" if shape.own.kind == "wall" else "edge"
                best = away + rank * within_m, Snap(_pair(foot), to, shape.id)
    if best:
        return best[1]
    feet = [start + along * float((here - start) @ along) for start, along in lines]
    near = min(feet, key=lambda foot: float(np.hypot(*(foot - here))), default=None)
    if near is not None and np.hypot(*(near - here)) <= within_m:
        return Snap(_pair(near), "axis")
    return Snap((float(here[0]), float(here[1])), "free")


def _nearest_vertex(here: Floats, shapes: list[Shape], within_m: float) -> Snap | None:
    best: tuple[float, Snap] | None = None
    for shape in shapes:
        for ring in shape.rings_m:
            away = np.hypot(*(ring - here).T)
            place = int(away.argmin())
            if away[place] <= within_m and (best is None or away[place] < best[0]):
                best = float(away[place]), Snap(_pair(ring[place]), "vertex", shape.id)
    return best[1] if best else None


def _edges(shape: Shape) -> Iterator[tuple[Floats, Floats]]:
    for ring in shape.rings_m:
        ends = np.roll(ring, -1, axis=0) if shape.own.kind == "zone" else ring[1:]
        yield from zip(ring[: len(ends)], ends, strict=True)


def _feet_on_edge(
    here: Floats, begin: Floats, end: Floats, lines: list[tuple[Floats, Floats]]
) -> Iterator[tuple[Floats, int]]:
    """Points of an edge near a place: where a straight line meets it (rank 0), and the nearest (rank 1)."""
    span = end - begin
    length2 = float(span @ span)
    if length2 == 0:
        return
    yield begin + span * min(max(float((here - begin) @ span) / length2, 0.0), 1.0), 1
    for start, along in lines:
        across = float(span[0] * along[1] - span[1] * along[0])
        if abs(across) < 1e-9 * length2**0.5:
            continue
        way = start - begin
        share = float(way[0] * along[1] - way[1] * along[0]) / across
        if 0 <= share <= 1:
            yield begin + span * share, 0


def _direction(angle_deg: float) -> Floats:
    return np.array([np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))])


def _pair(point: Floats) -> tuple[float, float]:
    return float(point[0]), float(point[1])
