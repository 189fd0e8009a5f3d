"""Heat that is over: squares as published, with nobody in them; hours and days of it are kept for more than a year.

Every quarter of an hour is published once, on its own, while its visitors are still known; hours and days are sums of
what was published. So nobody can be singled out by adding quarters up or taking sums from each other: five quarters of
one person never make five people.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from central.store.database import Database

QUARTER, HOUR, DAY = 15, 60, 1440
"""Grains, minutes; a day of the mall's own time may have an hour more or less."""

SQUARE = np.dtype(
    [
        ("code", "<u4"),
        ("level", "u1"),
        ("own", "u1"),
        ("visitors", "<u4"),
        ("person_s", "<f4"),
        ("staff", "<u4"),
        ("staff_s", "<f4"),
    ]
)
"""A published square: see ``insight.heatmap.HeatMap``."""

Squares = npt.NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Past:
    """Published squares of one stretch of time.

    Attributes:
        start: seconds since 1970.
        end: the same.
        squares: (N,) ``SQUARE``, largest first.
    """

    start: float
    end: float
    squares: Squares


def keep(database: Database, site: str, floor: str, parts: Sequence[tuple[int, Past]]) -> None:
    """Keep stretches by grain, all or none; those that are there already stay as they are."""
    with database.writing() as connection:
        connection.executemany(
            "INSERT INTO heat_past VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(site, floor, grain, one.start, one.end, _packed(grain, one.squares)) for grain, one in parts],
        )


def kept(database: Database, site: str, floor: str, grain: int, span: tuple[float, float]) -> list[Past]:
    """The stretches of a grain that begin within the span, its end not included, by time."""
    rows = database.rows(
        "SELECT start, end, squares FROM heat_past WHERE site = ? AND floor = ? AND grain = ?"
        " AND start >= ? AND start < ? ORDER BY start",
        (site, floor, grain, *span),
    )
    return [Past(row[0], row[1], np.frombuffer(_unpacked(grain, row[2]), SQUARE)) for row in rows]


def unpublished(database: Database, site: str, floor: str, until: float, most: int) -> list[float]:
    """Beginnings of the oldest quarters of an hour, of those with people that ended by ``until``, not kept yet."""
    rows = database.rows(
        """SELECT 60 * start FROM heat_chunks WHERE site = :site AND floor = :floor AND grain = :quarter
           AND start <= :until / 60 - :quarter AND 60.0 * start >= :closed AND NOT EXISTS (
               SELECT 1 FROM heat_past WHERE site = :site AND floor = :floor AND grain = :quarter
               AND heat_past.start = 60 * heat_chunks.start)
           ORDER BY start LIMIT :most""",
        {
            "site": site,
            "floor": floor,
            "quarter": QUARTER,
            "until": until,
            "closed": closed_until(database, site, floor) or 0.0,
            "most": most,
        },
    )
    return [float(row[0]) for row in rows]


def starts(database: Database, site: str, floor: str, grain: int, span: tuple[float, float]) -> list[float]:
    """Beginnings of the kept stretches of a grain that begin within the span, its end not included, by time."""
    rows = database.rows(
        "SELECT start FROM heat_past WHERE site = ? AND floor = ? AND grain = ? AND start >= ? AND start < ?"
        " ORDER BY start",
        (site, floor, grain, *span),
    )
    return [row[0] for row in rows]


def closed_until(database: Database, site: str, floor: str) -> float | None:
    """When the last day ended that is kept; None where none is."""
    rows = database.rows(
        "SELECT max(end) FROM heat_past WHERE site = ? AND floor = ? AND grain = ?", (site, floor, DAY)
    )
    found: float | None = rows[0][0]
    return found


def first_at(database: Database, site: str, floor: str) -> float | None:
    """When the first chunk by visitor begins; None where there is none."""
    rows = database.rows(
        "SELECT min(start) FROM heat_chunks WHERE site = ? AND floor = ? AND grain IN (1, 15)", (site, floor)
    )
    return None if rows[0][0] is None else 60.0 * rows[0][0]


def _packed(grain: int, squares: Squares) -> bytes:
    """Quarters as they are: they live for a day, and unpacking forty would be a third of a day's heatmap."""
    return squares.tobytes() if grain == QUARTER else zlib.compress(squares.tobytes(), 6)


def _unpacked(grain: int, squares: bytes) -> bytes:
    return squares if grain == QUARTER else zlib.decompress(squares)
