"""Whether a condition holds for a member now, and how to say so: pure, and quick enough for every event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from central.offers import campaigns as words
from central.offers.campaigns import Categories, Condition
from central.offers.conditions_clock import DAYS, calendar, window
from central.offers.conditions_days import absent, anniversary, birthday, nth_visit, visits
from central.offers.conditions_member import arrived_by, members, prefers, spent, tags, tier
from central.offers.conditions_places import duration, zones_of
from central.offers.conditions_stays import crowd, dwell, entered, in_place, not_visited, sequence, visited
from central.offers.situation import Situation, Verdict

__all__ = ["DAYS", "concerns", "duration", "judge"]

_JUDGES: dict[type, Callable[[Any, Situation], Verdict]] = {
    words.Window: window,
    words.Calendar: calendar,
    words.InPlace: in_place,
    words.Dwell: dwell,
    words.Visited: visited,
    words.NotVisited: not_visited,
    words.Sequence: sequence,
    words.Entered: entered,
    words.Tags: tags,
    words.Tier: tier,
    words.Prefers: prefers,
    words.Birthday: birthday,
    words.Anniversary: anniversary,
    words.Spent: spent,
    words.Visits: visits,
    words.NthVisit: nth_visit,
    words.Absent: absent,
    words.ArrivedBy: arrived_by,
    words.Members: members,
    words.Crowd: crowd,
}

_CONCERNS: dict[type, frozenset[str]] = {
    words.Window: frozenset({"time"}),
    words.Calendar: frozenset({"time"}),
    words.Entered: frozenset({"visit", "time"}),
    words.Tags: frozenset({"member"}),
    words.Tier: frozenset({"member"}),
    words.Prefers: frozenset({"member"}),
    words.Members: frozenset({"member"}),
    words.Birthday: frozenset({"member", "time"}),
    words.Anniversary: frozenset({"member", "time"}),
    words.Spent: frozenset({"purchase", "time"}),
    words.Visits: frozenset({"member", "visit", "touchpoint", "purchase", "time"}),
    words.NthVisit: frozenset({"member", "visit", "touchpoint", "purchase", "time"}),
    words.Absent: frozenset({"member", "time"}),
    words.ArrivedBy: frozenset({"touchpoint"}),
    words.Crowd: frozenset({"crowd"}),
}


def judge(condition: Condition, now: Situation) -> Verdict:
    """The verdict on one condition."""
    return _JUDGES[type(condition)](condition, now)


def concerns(condition: Condition, categories: Categories | None = None) -> frozenset[str]:
    """The kinds of change that can alter the condition's verdict.

    ``visit:<category>`` and ``visit:<floor>/<zone>``: a visit there; ``visit``: any; ``purchase``, ``member``,
    ``touchpoint``; ``time``: the clock alone, at the verdict's ``changes_at``; ``crowd``.

    Args:
        condition: of a campaign.
        categories: the site's zones. Without them a zone that names no floor, or a whole floor, counts as ``visit``.

    >>> sorted(concerns(words.Dwell(category="fashion", minutes=10)))
    ['time', 'visit:fashion']
    >>> sorted(concerns(words.Visited(zone="g/cafe")))
    ['visit:g/cafe']
    """
    match condition:
        case words.Sequence(places=places):
            return frozenset().union(*(_visits(place, categories) for place in places))
        case words.Visited(minutes=minutes, within_minutes=within):
            return _visits(condition.place, categories) | ({"time"} if minutes or within else set())
        case words.NotVisited(grace_s=grace_s):
            return _visits(condition.place, categories) | ({"time"} if grace_s else set())
        case words.InPlace() | words.Dwell():
            return _visits(condition.place, categories) | {"time"}
        case _:
            return _CONCERNS[type(condition)]


def _visits(place: words.Place, categories: Categories | None) -> frozenset[str]:
    if place.category:
        return frozenset({f"visit:{place.category}"})
    if "/" in place.zone:
        return frozenset({f"visit:{place.zone}"})
    if categories is None:
        return frozenset({"visit"})
    return frozenset(f"visit:{floor}/{zone}" for floor, zone in zones_of(place, categories)) or frozenset({"visit"})
