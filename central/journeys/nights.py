"""When a mall's day begins: at an hour of the local night, on days of 23 and 25 hours too."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def night_at(day: date, zone: ZoneInfo, hour: int) -> float:
    """Seconds since 1970 of the hour on that day; the first of two where the clock is put back over it."""
    return datetime.combine(day, time(hour), zone).timestamp()


def latest_night(now: float, zone: ZoneInfo, hour: int) -> tuple[date, float]:
    """The latest such hour that is not later than ``now``: its date, and seconds since 1970."""
    day = datetime.fromtimestamp(now, zone).date()
    at = night_at(day, zone, hour)
    if at > now:
        day -= timedelta(days=1)
        at = night_at(day, zone, hour)
    return day, at


def night_after(day: date, zone: ZoneInfo, hour: int) -> float:
    """The same hour a day later."""
    return night_at(day + timedelta(days=1), zone, hour)


def night_before(day: date, zone: ZoneInfo, hour: int) -> float:
    """The same hour a day earlier."""
    return night_at(day - timedelta(days=1), zone, hour)
