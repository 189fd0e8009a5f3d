"""Closed visits as columns: what flows and dwell are reckoned from, a day of them in a fraction of a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from central.store.database import Database


@dataclass(frozen=True, slots=True)
class StayColumns:
    """Visits that ended in a window, in no order; every field has one entry a visit. Tokens never leave central."""

    person: tuple[str, ...]
    floor: tuple[str, ...]
    zone: tuple[str, ...]
    entered_at: tuple[float, ...]
    left_at: tuple[float, ...]
    observed_s: tuple[float, ...]
    bridged_s: tuple[float, ...]
    unseen_s: tuple[float, ...]
    party: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class CrossingColumns:
    """Crossings in a window, in no order; every field has one entry a crossing."""

    person: tuple[str, ...]
    floor: tuple[str, ...]
    line: tuple[str, ...]
    direction: tuple[str, ...]
    at: tuple[float, ...]


_STAYS = """
    SELECT person, floor, zone, entered_at, left_at, observed_s, bridged_s, unseen_s,
        (SELECT party FROM parties WHERE parties.site = told.site AND parties.visitor = told.person)
    FROM (
        SELECT *, coalesce(
            (SELECT person FROM stitches WHERE stitches.site = visits.site AND stitches.visitor = visits.visitor),
            visitor) AS person
        FROM visits WHERE site = ? AND phase = 'closed' AND left_at >= ? AND left_at < ? {zones}
    ) AS told"""

_CROSSINGS = """
    SELECT coalesce(
            (SELECT person FROM stitches WHERE stitches.site = crossings.site
                AND stitches.visitor = crossings.visitor),
            visitor),
        floor, line, direction, at
    FROM crossings WHERE site = ? AND at >= ? AND at < ?"""


def stays(database: Database, site: str, start: float, end: float, only: Sequence[tuple[str, str]] = ()) -> StayColumns:
    """Closed visits that ended from ``start`` until before ``end``; to some (floor, zone) only, where any are named."""
    zones = f"AND (floor, zone) IN (VALUES {', '.join(['(?, ?)'] * len(only))})" if only else ""
    named = [name for pair in only for name in pair]
    person, floor, zone, entered, left, observed, bridged, unseen, party = _columns(
        database, _STAYS.format(zones=zones), (site, start, end, *named), 9
    )
    return StayColumns(person, floor, zone, entered, left, observed, bridged, unseen, party)


def crossings(database: Database, site: str, start: float, end: float) -> CrossingColumns:
    """Crossings from ``start`` until before ``end``."""
    return CrossingColumns(*_columns(database, _CROSSINGS, (site, start, end), 5))


def number_of_stays(database: Database, site: str, start: float, end: float) -> int:
    """How many closed visits ended from ``start`` until before ``end``."""
    sql = "SELECT count(*) FROM visits WHERE site = ? AND phase = 'closed' AND left_at >= ? AND left_at < ?"
    return int(database.rows(sql, (site, start, end))[0][0])


def number_of_crossings(database: Database, site: str, start: float, end: float) -> int:
    """How many crossings there were from ``start`` until before ``end``."""
    sql = "SELECT count(*) FROM crossings WHERE site = ? AND at >= ? AND at < ?"
    return int(database.rows(sql, (site, start, end))[0][0])


def staff(database: Database, site: str) -> frozenset[str]:
    """Persons who work here."""
    return frozenset(row[0] for row in database.rows("SELECT person FROM staff WHERE site = ?", (site,)))


def _columns(database: Database, sql: str, parameters: tuple[Any, ...], number: int) -> list[tuple[Any, ...]]:
    cursor = database.reading().cursor()
    cursor.row_factory = None  # plain tuples: half the time of named rows
    rows = cursor.execute(sql, parameters).fetchall()
    return list(zip(*rows, strict=True)) if rows else [()] * number
