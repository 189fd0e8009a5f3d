"""What campaigns would have done on stored days, before anybody is bothered: read-only, and nobody is named.

Members who are linked are run through the engine's own core, with all caps, stock and holdouts. Links live for a day
at most; of older days only anonymous people are left, and a rehearsal tells how many of them met the conditions about
place and time, and how many members there may have been among them. Every figure about people or members is
k-suppressed and carries the noise of all figures: else a campaign could be written that asks about one person.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

import msgspec

from calibration.site import Site
from central.coupons.value import cost_of
from central.insight.suppression import Suppression
from central.offers.book import CampaignBook, categories_of
from central.offers.campaigns import Campaign, CampaignsFile, Pool
from central.offers.deciding import Deciding
from central.offers.explain import LINKING_PURPOSE
from central.offers.ledger import Ledger
from central.offers.lint import errors, lint
from central.offers.planning import plan
from central.offers.rehearsed import Rehearsal
from central.offers.replaying import Past, Someone, meet, questions
from central.offers.tally import Day, Tally, Teller, floor_of, token_of
from central.store import figures, links, members, people, purchases, replay, touchpoints
from central.store.store import Store
from contract.errors import BadInputError

DAY_S = 86_400.0
BOUGHT_S = 400 * DAY_S
MOST_DAYS = 31
TICK_EVERY = 100
MOST_FINDINGS = 10


@dataclass(frozen=True, slots=True)
class Script:
    """What is rehearsed.

    Attributes:
        campaigns: of the new file; those that are enabled and for members are rehearsed.
        pools: of the new file.
        in_force: campaigns to tell the overlap with.
        currency: of the pools.
    """

    campaigns: Sequence[Campaign]
    pools: Mapping[str, Pool]
    in_force: Sequence[Campaign] = ()
    currency: str = "EUR"


def script_of(text: str, site: Site, book: CampaignBook) -> Script:
    """A campaigns file's text as what is rehearsed, beside the campaigns in force.

    A campaign that has changed may keep its version while it is rehearsed.

    Raises:
        BadInputError: naming line, field and mend, where the file would be refused.
    """
    wrong = errors(lint(text, book.categories, tuple(site.floors)))
    if wrong:
        raise BadInputError("; ".join(f"text:{finding}" for finding in wrong[:MOST_FINDINGS]))
    file = msgspec.toml.decode(text, type=CampaignsFile)
    return Script(file.campaigns, {pool.id: pool for pool in file.pools}, book.campaigns, file.currency)


def days_of(first: str, last: str, today: date, newest: float | None, timezone: tzinfo) -> tuple[date, date]:
    """The days that somebody names: as 2026-01-31, ``today``, ``yesterday``; empty is the newest day with visits.

    Args:
        first: the first.
        last: the last, included; empty is the same as the first.
        today: of the site.
        newest: when the newest visit began, seconds since 1970; None for no visit.
        timezone: of the site.

    Raises:
        BadInputError: where one is no day.
    """
    usual = today if newest is None else datetime.fromtimestamp(newest, timezone).date()
    begin = _day("from", first, today, usual)
    return begin, _day("to", last, today, begin)


def _day(field: str, text: str, today: date, usual: date) -> date:
    known = {"": usual, "today": today, "yesterday": today - timedelta(days=1)}
    if text in known:
        return known[text]
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInputError(f"{field}: {text[:40]!r} is no day; write it as 2026-01-31, today or yesterday") from None


class Rehearser:
    """Rehearses campaigns on the stored days of one site.

    Args:
        store: the truth, only read.
        site: its zones and days.
        suppression: how figures are told.
        holdout_key: 32 bytes that choose who is held out.
        link_life_s: how long links are kept.
        tick: called every so often with the share that is done, 0 to 1; it may raise to end it.
    """

    def __init__(
        self,
        store: Store,
        site: Site,
        suppression: Suppression,
        *,
        holdout_key: bytes = bytes(32),
        link_life_s: float = DAY_S,
        tick: Callable[[float], None] = lambda _share: None,
    ) -> None:
        self._store = store
        self._site = site
        self._teller = Teller(store, suppression)
        self._holdout_key = holdout_key
        self._life_s = link_life_s
        self._tick = tick
        self._categories = categories_of(site)

    def rehearse(self, script: Script, first: date, last: date, now: float) -> Rehearsal:
        """What the campaigns would have done.

        Args:
            script: the campaigns.
            first: day of the site.
            last: the same, included.
            now: seconds since 1970.

        Raises:
            BadInputError: where the days are the wrong way round or too many, or there is no campaign.
        """
        if first > last:
            raise BadInputError(f"from: {first} is after {last}; swap them")
        if (last - first).days >= MOST_DAYS:
            raise BadInputError(f"to: {first} to {last} is more than {MOST_DAYS} days; choose fewer")
        new, old = (
            [one for one in group if one.enabled and one.audience == "members"]
            for group in (script.campaigns, script.in_force)
        )
        if not new:
            raise BadInputError("campaigns: none of the file is enabled and for members; there is nothing to rehearse")
        acts = [(group, [Tally() for _ in group], self._ledger(group, script.pools)) for group in (new, old)]
        read: list[Day] = []
        count = (last - first).days + 1
        for number in range(count):
            found = self._read(first + timedelta(days=number), now)
            read.append(found)
            for act, (group, tallies, ledger) in enumerate(acts):
                self._run(group, found, ledger)
                self._ask(group, tallies, found, (number + act / 2) / count, 0.5 / count)
        for group, tallies, ledger in acts:
            self._book(group, tallies, ledger)
        others = list(zip(old, acts[1][1], strict=True))
        told = [
            self._teller.tell(one, tally, script.pools.get(one.coupon), script.currency, others, read)
            for one, tally in zip(new, acts[0][1], strict=True)
        ]
        return Rehearsal(f"{first}", f"{last}", told)

    # reading

    def _read(self, day: date, now: float) -> Day:
        timezone, database, site = self._site.timezone, self._store.database, self._store.site
        start = datetime.combine(day, time(), timezone).timestamp()
        end = datetime.combine(day + timedelta(days=1), time(), timezone).timestamp()
        visits: dict[str, list[Past]] = defaultdict(list)
        for number, trip in enumerate(people.trips(database, site, start, end)):
            if not trip.is_staff:
                past = Past(f"{number}", trip.floor, trip.zone, trip.entered_at, trip.left_at, trip.dwell_s)
                visits[trip.person].append(past)
        anybody = {token: Someone(tuple(past), past[0].entered_at) for token, past in visits.items()}
        joined = {
            member: one
            for member, one in self._members(day, start, end, now).items()
            if one.past and one.profile is not None and LINKING_PURPOSE in one.profile.consents
        }
        were = set(replay.members_of_day(database, site, f"{day}"))
        return Day(f"{day}", start, end, anybody, joined, were | joined.keys(), were <= joined.keys())

    def _members(self, day: date, start: float, end: float, now: float) -> dict[str, Someone]:
        """The day of every member who is linked still."""
        database, site = self._store.database, self._store.site
        visitors: dict[str, list[str]] = defaultdict(list)
        linked_at: dict[str, float] = {}
        for link in links.links(database, site, now - self._life_s):
            if link.at < end:
                visitors[link.member].append(link.visitor)
                linked_at[link.member] = min(linked_at.get(link.member, math.inf), link.at)
        found = {}
        for member, names in visitors.items():
            rows = figures.visits_of(database, site, names, start)
            past = tuple(
                Past(f"{row.box}/{row.visit}", row.floor, row.zone, row.entered_at, row.left_at or row.at, row.dwell_s)
                for row in rows
                if start <= row.entered_at < end
            )
            bought = tuple(purchases.of_member(database, site, member, start - BOUGHT_S))
            sources = touchpoints.sources_of(database, site, member, start)
            known = members.profile(database, site, member, day)
            found[member] = Someone(past, max(linked_at[member], start), known, bought, sources)
        return found

    # running

    def _ledger(self, group: Sequence[Campaign], pools: Mapping[str, Pool]) -> Ledger:
        groups: dict[str, set[str]] = defaultdict(set)
        for one in group:
            groups[one.group].add(one.id)
        return Ledger(
            self._site.timezone,
            self._holdout_key,
            {name: frozenset(ids) for name, ids in groups.items() if name},
            {name: cost_of(pool) for name, pool in pools.items()},
            {name: pool.stock for name, pool in pools.items() if pool.stock is not None},
        )

    def _run(self, group: Sequence[Campaign], day: Day, ledger: Ledger) -> None:
        """Members through the engine's core."""
        deciding = Deciding(plan(group), self._site.timezone, self._categories)
        changes = [change for one in day.members.values() for change in one.changes(day.end)]
        for number, (at, change) in enumerate(sorted(changes, key=lambda item: item[0])):
            if number % (10 * TICK_EVERY) == 0:
                self._tick(0.0)
            deciding.apply(change)
            deciding.due(at, ledger.decide)
        if changes:
            deciding.due(day.end - 1.0, ledger.decide)

    def _ask(self, group: Sequence[Campaign], tallies: Sequence[Tally], day: Day, done: float, share: float) -> None:
        """Everybody, one campaign at a time: how far did their day meet its conditions?"""
        timezone, categories = self._site.timezone, self._categories
        acts = [
            (one, questions(floor_of(one), categories), questions(one.conditions, categories), tally)
            for one, tally in zip(group, tallies, strict=True)
        ]
        for number, (token, someone) in enumerate(day.people.items()):
            if number % TICK_EVERY == 0:
                self._tick(done + share * number / len(day.people))
            for _, floor, _, tally in acts:
                found = meet(floor, someone, day.end, timezone, categories)
                for depth in range(found.depth + 1):
                    tally.depth[depth].add(token)
                if found.at is not None:
                    tally.people[day.day].add(token)
                    tally.hours[datetime.fromtimestamp(found.at, timezone).hour].add(token)
        for member, someone in day.members.items():
            for campaign, _, asked, tally in acts:
                if someone.profile is None or campaign.purpose not in someone.profile.consents:
                    continue
                found = meet(asked, someone, day.end, timezone, categories)
                for depth in range(found.depth + 1):
                    tally.member_depth[depth].add(token_of(member))

    def _book(self, group: Sequence[Campaign], tallies: Sequence[Tally], ledger: Ledger) -> None:
        """What the ledger gave, to the campaigns' tallies."""
        of = {one.id: tally for one, tally in zip(group, tallies, strict=True)}
        for entry in ledger.entries:
            tally, token = of[entry.due.campaign.id], token_of(entry.due.member)
            if entry.arm == "holdout":
                tally.held_out.add(token)
            else:
                tally.members[entry.day].add(token)
                tally.member_hours[datetime.fromtimestamp(entry.due.at, self._site.timezone).hour].add(token)
