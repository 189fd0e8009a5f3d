"""Sessions of logged-in browsers, each known by the SHA-256 of its secret; and when tokens were last used."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from central.store.database import Database


@dataclass(frozen=True, slots=True)
class Login:
    """A session: ``subject`` is a user's name or a token's SHA-256, by ``kind``. Times are seconds since 1970."""

    sha256: str
    kind: str
    subject: str
    created: float
    seen: float


def add(database: Database, site: str, login: Login) -> None:
    """Begin a session."""
    with database.writing() as connection:
        connection.execute(
            "INSERT INTO logins VALUES (?, ?, ?, ?, ?, ?)",
            (site, login.sha256, login.kind, login.subject, login.created, login.seen),
        )


def find(database: Database, site: str, sha256: str) -> Login | None:
    """The session, whether or not its time is up."""
    rows = database.rows(
        "SELECT sha256, kind, subject, created, seen FROM logins WHERE site = ? AND sha256 = ?", (site, sha256)
    )
    return Login(*rows[0]) if rows else None


def end(database: Database, site: str, sha256: str) -> None:
    """End a session."""
    with database.writing() as connection:
        connection.execute("DELETE FROM logins WHERE site = ? AND sha256 = ?", (site, sha256))


def note_seen(connection: sqlite3.Connection, site: str, seen: Mapping[str, float]) -> None:
    """When each session was last active, within the caller's transaction."""
    connection.executemany(
        "UPDATE logins SET seen = max(seen, ?) WHERE site = ? AND sha256 = ?",
        [(at, site, sha256) for sha256, at in seen.items()],
    )


def note_token_uses(connection: sqlite3.Connection, site: str, used: Mapping[str, float]) -> None:
    """When each token was last used, within the caller's transaction."""
    connection.executemany(
        "INSERT INTO token_uses VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET used = max(used, excluded.used)",
        [(site, sha256, at) for sha256, at in used.items()],
    )


def token_uses(database: Database, site: str) -> dict[str, float]:
    """When each token was last used, by its SHA-256."""
    return {row[0]: row[1] for row in database.rows("SELECT sha256, used FROM token_uses WHERE site = ?", (site,))}
