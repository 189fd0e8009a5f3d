"""The table of heat without anybody in it."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="0008_heat_past")
def heat_past(db: Admin) -> None:
    """Published squares of every hour and day that is over, as they may leave central; nobody's id or key."""
    db.execute("""
        CREATE TABLE heat_past (
            site TEXT NOT NULL, floor TEXT NOT NULL, grain INTEGER NOT NULL, start REAL NOT NULL, end REAL NOT NULL,
            squares BLOB NOT NULL,
            PRIMARY KEY (site, floor, grain, start))""")
