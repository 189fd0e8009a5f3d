"""Situations made up for tests: a small mall's zones, and a member at a local time."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from zoneinfo import ZoneInfo

from central.offers.campaigns import Categories
from central.offers.situation import Profile, Situation, Stay
from central.store.purchases import Purchase

LISBON = ZoneInfo("Europe/Lisbon")
CATEGORIES = Categories(
    {
        ("g", "nordic"): "fashion",
        ("g", "atelier"): "fashion",
        ("g", "cafe"): "dining",
        ("u", "cafe"): "dining",
        ("u", "toys"): "toys",
        ("u", "hall"): "",
    },
    {
        ("g", "nordic"): "Nordic Wear",
        ("g", "atelier"): "Atelier",
        ("g", "cafe"): "Café Tejo",
        ("u", "cafe"): "Café Alto",
        ("u", "toys"): "Toy Box",
        ("u", "hall"): "Upper hall",
    },
)
TODAY = date(2026, 6, 11)
"""A Thursday."""


def instant(clock: str, day: date = TODAY, zone: ZoneInfo = LISBON) -> float:
    """Seconds since 1970 of HH:MM on the day."""
    return datetime(day.year, day.month, day.day, int(clock[:2]), int(clock[3:]), tzinfo=zone).timestamp()


def stay(place: str, start: str, end: str = "", *, seconds: float | None = None, now: str = "12:00") -> Stay:
    """In ``floor/zone`` from HH:MM to HH:MM; without an end still there ``now``."""
    floor, zone = place.split("/")
    entered, told = instant(start), instant(end or now)
    spent = told - entered if seconds is None else seconds
    return Stay(floor, zone, spent, entered, told if end else None, told)


def bought(
    amount: float, *, category: str = "dining", days_ago: int = 0, clock: str = "11:00", **more: object
) -> Purchase:
    """A sale of the member."""
    day = date.fromordinal(TODAY.toordinal() - days_ago)
    plain = Purchase(
        f"P{days_ago}{clock}{amount}",
        "M-1",
        "tejo",
        "g",
        "cafe",
        category,
        instant(clock, day),
        f"{day}",
        round(amount * 100),
    )
    return dataclasses.replace(plain, **more)  # type: ignore[arg-type]


def member(**known: object) -> Profile:
    """M-1, of whom so much is known."""
    return dataclasses.replace(Profile("M-1"), **known)  # type: ignore[arg-type]


def situation(
    *stays: Stay, clock: str = "12:00", day: date = TODAY, zone: ZoneInfo = LISBON, **more: object
) -> Situation:
    """M-1's situation at that time."""
    return at(instant(clock, day, zone), *stays, zone=zone, **more)


def at(now: float, *stays: Stay, zone: ZoneInfo = LISBON, **more: object) -> Situation:
    """M-1's situation at that instant."""
    return dataclasses.replace(
        Situation(datetime.fromtimestamp(now, zone), stays, CATEGORIES, now, member()),
        **more,  # type: ignore[arg-type]
    )


def carried_to(now: float, before: Situation) -> Situation:
    """The same with nothing happened until then: open stays go on, the clock runs."""
    stays = tuple(
        one
        if one.left_at is not None
        else dataclasses.replace(one, seconds=one.seconds + now - one.told_at, told_at=now)
        for one in before.stays
    )
    local = datetime.fromtimestamp(now, before.local.tzinfo)
    return dataclasses.replace(before, at=now, local=local, stays=stays)
