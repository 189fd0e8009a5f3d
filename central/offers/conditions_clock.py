"""Conditions about the clock on the mall's wall and its calendar."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import get_args

from central.offers.campaigns import Calendar, Day, Window
from central.offers.situation import Situation, Verdict, no, yes

DAYS: tuple[Day, ...] = get_args(Day)
DAY = timedelta(days=1)
AHEAD_DAYS = 9
"""A window of weekdays opens or closes again within so many days, if ever."""


def window(condition: Window, now: Situation) -> Verdict:
    """Read off the wall: where clocks are put back it may hold twice, what they skip does not exist."""
    local, days = now.local, condition.days
    clock = f"{local.hour:02}:{local.minute:02}"
    began = _began(condition.start, condition.to, clock, local.weekday())
    holds = began >= 0 and (not days or DAYS[began] in days)
    facts = {
        "kind": "window",
        "from": condition.start,
        "to": condition.to,
        "local_time": clock,
        "weekday": DAYS[local.weekday()],
    }
    between = f"between {condition.start} and {condition.to}" + (f" on {', '.join(days)}" if days else "")
    changes_at = None
    if local.tzinfo is not None:
        flips = _flips(condition.start, condition.to, tuple(days), local.tzinfo, local.toordinal())
        ahead = bisect_right(flips, now.at)
        changes_at = flips[ahead] if ahead < len(flips) else None
    if holds:
        return yes(facts, f"it is {clock}, {between}", changes_at)
    short_by = None if began >= 0 else _minutes_off(condition, clock)
    clause = f"it is {DAYS[local.weekday()]} {clock}, not {between}"
    return no(facts, clause, short_by, "" if short_by is None else "min", changes_at)


def calendar(condition: Calendar, now: Situation) -> Verdict:
    """Days are the site's; ISO dates compare as they read."""
    today = now.local.date()
    holds = _on(condition, today.isoformat())
    facts = {"kind": "calendar", "from": condition.start, "to": condition.to, "today": today.isoformat()}
    span = f"from {condition.start or 'ever'} to {condition.to or 'whenever'}"
    short_by = None
    if holds:
        clause = f"today is {today}, {span}"
    elif today.isoformat() in condition.but:
        clause = f"today is {today}, which is left out"
    else:
        clause = f"today is {today}, not {span}"
        edge = condition.start if condition.start > today.isoformat() else condition.to
        short_by = float(abs((_date(edge) - today).days)) if edge else None
    return Verdict(holds, facts, clause, short_by, "" if short_by is None else "days", _turns(condition, now, holds))


def midnight(day: date, zone: tzinfo | None) -> float:
    """The first instant of the day there, seconds since 1970."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()


def _began(start: str, to: str, clock: str, weekday: int) -> int:
    """The weekday on which the window that is open at that time began, -1 where none is."""
    if start < to:
        return weekday if start <= clock < to else -1
    if clock >= start:
        return weekday
    return (weekday - 1) % 7 if clock < to else -1


@lru_cache(maxsize=4096)
def _flips(start: str, to: str, days: tuple[Day, ...], zone: tzinfo, ordinal: int) -> list[float]:
    """The instants of that day and some after it at which the window opens or closes, ascending."""
    first = date.fromordinal(ordinal)
    instants: set[float] = set()
    for ahead in range(AHEAD_DAYS):
        day = first + ahead * DAY
        instants.add(midnight(day, zone))
        for reading in (start, to):
            if reading != "24:00":
                at = datetime(day.year, day.month, day.day, int(reading[:2]), int(reading[3:]), tzinfo=zone)
                instants |= {at.timestamp(), at.replace(fold=1).timestamp()}
        instants |= _clock_changes(day, zone)

    def is_open(instant: float) -> bool:
        local = datetime.fromtimestamp(instant, zone)
        began = _began(start, to, f"{local:%H:%M}", local.weekday())
        return began >= 0 and (not days or DAYS[began] in days)

    found: list[float] = []
    was = is_open(midnight(first, zone) - 1.0)
    for instant in sorted(instants):
        if is_open(instant) != was:
            was = not was
            found.append(instant)
    return found


def _clock_changes(day: date, zone: tzinfo) -> set[float]:
    """The instant of the day at which the clocks are put on or back, where they are."""
    low, high = midnight(day, zone), midnight(day + DAY, zone)
    before = datetime.fromtimestamp(low, zone).utcoffset()
    if before == datetime.fromtimestamp(high, zone).utcoffset():
        return set()
    while high - low > 1.0:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return {high}


def _minutes_off(condition: Window, clock: str) -> float:
    """Minutes on the clock's face from now to the nearer edge of the window."""
    at, start, to = (int(one[:2]) * 60 + int(one[3:]) for one in (clock, condition.start, condition.to))
    return float(min((start - at) % 1440, (at - to) % 1440 + 1))


def _on(condition: Calendar, day: str) -> bool:
    since, until = condition.start or day, condition.to or day
    return since <= day <= until and day not in condition.but


def _turns(condition: Calendar, now: Situation, holds: bool) -> float | None:
    """The next midnight at which it turns out otherwise."""
    today = now.local.date()
    marks = {_date(condition.start)} if condition.start else set()
    marks |= {_date(condition.to) + DAY} if condition.to else set()
    for one in condition.but:
        marks |= {_date(one), _date(one) + DAY}
    for day in sorted(marks):
        if day > today and _on(condition, day.isoformat()) != holds:
            return midnight(day, now.local.tzinfo)
    return None


@lru_cache(maxsize=1024)
def _date(text: str) -> date:
    return date.fromisoformat(text)
