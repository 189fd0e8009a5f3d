"""Tables of what boxes send."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="0001_events")
def events(db: Admin) -> None:
    """What boxes send: accounts, visits, crossings, journeys, positions, heat, boxes, quarantine."""
    db.execute("""
        CREATE TABLE sessions (
            site TEXT NOT NULL, box TEXT NOT NULL, session TEXT NOT NULL, floor TEXT NOT NULL,
            runs TEXT NOT NULL, received INTEGER NOT NULL, duplicates INTEGER NOT NULL, refused INTEGER NOT NULL,
            highest INTEGER NOT NULL, announced INTEGER NOT NULL, prefix INTEGER NOT NULL,
            first_heard REAL NOT NULL, last_heard REAL NOT NULL,
            PRIMARY KEY (site, box, session)) WITHOUT ROWID""")
    db.execute("""
        CREATE TABLE visits (
            site TEXT NOT NULL, box TEXT NOT NULL, visit TEXT NOT NULL, floor TEXT NOT NULL,
            session TEXT NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL,
            visitor TEXT NOT NULL, zone TEXT NOT NULL, phase TEXT NOT NULL, entered_at REAL NOT NULL, left_at REAL,
            observed_s REAL NOT NULL, bridged_s REAL NOT NULL, unseen_s REAL NOT NULL, confidence REAL NOT NULL,
            PRIMARY KEY (site, box, visit))""")
    db.execute("CREATE INDEX visits_by_visitor ON visits (site, visitor)")
    db.execute("CREATE INDEX visits_by_entry ON visits (site, entered_at)")
    db.execute("""
        CREATE TABLE crossings (
            site TEXT NOT NULL, box TEXT NOT NULL, session TEXT NOT NULL, seq INTEGER NOT NULL, floor TEXT NOT NULL,
            line TEXT NOT NULL, direction TEXT NOT NULL, visitor TEXT NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (site, box, session, seq))""")
    db.execute("CREATE INDEX crossings_by_time ON crossings (site, at)")
    db.execute("""
        CREATE TABLE journeys (
            site TEXT NOT NULL, box TEXT NOT NULL, session TEXT NOT NULL, seq INTEGER NOT NULL, floor TEXT NOT NULL,
            visitor TEXT NOT NULL, entered_at REAL NOT NULL, left_at REAL NOT NULL,
            path TEXT NOT NULL, zones TEXT NOT NULL,
            observed_s REAL NOT NULL, bridged_s REAL NOT NULL, unseen_s REAL NOT NULL, length_m REAL NOT NULL,
            PRIMARY KEY (site, box, session, seq))""")
    db.execute("""
        CREATE TABLE positions (
            site TEXT NOT NULL, floor TEXT NOT NULL, at REAL NOT NULL, visitor TEXT NOT NULL,
            x REAL NOT NULL, y REAL NOT NULL,
            PRIMARY KEY (site, floor, at, visitor)) WITHOUT ROWID""")
    db.execute("""
        CREATE TABLE heat (
            site TEXT NOT NULL, floor TEXT NOT NULL, minute INTEGER NOT NULL, cx INTEGER NOT NULL, cy INTEGER NOT NULL,
            visitor TEXT NOT NULL, person_s REAL NOT NULL,
            PRIMARY KEY (site, floor, minute, cx, cy, visitor)) WITHOUT ROWID""")
    db.execute("""
        CREATE TABLE boxes (
            site TEXT NOT NULL, box TEXT NOT NULL, floor TEXT NOT NULL,
            state TEXT NOT NULL DEFAULT 'unknown', since REAL, version TEXT NOT NULL DEFAULT '',
            durable_session TEXT NOT NULL DEFAULT '', status_at REAL, last_heard REAL,
            health TEXT, health_at REAL, positions_at REAL, positions_heard REAL,
            PRIMARY KEY (site, box)) WITHOUT ROWID""")
    db.execute("""
        CREATE TABLE cameras (
            site TEXT NOT NULL, box TEXT NOT NULL, camera TEXT NOT NULL, floor TEXT NOT NULL,
            state TEXT NOT NULL, since REAL NOT NULL, detail TEXT NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (site, box, camera)) WITHOUT ROWID""")
    db.execute("""
        CREATE TABLE quarantine (
            id INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT NOT NULL, heard REAL NOT NULL, topic TEXT NOT NULL,
            reason TEXT NOT NULL, size INTEGER NOT NULL, payload BLOB NOT NULL)""")
    db.execute("""
        CREATE TABLE quarantine_counts (
            site TEXT NOT NULL, kind TEXT NOT NULL, count INTEGER NOT NULL, last REAL NOT NULL,
            PRIMARY KEY (site, kind)) WITHOUT ROWID""")
