"""Stored days as they happened: stays grown to an instant, and the instant at which conditions first all held; pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from itertools import islice

from central.offers.campaigns import Categories, Condition
from central.offers.conditions import concerns, judge
from central.offers.deciding import Change, Known, Stayed
from central.offers.planning import visit_kinds
from central.offers.situation import Profile, Situation, Stay
from central.store.purchases import Purchase

STEP_S = 30.0
"""Boxes told of a stay that went on at least this often, and so a rehearsal does."""
LEAST_S = 1.0
MOST_LOOKS = 2000
"""At one person's day and one campaign; a day with more turns than that is told by those up to there."""


@dataclass(frozen=True, slots=True)
class Past:
    """A visit to a zone that is over, or as far as it has come; times are seconds since 1970."""

    key: str
    floor: str
    zone: str
    entered_at: float
    left_at: float
    seconds: float

    def as_of(self, at: float) -> Stay:
        """The stay at an instant within or after it: its seconds are taken to have come evenly."""
        if at >= self.left_at:
            return Stay(self.floor, self.zone, self.seconds, self.entered_at, self.left_at, self.left_at)
        lasted = max(self.left_at - self.entered_at, 1e-6)
        share = (at - self.entered_at) / lasted
        return Stay(self.floor, self.zone, self.seconds * share, self.entered_at, None, at)


@dataclass(frozen=True, slots=True)
class Someone:
    """A person's day.

    Attributes:
        past: their visits to zones, by entry.
        start: when they are known: as they come, or as a member is linked.
        profile: of a member; of people who are nobody's member one that agrees to everything.
        purchases: by time.
        sources: of the day's touchpoints.
        over: the visits as they ended.
    """

    past: tuple[Past, ...]
    start: float
    profile: Profile | None = None
    purchases: tuple[Purchase, ...] = ()
    sources: frozenset[str] = frozenset()
    over: tuple[Stay, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "over", tuple(one.as_of(one.left_at) for one in self.past))

    def situation(self, at: float, timezone: tzinfo, categories: Categories) -> Situation:
        """What was known of them at an instant."""
        stays = [
            over if one.left_at <= at else one.as_of(at)
            for one, over in zip(self.past, self.over, strict=True)
            if one.entered_at <= at
        ]
        bought = [one for one in self.purchases if one.at <= at]
        local = datetime.fromtimestamp(at, timezone)
        return Situation(local, stays, categories, at, self.profile, bought, self.sources)

    def turns(self) -> list[tuple[float, tuple[str, str] | None]]:
        """Instants after ``start`` at which something happened, ascending: where, or None for a purchase."""
        times = [(time, (one.floor, one.zone)) for one in self.past for time in (one.entered_at, one.left_at)]
        bought = [(one.at, None) for one in self.purchases]
        return sorted((turn for turn in (*times, *bought) if turn[0] > self.start), key=lambda turn: turn[0])

    def changes(self, end: float) -> Iterator[tuple[float, Change]]:
        """What the engine would have heard of this member until ``end``, by time."""
        if self.profile is None:
            return
        name = self.profile.member
        told: list[tuple[float, Change]] = [(self.start, self._known(self.start, self.profile))]
        told += [(one.at, self._known(one.at, self.profile)) for one in self.purchases if self.start < one.at < end]
        for one in self.past:
            at = one.entered_at if one.entered_at > self.start else self.start + STEP_S
            while at < one.left_at:
                told.append((at, Stayed(at, name, one.key, one.as_of(at))))
                at += STEP_S
            if one.left_at > self.start:
                told.append((one.left_at, Stayed(one.left_at, name, one.key, one.as_of(one.left_at))))
        yield from sorted(told, key=lambda item: item[0])

    def _known(self, at: float, profile: Profile) -> Known:
        stays = {one.key: one.as_of(at) for one in self.past if one.entered_at <= at}
        return Known(at, profile, stays, tuple(one for one in self.purchases if one.at <= at), self.sources)


@dataclass(frozen=True, slots=True)
class Met:
    """How far somebody's day met conditions: so many of them at once, from the first on; ``at`` where it was all."""

    depth: int
    at: float | None


@dataclass(frozen=True, slots=True)
class Question:
    """A condition, and what can turn its verdict besides the clock.

    Attributes:
        zones: (floor, zone) of stays; None for any.
        bought: whether purchases can.
    """

    condition: Condition
    zones: frozenset[tuple[str, str]] | None
    bought: bool


def questions(conditions: Sequence[Condition], categories: Categories) -> list[Question]:
    """The conditions with what can turn them."""
    found = []
    for condition in conditions:
        kinds = concerns(condition, categories)
        zones = {
            (floor, zone)
            for (floor, zone), category in categories.by_zone.items()
            if not kinds.isdisjoint(visit_kinds(floor, zone, category)[1:])
        }
        found.append(Question(condition, None if "visit" in kinds else frozenset(zones), "purchase" in kinds))
    return found


def meet(asked: Sequence[Question], who: Someone, end: float, timezone: tzinfo, categories: Categories) -> Met:
    """The first instant at which all conditions held, and else how many, in their order, held together at most.

    Looks only where the verdict of the condition that fails can turn: at a stay that concerns it, or when it changes by
    itself, as it says. Between two looks it fails, so that nothing is missed.

    Args:
        asked: the conditions, in the order of the file.
        who: whose day.
        end: of the day, seconds since 1970.
        timezone: of the site.
        categories: of its zones.
    """
    turns = who.turns()
    at, depth, number = who.start, 0, 0
    for _ in range(MOST_LOOKS):
        situation = who.situation(at, timezone, categories)
        held, later = 0, math.inf
        for question in asked:
            verdict = judge(question.condition, situation)
            if not verdict.holds:
                if verdict.changes_at is not None:
                    later = max(verdict.changes_at, at + LEAST_S)
                break
            held += 1
        else:
            return Met(held, at)
        depth = max(depth, held)
        while number < len(turns) and turns[number][0] <= at:
            number += 1
        later = min(later, _next_turn(turns, number, asked[held]))
        if later >= end:
            return Met(depth, None)
        at = later
    return Met(depth, None)


def _next_turn(turns: Sequence[tuple[float, tuple[str, str] | None]], number: int, asked: Question) -> float:
    """The first instant from that turn on at which something happened that concerns the condition."""
    for at, where in islice(turns, number, None):
        if asked.bought if where is None else asked.zones is None or where in asked.zones:
            return at
    return math.inf
