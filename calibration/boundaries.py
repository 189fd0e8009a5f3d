"""The lines by which people come onto a floor and leave it, told from zones and walls, or by the floor's file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import LineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from calibration.camera import Floats
from calibration.geometry import Line
from calibration.passages import Exit
from calibration.site import Floor, Site

TRANSIT = "transit"
"""Category of zones that are an escalator, lift or stairs: whoever enters one has left the floor."""
PROBE_M = 0.3
"""How far beside a line's middle we look where it leads."""
WALL_M = 0.05
"""Walls and lines are this thick where they divide what no zone covers."""

Way = Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class Boundary:
    """A line at the border of its floor.

    Attributes:
        line: the line and its floor.
        entering: by which crossing of it people come onto the floor.
        leads_out: whether it leads out of the mall; where not, to another floor.
    """

    line: Exit
    entering: Way
    leads_out: bool


def boundaries(site: Site) -> list[Boundary]:
    """The site's boundary lines, floor by floor in the order of the files.

    A line's own word (``boundary`` in the GeoJSON file) goes first. Else it is one where its zone ends and nothing of
    the floor begins: the floor beyond is in no zone, and from there no line leads to any other zone. A line between
    two zones is one where either of them is a transit zone, or where a passage ends at it.
    """
    return [found for floor in site.floors.values() for found in _of_floor(site, floor)]


def _of_floor(site: Site, floor: Floor) -> list[Boundary]:
    ends = {end.line for passage in site.passages for end in passage.ends if end.floor == floor.id}
    rooms = _rooms(floor)
    found = []
    for line in floor.lines.values():
        leads_up = line.id in ends
        entering = _entering(floor, line, rooms, leads_up=leads_up)
        if entering is not None:
            found.append(Boundary(Exit(floor.id, line.id), entering, leads_out=not leads_up))
    return found


def _entering(floor: Floor, line: Line, rooms: Sequence[BaseGeometry], *, leads_up: bool) -> Way | None:
    """By which crossing people come onto the floor; None where by neither."""
    match line.boundary:
        case "in" | "out":
            return line.boundary
        case "none":
            return None
    own, beyond = floor.zones[line.zone], _beyond(line)
    others = [zone for zone in floor.zones.values() if zone.id != own.id and bool(zone.contains(beyond)[0])]
    if any(zone.category == TRANSIT for zone in others):
        return "in"
    if others:
        return "out" if own.category == TRANSIT or leads_up else None
    return "in" if leads_up or _is_dead_end(floor, line, Point(beyond), rooms) else None


def _beyond(line: Line) -> Floats:
    """(2,) a place just across the line, seen from its zone, metres."""
    middle: Floats = line.ends_m.mean(0) - PROBE_M * line.in_normal
    return middle


def _rooms(floor: Floor) -> list[BaseGeometry]:
    """What of the plan is in no zone, cut apart by walls and lines; beyond the plan's edge counts as one more wall."""
    plan = box(0.0, 0.0, *floor.size_m)
    solid = [LineString(wall.path_m).buffer(WALL_M, cap_style="flat", join_style="mitre") for wall in floor.walls]
    solid += [
        LineString(line.ends_m).buffer(WALL_M, cap_style="square", join_style="mitre") for line in floor.lines.values()
    ]
    free = plan.difference(unary_union([*(zone.polygon for zone in floor.zones.values()), *solid]))
    return [part for part in shapely.get_parts(free) if isinstance(part, Polygon)]


def _is_dead_end(floor: Floor, line: Line, beyond: Point, rooms: Sequence[BaseGeometry]) -> bool:
    """Whether from across the line no line leads to a zone of the floor but its own: a vestibule, or the street."""
    room = next((room for room in rooms if room.distance(beyond) < WALL_M), None)
    if room is None:  # off the plan
        return True
    beside = {other.zone for other in floor.lines.values() if room.distance(Point(_beyond(other))) < WALL_M}
    return beside == {line.zone}


def untold(site: Site, found: Sequence[Boundary]) -> list[Exit]:
    """Lines with nothing of the floor across them that are none of these boundaries, because it cannot be told."""
    known = {one.line for one in found}
    return [
        Exit(floor.id, line.id)
        for floor in site.floors.values()
        for line in floor.lines.values()
        if not line.boundary
        and Exit(floor.id, line.id) not in known
        and not any(bool(zone.contains(_beyond(line))[0]) for zone in floor.zones.values())
    ]


def outside(floor: Floor, found: Sequence[Boundary], xy_m: Floats) -> npt.NDArray[np.bool_]:
    """(N,) which of the places (N, 2) in metres lie in a zone that is entered by leaving the floor.

    Whoever stands on the escalator that cameras see has left the floor by its doors' count, so they are not looked
    for among those inside.
    """
    beyond = np.zeros(len(xy_m), np.bool_)
    for one in found:
        if one.line.floor == floor.id and one.entering == "out":
            beyond |= floor.zones[floor.lines[one.line.line].zone].contains(xy_m)
    return beyond
