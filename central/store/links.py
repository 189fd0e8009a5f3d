"""Which anonymous visitor a consenting member is now. A link that is dissolved is gone; the feed says that it was."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from central.store import happenings
from central.store.database import Database
from central.store.touchpoints import (
    NO_CONSENT,
    Touchpoint,
    add,
    close,
    find,
    open_touchpoints,
)

__all__ = [
    "Link",
    "Touchpoint",
    "add",
    "close",
    "dissolve",
    "find",
    "link",
    "links",
    "links_of",
    "members_of",
    "open_touchpoints",
    "taken_visitors",
]


@dataclass(frozen=True, slots=True)
class Link:
    """A member is this visitor, for as long as the visit lasts.

    Attributes:
        confidence: posterior probability, 0 to 1.
        at: of the touchpoint that told so, seconds since 1970.
        facts: what it was decided on.
    """

    member: str
    visitor: str
    floor: str
    touchpoint: str
    confidence: float
    at: float
    facts: dict[str, Any]


_COLUMNS = "member, visitor, floor, touchpoint, confidence, at, facts"
_DISSOLVED = " The match that this rests on was taken back later: "


def link(
    database: Database, site: str, found: Link, purpose: str, *, instead_of: Sequence[tuple[str, str, str]] = ()
) -> bool:
    """Whether the link stands: only with the member's consent at this very moment, and never to a visitor taken.

    Args:
        database: where both are.
        site: the site.
        found: the link.
        purpose: the consent it needs.
        instead_of: (member, visitor, why) of links that are dissolved in the same transaction, because of it.
    """
    with database.writing() as connection:
        consenting = connection.execute(
            "SELECT 1 FROM consents WHERE site = ? AND member = ? AND purpose = ? AND withdrawn_at IS NULL",
            (site, found.member, purpose),
        ).fetchone()
        linked = False
        if consenting is not None:
            for member, visitor, why in instead_of:
                _dissolve(connection, site, (member, visitor), why, found.at)
            linked = _write(connection, site, found)
        outcome = "linked" if linked else NO_CONSENT if consenting is None else "visitor taken"
        connection.execute(
            "UPDATE touchpoints SET state = 'closed', outcome = ?, confidence = ? WHERE site = ? AND touchpoint = ?",
            (outcome, found.confidence if linked else None, site, found.touchpoint),
        )
        return linked


def _write(connection: sqlite3.Connection, site: str, found: Link) -> bool:
    row = (found.floor, found.touchpoint, found.confidence, found.at, json.dumps(found.facts))
    known = connection.execute(
        "SELECT member FROM links WHERE site = ? AND visitor = ?", (site, found.visitor)
    ).fetchone()
    if known is not None:
        return known[0] == found.member and bool(
            connection.execute(
                """UPDATE links SET touchpoint = ?2, confidence = max(confidence, ?3), at = max(at, ?4), facts = ?5
                   WHERE site = ?6 AND visitor = ?7""",
                (*row, site, found.visitor),
            ).rowcount
        )
    connection.execute("INSERT INTO links VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (site, found.visitor, found.member, *row))
    happenings.note(connection, site, [("link", found.member, found.visitor, found.at)])
    return True


def dissolve(database: Database, site: str, member: str, visitor: str, *, why: str, now: float) -> bool:
    """Whether there was such a link; offers decided on it stay, and say that it was taken back."""
    with database.writing() as connection:
        return _dissolve(connection, site, (member, visitor), why, now)


def _dissolve(connection: sqlite3.Connection, site: str, joined: tuple[str, str], why: str, now: float) -> bool:
    member, visitor = joined
    row = connection.execute(
        "DELETE FROM links WHERE site = ? AND member = ? AND visitor = ? RETURNING at", (site, member, visitor)
    ).fetchone()
    if row is None:
        return False
    happenings.note(connection, site, [("unlink", member, visitor, now)])
    connection.execute(
        """UPDATE offers SET facts = json_set(facts, '$.link.dissolved', ?), sentence = sentence || ?
           WHERE site = ? AND member = ? AND at >= ? AND json_extract(facts, '$.link') IS NOT NULL
               AND json_extract(facts, '$.link.dissolved') IS NULL
               AND NOT EXISTS (SELECT 1 FROM links WHERE links.site = offers.site AND links.member = offers.member)""",
        (why, f"{_DISSOLVED}{why}.", site, member, row[0]),
    )
    return True


def links(database: Database, site: str, since: float) -> list[Link]:
    """Links made since the instant, oldest first."""
    return _those(database, "at >= ? ORDER BY at", (site, since))


def links_of(database: Database, site: str, member: str, since: float = 0.0) -> list[Link]:
    """The links of a member that stand, of those made since an instant, oldest first."""
    return _those(database, "member = ? AND at >= ? ORDER BY at, visitor", (site, member, since))


def linked_members(database: Database, site: str, since: float) -> list[str]:
    """Members with a link made since an instant, by name."""
    rows = database.rows("SELECT DISTINCT member FROM links WHERE site = ? AND at >= ? ORDER BY member", (site, since))
    return [row[0] for row in rows]


def members_of(database: Database, site: str) -> dict[str, list[Link]]:
    """The links that stand, by member."""
    found: dict[str, list[Link]] = {}
    for one in _those(database, "1 ORDER BY at", (site,)):
        found.setdefault(one.member, []).append(one)
    return found


def taken_visitors(database: Database, site: str) -> dict[str, str]:
    """Member by visitor, of every link."""
    return {row[0]: row[1] for row in database.rows("SELECT visitor, member FROM links WHERE site = ?", (site,))}


def _those(database: Database, condition: str, parameters: tuple[str | float, ...]) -> list[Link]:
    rows = database.rows(f"SELECT {_COLUMNS} FROM links WHERE site = ? AND {condition}", parameters)  # noqa: S608
    return [Link(*(*tuple(row)[:-1], json.loads(row["facts"]))) for row in rows]
