"""Positions and heat: where people are, and person-seconds by minute and 0.5 m cell."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from central.store.database import Database
from central.store.rows import Live
from contract.events import Positions
from contract.times import from_rfc3339

CELL_M = 0.5
USUAL_STEP_S = 1.0
"""A batch of positions stands for this long where nothing is known of the batch before."""
MAX_STEP_S = 2.0
"""A batch never stands for longer, so that a silence does not paint heat."""
MAX_AGE_S = 30.0
"""Older positions, and those from as far in the future, are not taken in."""


def apply(connection: sqlite3.Connection, live: Live) -> bool:
    """Whether a batch of positions was taken in, within the caller's transaction: not where it is late or known."""
    topic, body = live.topic, live.body
    if not isinstance(body, Positions):
        raise TypeError(f"{type(body).__name__} holds no positions")
    at = from_rfc3339(body.at)
    if abs(live.heard - at) > MAX_AGE_S:
        return False
    row = connection.execute(
        "SELECT positions_at FROM boxes WHERE site = ? AND box = ?", (topic.site, topic.box)
    ).fetchone()
    before = row[0] if row is not None else None
    if before is not None and at <= before <= live.heard + MAX_AGE_S:
        return False
    step_s = USUAL_STEP_S if before is None else min(at - before, MAX_STEP_S) if at > before else USUAL_STEP_S
    connection.execute(
        """INSERT INTO boxes (site, box, floor, positions_at, positions_heard, calibration) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (site, box) DO UPDATE SET floor = excluded.floor, positions_at = excluded.positions_at,
           positions_heard = excluded.positions_heard, calibration = excluded.calibration""",
        (topic.site, topic.box, topic.floor, at, live.heard, body.calibration),
    )
    connection.executemany(
        "INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?, ?, ?)",
        [(topic.site, topic.floor, at, visitor, x, y) for visitor, x, y in body.visitors],
    )
    minute = int(at // 60)
    connection.executemany(
        """INSERT INTO heat VALUES (?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET person_s = person_s + excluded.person_s""",
        [
            (topic.site, topic.floor, minute, math.floor(x / CELL_M), math.floor(y / CELL_M), visitor, step_s)
            for visitor, x, y in body.visitors
        ],
    )
    return True


def positions(
    database: Database, site: str, floor: str, start: float, end: float
) -> list[tuple[float, str, float, float]]:
    """(instant, visitor, x, y) from ``start`` to ``end``, both included, in metres."""
    rows = database.rows(
        "SELECT at, visitor, x, y FROM positions WHERE site = ? AND floor = ? AND at BETWEEN ? AND ?",
        (site, floor, start, end),
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def latest_positions(
    database: Database, site: str, floor: str, start: float, end: float
) -> dict[str, tuple[float, float]]:
    """Where each visitor was last between the instants, metres by visitor."""
    found = sorted(positions(database, site, floor, start, end))
    return {visitor: (x, y) for _, visitor, x, y in found}


def heat(
    database: Database, site: str, floor: str, first_minute: int, last_minute: int
) -> tuple[npt.NDArray[np.int64], list[str], npt.NDArray[np.float64]]:
    """Cells (N, 2) of 0.5 m, visitors (N,) and person-seconds (N,) of the minutes, both ends included."""
    rows: Iterable[Any] = database.rows(
        """SELECT cx, cy, visitor, sum(person_s) FROM heat
           WHERE site = ? AND floor = ? AND minute BETWEEN ? AND ? GROUP BY cx, cy, visitor""",
        (site, floor, first_minute, last_minute),
    )
    rows = list(rows)
    cells = np.array([(row[0], row[1]) for row in rows], np.int64).reshape(-1, 2)
    return cells, [row[2] for row in rows], np.array([row[3] for row in rows], np.float64)


def positions_of(
    database: Database, site: str, floor: str, visitor: str, start: float
) -> list[tuple[float, float, float]]:
    """(instant, x, y) of one visitor after ``start``, ascending, metres."""
    rows = database.rows(
        "SELECT at, x, y FROM positions WHERE site = ? AND floor = ? AND at > ? AND visitor = ? ORDER BY at",
        (site, floor, start, visitor),
    )
    return [(row[0], row[1], row[2]) for row in rows]
