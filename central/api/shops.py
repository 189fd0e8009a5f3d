"""Routes about zones: visitors, dwell, capture, where from and where to, week on week."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from central.api.document import answers
from central.api.examples import (
    BINS,
    CAPTURE,
    DWELL,
    LEGS,
    NONE,
    PASSERS_BY,
    SECONDS,
    SHOP,
    VISITORS,
    VISITS,
    WINDOW,
)
from central.api.gate import needs
from central.api.window import Asking, Listed, Who, services_of
from central.insight.compare import DayFigure, Weeks
from central.insight.dwell import Bin, ZoneDwell
from central.insight.figure import FEW, Figure
from central.insight.shops import Leg, ShopReport, Shops, ShopSummary
from contract.times import to_rfc3339

router = APIRouter(prefix="/v1", tags=["shops"])

READERS = needs("ops", "manager", "admin")

ZoneName = Annotated[
    str,
    Path(
        max_length=200,
        description="a zone's id; `floor/zone` where two floors have one of that name, `zone@tenant` for a former "
        "tenant",
        examples=["nordic"],
    ),
]


@dataclass(frozen=True, slots=True)
class ZonesAnswer:
    """Zones in the order of the site's files; ``next_cursor`` asks for the next page."""

    window: dict[str, str]
    k: int
    who: str
    zones: list[ShopSummary]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class DwellAnswer:
    """Dwell by zone of the visits that ended in the window."""

    window: dict[str, str]
    k: int
    who: str
    zones: list[ZoneDwell]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class QuarterTold:
    """Visitors of the quarter-hour from ``start``."""

    start: str
    people: Figure


@dataclass(frozen=True, slots=True)
class ZoneTold:
    """A ``ShopReport`` with its times as text."""

    zone: str
    name: str
    category: str
    floor: str
    tenant: str
    window: dict[str, str]
    visitors: Figure
    visits: Figure
    passers_by: Figure
    capture: Figure
    dwell_median: Figure
    dwell_mean: Figure
    dwell_bins: list[Bin]
    observed_share: float | None
    bridged_share: float | None
    unseen_s: Figure
    came_from: list[Leg]
    went_to: list[Leg]
    by_quarter: list[QuarterTold]
    staff: Figure
    parties: Figure


def zone_told(report: ShopReport) -> ZoneTold:
    """The report as the API tells it."""
    same = {field.name: getattr(report, field.name) for field in fields(report)}
    quarters = [QuarterTold(to_rfc3339(one.start), one.people) for one in report.by_quarter]
    return ZoneTold(**same | {"window": report.window.told(), "by_quarter": quarters})


@dataclass(frozen=True, slots=True)
class ZoneAnswer:
    """One zone in full; the zone's own ``window`` is what of the window asked for its tenant had it."""

    window: dict[str, str]
    k: int
    who: str
    zone: ZoneTold


@dataclass(frozen=True, slots=True)
class WeeksAnswer:
    """A zone day by day, oldest first, each day against the same weekday a week before."""

    k: int
    who: str
    days: list[DayFigure]


@router.get("/zones", dependencies=[READERS], responses=answers(ZonesAnswer(WINDOW, 5, "shoppers", [SHOP], "1")))
def get_zones(asked: Listed) -> ZonesAnswer:
    """Visitors, visits, passers-by, capture rate and dwell of every zone."""
    zones, following = asked.page(Shops(asked.services).all(asked.window, asked.who))
    return ZonesAnswer(asked.window.told(), asked.services.insight.k, asked.who, zones, following)


@router.get("/dwell", dependencies=[READERS], responses=answers(DwellAnswer(WINDOW, 5, "shoppers", [DWELL], None)))
def get_dwell(asked: Listed) -> DwellAnswer:
    """Mean and quantiles of dwell by zone; observed, bridged and unseen seconds told apart."""
    zones, following = asked.page(Shops(asked.services).dwell(asked.window, asked.who))
    return DwellAnswer(asked.window.told(), asked.services.insight.k, asked.who, zones, following)


@router.get(
    "/zones/{zone:path}/weeks",
    dependencies=[READERS],
    responses=answers(
        WeeksAnswer(
            5,
            "shoppers",
            [
                DayFigure(
                    date(2026, 1, 30),
                    "nordic-wear",
                    VISITORS,
                    SECONDS,
                    CAPTURE,
                    Figure(190, 190, 186, 194),
                    Figure(0.126, 404, -0.094, 0.347),
                )
            ],
        )
    ),
)
def get_weeks(
    request: Request,
    zone: ZoneName,
    day: Annotated[
        date | None,
        Query(description="last day, in the mall's time zone; yesterday where absent", examples=["2026-01-31"]),
    ] = None,
    weeks: Annotated[int, Query(ge=1, le=4, description="how many weeks of days")] = 1,
    who: Who = "shoppers",
) -> WeeksAnswer:
    """A zone's days against the same weekdays a week before; a day that is not over is withheld as young."""
    services = services_of(request)
    today = datetime.fromtimestamp(services.clock(), services.site.timezone).date()
    days = Weeks(services).week_on_week(zone, day or today - timedelta(days=1), who, weeks)
    return WeeksAnswer(services.insight.k, who, days)


@router.get(
    "/zones/{zone:path}",
    dependencies=[READERS],
    responses=answers(
        ZoneAnswer(
            WINDOW,
            5,
            "shoppers",
            ZoneTold(
                "nordic",
                "Nordic Wear",
                "fashion",
                "g",
                "nordic-wear",
                WINDOW,
                VISITORS,
                VISITS,
                PASSERS_BY,
                CAPTURE,
                SECONDS,
                SECONDS,
                BINS,
                0.93,
                0.07,
                NONE,
                LEGS,
                LEGS,
                [QuarterTold(WINDOW["from"], Figure(29, 29, 25, 33))],
                FEW,
                Figure(41, 41, 37, 45),
            ),
        )
    ),
)
def get_zone(asked: Asking, zone: ZoneName) -> ZoneAnswer:
    """One zone in full: visitors, capture rate, dwell in bins, where from, where to, by quarter-hour."""
    report = Shops(asked.services).zone(zone, asked.window, asked.who)
    return ZoneAnswer(asked.window.told(), asked.services.insight.k, asked.who, zone_told(report))
