"""Zones that no camera sees, or not all of, and cameras that a wall of the plan blinds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from calibration.camera import Camera
from calibration.geometry import Wall
from calibration.zones.drawing import Drawing
from calibration.zones.findings import Finding, at
from calibration.zones.limits import Limits
from calibration.zones.shape_checks import sound_zones
from calibration.zones.sight import ZoneSight, sight_of_zones, walls_before

NOTHING = 0.005
"""A smaller share of a zone is none of it."""


def walls_of(drawing: Drawing) -> list[Wall]:
    """The walls as the cameras meet them."""
    return [Wall(wall.id, wall.rings_m[0], wall.own.height_m) for wall in drawing.of("wall")]


def sight_of(drawing: Drawing, cameras: Mapping[str, Camera], limits: Limits) -> dict[str, ZoneSight]:
    """How much of each zone is seen, and by whom; self-crossing zones are passed over."""
    return sight_of_zones(sound_zones(drawing), walls_of(drawing), cameras, limits.person_px)


def check_sight(
    drawing: Drawing, sights: Mapping[str, ZoneSight], cameras: Mapping[str, Camera], limits: Limits
) -> Iterator[Finding]:
    """Unseen and partly unseen zones, and cameras behind walls."""
    for name, sight in sights.items():
        label = drawing.shapes[name].label
        where = at(sight.unseen_m) if sight.unseen_m else ""
        if sight.seen < NOTHING:
            yield Finding(
                "unseen",
                "error",
                (name,),
                sight.unseen_m,
                f"no camera sees zone {label} {where}: its counts would always be 0; turn or add a camera, correct the "
                "walls before it, or delete the zone",
            )
        elif 1 - sight.seen > limits.unseen:
            best = max(sight.by_camera, key=lambda camera: sight.by_camera[camera])
            yield Finding(
                "partly-unseen",
                "warning",
                (name, *sight.by_camera),
                sight.unseen_m,
                f"cameras see {sight.seen:.0%} of zone {label} ({best} the most, {sight.by_camera[best]:.0%}); "
                f"{1 - sight.seen:.0%} is unseen, as {where}: turn or add a camera; till then dwell there is bridged",
            )
    walls = walls_of(drawing)
    for name, camera in cameras.items():
        for wall, away in walls_before(camera, walls):
            place = (float(camera.centre_m[0]), float(camera.centre_m[1]))
            yield Finding(
                "camera-behind-wall",
                "warning",
                (name, wall),
                place,
                f"camera {name} hangs {away * 100:.0f} cm behind wall {wall} {at(place)}, and a box would take it for "
                "blind: calibrate it again, or draw the wall behind it",
            )
