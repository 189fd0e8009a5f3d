"""Which zones a shop opens to: where those are who pass it by."""

from __future__ import annotations

import numpy as np
import shapely

from calibration.geometry import Zone
from calibration.site import Floor, Site
from central.insight.places import PASSAGES

PROBE_M = 0.75
"""How far outside a shop's line we look for the zone it opens to."""
BORDER_M = 1.0
"""A shop without a line opens to the passages that it shares so much border with,"""
GAP_M = 0.5
"""where zones drawn no farther apart than this touch."""


def fronts(site: Site) -> dict[tuple[str, str], tuple[str, ...]]:
    """The zones in front of every zone, by (floor, zone): those beyond its lines, else the passages it borders on."""
    return {
        (floor.id, zone.id): _before_lines(floor, zone) or _bordering(floor, zone)
        for floor in site.floors.values()
        for zone in floor.zones.values()
    }


def _before_lines(floor: Floor, zone: Zone) -> tuple[str, ...]:
    places = [
        line.ends_m[0] + share * (line.ends_m[1] - line.ends_m[0]) - PROBE_M * line.in_normal
        for line in floor.lines.values()
        if line.zone == zone.id
        for share in (0.25, 0.5, 0.75)
    ]
    if not places:
        return ()
    probes = np.array(places)
    return tuple(one.id for one in floor.zones.values() if one.id != zone.id and one.contains(probes).any())


def _bordering(floor: Floor, zone: Zone) -> tuple[str, ...]:
    if zone.category.lower() in PASSAGES:
        return ()
    near = zone.polygon.buffer(GAP_M)
    return tuple(
        one.id
        for one in floor.zones.values()
        if one.id != zone.id
        and one.category.lower() in PASSAGES
        and shapely.length(shapely.intersection(near, one.polygon.exterior)) >= BORDER_M
    )
