"""What finding people's companions needs, and what is kept of who is inside."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="0009_journeys")
def journeys(db: Admin) -> None:
    """Nobody continues as two people; journeys by entry; a count of everybody inside every quarter hour; reckonings."""
    db.execute("CREATE UNIQUE INDEX stitches_once ON stitches (site, before)")
    db.execute("CREATE INDEX journeys_by_entry ON journeys (site, floor, entered_at)")
    db.execute("""
        CREATE TABLE quarters (
            site TEXT NOT NULL, at REAL NOT NULL, floor TEXT NOT NULL,
            inside INTEGER NOT NULL, inside_key INTEGER NOT NULL, seen INTEGER, seen_key INTEGER,
            PRIMARY KEY (site, at, floor)) WITHOUT ROWID""")
    db.execute("""
        CREATE TABLE reckonings (
            site TEXT NOT NULL, at REAL NOT NULL, floor TEXT NOT NULL, night TEXT NOT NULL,
            entered INTEGER NOT NULL, entered_people INTEGER NOT NULL, entered_key INTEGER NOT NULL,
            departed INTEGER NOT NULL, departed_people INTEGER NOT NULL, departed_key INTEGER NOT NULL,
            seen_before INTEGER, seen INTEGER, drift INTEGER,
            door TEXT, door_share REAL, low REAL, high REAL,
            PRIMARY KEY (site, at, floor)) WITHOUT ROWID""")
