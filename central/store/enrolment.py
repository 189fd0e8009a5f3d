"""One-time codes and certificates of the site's authority. A certificate is never deleted while it could be shown."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

from central.store.database import Database

IdentityState = Literal["good", "expired", "revoked"]


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A one-time code as it is kept: never the code itself. Times are seconds since 1970."""

    public: str
    floor: str
    box: str
    made_by: str
    made_at: float
    expires_at: float
    used_at: float | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate that was signed.

    Attributes:
        serial: hex.
        name: its common name.
        floor: of the box it is for; empty where it is for no box.
        box: likewise.
        key: SHA-256 of its public key, hex.
        earned_by: what it was signed for: the public half of a code, the serial of the one before, or empty where
            somebody on central's machine asked for it.
        pem: the certificate.
        issued_at: seconds since 1970.
        not_after: seconds since 1970.
        revoked_at: seconds since 1970; None where it was not.
    """

    serial: str
    name: str
    floor: str
    box: str
    key: str
    earned_by: str
    pem: str
    issued_at: float
    not_after: float
    revoked_at: float | None = None

    def state(self, now: float) -> IdentityState:
        """Whether it is good at ``now``, seconds since 1970."""
        if self.revoked_at is not None:
            return "revoked"
        return "good" if now <= self.not_after else "expired"


_IDENTITY = "serial, name, floor, box, key, earned_by, pem, issued_at, not_after, revoked_at"


class Enrolled:
    """Codes and certificates within one transaction: what is read here cannot change before what is written here.

    Args:
        connection: the writing one.
        site: whose.
    """

    def __init__(self, connection: sqlite3.Connection, site: str) -> None:
        self._connection = connection
        self._site = site

    def add_code(self, row: CodeRow) -> None:
        """Keep a new code; an older one for the same box that nobody has used is void."""
        self._connection.execute(
            "DELETE FROM enrolment_codes WHERE site = ? AND floor = ? AND box = ? AND used_at IS NULL",
            (self._site, row.floor, row.box),
        )
        self._connection.execute(
            "INSERT INTO enrolment_codes VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (self._site, row.public, row.floor, row.box, row.made_by, row.made_at, row.expires_at, row.used_at),
        )

    def code(self, public: str) -> CodeRow | None:
        """The code of that public half."""
        sql = """SELECT public, floor, box, made_by, made_at, expires_at, used_at FROM enrolment_codes
            WHERE site = ? AND public = ?"""
        row = self._connection.execute(sql, (self._site, public)).fetchone()
        return None if row is None else CodeRow(*row)

    def use_code(self, public: str, now: float) -> None:
        """Note that the code is used up."""
        self._connection.execute(
            "UPDATE enrolment_codes SET used_at = ? WHERE site = ? AND public = ?", (now, self._site, public)
        )

    def forget_codes(self, before: float) -> None:
        """Forget codes that ended before then."""
        self._connection.execute("DELETE FROM enrolment_codes WHERE site = ? AND expires_at < ?", (self._site, before))

    def add(self, identity: Identity) -> None:
        """Keep a certificate."""
        one = identity
        self._connection.execute(
            "INSERT INTO identities VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(self._site, one.serial, one.name, one.floor, one.box, one.key, one.earned_by),
                *(one.pem, one.issued_at, one.not_after, one.revoked_at),
            ),
        )

    def earned(self, key: str, earned_by: str) -> Identity | None:
        """The certificate that this key was given for that code or serial."""
        return self._one("key = ? AND earned_by = ?", key, earned_by)

    def has_key(self, key: str) -> bool:
        """Whether any certificate was signed for that key."""
        return self._one("key = ?", key) is not None

    def numbered(self, serial: str) -> Identity | None:
        """The certificate of that serial."""
        return self._one("serial = ?", serial)

    def newest(self, name: str) -> Identity | None:
        """The certificate of that name that was signed last, one that was not revoked before any that was."""
        return self._one("name = ? ORDER BY revoked_at IS NOT NULL, issued_at DESC LIMIT 1", name)

    def revoke(self, box: str, now: float) -> int:
        """How many certificates of the box were taken back by this."""
        cursor = self._connection.execute(
            "UPDATE identities SET revoked_at = ? WHERE site = ? AND box = ? AND box != '' AND revoked_at IS NULL",
            (now, self._site, box),
        )
        return cursor.rowcount

    def void_codes(self, box: str) -> None:
        """Make every code for the box that nobody has used void."""
        self._connection.execute(
            "DELETE FROM enrolment_codes WHERE site = ? AND box = ? AND used_at IS NULL", (self._site, box)
        )

    def _one(self, where: str, *about: str) -> Identity | None:
        sql = f"SELECT {_IDENTITY} FROM identities WHERE site = ? AND {where}"  # noqa: S608 - our own words
        row = self._connection.execute(sql, (self._site, *about)).fetchone()
        return None if row is None else Identity(*row)


def current(database: Database, site: str) -> list[Identity]:
    """The certificate of every name that counts now: the newest that was not revoked, else the newest; by name."""
    sql = f"""SELECT {_IDENTITY} FROM (
        SELECT *, row_number() OVER (
            PARTITION BY name ORDER BY revoked_at IS NOT NULL, issued_at DESC) AS place FROM identities WHERE site = ?)
        WHERE place = 1 ORDER BY name"""  # noqa: S608 - our own words
    return [Identity(*row) for row in database.rows(sql, (site,))]


def revoked(database: Database, site: str, now: float) -> dict[str, float]:
    """When each certificate was revoked that would else be good now, by serial."""
    sql = "SELECT serial, revoked_at FROM identities WHERE site = ? AND revoked_at IS NOT NULL AND not_after > ?"
    return {row[0]: row[1] for row in database.rows(sql, (site, now))}
