"""Conditions in words, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from central.offers import campaigns as kinds
from central.offers.book import categories_of
from central.offers.campaigns import Categories, Condition, Place
from central.pages.i18n import Words
from central.services import Services

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_VISITS = 800
"""What ``Visits.at_most`` says where the file says nothing."""


@dataclass(frozen=True, slots=True)
class Clauses:
    """Tells conditions in one language.

    Attributes:
        words: of the language.
        categories: of the site's zones, with their names.
        floors: names of floors by id.
        currency: of amounts, as ``EUR``.
    """

    words: Words
    categories: Categories
    floors: dict[str, str]
    currency: str

    def money(self, amount: float) -> str:
        """An amount of the currency."""
        return f"{self.words.number(amount, 2)} {self.currency}"

    def minor(self, amount: float) -> str:
        """An amount in minor units."""
        return self.money(amount / 100)

    def place(self, place: Place) -> str:
        """A place's name."""
        if place.category:
            return self.words.category(place.category)
        if place.zone:
            floor, _, zone = place.zone.rpartition("/")
            named = (name for (on, one), name in self.categories.names.items() if one == zone and floor in {"", on})
            return next(named, place.zone)
        return self.floors.get(place.floor, place.floor) if place.floor else self.words("conditions.anywhere")

    def day(self, text: str) -> str:
        """A date of the file."""
        try:
            return self.words.day(date.fromisoformat(text))
        except ValueError:
            return text

    def tell(self, condition: Condition) -> str:
        """The condition as a clause: ``has spent 10 min in fashion today``."""
        return _TELLERS[type(condition)](self, condition)

    def minutes(self, minutes: float) -> str:
        """A stretch given in minutes."""
        return self.words.duration(minutes * 60)

    def listed(self, texts: Iterable[str], between: str = "conditions.or") -> str:
        """Texts in one line."""
        return self.words(between).join(texts)


def clauses_of(services: Services, words: Words) -> Clauses:
    """Clauses about the site's own places."""
    floors = {floor.id: floor.name for floor in services.site.floors.values()}
    return Clauses(words, categories_of(services.site), floors, services.book.currency)


def _window(told: Clauses, one: kinds.Window) -> str:
    what = told.words("conditions.between", start=one.start, end=one.to)
    if not one.days:
        return what
    days = told.listed((told.words(f"dates.weekday_{DAYS.index(day) + 1}") for day in one.days), "conditions.comma")
    return told.words("conditions.on_days", what=what, days=days)


def _calendar(told: Clauses, one: kinds.Calendar) -> str:
    start, end = told.day(one.start), told.day(one.to)
    if one.start and one.to:
        what = told.words("conditions.calendar_from_to", start=start, end=end)
    elif one.start:
        what = told.words("conditions.calendar_from", start=start)
    else:
        what = told.words("conditions.calendar_to", end=end) if one.to else told.words("conditions.calendar_any")
    but = told.listed((told.day(day) for day in one.but), "conditions.comma")
    return told.words("conditions.but", what=what, days=but) if one.but else what


def _in_place(told: Clauses, one: kinds.InPlace) -> str:
    if not one.minutes:
        return told.words("conditions.in_place", place=told.place(one.place))
    return told.words("conditions.in_place_for", place=told.place(one.place), spent=told.minutes(one.minutes))


def _dwell(told: Clauses, one: kinds.Dwell) -> str:
    place, spent = told.place(one.place), told.minutes(one.minutes)
    if not one.within_minutes:
        return told.words("conditions.dwell", place=place, spent=spent)
    return told.words("conditions.dwell_within", place=place, spent=spent, window=told.minutes(one.within_minutes))


def _visited(told: Clauses, one: kinds.Visited) -> str:
    place, words = told.place(one.place), told.words
    what = (
        words("conditions.visited_within", place=place, window=told.minutes(one.within_minutes))
        if one.within_minutes
        else words("conditions.visited", place=place)
    )
    return words("conditions.at_least", what=what, spent=told.minutes(one.minutes)) if one.minutes else what


def _not_visited(told: Clauses, one: kinds.NotVisited) -> str:
    place = told.place(one.place)
    if not one.grace_s:
        return told.words("conditions.not_visited", place=place)
    return told.words("conditions.not_visited_grace", place=place, spent=told.words.duration(one.grace_s))


def _sequence(told: Clauses, one: kinds.Sequence) -> str:
    places = told.listed(map(told.place, one.places), "conditions.then")
    if not one.within_minutes:
        return told.words("conditions.sequence", places=places)
    return told.words("conditions.sequence_within", places=places, window=told.minutes(one.within_minutes))


def _entered(told: Clauses, one: kinds.Entered) -> str:
    return told.words("conditions.entered", spent=told.minutes(one.within_minutes))


def _tags(told: Clauses, one: kinds.Tags) -> str:
    parts = []
    if one.any_of:
        parts.append(told.words("conditions.tags_any", tags=told.listed(one.any_of)))
    if one.all_of:
        parts.append(told.words("conditions.tags_all", tags=told.listed(one.all_of, "conditions.comma")))
    if one.none_of:
        parts.append(told.words("conditions.tags_none", tags=told.listed(one.none_of, "conditions.comma")))
    return told.listed(parts, "conditions.comma")


def _tier(told: Clauses, one: kinds.Tier) -> str:
    return told.words("conditions.tier", tiers=told.listed(one.any_of))


def _prefers(told: Clauses, one: kinds.Prefers) -> str:
    return told.words("conditions.prefers", category=told.words.category(one.category))


def _birthday(told: Clauses, _one: kinds.Birthday) -> str:
    return told.words("conditions.birthday")


def _anniversary(told: Clauses, one: kinds.Anniversary) -> str:
    return told.words("conditions.anniversary_days", n=one.days) if one.days else told.words("conditions.anniversary")


def _spent(told: Clauses, one: kinds.Spent) -> str:
    amount, words = told.money(one.at_least), told.words
    what = (
        words("conditions.spent_days", amount=amount, n=one.within_days)
        if one.within_days
        else words("conditions.spent", amount=amount)
    )
    if one.category or one.zone or one.tenant:
        place = one.tenant or told.place(Place(one.category, "" if one.category else one.zone))
        what = words("conditions.spent_at", what=what, place=place)
    return words("conditions.spent_receipts", what=what, n=one.receipts) if one.receipts > 1 else what


def _visits(told: Clauses, one: kinds.Visits) -> str:
    words, days = told.words, one.within_days
    if one.at_most >= MOST_VISITS:
        return words("conditions.visits_least", low=one.at_least, n=days)
    if not one.at_least:
        return words("conditions.visits_most", high=one.at_most, n=days)
    return words("conditions.visits", low=one.at_least, high=one.at_most, n=days)


def _nth_visit(told: Clauses, one: kinds.NthVisit) -> str:
    return told.words("conditions.nth_visit", n=one.number)


def _absent(told: Clauses, one: kinds.Absent) -> str:
    return told.words("conditions.absent", n=one.days)


def _arrived_by(told: Clauses, one: kinds.ArrivedBy) -> str:
    return told.words("conditions.arrived_by", sources=told.listed(one.any_of))


def _members(told: Clauses, one: kinds.Members) -> str:
    return told.words("conditions.members", n=len(one.ids))


def _crowd(told: Clauses, one: kinds.Crowd) -> str:
    return told.words("conditions.crowd", n=one.at_least, place=told.place(one.place))


_TELLERS: dict[type, Callable[[Clauses, Any], str]] = {
    kinds.Window: _window,
    kinds.Calendar: _calendar,
    kinds.InPlace: _in_place,
    kinds.Dwell: _dwell,
    kinds.Visited: _visited,
    kinds.NotVisited: _not_visited,
    kinds.Sequence: _sequence,
    kinds.Entered: _entered,
    kinds.Tags: _tags,
    kinds.Tier: _tier,
    kinds.Prefers: _prefers,
    kinds.Birthday: _birthday,
    kinds.Anniversary: _anniversary,
    kinds.Spent: _spent,
    kinds.Visits: _visits,
    kinds.NthVisit: _nth_visit,
    kinds.Absent: _absent,
    kinds.ArrivedBy: _arrived_by,
    kinds.Members: _members,
    kinds.Crowd: _crowd,
}
