"""What is known of boxes' clocks, of sessions whose outbox is gone, and of boxes' answers."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="0006_clocks")
def clocks(db: Admin) -> None:
    """Corrections of event times by number; skew, last reply and refused schema of a box; abandoned sessions."""
    db.execute("""
        CREATE TABLE clocks (
            site TEXT NOT NULL, box TEXT NOT NULL, session TEXT NOT NULL, first_seq INTEGER NOT NULL,
            correction_s REAL NOT NULL, since REAL NOT NULL,
            PRIMARY KEY (site, box, session, first_seq)) WITHOUT ROWID""")
    db.execute("ALTER TABLE sessions ADD COLUMN abandoned INTEGER NOT NULL DEFAULT 0")
    for column in ("skew_s REAL", "last_reply TEXT", "refusal TEXT NOT NULL DEFAULT ''"):
        db.execute(f"ALTER TABLE boxes ADD COLUMN {column}")
