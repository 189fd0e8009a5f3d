"""Routes about how many are inside: now, by quarter hour, and the nightly reckoning."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from msgspec import to_builtins

from central.api.document import answers
from central.api.gate import needs
from central.api.window import services_of
from central.insight.figure import Figure
from central.insight.occupancy import FloorOccupancy, Reckoning
from central.journeys.nights import latest_night, night_after, night_at
from contract.errors import BadInputError
from contract.times import to_rfc3339

router = APIRouter(prefix="/v1", tags=["occupancy"])

FIRST_YEAR, LAST_YEAR = 2000, 2100


@dataclass(frozen=True, slots=True)
class OccupancyReport:
    """Everybody now; figures about fewer than ``k`` people have no value and say why."""

    at: str
    k: int
    mall: FloorOccupancy
    floors: tuple[FloorOccupancy, ...]


_SEEN, _BY_DOORS = Figure(132, 132, 130, 134), Figure(135, 135, 131, 139)
_FLOOR = FloorOccupancy("g", "Ground floor", _SEEN, _BY_DOORS, 150, "near")
NOW = OccupancyReport(
    "2026-01-31T12:00:00.000Z", 5, FloorOccupancy("", "Galleria", _SEEN, _BY_DOORS, None, ""), (_FLOOR,)
)


@router.get("/occupancy", dependencies=[needs("ops", "manager", "admin")], responses=answers(to_builtins(NOW)))
def get_occupancy(request: Request) -> OccupancyReport:
    """People on every floor and in the mall now: as cameras see them, and by what the doors counted since the night."""
    services = services_of(request)
    found = services.occupancy.now(services.clock())
    return OccupancyReport(to_rfc3339(found.at), services.insight.k, found.mall, found.floors)


@dataclass(frozen=True, slots=True)
class QuarterReport:
    """People at the beginning of a quarter hour; ``floor`` is empty for the mall."""

    floor: str
    start: str
    people: Figure
    seen: Figure


@dataclass(frozen=True, slots=True)
class QuartersReport:
    """A day's quarter hours, from one night to the next."""

    day: str
    k: int
    quarters: list[QuarterReport]


QUARTERS = QuartersReport("2026-01-31", 5, [QuarterReport("g", "2026-01-31T12:00:00.000Z", _BY_DOORS, _SEEN)])


@router.get(
    "/occupancy/quarters", dependencies=[needs("ops", "manager", "admin")], responses=answers(to_builtins(QUARTERS))
)
def get_quarters(
    request: Request,
    day: Annotated[
        str | None,
        Query(description="local date on which the day begins, as 2026-01-31; the present day where absent"),
    ] = None,
) -> QuartersReport:
    """People at the beginning of every quarter hour of a local day that begins at the night's reckoning."""
    services = services_of(request)
    zone, hour = services.site.timezone, services.reckon_at_hour
    if day is None:
        date, _ = latest_night(services.clock(), zone, hour)
    else:
        date = _date(day)
    found = services.occupancy.by_quarter(night_at(date, zone, hour), night_after(date, zone, hour))
    return QuartersReport(
        date.isoformat(),
        services.insight.k,
        [QuarterReport(one.floor, to_rfc3339(one.start), one.people, one.seen) for one in found],
    )


def _date(text: str) -> dt.date:
    try:
        date = dt.date.fromisoformat(text)
    except ValueError:
        date = dt.date.min
    if not FIRST_YEAR <= date.year <= LAST_YEAR:
        raise BadInputError(f"day: {text[:40]!r} is no date; write it as 2026-01-31") from None
    return date


@dataclass(frozen=True, slots=True)
class ReckoningsReport:
    """Nightly reckonings, newest first; ``floor`` is empty for the mall."""

    k: int
    reckonings: list[Reckoning]


_ENTERED, _LEFT = Figure(4120, 4120, 4118, 4122), Figure(4093, 4093, 4091, 4095)
RECKONINGS = ReckoningsReport(5, [Reckoning("2026-01-31", "g", _ENTERED, _LEFT, 27, "g/cafe-door", 0.81, 0.55, 1.0)])


@router.get("/reckonings", dependencies=[needs("ops", "manager", "admin")], responses=answers(to_builtins(RECKONINGS)))
def get_reckonings(request: Request, limit: Annotated[int, Query(ge=1, le=1000)] = 30) -> ReckoningsReport:
    """What each day's doors counted against who was there at night, and the door that explains the difference."""
    services = services_of(request)
    return ReckoningsReport(services.insight.k, services.occupancy.reckonings(limit))
