"""Reads from the store what the engine decides on: whole members, and what changed of their visits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from itertools import groupby

import numpy as np

from calibration.site import Site
from central.offers.deciding import Deciding
from central.offers.explain import LINKING_PURPOSE
from central.offers.facts import Change, Gone, Known, Seen, Stayed, ended_at
from central.offers.making import LINK_LIFE_S
from central.offers.situation import Stay
from central.store import decisions, links, members, positions, purchases, touchpoints
from central.store.figures import VisitRow
from central.store.happenings import Happening
from central.store.store import Store

DAY_S = 86_400.0
BOUGHT_S = 400 * DAY_S
EVENING_S = 3 * 3600.0
"""A visit of today may have begun so long before midnight."""
SEEN_LATELY_S = 3.0
"""An open visit goes on while its visitor was seen in the zone this lately."""
MAX_AHEAD_S = 15.0
"""How far an open visit is carried on beyond what its box last said of it."""
PROMPT_S = 5.0
"""What we heard longer ago than this counts as of now: it was not looked at in its time."""


class Loader:
    """Turns rows into what ``Deciding`` takes.

    Args:
        store: the truth.
        site: its zones and days.
    """

    def __init__(self, store: Store, site: Site) -> None:
        self._store = store
        self._site = site
        self._open: dict[str, VisitRow] = {}
        """Visits that last still, as last read."""

    def midnight(self, now: float) -> float:
        """When the site's day began."""
        day = datetime.fromtimestamp(now, self._site.timezone).date()
        return datetime.combine(day, time(), self._site.timezone).timestamp()

    def known(self, member: str, now: float, at: float) -> Change:
        """All that is known of the member; ``Gone`` where they are linked to nobody or did not agree to it."""
        database, site = self._store.database, self._store.site
        midnight = self.midnight(now)
        profile = members.profile(database, site, member, datetime.fromtimestamp(now, self._site.timezone).date())
        joined = links.links_of(database, site, member, now - LINK_LIFE_S)
        if profile is None or LINKING_PURPOSE not in profile.consents or not joined:
            return Gone(at, member)
        visitors = [link.visitor for link in joined]
        rows = decisions.visits_since(database, site, visitors, midnight - EVENING_S, now)
        stays = {}
        for row in sorted((row for of in rows.values() for row in of), key=lambda row: (row.entered_at, row.visit)):
            stay = stay_of(row)
            self._remember(row)
            if ended_at(stay) >= midnight:
                stays[key_of(row)] = stay
        bought = tuple(purchases.of_member(database, site, member, now - BOUGHT_S))
        sources = touchpoints.sources_of(database, site, member, midnight)
        offered_at = decisions.last_offer(database, site, member)
        return Known(at, profile, stays, bought, sources, offered_at)

    def linked_since(self, now: float) -> float:
        """Links older than this are dead."""
        return now - LINK_LIFE_S

    def missing(self, member: str, now: float) -> tuple[str, ...]:
        """What is not there that every offer to the member needs."""
        database, site = self._store.database, self._store.site
        profile = members.profile(database, site, member)
        if profile is None or LINKING_PURPOSE not in profile.consents:
            return (f"no consent to {LINKING_PURPOSE}",)
        return () if links.links_of(database, site, member, now - LINK_LIFE_S) else ("not linked to any visit now",)

    def changes(self, happened: Iterable[Happening], deciding: Deciding, now: float) -> list[Change]:
        """What the happenings come to, in their order; a member or visitor told of several times once, at the first."""
        listed = list(happened)
        refs = [one.ref.partition("/") for one in listed if one.kind == "visit"]
        visitors, hours = list(dict.fromkeys(ref[0] for ref in refs)), {int(ref[2]) for ref in refs}
        midnight = self.midnight(now)
        database, site = self._store.database, self._store.site
        rows = decisions.visits_of_hours(database, site, visitors, sorted(hours)) if visitors else {}
        found: list[Change] = []
        loaded: set[str] = set()
        for one in listed:
            at = one.at if now - PROMPT_S <= one.at <= now else now
            if one.kind == "visit" and (one.member in deciding or one.member in loaded):
                if one.member not in loaded:
                    told = rows.pop(one.ref.partition("/")[0], ())
                    for row in told:
                        self._remember(row)
                    found += [
                        Stayed(at, one.member, key_of(row), stay_of(row))
                        for row in told
                        if is_news(row, deciding.stay(one.member, key_of(row))) and ended_at(stay_of(row)) >= midnight
                    ]
            elif not one.member:  # somebody was erased
                still = set(links.linked_members(database, site, now - LINK_LIFE_S))
                found += [Gone(at, name) for name in sorted(set(deciding.members) - still)]
            elif one.member not in loaded:
                loaded.add(one.member)
                found.append(self.known(one.member, now, at))
        return found

    def _remember(self, row: VisitRow) -> None:
        if row.phase == "closed":
            self._open.pop(key_of(row), None)
        else:
            self._open[key_of(row)] = row

    def seen(self, deciding: Deciding, now: float) -> list[Change]:
        """Until when open stays on which a decision waits have surely gone on, by where their visitors were seen."""
        awaited = deciding.awaited(now, MAX_AHEAD_S + SEEN_LATELY_S)
        if not awaited:
            return []
        by_floor = sorted(awaited.items(), key=lambda item: item[1].floor)
        found: list[Change] = []
        for floor, grouped in groupby(by_floor, key=lambda item: item[1].floor):
            found += self._seen_on(floor, dict(grouped), now)
        return sorted(found, key=lambda one: (one.at, str(getattr(one, "member", ""))))

    def _seen_on(self, floor: str, stays: dict[tuple[str, str], Stay], now: float) -> list[Change]:
        if floor not in self._site.floors:
            return []
        told = {visit: self._open[visit] for _, visit in stays if visit in self._open}
        if not told:
            return []
        names = sorted({row.visitor for row in told.values()})
        since = max(min(row.at for row in told.values()), now - 2 * MAX_AHEAD_S)
        places = positions.tracks(self._store.database, self._store.site, floor, names, since)
        found: list[Change] = []
        for (member, visit), stay in stays.items():
            row = told.get(visit)
            zone = self._site.floors[floor].zones.get(stay.zone)
            if row is None or zone is None:
                continue
            track = [place for place in places.get(row.visitor, ()) if place[0] > row.at]
            until = row.at
            if track:
                inside = zone.contains(np.array([(x, y) for _, x, y in track])).tolist()
                for (at, _, _), is_inside in zip(track, inside, strict=True):
                    if not is_inside or at - until > SEEN_LATELY_S or at - row.at > MAX_AHEAD_S:
                        break
                    until = at
            if until > stay.told_at:
                found.append(Seen(now, member, visit, until))
        return found


def key_of(row: VisitRow) -> str:
    """What a visit is called: a box names its own."""
    return f"{row.box}/{row.visit}"


def stay_of(row: VisitRow) -> Stay:
    """The visit as conditions look at it; its seconds are as of the later of its instant and what they come to."""
    told_at = max(row.at, row.entered_at + row.dwell_s + row.unseen_s)
    left_at = row.left_at if row.phase == "closed" else None
    return Stay(row.floor, row.zone, row.dwell_s, row.entered_at, left_at, told_at)


def is_news(row: VisitRow, known: Stay | None) -> bool:
    """Whether a row says what is not known yet."""
    if known is None:
        return True
    if row.phase == "closed":
        return known.left_at is None or stay_of(row) != known
    return known.left_at is None and stay_of(row).told_at > known.told_at
