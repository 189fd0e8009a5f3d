"""Deletes chunks by visitor, and with them the visitors' ids."""

from __future__ import annotations

import sqlite3

from central.store.heat.folding import MINUTE_S, QUARTER

MINUTES_KEPT_S = 2.5 * 3600
"""Single minutes can be asked for within the last hour, an hour at most; their quarters stay."""
CHUNKS_KEPT_S = 86_400.0
"""Heat by visitor lives as long as the visitor's id may."""
WAITS_S = 2 * 3600.0
"""So much longer chunks wait for their day to be closed: one night a year a day has 25 hours."""


def purge(connection: sqlite3.Connection, site: str, now: float, kept_s: float = CHUNKS_KEPT_S) -> None:
    """Delete minutes whose quarter is closed, chunks that are older than ``kept_s``, and ids that nothing names.

    A chunk whose day is not closed yet waits, but not for ever: ids go, even where the day's heat is lost by that.
    """
    connection.execute(
        """DELETE FROM heat_chunks AS minute WHERE site = :site AND grain = 1 AND start < :before AND EXISTS (
               SELECT 1 FROM heat_chunks WHERE site = :site AND floor = minute.floor AND grain = :quarter
               AND start = minute.start / :quarter * :quarter)""",
        {"site": site, "quarter": QUARTER, "before": int((now - MINUTES_KEPT_S) // MINUTE_S)},
    )
    last = now - kept_s
    connection.execute(
        """DELETE FROM heat_chunks AS chunk WHERE site = :site AND start < :last AND (start < :latest OR start < (
               SELECT max(end) / 60 FROM heat_past WHERE site = :site AND floor = chunk.floor AND grain = 1440))""",
        {"site": site, "last": int(last // MINUTE_S), "latest": int((last - WAITS_S) // MINUTE_S)},
    )
    oldest = connection.execute("SELECT min(start) FROM heat_chunks WHERE site = ?", (site,)).fetchone()[0]
    gone = last if oldest is None else min(last, float(oldest * MINUTE_S))
    connection.execute("DELETE FROM visitors WHERE site = ? AND last_at < ?", (site, gone))
