"""Tables of positions and heat by visitor: batches as they came, chunks of them by minute and quarter hour."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="0007_positions")
def positions(db: Admin) -> None:
    """Batches, visitors' numbers and chunks instead of a row a position and a row a cell and visitor.

    What the old tables held is dropped: a quarter hour of positions, and a day of heat that nothing could read any
    more. The heat of the day of this upgrade begins anew.
    """
    db.execute("DROP TABLE positions")
    db.execute("DROP TABLE heat")
    db.execute("""
        CREATE TABLE batches (
            id INTEGER PRIMARY KEY, site TEXT NOT NULL, floor TEXT NOT NULL, box TEXT NOT NULL, at REAL NOT NULL,
            ticks INTEGER, people BLOB NOT NULL)""")
    db.execute("CREATE UNIQUE INDEX batches_once ON batches (site, box, at)")
    db.execute("CREATE INDEX batches_by_time ON batches (site, floor, at, box)")
    db.execute("CREATE INDEX batches_unfolded ON batches (site, floor, at) WHERE ticks IS NULL")
    db.execute("""
        CREATE TABLE visitors (
            number INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT NOT NULL, visitor TEXT NOT NULL,
            last_at REAL NOT NULL, record_key INTEGER)""")
    db.execute("CREATE UNIQUE INDEX visitors_by_id ON visitors (site, visitor)")
    db.execute("CREATE INDEX visitors_by_age ON visitors (site, last_at)")
    db.execute("""
        CREATE TABLE heat_chunks (
            id INTEGER PRIMARY KEY, site TEXT NOT NULL, floor TEXT NOT NULL, grain INTEGER NOT NULL,
            start INTEGER NOT NULL, pairs BLOB NOT NULL)""")
    db.execute("CREATE UNIQUE INDEX heat_chunks_once ON heat_chunks (site, floor, grain, start)")
    db.execute("""
        CREATE TABLE heat_folds (
            site TEXT NOT NULL, floor TEXT NOT NULL, folds INTEGER NOT NULL,
            PRIMARY KEY (site, floor)) WITHOUT ROWID""")
    db.execute("CREATE TABLE heat_until (site TEXT NOT NULL PRIMARY KEY, minute INTEGER NOT NULL) WITHOUT ROWID")
