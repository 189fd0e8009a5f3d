"""Who met a rehearsed campaign, and how that is told: by the suppression of all figures, with no name in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from central.coupons.value import cost_of
from central.insight.figure import Figure, count_figure, wilson
from central.insight.suppression import Suppression
from central.offers.campaigns import (
    Calendar,
    Campaign,
    Condition,
    Dwell,
    Entered,
    InPlace,
    NotVisited,
    Pool,
    Visited,
    Window,
    minor,
)
from central.offers.campaigns import Sequence as InSequence
from central.offers.explain import LINKING_PURPOSE
from central.offers.rehearsed import (
    NOBODY,
    CampaignDay,
    CampaignRehearsal,
    Cost,
    Hour,
    Overlap,
    Range,
    Step,
    as_range,
    falling,
    larger,
    total,
    words,
)
from central.offers.replaying import Someone
from central.store import coupon_pools, replay
from central.store.store import Store

OF_THE_FLOOR = (Window, Calendar, InPlace, Dwell, Visited, NotVisited, InSequence, Entered)
"""Conditions that an anonymous person can meet."""
LEAST_COUPONS = 20
"""Coupons that must have been given before a pool's redemption rate is told."""
PEOPLE, MEMBERS = "rehearsal people", "rehearsal members"
"""The figures' names are the same for every campaign: noise by the wording could be averaged away by rewording."""

Marks = tuple[float, float]
Tokens = dict[str, set[str]]
"""By day."""


def _tokens() -> defaultdict[str, set[str]]:
    return defaultdict(set)


def _by_number() -> defaultdict[int, set[str]]:
    return defaultdict(set)


@dataclass(slots=True)
class Tally:
    """Who met a campaign: tokens of people and members by day, by hour, and by how many conditions they met."""

    people: Tokens = field(default_factory=_tokens)
    members: Tokens = field(default_factory=_tokens)
    held_out: set[str] = field(default_factory=set)
    depth: dict[int, set[str]] = field(default_factory=_by_number)
    member_depth: dict[int, set[str]] = field(default_factory=_by_number)
    hours: dict[int, set[str]] = field(default_factory=_by_number)
    member_hours: dict[int, set[str]] = field(default_factory=_by_number)


@dataclass(frozen=True, slots=True)
class Day:
    """A stored day.

    Attributes:
        day: as 2026-01-31, from ``start`` until before ``end``, seconds since 1970.
        people: anonymous, by their key.
        members: those who are linked still.
        were: members who were linked on that day, whatever became of the link.
        covered: whether ``members`` are all of them.
    """

    day: str
    start: float
    end: float
    people: dict[str, Someone]
    members: dict[str, Someone]
    were: set[str]
    covered: bool

    @property
    def marks(self) -> Marks:
        """Of figures about the day."""
        return self.start, self.end


class Teller:
    """Tells tallies.

    Args:
        store: for what is usual: consents, redemptions.
        suppression: how figures are told.
    """

    def __init__(self, store: Store, suppression: Suppression) -> None:
        self._store = store
        self._suppression = suppression

    def tell(  # noqa: PLR0917 - what it is, and what it is compared with
        self,
        campaign: Campaign,
        tally: Tally,
        pool: Pool | None,
        currency: str,
        others: Sequence[tuple[Campaign, Tally]],
        days: Sequence[Day],
    ) -> CampaignRehearsal:
        """What a campaign would have done.

        Args:
            campaign: which.
            tally: who met it.
            pool: of its coupons.
            currency: of the pool.
            others: campaigns in force, and who met them.
            days: that were rehearsed.
        """
        marks = (days[0].start, days[-1].end)
        told_days = [self._day(campaign, tally, day) for day in days]
        offers = total(
            [
                as_range(one.members) if one.estimate is None else larger(one.estimate, as_range(one.members))
                for one in told_days
            ]
        )
        floor = floor_of(campaign)
        given = set().union(*tally.members.values())
        return CampaignRehearsal(
            campaign.id,
            campaign.version,
            campaign.name,
            told_days,
            self._figure(set().union(*tally.people.values()), PEOPLE, marks),
            self._figure(given, MEMBERS, marks),
            self._figure(tally.held_out, MEMBERS, marks),
            offers,
            self._funnel(campaign, tally, days, given, marks),
            [
                Hour(
                    hour,
                    self._figure(tally.hours[hour], PEOPLE, marks),
                    self._figure(tally.member_hours[hour], MEMBERS, marks),
                )
                for hour in sorted(tally.hours.keys() | tally.member_hours.keys())
            ],
            [
                Overlap(
                    other.id,
                    self._figure(_both(tally.people, theirs.people), PEOPLE, marks),
                    self._figure(_both(tally.members, theirs.members), MEMBERS, marks),
                )
                for other, theirs in others
            ],
            self._cost(campaign, pool, offers, currency),
            [words(one) for one in campaign.conditions if one not in floor],
        )

    def _figure(self, tokens: Iterable[str], name: str, marks: Marks) -> Figure:
        return count_figure(self._suppression.count(tokens, name, marks) or 0, self._suppression.most_off)

    def _day(self, campaign: Campaign, tally: Tally, day: Day) -> CampaignDay:
        met = self._figure(tally.people[day.day], PEOPLE, day.marks)
        given = self._figure(tally.members[day.day], MEMBERS, day.marks)
        if day.covered and day.members:
            return CampaignDay(day.day, met, given, None)
        there = self._suppression.count(day.people, PEOPLE, day.marks)
        if there is None:
            return CampaignDay(day.day, met, given, NOBODY)
        were = as_range(self._figure(map(token_of, day.were), MEMBERS, day.marks), self._suppression.k - 1)
        some, of = replay.agreeing(self._store.database, self._store.site, campaign.purpose, LINKING_PURPOSE)
        offered = (1 - campaign.holdout_percent / 100) * some / max(of, 1)
        about = as_range(met, self._suppression.k - 1)
        least, most = wilson(min(round(were.low), there), there)[0], wilson(min(round(were.high), there), there)[1]
        estimate = Range(
            round(about.value * min(were.value / there, 1.0) * offered, 1),
            round(about.low * least * offered, 1),
            round(about.high * most * offered, 1),
        )
        return CampaignDay(day.day, met, given, estimate)

    def _funnel(
        self, campaign: Campaign, tally: Tally, days: Sequence[Day], given: set[str], marks: Marks
    ) -> list[Step]:
        floor = floor_of(campaign)
        came = {token for day in days for token in day.people}
        linked = {token_of(member) for day in days for member in day.members}
        steps = [
            Step("came", self._figure(came, PEOPLE, marks), self._figure(linked, MEMBERS, marks)),
            Step(f"agreed to {campaign.purpose}", None, self._figure(tally.member_depth[0], MEMBERS, marks)),
        ]
        asked = 0
        for number, condition in enumerate(campaign.conditions, 1):
            is_asked = condition in floor
            asked += is_asked
            there = self._figure(tally.depth[asked], PEOPLE, marks) if is_asked else None
            steps.append(Step(words(condition), there, self._figure(tally.member_depth[number], MEMBERS, marks)))
        steps.append(Step("caps, stock, quiet hours, holdout", None, self._figure(given, MEMBERS, marks)))
        return falling(steps)

    def _cost(self, campaign: Campaign, pool: Pool | None, offers: Range, currency: str) -> Cost:
        each = 0 if pool is None else cost_of(pool)
        bounds = {
            "stock": None if pool is None else pool.stock,
            "caps": campaign.caps.total,
            "budget": None if campaign.budget is None or not each else minor(campaign.budget) // each,
        }
        held_back_by = ""
        for name, bound in bounds.items():
            if bound is not None and offers.high > bound:
                held_back_by = name
                offers = Range(min(offers.value, bound), min(offers.low, bound), float(bound))
        rate = self._rate(campaign.coupon)
        if not each:
            return Cost(currency, None, offers, None, None, rate, held_back_by)
        most = Range(round(each * offers.value), round(each * offers.low), round(each * offers.high))
        expected = rate and Range(
            round(most.value * rate.value), round(most.low * rate.low), round(most.high * rate.high)
        )
        return Cost(currency, each, offers, most, expected, rate, held_back_by)

    def _rate(self, pool: str) -> Range | None:
        """How many of the pool's coupons were used, of those that are used or can be used no more, or still may."""
        for one in coupon_pools.everything(self._store.database, self._store.site):
            over = one.given + one.expired
            if one.pool == pool and over >= LEAST_COUPONS:
                used = min(one.redeemed, over)
                low, high = wilson(used, over)
                return Range(round(used / over, 4), round(low, 4), round(high, 4))
        return None


def floor_of(campaign: Campaign) -> list[Condition]:
    """The campaign's conditions that an anonymous person can meet, in their order."""
    return [one for one in campaign.conditions if isinstance(one, OF_THE_FLOOR)]


def token_of(member: str) -> str:
    """What a member is called among tokens; no visitor is called so."""
    return f"\0member {member}"


def _both(one: Tokens, other: Tokens) -> set[str]:
    return set().union(*(one[day] & other[day] for day in one.keys() & other.keys()))
