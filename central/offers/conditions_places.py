"""Where conditions look: places, the stays in them, and how both are called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from central.offers.campaigns import Categories, Place
from central.offers.situation import Situation, Stay

SLACK_S = 1e-3
"""Times on the wire are whole milliseconds; what is short by less is not short."""


def zones_of(place: Place, categories: Categories) -> list[tuple[str, str]]:
    """The (floor, zone) of the site that the place is made of."""
    return [key for key, category in categories.by_zone.items() if _is_there(place, *key, category)]


def stays_in(now: Situation, category: str, zone: str, floor: str) -> list[Stay]:
    """Today's stays there, by entry."""
    if category:
        by_zone = now.categories.by_zone
        return [stay for stay in now.stays if by_zone.get((stay.floor, stay.zone)) == category]
    if floor:
        return [stay for stay in now.stays if stay.floor == floor]
    if "/" in zone:
        floor, zone = zone.split("/", 1)
        return [stay for stay in now.stays if stay.zone == zone and stay.floor == floor]
    return [stay for stay in now.stays if stay.zone == zone]


def is_in(place: Place, stay: Stay, categories: Categories) -> bool:
    """Whether the stay was there."""
    return _is_there(place, stay.floor, stay.zone, categories.by_zone.get((stay.floor, stay.zone)))


def _is_there(place: Place, floor: str, zone: str, category: str | None) -> bool:
    if place.category:
        return category == place.category
    if place.floor:
        return floor == place.floor
    return place.zone in {zone, f"{floor}/{zone}"}


def said(category: str, zone: str, floor: str, categories: Categories) -> str:
    """The place for people: a category or floor as it is, a zone by its name."""
    if category:
        return category
    if floor:
        return f"floor {floor}"
    for key, name in categories.names.items():
        if zone in {key[1], f"{key[0]}/{key[1]}"}:
            return name
    return zone


def named(category: str, zone: str, floor: str) -> dict[str, str]:
    """The place for programs: the one of ``category``, ``zone``, ``floor`` that it is given by."""
    return {"category": category} if category else {"floor": floor} if floor else {"zone": zone}


def by_zone(stays: Iterable[Stay], categories: Categories) -> list[dict[str, Any]]:
    """Seconds in each zone for programs, the longest first."""
    seconds: dict[tuple[str, str], float] = {}
    for stay in stays:
        key = stay.floor, stay.zone
        seconds[key] = seconds.get(key, 0.0) + stay.seconds
    return [
        {"floor": floor, "zone": zone, "name": categories.names.get((floor, zone), zone), "seconds": round(spent, 1)}
        for (floor, zone), spent in sorted(seconds.items(), key=lambda item: -item[1])
    ]


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
