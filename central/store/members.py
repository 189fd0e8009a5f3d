"""Members and their consents. Withdrawing a consent removes every link of the member in the same transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from central.offers.situation import Profile
from central.store import deliveries, erasures, happenings, redemptions
from central.store.database import Database
from contract.errors import BadInputError

WITHDRAWN = "consent withdrawn"
ERASED = "erased"
"""What stands in the place of an offer's reason."""

OF_MEMBER = ("links", "touchpoints", "purchases", "member_days", "member_tags", "near_misses", "consents", "members")
"""Tables that name a member; an erasure deletes their rows."""
OF_JOURNEY = ("links", "member_days", "member_tags", "near_misses")
"""What came of joining a member to visitors; withdrawing that consent deletes it."""

_CONSENT = "purpose, given_at, wording, source, withdrawn_at"


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
    """A member as we know them: the mall's id, what its file says of them, and what they agreed to.

    Attributes:
        tags: of the mall's file; those that their visits gave are in ``central.store.member_tags``.
        preferred: categories of shops.
        channels: by which they may be told of offers.
        birthday_month: 1 to 12.
    """

    member: str
    tier: str
    has_phone: bool
    updated: float
    consents: tuple[Consent, ...]
    tags: tuple[str, ...] = ()
    preferred: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    birthday_month: int | None = None
    joined_on: date | None = None

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
    tags: Sequence[str] = (),
    preferred: Sequence[str] = (),
    channels: Sequence[str] = (),
    birthday_month: int | None = None,
    joined_on: date | None = None,
) -> None:
    """Create or replace a member. Consents are the whole present truth: one not among them is withdrawn now.

    A phone that is not given stays as it was. A standing consent stays, too, unless it is given anew, later and to
    another wording.

    Raises:
        BadInputError: where the phone belongs to another member.
    """
    file = (json.dumps(list(tags)), json.dumps(list(preferred)), json.dumps(list(channels)))
    joined = None if joined_on is None else joined_on.isoformat()
    try:
        with database.writing() as connection:
            connection.execute(
                """INSERT INTO members (site, member, tier, phone_hmac, updated, tags, preferred, channels,
                       birthday_month, joined_on) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                   ON CONFLICT (site, member) DO UPDATE SET tier = excluded.tier,
                       phone_hmac = coalesce(excluded.phone_hmac, phone_hmac), updated = excluded.updated,
                       tags = excluded.tags, preferred = excluded.preferred, channels = excluded.channels,
                       birthday_month = excluded.birthday_month, joined_on = excluded.joined_on""",
                (site, member, tier, phone_hmac, now, *file, birthday_month, joined),
            )
            standing = {
                row[0]: Consent(*row)
                for row in connection.execute(
                    f"""SELECT {_CONSENT} FROM consents
                        WHERE site = ? AND member = ? AND withdrawn_at IS NULL""",  # noqa: S608 - our own names
                    (site, member),
                )
            }
            for purpose in standing.keys() - {consent.purpose for consent in consents}:
                withdraw_within(connection, (site, member, purpose), now, subject)
            give(connection, site, [(member, one) for one in consents if is_news(one, standing.get(one.purpose))])
            happenings.note(connection, site, [("member", member, "", now)])
    except sqlite3.IntegrityError:
        raise BadInputError(f"member {member!r}: this phone belongs to another member; correct one of them") from None


def is_news(given: Consent, standing: Consent | None) -> bool:
    """Whether a consent is to be written down: none stands, or one to another wording that was given before it."""
    return standing is None or (given.wording != standing.wording and given.given_at > standing.given_at)


def give(connection: sqlite3.Connection, site: str, given: Sequence[tuple[str, Consent]]) -> None:
    """Write down new consents of (member, consent) within the caller's transaction; each ends the one it renews."""
    connection.executemany(
        """UPDATE consents SET withdrawn_at = ? WHERE site = ? AND member = ? AND purpose = ?
           AND withdrawn_at IS NULL""",
        [(one.given_at, site, member, one.purpose) for member, one in given],
    )
    connection.executemany(
        "INSERT INTO consents (site, member, purpose, given_at, wording, source) VALUES (?, ?, ?, ?, ?, ?)",
        [(site, member, one.purpose, one.given_at, one.wording, one.source) for member, one in given],
    )


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
        return withdraw_within(connection, (site, member, purpose), now, subject)


def erase(database: Database, site: str, member: str, now: float = 0.0, subject: str = "") -> bool:
    """Whether there was such a member; no row names them afterwards, and no reason of theirs is left.

    That a coupon was given stays, for the till's books and the campaign's count, with nobody in it: no member, no
    instant, no id that the delivering service knows.
    """
    with database.writing() as connection:
        known = connection.execute("SELECT 1 FROM members WHERE site = ? AND member = ?", (site, member)).fetchone()
        if known is None:
            return False
        removed = deliveries.forget(connection, site, member)
        removed["offers"] = _strip_offers(connection, site, member, nobody=True)
        removed |= redemptions.forget(connection, site, member)
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
        f"SELECT {_CONSENT} FROM consents WHERE site = ? AND member = ? ORDER BY id",  # noqa: S608 - our own names
        (site, member),
    )
    row = found[0]
    return Member(
        row["member"],
        row["tier"],
        row["phone_hmac"] is not None,
        row["updated"],
        tuple(Consent(*consent) for consent in consents),
        tags=tuple(json.loads(row["tags"])),
        preferred=tuple(json.loads(row["preferred"])),
        channels=tuple(json.loads(row["channels"])),
        birthday_month=row["birthday_month"],
        joined_on=_day(row["joined_on"]),
    )


def page(database: Database, site: str, after: str, limit: int) -> list[tuple[str, list[str]]]:
    """Members by id from behind ``after``, each with the purposes they agree to now."""
    rows = database.rows(
        """SELECT member, (SELECT json_group_array(purpose) FROM consents WHERE consents.site = members.site
               AND consents.member = members.member AND withdrawn_at IS NULL)
           FROM members WHERE site = ? AND member > ? ORDER BY member LIMIT ?""",
        (site, after, limit),
    )
    return [(row[0], sorted(json.loads(row[1]))) for row in rows]


def find_by_phone(database: Database, site: str, phone_hmac: str) -> str | None:
    """The id of the member with that phone, as ``central.access.phone_hmac`` makes it of a number."""
    found = database.rows("SELECT member FROM members WHERE site = ? AND phone_hmac = ?", (site, phone_hmac))
    return str(found[0][0]) if found else None


_PROFILE = """
    SELECT tier, tags, preferred, channels, birthday_month, joined_on,
        (SELECT json_group_array(purpose) FROM consents
            WHERE site = :site AND member = :member AND withdrawn_at IS NULL) AS consents,
        (SELECT json_group_array(tag) FROM member_tags WHERE site = :site AND member = :member) AS computed,
        (SELECT json_group_array(day) FROM member_days
            WHERE site = :site AND member = :member AND day < :before) AS days
    FROM members WHERE site = :site AND member = :member"""


def profile(database: Database, site: str, member: str, today: date | None = None) -> Profile | None:
    """A member as conditions may ask about them, in one query; None where there is none.

    Args:
        database: where the member is.
        site: the site.
        member: the mall's id.
        today: of the site: ``days_before`` ends before it; without it all days are told, today's too.
    """
    before = "9999" if today is None else today.isoformat()
    found = database.rows(_PROFILE, {"site": site, "member": member, "before": before})
    if not found:
        return None
    row = found[0]
    consents = frozenset(json.loads(row["consents"]))
    if not consents:
        return Profile(member)
    return Profile(
        member,
        row["tier"],
        frozenset(json.loads(row["tags"])) | frozenset(json.loads(row["computed"])),
        frozenset(json.loads(row["preferred"])),
        frozenset(json.loads(row["channels"])),
        consents,
        row["birthday_month"],
        _day(row["joined_on"]),
        tuple(sorted(date.fromisoformat(day) for day in json.loads(row["days"]))),
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def withdraw_within(connection: sqlite3.Connection, consent: tuple[str, str, str], now: float, subject: str) -> bool:
    """``withdraw`` within the caller's transaction; the consent as (site, member, purpose)."""
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
            """UPDATE touchpoints SET state = 'closed', outcome = ?, confidence = NULL, zone = NULL, x = NULL, y = NULL,
               place = '' WHERE site = ? AND member = ?""",
            (WITHDRAWN, site, member),
        ).rowcount
        removed = {table: rows for table, rows in removed.items() if rows}
        erasures.note(connection, site, "withdrawal", subject=subject, at=now, removed=removed, purpose=purpose)
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
               code = '', at = CAST(at / 86400 AS INTEGER) * 86400.0 WHERE site = ? AND member = ?""",
            (site, member),
        )
    return int(changed)


def tiers(database: Database, site: str) -> set[str]:
    """Every tier that a member has."""
    rows = database.rows("SELECT DISTINCT tier FROM members WHERE site = ? AND tier <> ''", (site,))
    return {row[0] for row in rows}
