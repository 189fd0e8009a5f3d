"""What is owed to whoever delivers offers, how the ways to them stand, and what came back from there."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="0024_deliveries")
def deliveries(db: Admin) -> None:
    """One row an offer and channel, written with the offer itself; no row names a member or an offer's id."""
    db.execute("ALTER TABLE offers ADD COLUMN expires_at REAL")
    db.execute("""
        CREATE TABLE deliveries (
            delivery INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT NOT NULL, number INTEGER NOT NULL,
            channel TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
            queued_at REAL NOT NULL, next_at REAL NOT NULL, ended_at REAL, error TEXT NOT NULL DEFAULT '')""")
    db.execute("CREATE UNIQUE INDEX deliveries_once ON deliveries (site, number, channel)")
    db.execute("CREATE INDEX deliveries_due ON deliveries (site, channel, next_at) WHERE state = 'queued'")
    db.execute("CREATE INDEX deliveries_by_state ON deliveries (site, state, delivery)")
    db.execute("CREATE INDEX deliveries_by_time ON deliveries (site, queued_at)")
    db.execute("""
        CREATE TABLE delivery_channels (
            site TEXT NOT NULL, channel TEXT NOT NULL, endpoint TEXT NOT NULL, state TEXT NOT NULL,
            failures INTEGER NOT NULL, until REAL NOT NULL, since REAL NOT NULL, reason TEXT NOT NULL,
            PRIMARY KEY (site, channel)) WITHOUT ROWID""")
    db.execute("""
        CREATE TABLE receipts (
            site TEXT NOT NULL, number INTEGER NOT NULL, state TEXT NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (site, number)) WITHOUT ROWID""")
