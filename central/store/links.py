"""Touchpoints and what came of them: which anonymous visitor a consenting member is now."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from central.store import happenings
from central.store.database import Database


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """A member was at a place (x, y in metres, or a zone) at an instant (seconds since 1970)."""

    touchpoint: str
    kind: str
    member: str
    floor: str
    zone: str | None
    x: float | None
    y: float | None
    at: float
    state: str = "open"
    outcome: str = ""
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A member is this visitor, for as long as the visit lasts."""

    member: str
    visitor: str
    floor: str
    touchpoint: str
    confidence: float
    at: float
    facts: dict[str, Any]


_TOUCHPOINT = "touchpoint, kind, member, floor, zone, x, y, at, state, outcome, confidence"


def add(database: Database, site: str, touchpoint: Touchpoint) -> bool:
    """Whether the touchpoint is new; a repeated one changes nothing."""
    with database.writing() as connection:
        cursor = connection.execute(
            f"INSERT INTO touchpoints (site, {_TOUCHPOINT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
            " ON CONFLICT DO NOTHING",
            (
                site,
                touchpoint.touchpoint,
                touchpoint.kind,
                touchpoint.member,
                touchpoint.floor,
                touchpoint.zone,
                touchpoint.x,
                touchpoint.y,
                touchpoint.at,
                touchpoint.state,
                touchpoint.outcome,
                touchpoint.confidence,
            ),
        )
        return cursor.rowcount == 1


def find(database: Database, site: str, touchpoint: str) -> Touchpoint | None:
    """The touchpoint of that id."""
    rows = database.rows(
        f"SELECT {_TOUCHPOINT} FROM touchpoints WHERE site = ? AND touchpoint = ?",  # noqa: S608
        (site, touchpoint),
    )
    return Touchpoint(*rows[0]) if rows else None


def open_touchpoints(database: Database, site: str) -> list[Touchpoint]:
    """Touchpoints still to be linked, oldest first."""
    rows = database.rows(
        f"SELECT {_TOUCHPOINT} FROM touchpoints WHERE site = ? AND state = 'open' ORDER BY at",  # noqa: S608
        (site,),
    )
    return [Touchpoint(*row) for row in rows]


def close(database: Database, site: str, touchpoint: str, outcome: str) -> None:
    """Give a touchpoint up, saying why."""
    with database.writing() as connection:
        connection.execute(
            "UPDATE touchpoints SET state = 'closed', outcome = ? WHERE site = ? AND touchpoint = ? AND state = 'open'",
            (outcome, site, touchpoint),
        )


def link(database: Database, site: str, found: Link, purpose: str) -> bool:
    """Whether the link stands: only with the member's consent at this very moment, and never to a visitor taken."""
    with database.writing() as connection:
        consenting = connection.execute(
            "SELECT 1 FROM consents WHERE site = ? AND member = ? AND purpose = ? AND withdrawn_at IS NULL",
            (site, found.member, purpose),
        ).fetchone()
        linked = False
        if consenting is not None:
            cursor = connection.execute(
                """INSERT INTO links VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site, visitor) DO UPDATE
                   SET confidence = max(confidence, excluded.confidence) WHERE member = excluded.member""",
                (
                    site,
                    found.visitor,
                    found.member,
                    found.floor,
                    found.touchpoint,
                    found.confidence,
                    found.at,
                    json.dumps(found.facts),
                ),
            )
            linked = cursor.rowcount == 1
            if linked:
                happenings.note(connection, site, [("link", found.member, found.visitor, found.at)])
        outcome = "linked" if linked else "no consent" if consenting is None else "visitor taken"
        connection.execute(
            "UPDATE touchpoints SET state = 'closed', outcome = ?, confidence = ? WHERE site = ? AND touchpoint = ?",
            (outcome, found.confidence if linked else None, site, found.touchpoint),
        )
        return linked


def links(database: Database, site: str, since: float) -> list[Link]:
    """Links made since the instant, oldest first."""
    rows = database.rows(
        """SELECT member, visitor, floor, touchpoint, confidence, at, facts FROM links
           WHERE site = ? AND at >= ? ORDER BY at""",
        (site, since),
    )
    return [Link(*(*tuple(row)[:-1], json.loads(row["facts"]))) for row in rows]


def taken_visitors(database: Database, site: str) -> dict[str, str]:
    """Member by visitor, of every link."""
    return {row[0]: row[1] for row in database.rows("SELECT visitor, member FROM links WHERE site = ?", (site,))}
