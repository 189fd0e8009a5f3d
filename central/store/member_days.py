"""What a member's day in the mall came to, by category: no place, no time, no visitor; only with their consent."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from central.store.database import Database


@dataclass(frozen=True, slots=True)
class MemberDay:
    """A day on which a member was linked to a visit.

    Attributes:
        day: of the site, as 2026-01-31.
        seconds: seen and bridged, by category.
        shops: different shops (zones that are no walkway) entered.
        dwell_s: in all of them.
    """

    member: str
    day: str
    seconds: dict[str, float]
    shops: int
    dwell_s: float


def put(connection: sqlite3.Connection, site: str, days: Sequence[MemberDay], purpose: str, now: float) -> int:
    """Write days down, of members whose consent to the purpose stands at this very moment; how many were written."""
    cursor = connection.executemany(
        """INSERT INTO member_days SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE EXISTS (SELECT 1 FROM consents
               WHERE site = ?1 AND member = ?2 AND purpose = ?8 AND withdrawn_at IS NULL)
           ON CONFLICT (site, member, day) DO UPDATE SET categories = excluded.categories, shops = excluded.shops,
               dwell_s = excluded.dwell_s, at = excluded.at""",
        [
            (site, one.member, one.day, json.dumps(one.seconds, sort_keys=True), one.shops, one.dwell_s, now, purpose)
            for one in days
        ],
    )
    return cursor.rowcount


def drop(connection: sqlite3.Connection, site: str, members: Sequence[str], day: str) -> None:
    """Delete a day of these members, within the caller's transaction."""
    connection.executemany(
        "DELETE FROM member_days WHERE site = ? AND member = ? AND day = ?", [(site, member, day) for member in members]
    )


def of_members(database: Database, site: str, members: Sequence[str]) -> dict[str, list[MemberDay]]:
    """The days of these members, oldest first."""
    found: dict[str, list[MemberDay]] = {member: [] for member in members}
    asked = (site, json.dumps(list(members)))
    for one in _days(database, "member IN (SELECT value FROM json_each(?)) ORDER BY member, day", asked):
        found[one.member].append(one)
    return found


def of_member(database: Database, site: str, member: str) -> list[MemberDay]:
    """A member's days, oldest first."""
    return _days(database, "member = ? ORDER BY day", (site, member))


def between(database: Database, site: str, first: str, last: str) -> list[MemberDay]:
    """Everybody's days from ``first`` to ``last``, both included, by member and day."""
    return _days(database, "day >= ? AND day <= ? ORDER BY member, day", (site, first, last))


def _days(database: Database, condition: str, parameters: tuple[str, ...]) -> list[MemberDay]:
    rows = database.rows(
        f"SELECT member, day, categories, shops, dwell_s FROM member_days WHERE site = ? AND {condition}",  # noqa: S608
        parameters,
    )
    return [MemberDay(row[0], row[1], json.loads(row[2]), row[3], row[4]) for row in rows]
