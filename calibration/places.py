"""Places where people make themselves known: tills, kiosks, codes on the wall, barriers of the car park."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from calibration.geometry import Zone
from contract.errors import BadInputError
from contract.ids import check_id

PlaceKind = Literal["till", "kiosk", "code", "parking"]


class PlaceFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A ``[[places]]`` table of ``site.toml``.

    ``x`` and ``y``: where somebody stands who uses it, metres on the floor; not the till itself, half a step before it.
    ``zone``: what it belongs to; the zone that it stands in where it is not given. ``tenant``: whose it is; the
    zone's tenant of the day where it is not given.
    """

    id: str
    kind: PlaceKind
    floor: str
    x: float
    y: float
    zone: str = ""
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A named place.

    Attributes:
        x: where its user stands, metres; with ``y``.
        zone: what it belongs to, None where it stands in none.
        tenant: whose it is; empty where the zone's tenancies tell.
    """

    id: str
    kind: PlaceKind
    floor: str
    x: float
    y: float
    zone: str | None
    tenant: str = ""


def load_places(
    path: Path, found: Sequence[PlaceFile], floors: Mapping[str, tuple[tuple[float, float], Mapping[str, Zone]]]
) -> dict[str, Place]:
    """The places of a site file by id.

    Args:
        path: the file, for messages.
        found: its tables.
        floors: (width and height in metres, zones by id) by floor.

    Raises:
        BadInputError: naming the file, the place, the field and the mend.
    """
    places: dict[str, Place] = {}
    for one in found:
        check_id(one.id, f"{path}: place id")
        where = f"{path}: place {one.id!r}"
        if one.id in places:
            raise BadInputError(f"{where}: id: stands twice; give each place its own")
        if one.floor not in floors:
            raise BadInputError(f"{where}: floor: no floor {one.floor!r}; the site has {', '.join(floors)}")
        (width, height), zones = floors[one.floor]
        if not (0 <= one.x <= width and 0 <= one.y <= height):
            raise BadInputError(
                f"{where}: x, y: ({one.x:g}, {one.y:g}) lies outside the floor of {width:g} x {height:g} m; correct it"
            )
        if one.zone and one.zone not in zones:
            raise BadInputError(
                f"{where}: zone: no zone {one.zone!r} on floor {one.floor!r}; it has {', '.join(zones)}"
            )
        around = [zone for zone in zones.values() if zone.contains([[one.x, one.y]])[0]]  # type: ignore[arg-type]
        smallest = min(around, key=lambda zone: zone.polygon.area, default=None)
        zone = one.zone or (None if smallest is None else smallest.id)
        places[one.id] = Place(one.id, one.kind, one.floor, one.x, one.y, zone, one.tenant)
    return places
