"""Which chunks by visitor have expired, and which visitors' ids with them: conditions for the rules of retention.

``:cutoff`` is the instant before which heat by visitor is gone.
"""

from __future__ import annotations

from central.store.heat.folding import QUARTER
from central.store.heat.past import DAY

CHUNKS_KEPT_S = 86_400.0
"""Heat by visitor lives as long as the visitor's id may."""
MINUTES_KEPT_S = 2.5 * 3600
"""Single minutes can be asked for within the last hour, an hour at most; their quarters stay."""
WAITS_MINUTES = 120
"""So much longer a chunk waits for its day to be closed: one night a year a day has 25 hours."""

EXPIRED_MINUTES = f"""grain = 1 AND start < :cutoff / 60 AND EXISTS (SELECT 1 FROM heat_chunks AS quarter
    WHERE quarter.site = heat_chunks.site AND quarter.floor = heat_chunks.floor AND quarter.grain = {QUARTER}
    AND quarter.start = heat_chunks.start / {QUARTER} * {QUARTER})"""  # noqa: S608 - our own words
"""Minutes whose quarter is closed, so that nothing is told otherwise without them."""

EXPIRED_CHUNKS = f"""start < CAST(:cutoff / 60 AS INTEGER) AND (start < CAST(:cutoff / 60 AS INTEGER) - {WAITS_MINUTES}
    OR start < (SELECT max(end) / 60 FROM heat_past
    WHERE heat_past.site = heat_chunks.site AND heat_past.floor = heat_chunks.floor AND heat_past.grain = {DAY}))"""  # noqa: S608
"""Chunks of closed days. A day that is not closed waits, but not for ever: ids go, even if its heat goes with them."""

EXPIRED_QUARTERS = f"""grain = {QUARTER} AND end < :cutoff AND EXISTS (SELECT 1 FROM heat_past AS day
    WHERE day.site = heat_past.site AND day.floor = heat_past.floor AND day.grain = {DAY}
    AND day.start <= heat_past.start AND day.end >= heat_past.end)"""  # noqa: S608
"""Published quarters of closed days, whose hours are kept."""

EXPIRED_VISITORS = """last_at < min(:cutoff,
    coalesce((SELECT 60 * min(start) FROM heat_chunks WHERE heat_chunks.site = visitors.site), :cutoff))"""
"""Ids that no chunk names any more."""
