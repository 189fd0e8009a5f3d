"""Tables of who may log in: users, their sessions, the first administrator's code, when tokens were last used."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="0012_identity")
def identity(db: Admin) -> None:
    """Users, sessions (``logins``: ``sessions`` are those of boxes), the welcome code, token uses."""
    db.execute("""
        CREATE TABLE users (
            site TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE, role TEXT NOT NULL, password TEXT NOT NULL,
            disabled INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL, password_at REAL NOT NULL, last_login REAL,
            PRIMARY KEY (site, name)) WITHOUT ROWID""")
    db.execute("""
        CREATE TABLE logins (
            site TEXT NOT NULL, sha256 TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
            created REAL NOT NULL, seen REAL NOT NULL,
            PRIMARY KEY (site, sha256)) WITHOUT ROWID""")
    db.execute("CREATE INDEX logins_by_subject ON logins (site, kind, subject)")
    db.execute("""
        CREATE TABLE welcome (
            site TEXT NOT NULL PRIMARY KEY, sha256 TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID""")
    db.execute("""
        CREATE TABLE token_uses (
            site TEXT NOT NULL, sha256 TEXT NOT NULL, used REAL NOT NULL,
            PRIMARY KEY (site, sha256)) WITHOUT ROWID""")
