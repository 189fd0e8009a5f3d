"""A member as the core remembers them: what is known, and one bit for every condition, judged when it may change."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from central.offers.campaigns import Categories
from central.offers.conditions import judge
from central.offers.facts import Hold, Miss
from central.offers.planning import Plan, bits, visit_kinds
from central.offers.situation import Profile, Situation, Stay, Verdict
from central.store.purchases import Purchase

AGAIN_S = 1.0
"""A condition that says it changes now, and does not, is judged again so much later."""
MOST_SHORT = 20
"""Of campaigns that fail by one condition no more are looked at."""
OPEN_AGAIN_S = 30.0
"""The same where it waits for word of a stay that is open."""


@dataclass(slots=True)
class MemberState:
    """What is known of a member, and what follows from it.

    Attributes:
        allowed: campaigns whose purpose they agreed to and that no more than one settled condition stands against.
        relevant: conditions of these that are judged for this member.
        holds: conditions that hold.
        unjudged: conditions nobody needs to know of, since every campaign that has them fails by two others.
        timers: when a condition may turn by itself, seconds since 1970.
        held: campaigns held back from this member alone.
        scheduled: the earliest timer that is set.
        camera_at: the instant of the picture that the latest change came of,
        heard_at: and when it was heard of.
        offered_at: the latest offer or holdout of whatever campaign.
    """

    profile: Profile
    stays: dict[str, Stay]
    purchases: tuple[Purchase, ...]
    sources: frozenset[str]
    allowed: frozenset[int] = frozenset()
    relevant: int = 0
    holds: int = 0
    unjudged: int = 0
    timers: dict[int, float] = field(default_factory=dict)
    held: dict[int, Hold] = field(default_factory=dict)
    scheduled: float = math.inf
    camera_at: float = 0.0
    heard_at: float = 0.0
    offered_at: float = -math.inf


class Judging:
    """Judges conditions of members.

    Args:
        plan: the campaigns.
        timezone: of the site.
        categories: of its zones.

    Attributes:
        waiting: members about whom a decision waits for word of a stay that is open.
    """

    def __init__(self, plan: Plan, timezone: tzinfo, categories: Categories) -> None:
        self._plan = plan
        self._timezone = timezone
        self._categories = categories
        self._by_place: dict[tuple[str, str, bool], int] = {}
        self._elsewhere: int | None = None
        self.waiting: set[str] = set()

    def anybody(self, at: float) -> Situation:
        """An instant, and nobody in particular."""
        return Situation(datetime.fromtimestamp(at, self._timezone), (), self._categories, at)

    def meet(self, known: MemberState, at: float) -> int:
        """The conditions left to judge, once it is known which campaigns may come to somebody."""
        settled = self.judged(known, self._plan.settled, self.situation(known, at), at)
        agreed = known.profile.consents
        known.allowed = frozenset(
            index
            for index, campaign in enumerate(self._plan.campaigns)
            if campaign.purpose in agreed and (self._plan.needs[index] & self._plan.settled & ~settled).bit_count() <= 1
        )
        for index in known.allowed:
            known.relevant |= self._plan.needs[index]
        known.relevant &= ~(self._plan.shared | self._plan.settled)
        been = 0
        for stay in known.stays.values():
            been |= self.touched(stay)
        elsewhere = known.relevant & self._plan.placed & ~been
        known.holds = settled | elsewhere & self.nowhere(at)
        return known.relevant & ~elsewhere

    def situation(self, known: MemberState, at: float) -> Situation:
        """What is known of a member as of an instant."""
        local = datetime.fromtimestamp(at, self._timezone)
        stays = tuple(known.stays.values())
        return Situation(local, stays, self._categories, at, known.profile, known.purchases, known.sources)

    def judged(self, known: MemberState, mask: int, situation: Situation, at: float) -> int:
        """Those of the conditions that hold; their timers are set."""
        found = 0
        for number in bits(mask):
            verdict = judge(self._plan.conditions[number], situation)
            if verdict.holds:
                found |= 1 << number
            when = verdict.changes_at
            if when is None:
                known.timers.pop(number, None)
            elif when > at:
                known.timers[number] = when
            else:  # it would be otherwise by now if an open stay has gone on: somebody must say so
                is_open = any(stay.left_at is None for stay in known.stays.values())
                if is_open:
                    self.waiting.add(known.profile.member)
                known.timers[number] = at + (OPEN_AGAIN_S if is_open else AGAIN_S)
        return found

    def misses(self, member: str, known: MemberState, shared: int, gates: Mapping[int, Hold], at: float) -> list[Miss]:
        """Campaigns that hold and are held back, then those that fail by one condition, each by priority."""
        have = known.holds | shared
        held: list[Miss] = []
        short: list[tuple[int, int]] = []
        for index in sorted(known.allowed, key=self._plan.rank):
            missing = self._plan.needs[index] & ~have
            if not missing:
                hold = known.held.get(index) or gates.get(index)
                if hold is not None and hold.why:
                    held.append(Miss(member, self._plan.campaigns[index], hold.why, "", hold.short_by, hold.unit))
            elif missing & (missing - 1) == 0:
                short.append((index, missing.bit_length() - 1))
        situation = self.situation(known, at)
        judged: dict[int, Verdict] = {}
        for index, number in short[:MOST_SHORT]:
            if number not in judged:
                judged[number] = judge(self._plan.conditions[number], situation)
            verdict = judged[number]
            if not verdict.holds:
                kind = str(self._plan.conditions[number].__struct_config__.tag)
                miss = Miss(member, self._plan.campaigns[index], kind, verdict.clause, verdict.short_by, verdict.unit)
                held.append(miss)
        return held

    def rejudge(self, known: MemberState, mask: int, campaigns: Iterable[int], at: float) -> None:
        """Judge conditions that may have changed, and those left out before that matter now.

        What is left out is what no campaign waits for: one that surely fails by two conditions comes to no offer and
        is no near miss, whatever else holds. Only the clock's own conditions are not counted for that.

        Args:
            known: the member.
            mask: the conditions.
            campaigns: those that have any of them.
            at: seconds since 1970.
        """
        unknown = known.unjudged | mask
        failing = ~(known.holds | unknown | self._plan.shared)
        wanted = 0
        for index in campaigns:
            fails = self._plan.needs[index] & failing
            if fails & (fails - 1) == 0:
                wanted |= self._plan.needs[index]
        wanted &= unknown
        for number in bits(mask & ~wanted):
            known.timers.pop(number, None)
        known.unjudged = unknown & ~wanted
        known.holds &= ~mask
        if wanted:
            known.holds |= self.judged(known, wanted, self.situation(known, at), at)

    def touched(self, stay: Stay, *, is_new: bool = True) -> int:
        """Conditions that a visit there may alter; that anybody came at all, only a visit not known before."""
        key = stay.floor, stay.zone, is_new
        found = self._by_place.get(key)
        if found is None:
            place = stay.floor, stay.zone
            kinds = visit_kinds(*place, self._categories.by_zone.get(place, ""))
            found = self._by_place[key] = self._plan.touched([one for one in kinds if is_new or one != "visit"])
        return found

    def nowhere(self, at: float) -> int:
        """Those of the placed conditions that hold for whoever has been at none of their places."""
        if self._elsewhere is None:
            situation = self.anybody(at)
            self._elsewhere = 0
            for number in bits(self._plan.placed):
                self._elsewhere |= judge(self._plan.conditions[number], situation).holds << number
        return self._elsewhere

    def free(self, known: MemberState, is_another: bool) -> frozenset[int]:
        """Another visit begins: what there is once a visit may come again."""
        if not is_another:
            return frozenset()
        freed = {
            index
            for index, hold in known.held.items()
            if self._plan.campaigns[index].once == "visit" and hold.until == math.inf and not hold.why
        }
        for index in freed:
            del known.held[index]
        return frozenset(freed)
