"""One floor's files, opened so that what is wrong in its drawing can be told and mended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from calibration.camera import Camera, cameras_so_far
from calibration.site import SITE_SCHEMA, FloorFile, SiteFile
from calibration.zones.drawing import Drawing
from calibration.zones.geojson import read_drawing
from contract.errors import BadInputError
from contract.files import read_toml


@dataclass(frozen=True, slots=True, eq=False)
class FloorFiles:
    """A floor while it is being drawn.

    Attributes:
        site: the site's id.
        entry: the floor as ``site.toml`` tells it.
        geometry: its GeoJSON file.
        drawing: what that holds, right or wrong.
        cameras: its calibrated cameras by name.
        plan: its plan's picture, where it has one.
    """

    site: str
    entry: FloorFile
    geometry: Path
    drawing: Drawing
    cameras: dict[str, Camera]
    plan: Path | None


def open_floor(site: Path, floor: str | None) -> FloorFiles:
    """A floor of ``site.toml``; the only one where none is named.

    Raises:
        BadInputError: where the site has no such floor, naming those it has, or a file cannot be read.
    """
    found = read_toml(site, SiteFile)
    if found.schema != SITE_SCHEMA:
        raise BadInputError(f"{site}: schema is {found.schema!r}; this version reads {SITE_SCHEMA!r}")
    there = ", ".join(entry.id for entry in found.floors) or "none"
    if floor is None and len(found.floors) != 1:
        raise BadInputError(f"{site}: has floors {there}; choose one with --floor")
    fitting = [entry for entry in found.floors if floor in {None, entry.id}]
    if not fitting:
        raise BadInputError(f"{site}: no floor {floor!r}; it has {there}")
    entry = fitting[0]
    if not all(0 < side < float("inf") for side in entry.size_m):
        raise BadInputError(f"{site}: floor {entry.id}: size_m must be two positive lengths in metres")
    geometry = site.parent / entry.geometry
    plan = site.parent / entry.plan if entry.plan else None
    if plan is not None and not plan.is_file():
        raise BadInputError(f"{site}: floor {entry.id}: plan {plan} does not exist; correct or remove it")
    return FloorFiles(
        found.id, entry, geometry, read_drawing(geometry), cameras_so_far(site.parent / entry.cameras), plan
    )
