"""Unsuppressed figures from visits and crossings: for ``central.insight``, and for tests against a known truth."""

from __future__ import annotations

from dataclasses import dataclass

from central.store.database import Database
from contract.events import DAY_S


@dataclass(frozen=True, slots=True)
class VisitRow:
    """A visit as last told; times are seconds since 1970."""

    box: str
    floor: str
    visit: str
    visitor: str
    zone: str
    phase: str
    entered_at: float
    left_at: float | None
    observed_s: float
    bridged_s: float
    unseen_s: float
    confidence: float
    at: float

    @property
    def dwell_s(self) -> float:
        """Seconds that we stand for: seen, or bridged between two sightings."""
        return self.observed_s + self.bridged_s


@dataclass(frozen=True, slots=True)
class CrossingCount:
    """Crossings of a line in one direction in one minute; ``minute`` is whole minutes since 1970."""

    floor: str
    line: str
    direction: str
    minute: int
    crossings: int
    visitors: int


_VISIT_COLUMNS = (
    "box, floor, visit, visitor, zone, phase, entered_at, left_at, observed_s, bridged_s, unseen_s, confidence, at"
)


def visits(database: Database, site: str, start: float = 0.0, end: float = 1e12) -> list[VisitRow]:
    """Visits that began from ``start`` until before ``end``, by beginning."""
    rows = database.rows(
        f"SELECT {_VISIT_COLUMNS} FROM visits WHERE site = ? AND entered_at >= ? AND entered_at < ?"  # noqa: S608
        " ORDER BY entered_at",
        (site, start, end),
    )
    return [VisitRow(*row) for row in rows]


def visits_of(database: Database, site: str, visitors: list[str], start: float) -> list[VisitRow]:
    """Visits of these visitors that were not over before ``start``, by beginning.

    A visitor's name lives for a day, so nothing is looked for beyond a day before ``start`` and two days after.
    """
    marks = ", ".join("?" * len(visitors))
    first = int((start - DAY_S) // 3600)
    hours = ", ".join(str(hour) for hour in range(first, first + 72))
    rows = database.rows(
        f"SELECT {_VISIT_COLUMNS} FROM visits INDEXED BY visits_by_visitor"  # noqa: S608
        f" WHERE site = ? AND hour IN ({hours}) AND visitor IN ({marks})"
        " AND coalesce(left_at, at) >= ? ORDER BY entered_at",
        (site, *visitors, start),
    )
    return [VisitRow(*row) for row in rows]


def crossings(database: Database, site: str, start: float = 0.0, end: float = 1e12) -> list[CrossingCount]:
    """Crossings by line, direction and minute."""
    rows = database.rows(
        """SELECT floor, line, direction, CAST(at / 60 AS INTEGER) AS minute, count(*), count(DISTINCT visitor)
           FROM crossings WHERE site = ? AND at >= ? AND at < ?
           GROUP BY floor, line, direction, minute ORDER BY minute, floor, line, direction""",
        (site, start, end),
    )
    return [CrossingCount(*row) for row in rows]


def crossing_totals(
    database: Database, site: str, start: float = 0.0, end: float = 1e12
) -> dict[tuple[str, str, str], tuple[int, int]]:
    """(crossings, different visitors) by floor, line and direction."""
    rows = database.rows(
        """SELECT floor, line, direction, count(*), count(DISTINCT visitor)
           FROM crossings WHERE site = ? AND at >= ? AND at < ? GROUP BY floor, line, direction""",
        (site, start, end),
    )
    return {(row[0], row[1], row[2]): (row[3], row[4]) for row in rows}
