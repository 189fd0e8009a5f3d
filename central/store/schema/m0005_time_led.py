"""Events under keys led by time, so that what is written lies together however much is stored."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations

_VISITS = """
    CREATE TABLE visits (
        site TEXT NOT NULL, told REAL NOT NULL, box TEXT NOT NULL, visit TEXT NOT NULL, floor TEXT NOT NULL,
        session TEXT NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL,
        visitor TEXT NOT NULL, zone TEXT NOT NULL, phase TEXT NOT NULL, entered_at REAL NOT NULL, left_at REAL,
        observed_s REAL NOT NULL, bridged_s REAL NOT NULL, unseen_s REAL NOT NULL, confidence REAL NOT NULL,
        hour INTEGER GENERATED ALWAYS AS (CAST(entered_at / 3600 AS INTEGER)) VIRTUAL,
        PRIMARY KEY (site, told, box, visit)) WITHOUT ROWID"""
"""``told`` is the entry by the box's own clock, the same in all words about a visit; ``entered_at`` is by ours."""

_CROSSINGS = """
    CREATE TABLE crossings (
        site TEXT NOT NULL, box TEXT NOT NULL, session TEXT NOT NULL, seq INTEGER NOT NULL, floor TEXT NOT NULL,
        line TEXT NOT NULL, direction TEXT NOT NULL, visitor TEXT NOT NULL, at REAL NOT NULL,
        PRIMARY KEY (site, at, box, session, seq)) WITHOUT ROWID"""

_JOURNEYS = """
    CREATE TABLE journeys (
        site TEXT NOT NULL, box TEXT NOT NULL, session TEXT NOT NULL, seq INTEGER NOT NULL, floor TEXT NOT NULL,
        visitor TEXT NOT NULL, entered_at REAL NOT NULL, left_at REAL NOT NULL,
        path TEXT NOT NULL, zones TEXT NOT NULL,
        observed_s REAL NOT NULL, bridged_s REAL NOT NULL, unseen_s REAL NOT NULL, length_m REAL NOT NULL,
        PRIMARY KEY (site, left_at, box, session, seq))"""
"""With row numbers, because a path may fill a page."""


@migrations(name="0005_time_led")
def time_led(db: Admin) -> None:
    """Visits, crossings and journeys moved into tables whose keys begin with a time."""
    for table, sql in (("visits", _VISITS), ("crossings", _CROSSINGS), ("journeys", _JOURNEYS)):
        kept = ", ".join(column.name for column in db.table(table).columns)
        into, source = (f"told, {kept}", f"entered_at, {kept}") if table == "visits" else (kept, kept)
        db.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
        for index in db.table(f"old_{table}").indexes:
            if index.origin == "c":
                db.execute(f"DROP INDEX {index.name}")
        db.execute(sql)
        db.execute(f"INSERT INTO {table} ({into}) SELECT {source} FROM old_{table}")  # noqa: S608 - our own names
        db.execute(f"DROP TABLE old_{table}")
    db.execute("CREATE INDEX visits_by_entry ON visits (site, entered_at)")
    db.execute("CREATE INDEX visits_by_visitor ON visits (site, hour, visitor)")
