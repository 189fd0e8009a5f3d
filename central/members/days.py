"""What members' days come to: by category, from the visits that they are joined to, while the join still stands."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from calibration.site import Site
from central.insight.places import Places
from central.store import figures, happenings, member_days
from central.store.figures import VisitRow
from central.store.member_days import MemberDay
from central.store.member_visits import members_by_visitor
from central.store.store import Store
from central.touchpoints.linker import LINKING_PURPOSE

EVERY_S = 60.0
LINK_LIFE_S = 86_400.0
A_QUERY = 500
"""Visitors asked about at once."""


@dataclass(slots=True)
class _Sum:
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    shops: set[str] = field(default_factory=set)

    def day(self, member: str, day: str) -> MemberDay:
        """The sum as it is kept."""
        seconds = {category: round(told, 1) for category, told in sorted(self.seconds.items())}
        return MemberDay(member, day, seconds, len(self.shops), round(sum(seconds.values()), 1))


class MemberDays:
    """Writes down, once a minute, what today and yesterday came to for every member who is joined to a visit.

    A link lasts a day at most, so today is reckoned anew from all its links, and a day that has ended only grows: its
    morning's links may be gone when its evening is told. Where a link was dissolved as wrong, what it gave goes, too.

    Args:
        store: links, visits and days.
        site: its zones and time zone.
        link_life_s: how long links are kept, seconds.
    """

    def __init__(self, store: Store, site: Site, link_life_s: float = LINK_LIFE_S) -> None:
        self._store = store
        self._site = site
        self._places = Places(site)
        self._life_s = link_life_s
        self._at = -1e18
        self._heard = 0

    def update(self, now: float) -> int:
        """How many members' days changed; nothing is looked at before a minute has gone by."""
        if now - self._at < EVERY_S:
            return 0
        self._at = now
        store = self._store
        heard = happenings.after(store.database, store.site, self._heard)
        dissolved = {one.member for one in heard if one.kind == "unlink" and one.member}
        midnight = datetime.fromtimestamp(now, self._site.timezone).replace(hour=0, minute=0, second=0, microsecond=0)
        yesterday = midnight - timedelta(days=1)
        members = members_by_visitor(store.database, store.site)
        changed = 0
        for start, end in ((yesterday, midnight), (midnight, None)):
            found = self._days(members, start, None if end is None else end.timestamp())
            is_whole = now - self._life_s <= start.timestamp() + EVERY_S
            changed += self._write(f"{start:%Y-%m-%d}", found, dissolved, is_whole=is_whole, now=now)
        self._heard = heard[-1].number if heard else self._heard
        return changed

    def _days(self, members: dict[str, str], start: datetime, end: float | None) -> dict[str, MemberDay]:
        """The day of every member who was there, from the links that stand."""
        begin, sums = start.timestamp(), defaultdict[str, _Sum](_Sum)
        for visit in self._visits(list(members), begin):
            if visit.entered_at < begin or (end is not None and visit.entered_at >= end):
                continue
            number = int(self._places.of([visit.floor], [visit.zone], np.array([visit.entered_at]))[0])
            if number < 0:
                continue
            place, told = self._places.all[number], sums[members[visit.visitor]]
            told.seconds[place.category] += visit.dwell_s
            if not place.is_passage:
                told.shops.add(place.key)
        day = f"{start:%Y-%m-%d}"
        return {member: told.day(member, day) for member, told in sums.items()}

    def _visits(self, visitors: list[str], start: float) -> list[VisitRow]:
        store = self._store
        parts = [visitors[at : at + A_QUERY] for at in range(0, len(visitors), A_QUERY)]
        return [visit for part in parts for visit in figures.visits_of(store.database, store.site, part, start)]

    def _write(self, day: str, found: dict[str, MemberDay], dissolved: set[str], *, is_whole: bool, now: float) -> int:
        store = self._store
        had = {one.member: one for one in member_days.between(store.database, store.site, day, day)}
        if not is_whole:
            found = {
                member: one if member in dissolved or member not in had else _grown(had[member], one)
                for member, one in found.items()
            }
        fresh = [one for member, one in found.items() if had.get(member) != one]
        gone = [member for member in (had if is_whole else dissolved & had.keys()) if member not in found]
        if not fresh and not gone:
            return 0
        with store.database.writing() as connection:
            member_days.drop(connection, store.site, gone, day)
            member_days.put(connection, store.site, fresh, LINKING_PURPOSE, now)
            happenings.note(connection, store.site, [("member", member, "", now) for member in gone])
        return len(fresh) + len(gone)


def _grown(had: MemberDay, told: MemberDay) -> MemberDay:
    """What is known of a day whose links are gone in part: no less than before."""
    seconds = dict(had.seconds)
    for category, some in told.seconds.items():
        seconds[category] = max(seconds.get(category, 0.0), some)
    return MemberDay(
        had.member,
        had.day,
        dict(sorted(seconds.items())),
        max(had.shops, told.shops),
        round(sum(seconds.values()), 1),
    )
