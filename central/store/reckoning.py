"""Crossings by moment, how many were inside every quarter hour, and the nightly reckonings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from central.store.database import Database

MALL = ""
"""In place of a floor's id: the whole mall."""
_SIGN = 1 << 63
_WORD = 1 << 64


class Passed(NamedTuple):
    """Somebody crossed a line at a moment, seconds since 1970."""

    floor: str
    line: str
    direction: str
    visitor: str
    at: float


@dataclass(frozen=True, slots=True)
class Quarter:
    """How many were inside at the beginning of a quarter hour.

    Attributes:
        at: seconds since 1970.
        floor: its id, or ``MALL``.
        inside: by what the doors counted; below 0 where they miscounted.
        inside_key: sum of these people's secret numbers, 64 bits.
        seen: by positions, None where the floor's boxes were silent or nobody looked.
        seen_key: sum of theirs.
        staff: how many of those seen are known to work here.
        staff_key: sum of theirs.
    """

    at: float
    floor: str
    inside: int
    inside_key: int
    seen: int | None
    seen_key: int | None
    staff: int = 0
    staff_key: int = 0


@dataclass(frozen=True, slots=True)
class Night:
    """What a day's doors counted, against who was there at night.

    Attributes:
        at: the end of the day, seconds since 1970.
        floor: its id, or ``MALL``.
        night: the local date of its end.
        entered: crossings onto the floor,
        entered_people: by so many different visitors,
        entered_key: whose secret numbers sum to this.
        departed: crossings off the floor, and so on.
        seen_before: people seen at the day's beginning, None where unknown.
        seen: people seen at its end, None where unknown.
        drift: people that the doors counted too many (too few below 0); None where somebody's number is unknown.
        door: the line that explains it, None where no single one does.
        door_share: how much of the drift it explains, with 95 % interval ``low`` to ``high``.
    """

    at: float
    floor: str
    night: str
    entered: int
    entered_people: int
    entered_key: int
    departed: int
    departed_people: int
    departed_key: int
    seen_before: int | None
    seen: int | None
    drift: int | None
    door: str | None = None
    door_share: float | None = None
    low: float | None = None
    high: float | None = None


def crossings(database: Database, site: str, start: float, end: float) -> list[Passed]:
    """Crossings from ``start`` until before ``end``, by time."""
    rows = database.rows(
        "SELECT floor, line, direction, visitor, at FROM crossings WHERE site = ? AND at >= ? AND at < ? ORDER BY at",
        (site, start, end),
    )
    return [Passed._make(row) for row in rows]


def from_door_to_door(database: Database, site: str, start: float, end: float) -> dict[tuple[str, str], int]:
    """Visitors by the line of their first crossing ``in`` and that of their last crossing ``out``, of those with both.

    Lines are named as floor/line; crossings count from ``start`` until before ``end``.
    """
    rows = database.rows(
        """WITH passed AS (
               SELECT visitor, floor || '/' || line AS line, direction, at FROM crossings
               WHERE site = ? AND at >= ? AND at < ?),
           first AS (SELECT visitor, line, min(at) FROM passed WHERE direction = 'in' GROUP BY visitor),
           last AS (SELECT visitor, line, max(at) FROM passed WHERE direction = 'out' GROUP BY visitor)
           SELECT first.line, last.line, count(*) FROM first JOIN last USING (visitor) GROUP BY 1, 2""",
        (site, start, end),
    )
    return {(row[0], row[1]): row[2] for row in rows}


def keep_quarters(database: Database, site: str, found: Iterable[Quarter]) -> None:
    """Put these in place of what was kept of the same moments; who was seen then stays known."""
    with database.writing() as connection:
        connection.executemany(
            """INSERT INTO quarters VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site, at, floor) DO UPDATE
               SET inside = excluded.inside, inside_key = excluded.inside_key,
               staff = CASE WHEN excluded.seen IS NULL THEN staff ELSE excluded.staff END,
               staff_key = CASE WHEN excluded.seen IS NULL THEN staff_key ELSE excluded.staff_key END,
               seen = coalesce(excluded.seen, seen), seen_key = coalesce(excluded.seen_key, seen_key)""",
            [
                (
                    site,
                    one.at,
                    one.floor,
                    one.inside,
                    _signed(one.inside_key),
                    one.seen,
                    _signed(one.seen_key),
                    one.staff,
                    _signed(one.staff_key),
                )
                for one in found
            ],
        )


def quarters(database: Database, site: str, start: float, end: float) -> list[Quarter]:
    """What was kept of the moments from ``start`` to ``end``, both included, by time and floor."""
    rows = database.rows(
        """SELECT at, floor, inside, inside_key, seen, seen_key, staff, staff_key FROM quarters
           WHERE site = ? AND at BETWEEN ? AND ? ORDER BY at, floor""",
        (site, start, end),
    )
    return [
        Quarter(row[0], row[1], row[2], row[3] % _WORD, row[4], _unsigned(row[5]), row[6], row[7] % _WORD)
        for row in rows
    ]


def keep_nights(database: Database, site: str, found: Iterable[Night]) -> None:
    """Put these reckonings in place of any of the same nights."""
    with database.writing() as connection:
        connection.executemany(
            f"INSERT OR REPLACE INTO reckonings VALUES ({', '.join('?' * 17)})",  # noqa: S608 - marks alone
            [
                (
                    site, one.at, one.floor, one.night, one.entered, one.entered_people, _signed(one.entered_key),
                    one.departed, one.departed_people, _signed(one.departed_key), one.seen_before, one.seen, one.drift,
                    one.door, one.door_share, one.low, one.high,
                )
                for one in found
            ],
        )  # fmt: skip


def nights(database: Database, site: str, limit: int) -> list[Night]:
    """The latest reckonings, newest night first, the mall before its floors; at most ``limit`` of them."""
    rows = database.rows("SELECT * FROM reckonings WHERE site = ? ORDER BY at DESC, floor LIMIT ?", (site, limit))
    found = [dict(row) for row in rows]
    for row in found:
        del row["site"]
        row["entered_key"] %= _WORD
        row["departed_key"] %= _WORD
    return [Night(**row) for row in found]


def _signed(key: int | None) -> int | None:
    """64 bits as SQLite keeps them."""
    return None if key is None else (key + _SIGN) % _WORD - _SIGN


def _unsigned(key: int | None) -> int | None:
    return None if key is None else key % _WORD
