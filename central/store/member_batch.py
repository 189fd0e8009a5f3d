"""Many members at once, as a customer system sends them: one transaction, a verdict on every row."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Literal

from central.store import happenings
from central.store.database import Database
from central.store.members import Consent, give, is_news, withdraw_within
from contract.times import to_rfc3339

State = Literal["created", "changed", "unchanged", "refused"]


@dataclass(frozen=True, slots=True)
class MemberRow:
    """What a customer system says of a member now; what is None it does not say, and stays as it was.

    Attributes:
        given: consents that stand there.
        withdrawn: purposes to which the member does not agree there; of all others nothing is said.
    """

    member: str
    tier: str | None = None
    phone_hmac: str | None = None
    tags: tuple[str, ...] | None = None
    preferred: tuple[str, ...] | None = None
    channels: tuple[str, ...] | None = None
    birthday_month: int | None = None
    joined_on: date | None = None
    given: tuple[Consent, ...] = ()
    withdrawn: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row.

    Attributes:
        state: ``refused`` has changed nothing at all.
        detail: why it was refused, or which consent of it was not taken; empty where all is well.
    """

    member: str
    state: State
    detail: str = ""


_Stored = tuple[str, str | None, str, str, str, int | None, str | None]
"""tier, phone_hmac, tags, preferred, channels, birthday_month, joined_on"""
_NEW: _Stored = ("", None, "[]", "[]", "[]", None, None)


@dataclass(slots=True)
class _Known:
    """What is stored of the members that a batch names."""

    rows: dict[str, _Stored]
    owners: dict[str, str]
    consents: dict[str, dict[str, Consent]]
    """By member and purpose, the newest."""
    erased: dict[str, float]
    fresh: list[tuple[str | int | float | None, ...]] = field(default_factory=list)
    given: list[tuple[str, Consent]] = field(default_factory=list)
    withdrawn: list[tuple[str, str]] = field(default_factory=list)


def put_many(
    database: Database,
    site: str,
    rows: Sequence[MemberRow],
    now: float,
    subject_of: Callable[[str], str] = lambda _member: "",
    *,
    dry_run: bool = False,
) -> list[Outcome]:
    """What became of each row, in order; all that is taken is committed together.

    The same rows a second time change nothing. An old file brings nothing back: a consent that was withdrawn here
    stands again only if it was given after that, and so it is with somebody who was erased.

    Args:
        database: where they go.
        site: the site.
        rows: each member once; a second row of one is refused.
        now: seconds since 1970.
        subject_of: what a member is called in the book of erasures.
        dry_run: say what would become of them, and change nothing.
    """
    with database.writing() as connection:
        known = _known(connection, site, rows, subject_of)
        seen: set[str] = set()
        outcomes = []
        for row in rows:
            if row.member in seen:
                outcomes.append(Outcome(row.member, "refused", "member: stands twice in this request; send each once"))
                continue
            seen.add(row.member)
            outcomes.append(_weigh(known, row, now, subject_of))
        if dry_run:
            return outcomes
        connection.executemany(
            """INSERT INTO members (site, member, updated, tier, phone_hmac, tags, preferred, channels, birthday_month,
                   joined_on) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT (site, member) DO UPDATE SET tier = excluded.tier, phone_hmac = excluded.phone_hmac,
                   updated = excluded.updated, tags = excluded.tags, preferred = excluded.preferred,
                   channels = excluded.channels, birthday_month = excluded.birthday_month,
                   joined_on = excluded.joined_on""",
            [(site, *row) for row in known.fresh],
        )
        for member, purpose in known.withdrawn:
            withdraw_within(connection, (site, member, purpose), now, subject_of(member))
        give(connection, site, known.given)
        changed = [one.member for one in outcomes if one.state in {"created", "changed"}]
        happenings.note(connection, site, [("member", member, "", now) for member in changed])
    return outcomes


def _weigh(known: _Known, row: MemberRow, now: float, subject_of: Callable[[str], str]) -> Outcome:
    before = known.rows.get(row.member)
    standing = known.consents.get(row.member, {})
    erased_at = known.erased.get(subject_of(row.member)) if before is None else None
    if erased_at is not None and all(one.given_at <= erased_at for one in row.given):
        mend = "take the row out of the file, or send a consent given after that"
        return Outcome(row.member, "refused", f"member: was erased here at {to_rfc3339(erased_at)}; {mend}")
    if row.phone_hmac is not None and known.owners.get(row.phone_hmac, row.member) != row.member:
        return Outcome(row.member, "refused", "phone: belongs to another member; correct one of them")
    old = before or _NEW
    joined = None if row.joined_on is None else row.joined_on.isoformat()
    said = (row.tier, row.phone_hmac, _text(row.tags), _text(row.preferred), _text(row.channels), row.birthday_month)
    new = tuple(had if says is None else says for says, had in zip((*said, joined), old, strict=True))
    given, notes = [], []
    for one in row.given:
        last = standing.get(one.purpose)
        if last is not None and last.withdrawn_at is not None and one.given_at <= last.withdrawn_at:
            notes.append(
                f"consents: {one.purpose} was withdrawn at {to_rfc3339(last.withdrawn_at)}, after this one was given;"
                " it stands again with a consent given later"
            )
        elif is_news(one, None if last is None or last.withdrawn_at is not None else last):
            given.append(one)
    withdrawn = [purpose for purpose in row.withdrawn if purpose in standing and standing[purpose].withdrawn_at is None]
    is_same = before is not None and new == old
    if not is_same:
        known.fresh.append((row.member, now, *new))
        if old[1] is not None and old[1] != new[1]:
            known.owners.pop(old[1], None)
        if row.phone_hmac is not None:
            known.owners[row.phone_hmac] = row.member
    known.given += [(row.member, one) for one in given]
    known.withdrawn += [(row.member, purpose) for purpose in withdrawn]
    state: State = "unchanged" if is_same and not given and not withdrawn else "changed"
    return Outcome(row.member, "created" if before is None else state, "; ".join(notes))


def _known(
    connection: sqlite3.Connection, site: str, rows: Sequence[MemberRow], subject_of: Callable[[str], str]
) -> _Known:
    members = json.dumps([row.member for row in rows])
    found = {
        one[0]: tuple(one[1:])
        for one in connection.execute(
            """SELECT member, tier, phone_hmac, tags, preferred, channels, birthday_month, joined_on FROM members
               WHERE site = ? AND member IN (SELECT value FROM json_each(?))""",
            (site, members),
        )
    }
    owners = dict(
        connection.execute(
            """SELECT phone_hmac, member FROM members
               WHERE site = ? AND phone_hmac IN (SELECT value FROM json_each(?))""",
            (site, json.dumps([row.phone_hmac for row in rows if row.phone_hmac is not None])),
        )
    )
    consents: dict[str, dict[str, Consent]] = {}
    for member, *consent in connection.execute(
        """SELECT member, purpose, given_at, wording, source, withdrawn_at FROM consents
           WHERE site = ? AND member IN (SELECT value FROM json_each(?)) ORDER BY id""",
        (site, members),
    ):
        consents.setdefault(member, {})[consent[0]] = Consent(*consent)
    subjects = json.dumps([subject for row in rows if row.member not in found and (subject := subject_of(row.member))])
    erased = dict(
        connection.execute(
            """SELECT subject, max(at) FROM erasures WHERE site = ? AND kind = 'erasure'
               AND subject IN (SELECT value FROM json_each(?)) GROUP BY subject""",
            (site, subjects),
        )
    )
    return _Known(found, owners, consents, erased)


@lru_cache(maxsize=10_000)
def _text(values: tuple[str, ...] | None) -> str | None:
    return None if values is None else json.dumps(list(values))
