"""Whether a condition holds for a member now, and how to say so: pure."""

from __future__ import annotations

from collections import defaultdict
from typing import get_args

from central.offers.campaigns import Condition, Day, Dwell, NotVisited, Window
from central.offers.situation import Situation, Verdict

DAYS: tuple[Day, ...] = get_args(Day)


def seconds_by_zone(now: Situation, category: str) -> dict[tuple[str, str], float]:
    """Seconds today in each (floor, zone) of the category that was visited at all."""
    found: dict[tuple[str, str], float] = defaultdict(float)
    for stay in now.stays:
        if now.categories.by_zone.get((stay.floor, stay.zone)) == category:
            found[stay.floor, stay.zone] += stay.seconds
    return dict(found)


def judge(condition: Condition, now: Situation) -> Verdict:
    """The verdict on one condition."""
    match condition:
        case Window():
            return _window(condition, now)
        case Dwell():
            return _dwell(condition, now)
        case NotVisited():
            return _not_visited(condition, now)
        case _:
            raise NotImplementedError(condition)


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
    by_zone = seconds_by_zone(now, condition.category)
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
    by_zone = seconds_by_zone(now, condition.category)
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
