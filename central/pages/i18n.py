"""The pages' words in English and Chinese, and how each language writes numbers, durations and dates."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any, Literal, get_args

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
LANGUAGE_COOKIE = "atrium_language"
NAMES: dict[Language, str] = {"en": "English", "zh": "中文"}
"""Each language in itself."""

_FOLDER = Path(__file__).parent / "words"
_HTML: dict[Language, Literal["en-US", "zh-CN"]] = {"en": "en-US", "zh": "zh-CN"}
"""As BCP 47 tags, by which browsers and NiceGUI know them."""

WHOLE_MINUTES_FROM_S = 900
"""Longer durations are told in whole minutes."""

RANGE_UNITS = (("h", 3600), ("min", 60), ("s", 1))
"""A range is told in the largest unit of which its upper end holds two."""

Phrase = str | Mapping[str, str]
"""A text with ``{names}``, or one for ``one`` and one for ``other`` where it depends on ``{n}``."""


class Words:
    """The words of one language; call it with ``"table.key"`` and the values of the text's names.

    >>> words("en")("units.s", n=1200)
    '1,200 s'

    Attributes:
        language: which.
        tag: its BCP 47 tag.
    """

    def __init__(self, language: Language, catalogue: Mapping[str, Mapping[str, Phrase]]) -> None:
        self.language = language
        self.tag = _HTML[language]
        self._catalogue = catalogue

    def __call__(self, key: str, **values: object) -> str:
        """The text with its values, numbers among them written as the language does.

        Raises:
            KeyError: where there is no such text, or it names a value that is not given.
        """
        table, _, name = key.partition(".")
        phrase = self._catalogue[table][name]
        if not isinstance(phrase, str):
            phrase = phrase["one" if values.get("n") == 1 and "one" in phrase else "other"]
        told = {name: self._told(value) for name, value in values.items()}
        return phrase.format_map(told)

    def html(self, key: str, **values: object) -> str:
        """The same, safe to stand in HTML and in its attributes."""
        return escape(self(key, **values))

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        table, _, name = key.partition(".")
        return name in self._catalogue.get(table, {})

    def table(self, name: str) -> Mapping[str, Phrase]:
        """All texts of a table, for a page's script."""
        return self._catalogue[name]

    def _told(self, value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        return self.number(value) if float(value).is_integer() else self.number(value, 1)

    def number(self, value: float, digits: int = 0) -> str:
        """A number with its thousands told apart.

        >>> words("zh").number(12345.678, 1)
        '12,345.7'
        """
        return f"{value:,.{digits}f}"

    def share(self, value: float, digits: int = 0) -> str:
        """A share as per cent.

        >>> words("en").share(0.314)
        '31%'
        """
        return f"{value:.{digits}%}"

    def duration(self, seconds: float) -> str:
        """A stretch of time with at most two units.

        >>> words("en").duration(42), words("en").duration(380), words("zh").duration(3900)
        ('42 s', '6 min 20 s', '1 小时 5 分')
        """
        whole = round(seconds)
        if whole < 60:
            return self("units.s", n=whole)
        if whole < WHOLE_MINUTES_FROM_S:
            minutes, rest = divmod(whole, 60)
            return self("units.min", n=minutes) + (f" {self('units.s', n=rest)}" if rest else "")
        hours, minutes = divmod(round(seconds / 60), 60)
        if hours < 1:
            return self("units.min", n=minutes)
        if hours < 48:
            return self("units.h", n=hours) + (f" {self('units.min', n=minutes)}" if minutes else "")
        days, hours = divmod(hours, 24)
        return self("units.d", n=days) + (f" {self('units.h', n=hours)}" if hours else "")

    def duration_range(self, low: float, high: float) -> str:
        """From one duration to another in one unit, short enough to stand beside a figure.

        >>> words("en").duration_range(186, 332), words("zh").duration_range(20, 61)
        ('3.1 to 5.5 min', '20 至 61 秒')
        """
        unit, length_s = next(step for step in RANGE_UNITS if high >= step[1] * 2 or step[1] == 1)
        digits = 1 if unit != "s" and high < 10 * length_s else 0
        ends = (self.number(end / length_s, digits) for end in (low, high))
        return self(f"units.{unit}", n=self("figures.range", low=next(ends), high=next(ends)))

    def time(self, at: datetime) -> str:
        """A time of the day; give it in the site's time zone.

        >>> words("en").time(datetime(2026, 11, 26, 9, 5))
        '09:05'
        """
        return f"{at:%H:%M}"

    def day(self, at: date) -> str:
        """A day.

        >>> words("en").day(date(2026, 11, 26)), words("zh").day(date(2026, 11, 26))
        ('Thu 26 Nov 2026', '2026年11月26日 周四')
        """
        return self(
            "dates.day",
            weekday=self(f"dates.weekday_{at.isoweekday()}"),
            day=str(at.day),
            month=self(f"dates.month_{at.month}"),
            year=str(at.year),
        )

    def moment(self, at: datetime) -> str:
        """A day and a time; give it in the site's time zone."""
        return f"{self.day(at)} {self.time(at)}"

    def category(self, category: str) -> str:
        """A zone's category; as the site's file writes it where it is none of the usual ones."""
        return self(f"categories.{category}") if self.has(f"categories.{category}") else category


@lru_cache
def words(language: Language) -> Words:
    """The words of a language."""
    return Words(language, catalogue(language))


def catalogue(language: Language) -> dict[str, dict[str, Phrase]]:
    """All texts of a language by table and key: of ``en.toml`` and of every ``en.NAME.toml``."""
    found: dict[str, Any] = {}
    for path in sorted(_FOLDER.glob(f"{language}*.toml")):
        found |= tomllib.loads(path.read_text("utf-8"))
    return found


def language_of(cookies: Mapping[str, str], accept_language: str) -> Language:
    """The language somebody chose, else the first of ours that their browser asks for, else English.

    >>> language_of({}, "fr;q=0.9, zh-TW, en;q=0.2"), language_of({"atrium_language": "en"}, "zh"), language_of({}, "")
    ('zh', 'en', 'en')
    """
    for language in LANGUAGES:
        if cookies.get(LANGUAGE_COOKIE) == language:
            return language
    asked = [part.strip().partition(";q=") for part in accept_language[:500].split(",")]
    ours = [
        (_quality(quality), language)
        for tag, _, quality in asked
        for language in LANGUAGES
        if tag.lower().split("-")[0] == language
    ]
    return max(ours, key=lambda one: one[0])[1] if ours else "en"  # the first of equals


def _quality(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
