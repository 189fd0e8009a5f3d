"""What a rehearsal tells: figures about people and members, estimates with their bounds, and what is assumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from central.insight.figure import FEW, Figure
from central.offers.campaigns import Condition

ASSUMPTIONS = (
    "A stored stay's seconds are taken to have come evenly between entry and exit.",
    "Members are as they are now (tags, tier, consents); days and purchases are those of before the rehearsed day.",
    "Members count from the instant at which they were linked, and only while links are kept; one offer a day each.",
    "An offer changes nothing in the replay: nobody goes to lunch because of it.",
    "People are told without staff; what they were not asked, as they are nobody's members, is named under left_out.",
    "The estimate takes members to behave as everybody does, and to be as many as were linked on that day.",
    "Caps, stock, quiet hours, cool-down and priority hold among the rehearsed campaigns, for members who were run.",
    "The campaigns in force do not compete with them; the overlap tells who would have met both on one day.",
    "Every count of people or members carries noise and is withheld below the site's k; sums need not add up.",
)


@dataclass(frozen=True, slots=True)
class Range:
    """An estimate between two bounds."""

    value: float
    low: float
    high: float


NOBODY = Range(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class CampaignDay:
    """A campaign on one day.

    Attributes:
        people: anonymous people whose day met the conditions about place and time.
        members: linked members who would have got an offer: run, not guessed, and off by the noise alone.
        estimate: members among the people, where the links of the day are gone, in part or all.
    """

    day: str
    people: Figure
    members: Figure
    estimate: Range | None


@dataclass(frozen=True, slots=True)
class Step:
    """After so many conditions, how many are left."""

    condition: str
    people: Figure | None
    members: Figure


@dataclass(frozen=True, slots=True)
class Hour:
    """People who met the conditions first in this hour of the day, site time."""

    hour: int
    people: Figure
    members: Figure


@dataclass(frozen=True, slots=True)
class Overlap:
    """A campaign in force, and who would meet both on the same day."""

    campaign: str
    people: Figure
    members: Figure


@dataclass(frozen=True, slots=True)
class Cost:
    """Of the coupons, minor units of the currency.

    Attributes:
        each: as the pool states it; None where it states none (a percentage without a ceiling, a gift).
        most: if every coupon were used.
        expected: at the pool's past rate of redemption; None where too few were given to know.
        rate: of redemption, 0 to 1.
        held_back_by: what bounds the cost below that: ``budget``, ``stock``, ``caps``; empty for nothing.
    """

    currency: str
    each: int | None
    offers: Range
    most: Range | None
    expected: Range | None
    rate: Range | None
    held_back_by: str


@dataclass(frozen=True, slots=True)
class CampaignRehearsal:
    """What a campaign would have done.

    Attributes:
        left_out: conditions that anonymous people were not asked.
    """

    campaign: str
    version: int
    name: str
    days: list[CampaignDay]
    people: Figure
    members: Figure
    held_out: Figure
    estimate: Range
    funnel: list[Step]
    hours: list[Hour]
    overlaps: list[Overlap]
    cost: Cost
    left_out: list[str]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What all would have done; ``first`` and ``last`` are days of the site, both included."""

    first: str
    last: str
    campaigns: list[CampaignRehearsal]
    assumptions: tuple[str, ...] = ASSUMPTIONS


def words(condition: Condition) -> str:
    """A condition in a line: its kind and what of it is not as usual.

    >>> from central.offers.campaigns import Dwell
    >>> words(Dwell(category="fashion", minutes=10))
    'dwell: category fashion, minutes 10'
    """
    told = []
    for name in condition.__struct_fields__:
        value = getattr(condition, name)
        if value not in ("", 0, 0.0, [], None):
            plain = f"{value:g}" if isinstance(value, float) else f"{len(value)}" if name == "ids" else f"{value}"
            told.append(f"{name} {plain}")
    return f"{condition.__struct_config__.tag}: {', '.join(told)}" if told else f"{condition.__struct_config__.tag}"


def as_range(figure: Figure, few: int = 0) -> Range:
    """The figure between its bounds; withheld it is anything from none to ``few``."""
    if figure.value is None or figure.low is None or figure.high is None:
        return Range(0.0, 0.0, float(few))
    return Range(figure.value, figure.low, figure.high)


def larger(one: Range, other: Range) -> Range:
    """The larger of both, bound by bound."""
    return Range(max(one.value, other.value), max(one.low, other.low), max(one.high, other.high))


def total(ranges: Sequence[Range]) -> Range:
    """Their sum, bound by bound: no narrower than it is."""
    return Range(
        round(sum(one.value for one in ranges), 1),
        round(sum(one.low for one in ranges), 1),
        round(sum(one.high for one in ranges), 1),
    )


def falling(steps: Sequence[Step]) -> list[Step]:
    """The same where no step has more than the one before it: the noise may say so, and it cannot be."""
    told: list[Step] = []
    there: Figure | None = None
    joined: Figure | None = None
    for step in steps:
        people = None if step.people is None else _less(step.people, there)
        joined, there = _less(step.members, joined), people or there
        told.append(Step(step.condition, people, joined))
    return told


def _less(figure: Figure, bound: Figure | None) -> Figure:
    if bound is None or figure.value is None:
        return figure
    if bound.value is None:
        return FEW
    return bound if figure.value > bound.value else figure
