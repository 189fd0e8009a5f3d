"""IMDF's words and ours: feature structures (OGC 20-094, one section a feature type), categories, labels, times."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec

SOLID = {"brick", "column", "concrete", "drywall", "structure", "wood"}
"""Unit categories that are walls themselves."""
SEEN_THROUGH = {"glass": 1.0, "opentobelow": 1.1}
"""Nobody walks there, everybody looks across: walls of these heights, metres, which hide nobody."""
UNENCLOSED = {
    "escalator",
    "fieldofplay",
    "footbridge",
    "foodservice",
    "lobby",
    "movingwalkway",
    "parking",
    "platform",
    "ramp",
    "road",
    "steps",
    "terrace",
    "unenclosedarea",
    "unspecified",
    "vegetation",
    "waitingroom",
    "walkway",
    "walkway.island",
}
"""Unit categories whose borders are not walls; the borders of all others are, but for their openings."""
DOORED = {"fieldofplay", "foodservice", "unspecified", "waitingroom"}
"""Of those, the ones whose borders are walls after all where somebody mapped a door in them."""
CLOSED = {"nonpublic", "serverroom", "storage", "mailroom"}
"""Unit categories that shoppers do not enter: walls, but no zones."""
KIOSK = "kiosk"
"""Our category of a kiosk whose occupant has none."""
NOT_ON_FOOT = {"automobile", "bicycle"}
"""Opening categories nobody walks through."""
UNIT_CATEGORIES = {
    "walkway": "corridor",
    "walkway.island": "corridor",
    "lobby": "corridor",
    "footbridge": "corridor",
    "unenclosedarea": "corridor",
    "elevator": "transit",
    "escalator": "transit",
    "movingwalkway": "transit",
    "ramp": "transit",
    "stairs": "transit",
    "steps": "transit",
    "foodservice": "dining",
    "firstaid": "service",
    "mothersroom": "service",
    "restroom": "service",
    "room": "",
    "unspecified": "",
}
"""Ours for IMDF's; others are kept as they are, and a subcategory falls back to its category."""
DINING = {"bakery", "bar", "brewery", "cafe", "coffee", "deli", "desserts", "diner", "eatingdrinking", "fastfood"}
DINING |= {"foodcourt", "icecream", "italian", "japanese", "juicebar", "kiosk.food", "pizza", "portuguese", "pub"}
DINING |= {"restaurant", "sandwiches", "steak", "sushi", "tapas", "tea", "winebar"}
FASHION = {"accessories", "clothing", "fashion", "jewelry", "kimonos", "leathergoods", "lingerie", "maternitywear"}
FASHION |= {"shoes", "shoestore", "sleepwear", "sportswear", "swimwear", "vintageclothing", "watches"}
OCCUPANT_CATEGORIES = dict.fromkeys(DINING, "dining") | dict.fromkeys(FASHION, "fashion")
"""Ours for the many of IMDF's that campaigns name together; others are kept as they are."""
EXTENSION = "imdf:extension:atrium:floor#1.0.0"
"""Named in the manifest of what we write: features carry a property ``atrium`` with what IMDF has no word for."""


class Geometry(msgspec.Struct, frozen=True):
    """A GeoJSON geometry in degrees."""

    type: str
    coordinates: list[Any]


class Feature(msgspec.Struct, frozen=True):
    """An IMDF feature: ``id`` and ``feature_type`` stand beside its properties."""

    id: str
    properties: dict[str, Any]
    geometry: Geometry | None = None
    feature_type: str = ""
    type: str = "Feature"


class Collection(msgspec.Struct, frozen=True):
    """An IMDF file: all features of one type."""

    features: list[Feature]
    type: str = "FeatureCollection"


class Manifest(msgspec.Struct, frozen=True):
    """``manifest.json``."""

    version: str = "1.0.0"
    language: str = ""
    created: str = ""
    generated_by: str = ""
    extensions: list[str] | None = None


def label(labels: Any, language: str) -> str:
    """The text of LABELS (language tag to text) in a language, else in English, else in any; empty for none."""
    if not isinstance(labels, dict):
        return ""
    texts = {str(tag).lower(): text for tag, text in labels.items() if isinstance(text, str) and text.strip()}
    wanted = language.lower()
    for tag in (wanted, wanted.partition("-")[0], "en"):
        if tag in texts:
            return texts[tag].strip()
    similar = [text for tag, text in texts.items() if tag.partition("-")[0] == wanted.partition("-")[0]]
    return next(iter([*similar, *texts.values()]), "").strip()


def unit_category(category: str) -> str:
    """Our category of a unit without an occupant."""
    return _ours(category, UNIT_CATEGORIES)


def occupant_category(category: str) -> str:
    """Our category of an occupant."""
    return _ours(category, OCCUPANT_CATEGORIES)


def _ours(category: str, known: dict[str, str]) -> str:
    family = category.partition(".")[0]
    return known.get(category, known.get(family, category.replace(".", "_")))


def interval(validity: Any) -> tuple[date | None, date | None]:
    """First day, and first day after, of TEMPORALITY; None is open.

    Raises:
        ValueError: where a time is none.
    """
    if not isinstance(validity, dict):
        return None, None
    start, end = (_moment(validity.get(key)) for key in ("start", "end"))
    after = None if end is None else end.date() + timedelta(days=int(end.time() > time(0)))
    return (start.date() if start else None), after


def temporality(start: date | None, to: date | None) -> dict[str, str | None] | None:
    """TEMPORALITY of an interval of days, read back as the same."""
    if start is None and to is None:
        return None
    begin, end = (f"{day.isoformat()}T00:00:00Z" if day else None for day in (start, to))
    return {"start": begin, "end": end, "modified": begin}


def _moment(text: Any) -> datetime | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is no time")  # noqa: TRY004 - one kind of error for one kind of fault
    return datetime.fromisoformat(text)
