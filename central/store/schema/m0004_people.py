"""Tables of who is who among anonymous visitors: the same person on another floor, parties, staff."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="0004_people")
def people(db: Admin) -> None:
    """Stitches, parties, staff: all by a visitor's id, which is random and of one visit."""
    db.execute("""
        CREATE TABLE stitches (
            site TEXT NOT NULL, visitor TEXT NOT NULL, person TEXT NOT NULL, before TEXT NOT NULL,
            confidence REAL NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (site, visitor)) WITHOUT ROWID""")
    db.execute("CREATE INDEX stitches_by_person ON stitches (site, person)")
    db.execute("""
        CREATE TABLE parties (
            site TEXT NOT NULL, visitor TEXT NOT NULL, party TEXT NOT NULL, confidence REAL NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (site, visitor)) WITHOUT ROWID""")
    db.execute("""
        CREATE TABLE staff (
            site TEXT NOT NULL, person TEXT NOT NULL, reason TEXT NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (site, person)) WITHOUT ROWID""")
