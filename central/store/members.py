"""Members and their consents. Withdrawing a consent removes every link of the member in the same transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from central.store.database import Database
from contract.errors import BadInputError


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent to one purpose: when, to which wording, where; standing while ``withdrawn_at`` is None."""

    purpose: str
    given_at: float
    wording: str
    source: str
    withdrawn_at: float | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A member as we know them: the mall's id, and what they agreed to."""

    member: str
    tier: str
    has_phone: bool
    updated: float
    consents: tuple[Consent, ...]

    def agreed_to(self, purpose: str) -> bool:
        """Whether a consent to the purpose stands."""
        return any(consent.purpose == purpose and consent.withdrawn_at is None for consent in self.consents)


def put(
    database: Database,
    site: str,
    member: str,
    *,
    tier: str,
    phone_hmac: str | None,
    consents: Sequence[Consent],
    now: float,
) -> None:
    """Create or replace a member. Consents are the whole present truth: one not among them is withdrawn now.

    Raises:
        BadInputError: where the phone belongs to another member.
    """
    try:
        with database.writing() as connection:
            connection.execute(
                """INSERT INTO members VALUES (?, ?, ?, ?, ?) ON CONFLICT (site, member) DO UPDATE
                   SET tier = excluded.tier, phone_hmac = coalesce(excluded.phone_hmac, phone_hmac),
                   updated = excluded.updated""",
                (site, member, tier, phone_hmac, now),
            )
            standing = {
                row[0]
                for row in connection.execute(
                    "SELECT purpose FROM consents WHERE site = ? AND member = ? AND withdrawn_at IS NULL",
                    (site, member),
                )
            }
            wanted = {consent.purpose for consent in consents}
            for purpose in standing - wanted:
                _withdraw(connection, site, member, purpose, now)
            connection.executemany(
                "INSERT INTO consents (site, member, purpose, given_at, wording, source) VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (site, member, consent.purpose, consent.given_at, consent.wording, consent.source)
                    for consent in consents
                    if consent.purpose not in standing
                ],
            )
    except sqlite3.IntegrityError:
        raise BadInputError(f"member {member!r}: this phone belongs to another member; correct one of them") from None


def withdraw(database: Database, site: str, member: str, purpose: str, now: float) -> bool:
    """Whether there was such a consent; it and the member's links are gone afterwards."""
    with database.writing() as connection:
        return _withdraw(connection, site, member, purpose, now)


def erase(database: Database, site: str, member: str) -> bool:
    """Whether there was such a member; every row that names them is gone afterwards."""
    with database.writing() as connection:
        for table in ("links", "touchpoints", "offers", "consents"):
            connection.execute(f"DELETE FROM {table} WHERE site = ? AND member = ?", (site, member))  # noqa: S608
        return connection.execute("DELETE FROM members WHERE site = ? AND member = ?", (site, member)).rowcount == 1


def find(database: Database, site: str, member: str) -> Member | None:
    """The member of that id."""
    found = database.rows("SELECT * FROM members WHERE site = ? AND member = ?", (site, member))
    if not found:
        return None
    consents = database.rows(
        """SELECT purpose, given_at, wording, source, withdrawn_at FROM consents
           WHERE site = ? AND member = ? ORDER BY id""",
        (site, member),
    )
    row = found[0]
    return Member(
        row["member"],
        row["tier"],
        row["phone_hmac"] is not None,
        row["updated"],
        tuple(Consent(*consent) for consent in consents),
    )


def _withdraw(connection: sqlite3.Connection, site: str, member: str, purpose: str, now: float) -> bool:
    changed = connection.execute(
        """UPDATE consents SET withdrawn_at = ?
           WHERE site = ? AND member = ? AND purpose = ? AND withdrawn_at IS NULL""",
        (now, site, member, purpose),
    ).rowcount
    if changed:
        connection.execute("DELETE FROM links WHERE site = ? AND member = ?", (site, member))
        connection.execute(
            """UPDATE touchpoints SET state = 'closed', outcome = 'consent withdrawn'
               WHERE site = ? AND member = ? AND state = 'open'""",
            (site, member),
        )
    return bool(changed)
