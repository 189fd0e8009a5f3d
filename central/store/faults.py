"""Standing faults, so that a restart neither forgets one nor opens its order twice."""

from __future__ import annotations

import sqlite3

import msgspec

from central.ops.fault import Fault
from central.store.database import Database


def stand(connection: sqlite3.Connection, site: str, fault: Fault, since: float) -> None:
    """Note that the fault stands, or how bad it is now, within the caller's transaction."""
    connection.execute(
        """INSERT INTO faults VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (site, key) DO UPDATE SET severity = excluded.severity, facts = excluded.facts""",
        (site, fault.key, fault.kind, fault.severity, fault.floor, fault.box, fault.camera, _plain(fault), since),
    )


def gone(connection: sqlite3.Connection, site: str, key: str) -> None:
    """Note that the fault is gone, within the caller's transaction."""
    connection.execute("DELETE FROM faults WHERE site = ? AND key = ?", (site, key))


def standing(database: Database, site: str) -> dict[str, Fault]:
    """Faults that stood when they were last written, by key; ``since`` is set."""
    return {
        row["key"]: Fault(
            key=row["key"],
            kind=row["kind"],
            severity=row["severity"],
            since=row["since"],
            floor=row["floor"],
            box=row["box"],
            camera=row["camera"],
            facts=msgspec.json.decode(row["facts"]),
        )
        for row in database.rows("SELECT * FROM faults WHERE site = ?", (site,))
    }


def _plain(fault: Fault) -> str:
    return msgspec.json.encode(dict(fault.facts)).decode()
