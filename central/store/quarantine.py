"""What could not be taken in: kept for a look, bounded in size and number, counted without bound."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from central.store.database import Database
from central.store.masking import masked, masked_text
from central.store.rows import Refused

MAX_PAYLOAD_BYTES = 4096
"""Of a refused payload this much is kept; a visit or crossing fits whole."""
MAX_KEPT = 1000
"""Newest refused messages kept; the counters know of all."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A refused message as it is kept."""

    id: int
    heard: float
    topic: str
    reason: str
    size: int
    payload: bytes


def add(connection: sqlite3.Connection, refused: Sequence[Refused]) -> None:
    """Keep and count the messages, within the caller's transaction."""
    if not refused:
        return
    connection.executemany(
        "INSERT INTO quarantine (site, heard, topic, reason, size, payload) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                *(one.site, one.heard, one.topic, masked_text(one.reason), one.size),
                masked(one.payload[:MAX_PAYLOAD_BYTES]),
            )
            for one in refused[-MAX_KEPT:]
        ],
    )
    connection.execute("DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?", (MAX_KEPT,))
    counts = Counter((one.site, one.kind) for one in refused)
    connection.executemany(
        """INSERT INTO quarantine_counts VALUES (?, ?, ?, ?)
           ON CONFLICT (site, kind) DO UPDATE SET count = count + excluded.count, last = excluded.last""",
        [(site, kind, count, refused[-1].heard) for (site, kind), count in counts.items()],
    )


def counts(database: Database, site: str) -> dict[str, int]:
    """How many messages were ever refused, by kind of fault."""
    rows = database.rows("SELECT kind, count FROM quarantine_counts WHERE site = ? ORDER BY kind", (site,))
    return {row["kind"]: row["count"] for row in rows}


def kinds(database: Database, site: str) -> list[tuple[str, int, float]]:
    """Kind of fault, how many messages were ever refused for it, and when the last one was."""
    rows = database.rows("SELECT kind, count, last FROM quarantine_counts WHERE site = ? ORDER BY kind", (site,))
    return [(row["kind"], row["count"], row["last"]) for row in rows]


def newest(database: Database, site: str, limit: int = 100, before: int = 2**62) -> list[Quarantined]:
    """The refused messages last kept, newest first; those with a lower id than ``before``."""
    rows = database.rows(
        "SELECT * FROM quarantine WHERE site = ? AND id < ? ORDER BY id DESC LIMIT ?", (site, before, limit)
    )
    return [
        Quarantined(row["id"], row["heard"], row["topic"], row["reason"], row["size"], row["payload"]) for row in rows
    ]
