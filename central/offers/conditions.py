"""Whether a condition holds for a member now, and how to say so: pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from central.offers.campaigns import Categories, Condition, Day, Dwell, NotVisited, Window

DAYS: tuple[Day, ...] = get_args(Day)


@dataclass(frozen=True, slots=True)
class Stay:
    """Time in a zone today: ``seconds`` observed and bridged."""

    floor: str
    zone: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a member now: the site's local time, and the stays of the visitors that they are."""

    local: datetime
    stays: Sequence[Stay]
    categories: Categories

    def seconds_by_zone(self, category: str) -> dict[tuple[str, str], float]:
        """Seconds today in each (floor, zone) of the category that was visited at all."""
        found: dict[tuple[str, str], float] = defaultdict(float)
        for stay in self.stays:
            if self.categories.by_zone.get((stay.floor, stay.zone)) == category:
                found[stay.floor, stay.zone] += stay.seconds
        return dict(found)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a condition holds; its numbers for programs, a clause for people."""

    holds: bool
    facts: dict[str, Any]
    clause: str


def judge(condition: Condition, now: Situation) -> Verdict:
    """The verdict on one condition."""
    match condition:
        case Window():
            return _window(condition, now)
        case Dwell():
            return _dwell(condition, now)
        case NotVisited():
            return _not_visited(condition, now)


def _window(condition: Window, now: Situation) -> Verdict:
    clock = f"{now.local:%H:%M}"
    if condition.start < condition.to:
        holds = condition.start <= clock < condition.to
    else:
        holds = clock >= condition.start or clock < condition.to
    weekday = DAYS[now.local.weekday()]
    facts = {"kind": "window", "from": condition.start, "to": condition.to, "local_time": clock, "weekday": weekday}
    holds = holds and (not condition.days or weekday in condition.days)
    return Verdict(holds, facts, f"it is {clock}, between {condition.start} and {condition.to}")


def _dwell(condition: Dwell, now: Situation) -> Verdict:
    by_zone = now.seconds_by_zone(condition.category)
    total_s = sum(by_zone.values())
    needed_s = condition.minutes * 60
    places = sorted(by_zone.items(), key=lambda item: -item[1])
    zones = [
        {"floor": floor, "zone": zone, "name": now.categories.names.get((floor, zone), zone), "seconds": round(s, 1)}
        for (floor, zone), s in places
    ]
    facts = {
        "kind": "dwell",
        "category": condition.category,
        "seconds": round(total_s, 1),
        "needed_s": round(needed_s, 1),
        "zones": zones,
    }
    where = ", ".join(str(zone["name"]) for zone in zones)
    clause = f"spent {duration(total_s)} in {condition.category} today ({where}), at least {duration(needed_s)} needed"
    return Verdict(total_s >= needed_s, facts, clause)


def _not_visited(condition: NotVisited, now: Situation) -> Verdict:
    by_zone = now.seconds_by_zone(condition.category)
    total_s = sum(by_zone.values())
    facts = {"kind": "not_visited", "category": condition.category, "seconds": round(total_s, 1)}
    holds = not by_zone or (condition.grace_s > 0 and total_s <= condition.grace_s)
    return Verdict(holds, facts, f"has not been in {condition.category} today")


def duration(seconds: float) -> str:
    """Seconds for people.

    >>> duration(45), duration(600), duration(4000)
    ('45 s', '10 min', '1 h 6 min')
    """
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600} h {whole % 3600 // 60} min"
