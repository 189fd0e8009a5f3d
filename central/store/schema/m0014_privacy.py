"""Tables by which forgetting proves itself: purges, erasures, and the work of a day's forgetting."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="0014_privacy")
def privacy(db: Admin) -> None:
    """Purges by rule and hour, erasures and withdrawals, fresh keys while a day is being forgotten."""
    db.execute("""
        CREATE TABLE purges (
            site TEXT NOT NULL, rule TEXT NOT NULL, hour INTEGER NOT NULL, at REAL NOT NULL, cutoff REAL NOT NULL,
            expired INTEGER NOT NULL, deleted INTEGER NOT NULL, left_over INTEGER NOT NULL,
            PRIMARY KEY (site, rule, hour)) WITHOUT ROWID""")
    db.execute("""
        CREATE TABLE erasures (
            id INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
            at REAL NOT NULL, removed TEXT NOT NULL, scrubbed_at REAL)""")
    db.execute("CREATE INDEX erasures_by_time ON erasures (site, at)")
    db.execute("CREATE INDEX erasures_open ON erasures (site, at) WHERE scrubbed_at IS NULL")
    db.execute("""
        CREATE TABLE forgetting (
            site TEXT NOT NULL, day REAL NOT NULL, visitor TEXT NOT NULL, fresh TEXT NOT NULL,
            PRIMARY KEY (site, day, visitor)) WITHOUT ROWID""")
