"""Tags that a member's visits gave; only with their consent to be joined to visits."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from central.store import happenings
from central.store.database import Database

_TAGS = "SELECT tag FROM member_tags WHERE site = ? AND member = ? ORDER BY tag"
_STANDING = "SELECT 1 FROM consents WHERE site = ? AND member = ? AND purpose = ? AND withdrawn_at IS NULL"


def of_member(database: Database, site: str, member: str) -> list[str]:
    """A member's tags, sorted."""
    return [row[0] for row in database.rows(_TAGS, (site, member))]


def to_weigh(database: Database, site: str, after: str, limit: int) -> list[str]:
    """The next members whose visits may give tags, or who have some, by id from behind ``after``."""
    rows = database.rows(
        """SELECT member FROM (
               SELECT DISTINCT member FROM member_days WHERE site = :site AND member > :after
               UNION SELECT DISTINCT member FROM member_tags WHERE site = :site AND member > :after)
           ORDER BY member LIMIT :limit""",
        {"site": site, "after": after, "limit": limit},
    )
    return [row[0] for row in rows]


def of_members(database: Database, site: str, first: str, last: str) -> dict[str, set[str]]:
    """Tags by member, of all from ``first`` to ``last``, both included."""
    found: dict[str, set[str]] = {}
    for member, tag in database.rows(
        "SELECT member, tag FROM member_tags WHERE site = ? AND member >= ? AND member <= ?", (site, first, last)
    ):
        found.setdefault(member, set()).add(tag)
    return found


def replace(database: Database, site: str, tags: Mapping[str, AbstractSet[str]], purpose: str, now: float) -> int:
    """Make these the tags of these members, of those whose consent stands at this very moment; how many changed."""
    changed = 0
    with database.writing() as connection:
        for member, wanted in tags.items():
            standing = connection.execute(_STANDING, (site, member, purpose)).fetchone()
            now_wanted = wanted if standing is not None else frozenset()
            had = {row[0] for row in connection.execute(_TAGS, (site, member))}
            if had == now_wanted:
                continue
            connection.executemany(
                "DELETE FROM member_tags WHERE site = ? AND member = ? AND tag = ?",
                [(site, member, tag) for tag in had - now_wanted],
            )
            connection.executemany(
                "INSERT INTO member_tags (site, member, tag, since) VALUES (?, ?, ?, ?)",
                [(site, member, tag, now) for tag in sorted(now_wanted - had)],
            )
            happenings.note(connection, site, [("member", member, "", now)])
            changed += 1
    return changed
