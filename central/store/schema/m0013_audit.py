"""The table of who asked what."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="0013_audit")
def audit(db: Admin) -> None:
    """Requests by minute: the same request of the same caller in the same minute is one row with a count."""
    db.execute("""
        CREATE TABLE audit (
            id INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT NOT NULL, minute INTEGER NOT NULL, at REAL NOT NULL,
            who TEXT NOT NULL, kind TEXT NOT NULL, role TEXT NOT NULL, method TEXT NOT NULL, route TEXT NOT NULL,
            subject TEXT NOT NULL, query TEXT NOT NULL, status INTEGER NOT NULL, address TEXT NOT NULL,
            requests INTEGER NOT NULL)""")
    db.execute("""CREATE UNIQUE INDEX audit_once ON audit
        (site, minute, who, kind, role, method, route, subject, query, status, address)""")
