"""What recovering needs: which events a box no longer has, and that central was restored from a backup."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="0027_recovery")
def recovery(db: Admin) -> None:
    """Of erasures the purpose withdrawn, of sessions the numbers ``forgone`` by their box, and every restore."""
    db.execute("ALTER TABLE erasures ADD COLUMN purpose TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE sessions ADD COLUMN forgone INTEGER NOT NULL DEFAULT 0")
    db.execute("""
        CREATE TABLE restores (
            site TEXT NOT NULL, at REAL NOT NULL, backup_at REAL NOT NULL, PRIMARY KEY (site, at)) WITHOUT ROWID""")
