"""How far the times of boxes' events have to be moved: by number, as long as the session lasts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from central.store.database import Database


@dataclass(frozen=True, slots=True)
class Correction:
    """From this number on, a session's event times are moved so far.

    Attributes:
        first_seq: the first number it holds for; the next correction of the session ends it.
        correction_s: seconds to add to the box's times.
        since: when the box's clock was last known to be otherwise, seconds since 1970.
    """

    site: str
    box: str
    session: str
    first_seq: int
    correction_s: float
    since: float


def add(connection: sqlite3.Connection, corrections: Iterable[Correction]) -> None:
    """Keep them, within the caller's transaction."""
    connection.executemany(
        "INSERT OR REPLACE INTO clocks VALUES (?, ?, ?, ?, ?, ?)",
        [(one.site, one.box, one.session, one.first_seq, one.correction_s, one.since) for one in corrections],
    )


def corrections(database: Database, site: str) -> list[Correction]:
    """All corrections of the site, by box, session and number."""
    rows = database.rows("SELECT * FROM clocks WHERE site = ? ORDER BY box, session, first_seq", (site,))
    return [Correction(*row) for row in rows]


def note_skews(connection: sqlite3.Connection, skews: Mapping[tuple[str, str], float]) -> None:
    """Keep by how much each box's clock (site, box) is ahead of ours, seconds, within the caller's transaction."""
    connection.executemany(
        "UPDATE boxes SET skew_s = ? WHERE site = ? AND box = ?",
        [(round(skew_s, 3), site, box) for (site, box), skew_s in skews.items()],
    )
