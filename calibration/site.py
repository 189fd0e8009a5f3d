"""A site as its files describe it: floors with size, zones, lines, walls and calibrated cameras.

``site.toml`` names for every floor a GeoJSON file of zones, lines and walls in floor metres (RFC 7946 with metres for
degrees; x right, y up, origin at the plan's lower left) and a ``cameras.json``, which may be missing before the first
camera is calibrated. A real mall, the simulator's twin and the test clips are all described this way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import numpy as np
from msgspec import Meta

from calibration.camera import Camera, Floats, cameras_so_far
from calibration.geometry import Line, Wall, Zone, load_geometry
from calibration.passages import Passage, PassageFile, load_passages
from calibration.places import Place, PlaceFile, load_places
from calibration.versions.digest import floor_hash
from contract.errors import BadInputError
from contract.files import read_toml
from contract.ids import check_id

SITE_SCHEMA = "atrium.site.v1"


Capacity = Annotated[int, Meta(ge=1, le=1_000_000, description="people who may be there at once")]


class FloorFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A ``[[floors]]`` table of ``site.toml``."""

    id: str
    size_m: tuple[float, float]
    geometry: str
    cameras: str
    name: str = ""
    plan: str = ""
    masks: dict[str, list[list[tuple[float, float]]]] = {}
    capacity: Capacity | None = None


class SiteFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``site.toml``."""

    schema: str
    id: str
    floors: list[FloorFile]
    name: str = ""
    timezone: str = "UTC"
    capacity: Capacity | None = None
    passages: list[PassageFile] = []
    places: list[PlaceFile] = []


@dataclass(frozen=True, slots=True, eq=False)
class Floor:
    """One floor.

    Attributes:
        id: the floor's id.
        name: for people.
        size_m: (width, height) of the plan, metres.
        zones: by id.
        lines: tripwires by id.
        walls: what nobody walks or looks through.
        cameras: calibrated cameras by name.
        masks_px: privacy masks by camera: polygons (V, 2) in pixels of the calibrated picture.
        plan: picture of the plan covering ``size_m``, or None.
        capacity: people who may be there at once, or None where nobody said.
    """

    id: str
    name: str
    size_m: tuple[float, float]
    zones: dict[str, Zone]
    lines: dict[str, Line]
    walls: list[Wall]
    cameras: dict[str, Camera]
    masks_px: dict[str, list[Floats]] = field(default_factory=dict)
    plan: Path | None = None
    capacity: int | None = None

    @property
    def calibration(self) -> str:
        """12 hexadecimal digits that name the calibration of the floor's cameras; empty without any."""
        return floor_hash(self.cameras)


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """A mall: floors by id, and the time zone its opening hours and lunch are told in.

    Attributes:
        capacity: people who may be in it at once, or None where nobody said.
        passages: escalators, lifts and stairs between its floors.
        places: tills, kiosks, codes and barriers by id.
    """

    id: str
    name: str
    timezone: ZoneInfo
    floors: dict[str, Floor]
    source: Path
    capacity: int | None = None
    passages: tuple[Passage, ...] = ()
    places: dict[str, Place] = field(default_factory=dict)

    def floor(self, floor_id: str) -> Floor:
        """The floor of that id.

        Raises:
            BadInputError: where the site has none.
        """
        try:
            return self.floors[floor_id]
        except KeyError:
            raise BadInputError(f"{self.source}: no floor {floor_id!r}; it has {', '.join(self.floors)}") from None

    def floor_of_camera(self, camera: str) -> Floor:
        """The floor that has a camera of that name.

        Raises:
            BadInputError: where no floor has it.
        """
        for floor in self.floors.values():
            if camera in floor.cameras:
                return floor
        known = ", ".join(name for floor in self.floors.values() for name in floor.cameras)
        raise BadInputError(f"{self.source}: no camera {camera!r}; the site has {known}")


def load_site(path: Path, *, calibrating: bool = False) -> Site:
    """The site that ``site.toml`` describes, all files it names read and checked.

    Args:
        path: the file.
        calibrating: whether privacy masks may be those of cameras that are yet to be calibrated.

    Raises:
        BadInputError: naming the file, the field and the mend.
    """
    found = read_toml(path, SiteFile)
    if found.schema != SITE_SCHEMA:
        raise BadInputError(f"{path}: schema is {found.schema!r}; this version reads {SITE_SCHEMA!r}")
    check_id(found.id, f"{path}: site id")
    if not found.floors:
        raise BadInputError(f"{path}: no [[floors]]; add at least one")
    try:
        timezone = ZoneInfo(found.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadInputError(
            f"{path}: timezone {found.timezone!r} is unknown; use a name such as Europe/Lisbon"
        ) from None
    floors: dict[str, Floor] = {}
    for entry in found.floors:
        if entry.id in floors:
            raise BadInputError(f"{path}: floor {entry.id!r} stands twice; give each its own id")
        floors[entry.id] = _load_floor(path, entry, calibrating=calibrating)
    lines = {name: list(floor.lines) for name, floor in floors.items()}
    passages = load_passages(path, found.passages, lines)
    places = load_places(path, found.places, {name: (floor.size_m, floor.zones) for name, floor in floors.items()})
    return Site(found.id, found.name or found.id, timezone, floors, path, found.capacity, passages, places)


def cameras_path(path: Path, floor: str) -> Path:
    """Where a floor's ``cameras.json`` stands, by ``site.toml`` alone, so that a broken one can be found and mended.

    Raises:
        BadInputError: where ``site.toml`` cannot be read or has no such floor.
    """
    floors = {entry.id: path.parent / entry.cameras for entry in read_toml(path, SiteFile).floors}
    if floor not in floors:
        raise BadInputError(f"{path}: no floor {floor!r}; it has {', '.join(floors)}")
    return floors[floor]


def _load_floor(path: Path, entry: FloorFile, *, calibrating: bool) -> Floor:
    check_id(entry.id, f"{path}: floor id")
    if not all(0 < side < 10_000 for side in entry.size_m):
        raise BadInputError(f"{path}: floor {entry.id}: size_m must be two positive lengths in metres")
    zones, lines, walls = load_geometry(path.parent / entry.geometry)
    cameras = cameras_so_far(path.parent / entry.cameras)
    for name in entry.masks:
        if name not in cameras and not calibrating:
            raise BadInputError(f"{path}: floor {entry.id}: mask for unknown camera {name!r}")
    masks = {name: [np.array(ring, np.float64) for ring in rings] for name, rings in entry.masks.items()}
    plan = path.parent / entry.plan if entry.plan else None
    if plan is not None and not plan.is_file():
        raise BadInputError(f"{path}: floor {entry.id}: plan {plan} does not exist; correct or remove it")
    name = entry.name or entry.id
    return Floor(entry.id, name, entry.size_m, zones, lines, walls, cameras, masks, plan, entry.capacity)
