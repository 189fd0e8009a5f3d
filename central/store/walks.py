"""Journeys that boxes closed, as paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from central.store.database import Database

_COLUMNS = "rowid, visitor, floor, entered_at, left_at, path"


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """Somebody's way over one floor.

    Attributes:
        row: its number in the table.
        entered_at: seconds since 1970.
        left_at: seconds since 1970.
        path: (V, 3) seconds since 1970, x, y in metres; at even speed from point to point, it strays 0.25 m at most.
    """

    row: int
    visitor: str
    floor: str
    entered_at: float
    left_at: float
    path: npt.NDArray[np.float64]


def newest_row(database: Database) -> int:
    """The highest number of a journey; 0 where there is none."""
    return int(database.rows("SELECT coalesce(max(rowid), 0) FROM journeys")[0][0])


def stored_after(database: Database, site: str, row: int, since: float, limit: int) -> list[Walk]:
    """Journeys that were stored after that row and ended after that instant, in the order they were stored."""
    rows = database.rows(
        f"SELECT {_COLUMNS} FROM journeys WHERE site = ? AND rowid > ? AND left_at >= ? ORDER BY rowid LIMIT ?",  # noqa: S608
        (site, row, since, limit),
    )
    return [_walk(found) for found in rows]


def entered_between(database: Database, site: str, floor: str, start: float, end: float) -> list[Walk]:
    """Journeys over a floor that began between the instants, both included."""
    rows = database.rows(
        f"SELECT {_COLUMNS} FROM journeys WHERE site = ? AND floor = ? AND entered_at BETWEEN ? AND ?"  # noqa: S608
        " ORDER BY entered_at, visitor",
        (site, floor, start, end),
    )
    return [_walk(found) for found in rows]


def _walk(row: Any) -> Walk:
    path = np.array(msgspec.json.decode(row["path"]), np.float64).reshape(-1, 3)
    path[:, 0] += row["entered_at"]
    return Walk(row["rowid"], row["visitor"], row["floor"], row["entered_at"], row["left_at"], path)
