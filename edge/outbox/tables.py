"""The outbox's tables: begun, brought up to date where an older version wrote them, and tied to one box."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from contract.errors import BadInputError

SCHEMA_VERSION = 2

_FIRST = """
CREATE TABLE outbox (seq INTEGER PRIMARY KEY, what TEXT NOT NULL, payload BLOB NOT NULL);
CREATE TABLE session (
  id INTEGER PRIMARY KEY CHECK (id = 1), token TEXT NOT NULL, site TEXT NOT NULL, floor TEXT NOT NULL,
  box TEXT NOT NULL, last_seq INTEGER NOT NULL, acknowledged INTEGER NOT NULL, lost INTEGER NOT NULL);
CREATE TABLE checkpoint (id INTEGER PRIMARY KEY CHECK (id = 1), state BLOB NOT NULL);
"""
_SECOND = """
CREATE TABLE kept (through INTEGER PRIMARY KEY, at REAL NOT NULL);
CREATE TABLE salvaged (
  session TEXT NOT NULL, seq INTEGER NOT NULL, what TEXT NOT NULL, payload BLOB NOT NULL, at REAL NOT NULL,
  PRIMARY KEY (session, seq));
"""
"""``kept``: all up to ``through`` were acknowledged at ``at`` or before. ``salvaged``: see `edge.outbox.salvaged`."""


def prepare(db: sqlite3.Connection, path: Path, token: str, names: tuple[str, str, str]) -> None:
    """Make the tables there are to be, within a transaction of the caller's.

    Args:
        db: the file, open.
        path: its name, for errors.
        token: of the session, where it begins now.
        names: site, floor and box.

    Raises:
        BadInputError: a newer version wrote the file.
    """
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version == SCHEMA_VERSION:
        return
    if version not in (0, 1):
        raise BadInputError(f"{path}: outbox of version {version}; this build reads {SCHEMA_VERSION}, update it")
    for statement in ((_FIRST + _SECOND) if version == 0 else _SECOND).split(";"):
        db.execute(statement)
    if version == 0:
        db.execute("INSERT INTO session VALUES (1, ?, ?, ?, ?, 0, 0, 0)", (token, *names))
    db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
