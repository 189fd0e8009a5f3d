"""Tables of what is wrong with the appliance, and who sees to it."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="0015_ops")
def ops(db: Admin) -> None:
    """Standing faults, maintenance orders, their history; when health was heard, and how far a camera was turned."""
    db.execute("ALTER TABLE boxes ADD COLUMN health_heard REAL")
    db.execute("ALTER TABLE cameras ADD COLUMN moved_deg REAL")
    db.execute("""
        CREATE TABLE faults (
            site TEXT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, severity TEXT NOT NULL,
            floor TEXT NOT NULL, box TEXT NOT NULL, camera TEXT NOT NULL, facts TEXT NOT NULL, since REAL NOT NULL,
            PRIMARY KEY (site, key)) WITHOUT ROWID""")
    db.execute("""
        CREATE TABLE orders (
            number INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL,
            severity TEXT NOT NULL, floor TEXT NOT NULL, box TEXT NOT NULL, camera TEXT NOT NULL, facts TEXT NOT NULL,
            state TEXT NOT NULL, since REAL NOT NULL, opened_at REAL NOT NULL, waiting_since REAL NOT NULL,
            escalated_at REAL, claimed_by TEXT NOT NULL DEFAULT '', claimed_at REAL, gone_at REAL,
            closed_by TEXT NOT NULL DEFAULT '', closed_at REAL, note TEXT NOT NULL DEFAULT '')""")
    db.execute("CREATE INDEX orders_by_key ON orders (site, key, number)")
    db.execute("CREATE UNIQUE INDEX orders_once ON orders (site, key) WHERE state != 'closed'")
    db.execute("""
        CREATE TABLE order_events (
            id INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT NOT NULL, number INTEGER NOT NULL, at REAL NOT NULL,
            who TEXT NOT NULL, what TEXT NOT NULL, note TEXT NOT NULL)""")
    db.execute("CREATE INDEX order_events_by_order ON order_events (site, number, id)")
