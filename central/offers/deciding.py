"""Which campaigns are due for whom, as things happen: facts in, decisions out; no store, no clock, no chance.

Every linked member has a state: what is known of them, their stays of today, and one bit for every condition of every
campaign. A change touches only the bits that its kind can alter; what the clock alters has a timer. Everything happens
at its own instant, in order: between two changes every timer that falls between them, so that it makes no difference
in how many batches changes come. A bit is only a memory: before anything is decided, all conditions of the campaign
are judged again as of that very instant.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import tzinfo

from central.offers.campaigns import Categories
from central.offers.conditions import judge
from central.offers.facts import (
    SERVED_A_SECOND,
    Change,
    Due,
    Gone,
    Hold,
    Known,
    Miss,
    Seen,
    Settled,
    Stayed,
    apart_s,
    ended_at,
    next_midnight,
    visit_start,
)
from central.offers.judging import AGAIN_S, Judging, MemberState
from central.offers.planning import Plan, bits
from central.offers.situation import Situation, Stay

__all__ = [
    "Change",
    "Decide",
    "Deciding",
    "Due",
    "Gone",
    "Hold",
    "Known",
    "Miss",
    "Seen",
    "Settled",
    "Stayed",
]

EVERYBODY = ""
"""In the place of a member: the clock itself."""
Decide = Callable[[Due], Settled]


class Deciding:
    """Decides; feed it with ``apply`` in the order of what happens, and ask with ``due``.

    Args:
        plan: the campaigns.
        timezone: of the site.
        categories: of its zones.
    """

    def __init__(self, plan: Plan, timezone: tzinfo, categories: Categories) -> None:
        self.plan = plan
        self._timezone = timezone
        self._members: dict[str, MemberState] = {}
        self._queue: deque[Change] = deque()
        self._timers: list[tuple[float, str]] = []
        self._at = -math.inf
        self._midnight = math.inf
        self._shared = 0
        self._shared_until: dict[int, float] = {}
        self._gates: dict[int, Hold] = {}
        self._judging = Judging(plan, timezone, categories)
        self.changed: dict[str, None] = {}
        """Members whose near misses may be others now, in the order of their changes."""

    def __len__(self) -> int:
        """Members known now."""
        return len(self._members)

    def __contains__(self, member: str) -> bool:
        return member in self._members

    @property
    def members(self) -> Iterable[str]:
        """Who is known now."""
        return self._members.keys()

    def apply(self, change: Change) -> None:
        """Take a change in; nothing comes of it before ``due``."""
        self._queue.append(change)

    def due(self, now: float, decide: Decide, between: Callable[[], object] | None = None) -> int:
        """Let everything happen until ``now``, at its own instants; the number of offers and holdouts made.

        Args:
            now: seconds since 1970.
            decide: called with each decision in its turn; what it answers counts for the next.
            between: called after every change.
        """
        made = 0
        while self._queue:
            change = self._queue.popleft()
            at = max(change.at, self._at)
            made += self._let_pass(at, decide)
            made += self._take(change, at, decide)
            if between is not None:
                between()
        return made + self._let_pass(max(now, self._at), decide)

    def awaited(self, now: float, within_s: float) -> dict[tuple[str, str], Stay]:
        """Open stays, by member and visit, on which a decision waits: does it go on? Those told of within so long."""
        found: dict[tuple[str, str], Stay] = {}
        for member in sorted(self._judging.waiting):
            known = self._members.get(member)
            stays = {} if known is None else known.stays
            lately = {
                (member, visit): stay
                for visit, stay in stays.items()
                if stay.left_at is None and now - stay.told_at <= within_s
            }
            found |= lately
            if not lately:
                self._judging.waiting.discard(member)
        return found

    def stay(self, member: str, visit: str) -> Stay | None:
        """What is known of the member's visit."""
        known = self._members.get(member)
        return None if known is None else known.stays.get(visit)

    def misses(self, member: str, most: int = 1000) -> list[Miss]:
        """Campaigns that hold and are held back, then those that fail by one condition, each by priority."""
        known = self._members.get(member)
        if known is None:
            return []
        return self._judging.misses(member, known, self._shared, self._gates, self._at)[:most]

    def situation(self, member: str, now: float) -> Situation | None:
        """What is known of the member as of an instant; None where nothing is."""
        known = self._members.get(member)
        return None if known is None else self._judging.situation(known, now)

    # what happens

    def _take(self, change: Change, at: float, decide: Decide) -> int:
        match change:
            case Known():
                return self._meet(change, at, decide)
            case Gone():
                if self._members.pop(change.member, None) is not None:
                    self.changed[change.member] = None
                return 0
            case Stayed():
                return self._stay(change, at, decide)
            case Seen():
                return self._see(change, at, decide)

    def _meet(self, change: Known, at: float, decide: Decide) -> int:
        name = change.profile.member
        before = self._members.get(name)
        known = MemberState(change.profile, dict(change.stays), change.purchases, change.sources)
        if before is not None:  # what is held back stays so, and no timer is lost
            known.held, known.scheduled = before.held, before.scheduled
            for visit, stay in before.stays.items():
                told = known.stays.get(visit)
                if told is not None and told.left_at is None and told.told_at < stay.told_at and stay.left_at is None:
                    known.stays[visit] = stay
            self._judging.free(known, visit_start(known.stays.values(), at) > visit_start(before.stays.values(), at))
            known.offered_at = before.offered_at
        known.offered_at = max(known.offered_at, -math.inf if change.offered_at is None else change.offered_at)
        known.heard_at = change.at
        known.camera_at = min(max((stay.told_at for stay in known.stays.values()), default=at), at)
        self._members[name] = known
        self._rejudge(name, known, self._judging.meet(known, at), at)
        return self._offer(name, known, known.allowed, at, decide)

    def _stay(self, change: Stayed, at: float, decide: Decide) -> int:
        known = self._members.get(change.member)
        if known is None:
            return 0
        before, stay = known.stays.get(change.visit), change.stay
        if before is not None and before.left_at is None and stay.left_at is None and before.told_at > stay.told_at:
            return 0  # seen to go on beyond what the box says only now
        freed: frozenset[int] = frozenset()
        if before is None:
            began = visit_start(known.stays.values(), at)
            known.stays = dict(
                sorted((known.stays | {change.visit: stay}).items(), key=lambda item: (item[1].entered_at, item[0]))
            )
            freed = self._judging.free(known, len(known.stays) > 1 and visit_start(known.stays.values(), at) > began)
        known.stays[change.visit] = stay
        known.camera_at, known.heard_at = min(stay.told_at, at), change.at
        mask = self._judging.touched(stay, is_new=before is None)
        return self._altered(change.member, known, mask, at, decide, freed)

    def _see(self, change: Seen, at: float, decide: Decide) -> int:
        known = self._members.get(change.member)
        stay = None if known is None else known.stays.get(change.visit)
        if known is None or stay is None or stay.left_at is not None or change.until <= stay.told_at:
            return 0
        gone_on = replace(stay, seconds=stay.seconds + change.until - stay.told_at, told_at=change.until)
        known.stays[change.visit] = gone_on
        known.camera_at, known.heard_at = change.until, change.at
        mask = self._judging.touched(gone_on, is_new=False)
        return self._altered(change.member, known, mask, at, decide)

    def _altered(  # noqa: PLR0917 - what happened, to whom, where, when
        self,
        name: str,
        known: MemberState,
        mask: int,
        at: float,
        decide: Decide,
        freed: frozenset[int] = frozenset(),
    ) -> int:
        fresh = self._using(self._rejudge(name, known, mask & known.relevant, at)) | freed
        return self._offer(name, known, fresh & known.allowed, at, decide) if fresh else 0

    # time

    def _let_pass(self, at: float, decide: Decide) -> int:
        made = 0
        if self._at == -math.inf:
            self._at = at
            self._clock(at)
            self._new_day(at)
        while self._timers and self._timers[0][0] <= at:
            instant, name = heapq.heappop(self._timers)
            self._at = max(self._at, instant)
            if name == EVERYBODY:
                made += self._turn_page(self._at, decide) if self._midnight <= self._at else 0
                made += self._open(self._at, decide)
                continue
            known = self._members.get(name)
            if known is None or known.scheduled != instant:
                continue
            known.scheduled = math.inf
            mask = 0
            for number, when in known.timers.items():
                if when <= self._at:
                    mask |= 1 << number
            fresh = self._using(self._rejudge(name, known, mask, self._at))
            ended = {index for index, hold in known.held.items() if hold.until <= self._at}
            known.held = {index: hold for index, hold in known.held.items() if index not in ended}
            if fresh or ended:
                known.camera_at = known.heard_at = self._at  # nothing was seen or heard: the time has come
                made += self._offer(name, known, (fresh | ended) & known.allowed, self._at, decide)
            self._schedule(name, known)
        self._at = max(self._at, at)
        return made

    def _clock(self, at: float) -> int:
        """Judge what only the clock alters; the conditions that hold now and did not."""
        situation = self._judging.anybody(at)
        before = self._shared
        for number in bits(self.plan.shared):
            if self._shared_until.get(number, -math.inf) <= at:
                verdict = judge(self.plan.conditions[number], situation)
                self._shared = self._shared | 1 << number if verdict.holds else self._shared & ~(1 << number)
                until = math.inf if verdict.changes_at is None else verdict.changes_at
                self._shared_until[number] = max(until, at + AGAIN_S)
                if until < math.inf:
                    heapq.heappush(self._timers, (self._shared_until[number], EVERYBODY))
        return self._shared & ~before

    def _new_day(self, at: float) -> None:
        self._midnight = next_midnight(at, self._timezone)
        heapq.heappush(self._timers, (self._midnight, EVERYBODY))

    def _turn_page(self, at: float, decide: Decide) -> int:
        """Yesterday's stays are over; who has no other is here no more."""
        midnight = self._midnight
        self._new_day(at)
        made = 0
        for name in sorted(self._members):
            known = self._members[name]
            known.stays = {key: stay for key, stay in known.stays.items() if ended_at(stay) >= midnight}
            if not known.stays:
                del self._members[name]
                continue
            known.sources = frozenset()
            fresh = self._rejudge(name, known, known.relevant, at)
            made += self._offer(name, known, self._using(fresh) & known.allowed, at, decide) if fresh else 0
        return made

    def _open(self, at: float, decide: Decide) -> int:
        """The clock lets something begin, or what was held back from everybody is free again."""
        campaigns = set(self._using(self._clock(at)))
        for index, gate in list(self._gates.items()):
            if gate.until <= at:
                del self._gates[index]
                campaigns.add(index)
        ready: dict[str, set[int]] = {}
        for index in campaigns:
            need = self.plan.needs[index]
            if need & self.plan.shared & ~self._shared:
                continue
            own = need & ~self.plan.shared
            for name, known in self._members.items():
                if not own & ~known.holds and index in known.allowed:
                    ready.setdefault(name, set()).add(index)
        made = 0
        for place, name in enumerate(sorted(ready)):
            known = self._members[name]
            if place:  # a crowd is served one after the other, so that what happens meanwhile need not wait for it
                known.held = dict.fromkeys(ready[name], Hold(at + place / SERVED_A_SECOND)) | known.held
                self._schedule(name, known)
                continue
            known.camera_at = known.heard_at = at
            made += self._offer(name, known, frozenset(ready[name]), at, decide)
            self.changed[name] = None
        return made

    def _schedule(self, name: str, known: MemberState) -> None:
        first = min(known.timers.values(), default=math.inf)
        if known.held:
            first = min(first, *(hold.until for hold in known.held.values()))
        if first < known.scheduled:
            known.scheduled = first
            heapq.heappush(self._timers, (first, name))

    # judging

    def _rejudge(self, name: str, known: MemberState, mask: int, at: float) -> int:
        """The conditions that hold now and did not."""
        if not mask:
            self._schedule(name, known)
            return 0
        before = known.holds
        self._judging.rejudge(known, mask, known.allowed & self._using(mask), at)
        self._schedule(name, known)
        self.changed[name] = None
        return known.holds & ~before

    def _using(self, conditions: int) -> frozenset[int]:
        if not conditions:
            return frozenset()
        return frozenset(index for number in bits(conditions) for index in self.plan.used_by[number])

    def _held(self, known: MemberState, index: int) -> Hold | None:
        return known.held.get(index) or self._gates.get(index)

    # deciding

    def _offer(self, name: str, known: MemberState, campaigns: Iterable[int], at: float, decide: Decide) -> int:
        have = known.holds | self._shared
        due = [index for index in campaigns if not self.plan.needs[index] & ~have and self._held(known, index) is None]
        made = 0
        for index in sorted(due, key=self.plan.rank):
            cool_s = self.plan.campaigns[index].cool_down_hours * 3600
            free_at = known.offered_at + max(cool_s, apart_s(name))
            if at < free_at:
                why = "cool_down" if cool_s > apart_s(name) else "priority"
                known.held[index] = Hold(free_at, why, round(free_at - at), "s")
                continue
            if self._gates.get(index) is not None:
                continue
            made += self._decide(name, known, index, at, decide)
        self._schedule(name, known)
        return made

    def _decide(self, name: str, known: MemberState, index: int, at: float, decide: Decide) -> int:
        campaign = self.plan.campaigns[index]
        situation = self._judging.situation(known, at)
        verdicts = tuple(judge(condition, situation) for condition in campaign.conditions)
        if not all(verdict.holds for verdict in verdicts):
            own = self.plan.needs[index] & known.relevant
            known.unjudged &= ~own
            known.holds = known.holds & ~own | self._judging.judged(known, own, situation, at)
            return 0
        due = Due(
            name,
            campaign,
            at,
            situation,
            verdicts,
            known.camera_at or at,
            known.heard_at or at,
            visit_start(situation.stays, at),
        )
        settled = decide(due)
        hold = Hold(max(settled.until, at + AGAIN_S), settled.why, settled.short_by, settled.unit)
        if settled.for_all:
            self._gates[index] = hold
            if hold.until < math.inf:
                heapq.heappush(self._timers, (hold.until, EVERYBODY))
        else:
            known.held[index] = hold
        self.changed[name] = None
        if settled.made:
            known.offered_at = at
        return int(settled.made)
