"""Which visitors a member is, on every floor."""

from __future__ import annotations

import json

from central.store.database import Database

_LINKED = """
    SELECT links.visitor, links.member, coalesce(stitches.person, links.visitor)
    FROM links LEFT JOIN stitches ON stitches.site = links.site AND stitches.visitor = links.visitor
    WHERE links.site = ?"""
_OTHERS = """
    SELECT stitches.visitor, stitches.person FROM stitches
    WHERE stitches.site = ? AND stitches.person IN (SELECT value FROM json_each(?))"""


def members_by_visitor(database: Database, site: str) -> dict[str, str]:
    """Member by visitor, of every standing link, and of the same person's visits to other floors.

    A visitor who was linked belongs to that member alone. Where links say that one person is two members, what was only
    stitched to them is neither's.
    """
    rows = [(row[0], row[1], row[2]) for row in database.rows(_LINKED, (site,))]
    found = {visitor: member for visitor, member, _ in rows}
    owners: dict[str, set[str]] = {}
    for _, member, person in rows:
        owners.setdefault(person, set()).add(member)
    sure = {person: next(iter(members)) for person, members in owners.items() if len(members) == 1}
    others = database.rows(_OTHERS, (site, json.dumps(list(sure))))
    stitched = [(row[0], row[1]) for row in others] + [(person, person) for person in sure]
    return {visitor: sure[person] for visitor, person in stitched} | found
