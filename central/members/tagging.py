"""Keeps the tags that members' days give: a slice of the members a round, all of them once an hour at most."""

from __future__ import annotations

from datetime import date, datetime

from calibration.site import Site
from central.members.tags import TagRules
from central.store import member_days, member_tags
from central.store.store import Store
from central.touchpoints.linker import LINKING_PURPOSE

EVERY_S = 3600.0
A_ROUND = 500
"""Members weighed in one round of the clerk, which takes about 20 ms."""


class MemberTags:
    """Weighs members' days by the rules; what comes to the same as before is not written.

    Args:
        store: days and tags.
        site: its time zone.
        rules: which days give which tags.
    """

    def __init__(self, store: Store, site: Site, rules: TagRules) -> None:
        self._store = store
        self._site = site
        self._rules = rules
        self._began_at = -1e18
        self._day: date | None = None
        self._after: str | None = None

    def update(self, now: float) -> int:
        """How many members' tags changed; a round through all of them begins every hour, and as a day does."""
        today = datetime.fromtimestamp(now, self._site.timezone).date()
        if self._day != today or (self._after is None and now - self._began_at >= EVERY_S):
            self._day, self._began_at, self._after = today, now, ""
        if self._after is None:
            return 0
        database, site = self._store.database, self._store.site
        members = member_tags.to_weigh(database, site, self._after, A_ROUND)
        self._after = members[-1] if len(members) == A_ROUND else None
        if not members:
            return 0
        days = member_days.of_members(database, site, members)
        wanted = {member: self._rules.tags_of(found, today) for member, found in days.items()}
        had = member_tags.of_members(database, site, members[0], members[-1])
        changed = {member: tags for member, tags in wanted.items() if tags != had.get(member, set())}
        return member_tags.replace(database, site, changed, LINKING_PURPOSE, now) if changed else 0
