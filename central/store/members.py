"""Members and their consents. Withdrawing a consent removes every link of the member in the same transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from central.store import erasures, happenings
from central.store.database import Database
from contract.errors import BadInputError

WITHDRAWN = "consent withdrawn"
ERASED = "erased"
"""What stands in the place of an offer's reason."""

OF_MEMBER = ("links", "touchpoints", "purchases", "member_days", "member_tags", "consents", "members")
"""Tables that name a member; an erasure deletes their rows."""
OF_JOURNEY = ("links", "member_days", "member_tags")
"""What came of joining a member to visitors; withdrawing that consent deletes it."""


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
    subject: str = "",
) -> None:
    """Create or replace a member. Consents are the whole present truth: one not among them is withdrawn now.

    Raises:
        BadInputError: where the phone belongs to another member.
    """
    try:
        with database.writing() as connection:
            connection.execute(
                """INSERT INTO members (site, member, tier, phone_hmac, updated) VALUES (?, ?, ?, ?, ?)
                   ON CONFLICT (site, member) DO UPDATE SET tier = excluded.tier,
                   phone_hmac = coalesce(excluded.phone_hmac, phone_hmac), updated = excluded.updated""",
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
                _withdraw(connection, (site, member, purpose), now, subject)
            connection.executemany(
                "INSERT INTO consents (site, member, purpose, given_at, wording, source) VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (site, member, consent.purpose, consent.given_at, consent.wording, consent.source)
                    for consent in consents
                    if consent.purpose not in standing
                ],
            )
            happenings.note(connection, site, [("member", member, "", now)])
    except sqlite3.IntegrityError:
        raise BadInputError(f"member {member!r}: this phone belongs to another member; correct one of them") from None


def withdraw(database: Database, site: str, member: str, purpose: str, now: float, *, subject: str = "") -> bool:
    """Whether there was such a consent; it, the member's links and what was derived from them are gone afterwards.

    Args:
        database: where the member is.
        site: the site.
        member: whose consent it is.
        purpose: what they agreed to.
        now: seconds since 1970.
        subject: what the member is called in the book of erasures.
    """
    with database.writing() as connection:
        return _withdraw(connection, (site, member, purpose), now, subject)


def erase(database: Database, site: str, member: str, now: float = 0.0, subject: str = "") -> bool:
    """Whether there was such a member; no row names them afterwards, and no reason of theirs is left.

    That a coupon was given stays, for the till's books and the campaign's count, with nobody in it: no member, no
    instant, no id that the delivering service knows.
    """
    with database.writing() as connection:
        known = connection.execute("SELECT 1 FROM members WHERE site = ? AND member = ?", (site, member)).fetchone()
        if known is None:
            return False
        removed = {"offers": _strip_offers(connection, site, member, nobody=True)}
        for table in OF_MEMBER:
            sql = f"DELETE FROM {table} WHERE site = ? AND member = ?"  # noqa: S608 - our own names
            removed[table] = connection.execute(sql, (site, member)).rowcount
        happenings.forget(connection, site, member)
        happenings.note(connection, site, [("member", "", "", now)])
        removed = {table: rows for table, rows in removed.items() if rows}
        erasures.note(connection, site, "erasure", subject=subject, at=now, removed=removed)
        return True


def consenting(database: Database, site: str) -> dict[str, list[str]]:
    """Members with a standing consent, by purpose."""
    found: dict[str, list[str]] = {}
    for purpose, member in database.rows(
        "SELECT purpose, member FROM consents WHERE site = ? AND withdrawn_at IS NULL ORDER BY purpose", (site,)
    ):
        found.setdefault(purpose, []).append(member)
    return found


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


def _withdraw(connection: sqlite3.Connection, consent: tuple[str, str, str], now: float, subject: str) -> bool:
    site, member, purpose = consent
    changed = connection.execute(
        """UPDATE consents SET withdrawn_at = ?
           WHERE site = ? AND member = ? AND purpose = ? AND withdrawn_at IS NULL""",
        (now, site, member, purpose),
    ).rowcount
    if changed:
        removed = {"consents": changed, "offers": _strip_offers(connection, site, member, nobody=False)}
        for table in OF_JOURNEY:
            sql = f"DELETE FROM {table} WHERE site = ? AND member = ?"  # noqa: S608 - our own names
            removed[table] = connection.execute(sql, (site, member)).rowcount
        happenings.forget(connection, site, member)
        happenings.note(connection, site, [("member", member, "", now)])
        removed["touchpoints"] = connection.execute(
            """UPDATE touchpoints SET state = 'closed', outcome = ?, confidence = NULL, zone = NULL, x = NULL, y = NULL
               WHERE site = ? AND member = ?""",
            (WITHDRAWN, site, member),
        ).rowcount
        removed = {table: rows for table, rows in removed.items() if rows}
        erasures.note(connection, site, "withdrawal", subject=subject, at=now, removed=removed)
    return bool(changed)


def _strip_offers(connection: sqlite3.Connection, site: str, member: str, *, nobody: bool) -> int:
    """Take out of a member's offers what came of joining them to a visitor; with ``nobody`` the member, too."""
    facts = "json_object('campaign', json_object('id', campaign, 'version', version))"
    changed = connection.execute(
        f"UPDATE offers SET sentence = ?, facts = {facts} WHERE site = ? AND member = ?",  # noqa: S608
        (ERASED if nobody else WITHDRAWN, site, member),
    ).rowcount
    if nobody and changed:
        connection.execute(
            """UPDATE offers SET member = '~' || lower(hex(randomblob(8))), offer = '~' || lower(hex(randomblob(12))),
               at = CAST(at / 86400 AS INTEGER) * 86400.0 WHERE site = ? AND member = ?""",
            (site, member),
        )
    return int(changed)


def tiers(database: Database, site: str) -> set[str]:
    """Every tier that a member has."""
    rows = database.rows("SELECT DISTINCT tier FROM members WHERE site = ? AND tier <> ''", (site,))
    return {row[0] for row in rows}
