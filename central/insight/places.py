"""Shops as figures name them: a zone under the tenant who has it at the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from calibration.geometry import Zone
from calibration.site import Site
from calibration.zones.tenants import in_order
from contract.errors import BadInputError

PASSAGES = frozenset({"circulation", "corridor", "concourse", "hall", "passage", "transit", "walkway"})
"""Categories of zones that people pass rather than visit."""

Indices = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Place:
    """A zone for as long as one tenant has it.

    Attributes:
        id: as answers call it: the zone's id, with its floor's before it where another floor has one of the same, and
            with ``@`` and the tenant where it is not the last tenant's.
        floor: the floor's id.
        zone: the zone's id, unique on its floor.
        tenant: the tenant's id, empty where the zone has none then.
        name: the tenant's, else the zone's.
        category: the tenant's, else the zone's.
        since: first instant of the tenancy, seconds since 1970; minus infinity where it always was.
        until: first instant after it; infinity where it is open.
    """

    id: str
    floor: str
    zone: str
    tenant: str
    name: str
    category: str
    since: float
    until: float

    @property
    def key(self) -> str:
        """Names the place in figures."""
        return f"{self.floor}/{self.zone}/{self.tenant}"

    @property
    def is_passage(self) -> bool:
        """Whether people pass it rather than visit it."""
        return self.category.lower() in PASSAGES


class Places:
    """All places of a site, in the order of its files; tenants of a zone by time.

    Attributes:
        all: the places.
        zones: (floor, zone) of every zone, in order.
    """

    def __init__(self, site: Site) -> None:
        self.all: list[Place] = []
        self.zones: list[tuple[str, str]] = []
        self._of_zone: list[Indices] = []
        for floor in site.floors.values():
            for zone in floor.zones.values():
                often = sum(zone.id in one.zones for one in site.floors.values()) > 1
                name = f"{floor.id}/{zone.id}" if often else zone.id
                found = _tenures(name, floor.id, zone, site.timezone)
                self.zones.append((floor.id, zone.id))
                self._of_zone.append(np.arange(len(self.all), len(self.all) + len(found), dtype=np.int32))
                self.all += found
        self._zone_number = {zone: number for number, zone in enumerate(self.zones)}

    def of(self, floor: Sequence[str], zone: Sequence[str], at: Floats) -> Indices:
        """(N,) index of the place of every zone at an instant; -1 where the site knows no such zone any more."""
        numbers = np.fromiter((self._zone_number.get(pair, -1) for pair in zip(floor, zone, strict=True)), np.int32)
        found = np.full(len(numbers), -1, np.int32)
        first = np.array([places[0] for places in self._of_zone], np.int32)
        known = numbers >= 0
        found[known] = first[numbers[known]]
        for number, places in enumerate(self._of_zone):
            if len(places) > 1:
                here = numbers == number
                since = np.array([self.all[place].since for place in places])
                found[here] = places[np.searchsorted(since, at[here], "right") - 1]
        return found

    def of_zone(self, name: str) -> list[int]:
        """Indices of a zone's places, oldest first; of one only where the name says the tenant.

        Args:
            name: a place's id.

        Raises:
            BadInputError: where there is none.
        """
        whole = [list(places) for places in self._of_zone if self.all[places[-1]].id == name]
        if whole:
            return [int(place) for place in whole[0]]
        one = [number for number, place in enumerate(self.all) if place.id == name]
        if not one:
            raise BadInputError(f"zone: the site has no {name[:64]!r}; GET /v1/zones lists its zones")
        return one


def _tenures(name: str, floor: str, zone: Zone, timezone: ZoneInfo) -> list[Place]:
    """The zone cut at the days on which tenants change; what nobody has is the zone's own."""
    found: list[Place] = []
    until = -np.inf

    def add(tenant: str, called: str, category: str, since: float, end: float) -> None:
        found.append(Place(f"{name}@{tenant}", floor, zone.id, tenant, called, category, since, end))

    for tenant in in_order(zone.tenants):
        since = max(_midnight(tenant.start, timezone, -np.inf), until)
        end = _midnight(tenant.to, timezone, np.inf)
        if end <= since:
            continue
        if since > until:
            add("", zone.name, zone.category, until, since)
        add(tenant.id, tenant.name or tenant.id, tenant.category or zone.category, since, end)
        until = end
    if until < np.inf:
        add("", zone.name, zone.category, until, np.inf)
    return [*found[:-1], replace(found[-1], id=name)]


def _midnight(day: date | None, timezone: ZoneInfo, otherwise: float) -> float:
    return otherwise if day is None else datetime.combine(day, time(), timezone).timestamp()
