"""Whether windows, quiet hours and calendars leave any moment at all."""

from __future__ import annotations

from datetime import date, timedelta

from central.offers.campaigns import Calendar, Campaign, Condition, Dwell, InPlace, Quiet, Window
from central.offers.conditions_clock import DAYS
from central.offers.findings import Findings, quoted
from central.offers.toml_spots import Path

DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES
ALWAYS = (1 << WEEK_MINUTES) - 1
"""A bit a minute of the week, Monday's midnight first."""
MOST_DAYS = 800


def check_time(campaign: Campaign, path: Path, findings: Findings, today: date | None) -> None:
    """Find what leaves the campaign no moment to hold in, or none any more."""
    left = ALWAYS
    for number, condition in enumerate(campaign.conditions):
        at = (*path, "conditions", number)
        if isinstance(condition, Window) and _is_stretch(condition, at, findings):
            still = left & open_minutes(condition)
            if left and not still:
                findings.error(at, "is never open together with the window before it", "remove it")
            left = still or left
    if campaign.quiet is not None:
        quiet = campaign.quiet
        if quiet.start in {quiet.to, "24:00"}:
            findings.error((*path, "quiet"), f"from {quiet.start} to {quiet.to} is no stretch of time", "remove it")
        elif not left & ~open_minutes(quiet):
            said = "the windows are open only in the quiet hours, so that nothing is ever sent"
            findings.error((*path, "quiet"), said, "remove it, or move one of them")
    _check_dwell(campaign, path, findings, left)
    _check_calendars(campaign.conditions, path, findings, left, today)


def open_minutes(stretch: Window | Quiet) -> int:
    """The minutes of the week, as bits, in which it is open."""
    start, to = _minute(stretch.start), _minute(stretch.to)
    length = (to - start) % DAY_MINUTES or DAY_MINUTES
    once, found = (1 << length) - 1, 0
    for number, day in enumerate(DAYS):
        if isinstance(stretch, Window) and stretch.days and day not in stretch.days:
            continue
        bits = once << (number * DAY_MINUTES + start)
        found |= (bits & ALWAYS) | (bits >> WEEK_MINUTES)
    return found


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _is_stretch(window: Window, path: Path, findings: Findings) -> bool:
    if window.start == "24:00":
        findings.error((*path, "from"), "24:00 is only an end", 'write `"00:00"`')
        return False
    if window.start == window.to:
        later = "24:00" if window.start >= "23:00" else f"{int(window.start[:2]) + 1:02}{window.start[2:]}"
        said = f"from {window.start} to {window.to} is no stretch of time"
        findings.error((*path, "to"), said, f"write a later time, such as `{quoted(later)}`")
        return False
    return True


def _check_dwell(campaign: Campaign, path: Path, findings: Findings, left: int) -> None:
    of_day = 0
    for number in range(7):
        of_day |= (left >> (number * DAY_MINUTES)) & ((1 << DAY_MINUTES) - 1)
    last, length = of_day.bit_length(), of_day.bit_count()
    for number, condition in enumerate(campaign.conditions):
        if not isinstance(condition, Dwell | InPlace) or condition.minutes == 0:
            continue
        at = (*path, "conditions", number, "minutes")
        if condition.minutes > last:
            said = f"by the end of the windows nobody can have been here for {condition.minutes:g} min today"
            findings.error(at, said, f"write less, such as `{min(10, last // 2)}`")
        elif condition.minutes > length and left != ALWAYS:
            said = f"is longer than the {length} min of the windows: only who came before them gets it"
            findings.warning(at, said, f"write less, such as `{min(10, length // 2)}`")


def _check_calendars(
    conditions: list[Condition], path: Path, findings: Findings, left: int, today: date | None
) -> None:
    weekdays = [bool((left >> (number * DAY_MINUTES)) & ((1 << DAY_MINUTES) - 1)) for number in range(7)]
    days: set[date] | None = None
    for number, condition in enumerate(conditions):
        at = (*path, "conditions", number)
        if not isinstance(condition, Calendar) or not _has_real_days(condition, at, findings):
            continue
        if condition.start and condition.to and condition.start > condition.to:
            said = f"ends on {condition.to}, before it begins"
            findings.error((*at, "to"), said, f"write a later day, such as `{quoted(condition.start)}`")
            continue
        if today is not None and condition.to and condition.to < f"{today}":
            said = f"ended on {condition.to}: nothing comes of it any more"
            findings.warning((*at, "to"), said, f"write a day to come, such as `{quoted(str(today + timedelta(30)))}`")
        span = _days(condition)
        if span is None:
            continue
        days = span if days is None else days & span
        if not any(weekdays[day.weekday()] for day in days):
            what = "no day is left of it" if not days else "none of its days is a day of the windows"
            findings.error(at, what, "remove it, or give it more days")
            days = None


def _days(condition: Calendar) -> set[date] | None:
    """All its days; None where it is open, or long enough to have every weekday in it."""
    if not (condition.start and condition.to):
        return None
    first, last = date.fromisoformat(condition.start), date.fromisoformat(condition.to)
    if (last - first).days > MOST_DAYS:
        return None
    but = set(condition.but)
    every = (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))
    return {day for day in every if day.isoformat() not in but}


def _has_real_days(condition: Calendar, path: Path, findings: Findings) -> bool:
    given = [(("from",), condition.start), (("to",), condition.to)]
    given += [(("but", number), day) for number, day in enumerate(condition.but)]  # type: ignore[misc]
    checked = [is_day(day, (*path, *where), findings) for where, day in given if day]
    return all(checked)


def is_day(text: str, path: Path, findings: Findings) -> bool:
    """Whether there is such a day; a finding where not."""
    try:
        date.fromisoformat(text)
    except ValueError:
        year, month = int(text[:4]), min(max(int(text[5:7]), 1), 12)
        following = date(max(year, 1) + month // 12, month % 12 + 1, 1)
        near = following - timedelta(days=1)
        findings.error(path, f"there is no {text}", f"write a day that there is, such as `{quoted(str(near))}`")
        return False
    return True
