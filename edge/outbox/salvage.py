"""Reads what is left of a damaged outbox: the events that central may not have, as they were stored.

They keep their session and number, so that central counts none twice that it has already. They are sent beside a new
session: going on with the old one could give a number out again that was used in the part that cannot be read.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from contract.messages import MalformedMessageError, decode
from edge.outbox.salvaged import Row
from edge.outbox.store import Origin

MOST_READS = 200_000
"""Reading goes around damage by halves; a file that is damaged everywhere is not read for ever."""


def salvage(path: Path, origin: Origin) -> Iterator[tuple[str, Row]]:
    """Every whole event of that box in the file that was not known to be acknowledged, with its session, in order.

    Args:
        path: the file, set aside with its write-ahead log; it is opened to read.
        origin: whose events they have to be.
    """
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as db:
        first, last = _span(db)
        for row in _rows(db, first, last):
            if (session := _session(row, origin)) is not None:
                yield session, row


def _span(db: sqlite3.Connection) -> tuple[int, int]:
    """Numbers that may be there: from behind the acknowledged ones to the highest that can be told."""
    acknowledged, highest = 0, 0
    for sql in ("SELECT acknowledged, last_seq FROM session", "SELECT 0, max(seq) FROM outbox"):
        with contextlib.suppress(sqlite3.DatabaseError, TypeError, ValueError):
            found = db.execute(sql).fetchone()
            acknowledged, highest = max(acknowledged, int(found[0])), max(highest, int(found[1]))
    return acknowledged + 1, highest


def _rows(db: sqlite3.Connection, first: int, last: int) -> Iterator[Row]:
    """The rows that can be read, in order; where a stretch cannot be, its halves are tried."""
    stretches, reads = [(first, last)], 0
    while stretches and reads < MOST_READS:
        low, high = stretches.pop()
        if low > high:
            continue
        reads += 1
        try:
            sql = "SELECT seq, what, payload FROM outbox WHERE seq BETWEEN ? AND ? ORDER BY seq"
            found = [Row(*row) for row in db.execute(sql, (low, high))]
        except sqlite3.DatabaseError:
            if low < high:
                middle = (low + high) // 2
                stretches += [(middle + 1, high), (low, middle)]
        else:
            yield from found


def _session(row: Row, origin: Origin) -> str | None:
    """The session in the row's own envelope; None where the row is not whole, or not of that box."""
    try:
        message = decode(row.what, bytes(row.payload))
    except (MalformedMessageError, KeyError, TypeError):
        return None
    if (message.site, message.floor, message.box, message.seq) != (origin.site, origin.floor, origin.box, row.seq):
        return None
    return str(message.session)
