"""Users, and the code with which the first of them comes in."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import cast

from central.store.database import Database
from contract.errors import BadInputError
from contract.tokens import Role


@dataclass(frozen=True, slots=True)
class User:
    """A person who may log in; ``password`` is an argon2 hash in PHC format. Times are seconds since 1970."""

    name: str
    role: Role
    password: str
    disabled: bool
    created: float
    password_at: float
    last_login: float | None


_COLUMNS = "name, role, password, disabled, created, password_at, last_login"


def find(database: Database, site: str, name: str) -> User | None:
    """The user of that name, whatever the case of its letters."""
    rows = database.rows(f"SELECT {_COLUMNS} FROM users WHERE site = ? AND name = ?", (site, name))  # noqa: S608
    return _user(rows[0]) if rows else None


def everybody(database: Database, site: str) -> list[User]:
    """All users by name."""
    rows = database.rows(f"SELECT {_COLUMNS} FROM users WHERE site = ? ORDER BY name", (site,))  # noqa: S608
    return [_user(row) for row in rows]


def add(database: Database, site: str, user: User) -> None:
    """Store a new user.

    Raises:
        BadInputError: where the name is taken.
    """
    try:
        with database.writing() as connection:
            _insert(connection, site, user)
    except sqlite3.IntegrityError:
        raise _taken(user.name) from None


def add_first(database: Database, site: str, user: User, code_sha256: str, now: float) -> bool:
    """Whether the code opened the door: it is right, current, and nobody came before; it is used up by that."""
    with database.writing() as connection:
        used = connection.execute(
            "DELETE FROM welcome WHERE site = ? AND sha256 = ? AND until > ?", (site, code_sha256, now)
        ).rowcount
        if not used or connection.execute("SELECT 1 FROM users WHERE site = ? LIMIT 1", (site,)).fetchone():
            return False
        _insert(connection, site, user)
        return True


def put_welcome(database: Database, site: str, code_sha256: str, until: float) -> bool:
    """Whether the code now waits for the first user; False where there is a user already."""
    with database.writing() as connection:
        if connection.execute("SELECT 1 FROM users WHERE site = ? LIMIT 1", (site,)).fetchone():
            connection.execute("DELETE FROM welcome WHERE site = ?", (site,))
            return False
        connection.execute("INSERT OR REPLACE INTO welcome VALUES (?, ?, ?)", (site, code_sha256, until))
        return True


def is_empty(database: Database, site: str) -> bool:
    """Whether there is no user yet."""
    return not database.rows("SELECT 1 FROM users WHERE site = ? LIMIT 1", (site,))


def set_password(database: Database, site: str, name: str, password: str, now: float) -> bool:
    """Whether there is such a user; every session of theirs has ended then."""
    with database.writing() as connection:
        changed = connection.execute(
            "UPDATE users SET password = ?, password_at = ? WHERE site = ? AND name = ?", (password, now, site, name)
        ).rowcount
        _end_sessions(connection, site, name)
        return bool(changed)


def set_disabled(database: Database, site: str, name: str, *, disabled: bool) -> bool:
    """Whether there is such a user; every session of theirs has ended then."""
    with database.writing() as connection:
        changed = connection.execute(
            "UPDATE users SET disabled = ? WHERE site = ? AND name = ?", (int(disabled), site, name)
        ).rowcount
        _end_sessions(connection, site, name)
        return bool(changed)


def note_login(database: Database, site: str, name: str, now: float, rehashed: str | None) -> None:
    """Remember a login, and the password's newer hash where there is one."""
    with database.writing() as connection:
        connection.execute(
            "UPDATE users SET last_login = ?, password = coalesce(?, password) WHERE site = ? AND name = ?",
            (now, rehashed, site, name),
        )


def _insert(connection: sqlite3.Connection, site: str, user: User) -> None:
    row = (user.name, user.role, user.password, int(user.disabled), user.created, user.password_at, user.last_login)
    connection.execute(f"INSERT INTO users (site, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (site, *row))  # noqa: S608


def _end_sessions(connection: sqlite3.Connection, site: str, name: str) -> None:
    connection.execute(
        "DELETE FROM logins WHERE site = ? AND kind = 'user' AND subject = ? COLLATE NOCASE", (site, name)
    )


def _user(row: sqlite3.Row) -> User:
    name, role, password, disabled, created, password_at, last_login = row
    return User(name, cast("Role", role), password, bool(disabled), created, password_at, last_login)


def _taken(name: str) -> BadInputError:
    return BadInputError(f"user {name!r} exists already; choose another name, or set a new password for it")
