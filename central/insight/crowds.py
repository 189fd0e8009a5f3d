"""Counts of different people by group, and how they are told: shoppers and staff apart, never together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from central.insight.durations import Durations
from central.insight.figure import FEW, Figure
from central.insight.places import Floats, Indices
from central.insight.stays import People
from central.insight.suppression import MOST_REPEATS, Keys, Marks, Suppression

Who = Literal["shoppers", "everybody"]
"""``everybody`` is shoppers and, where there are at least k of them, staff: a figure of both together, against one of
shoppers alone, would tell what a single member of staff did."""

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Crowds:
    """Different people by group, as they are.

    Attributes:
        people: (G,) how many.
        keys: (G,) their cell keys.
        repeats: (G,) events beyond each person's first, each person's capped.
        repeaters: (G,) people with more than one event.
        repeaters_keys: (G,) their cell keys.
    """

    people: Counts
    keys: Keys
    repeats: Counts
    repeaters: Counts
    repeaters_keys: Keys


def crowds(group: npt.NDArray[np.signedinteger[Any]], person: Indices, keys: Keys, size: int) -> Crowds:
    """Who did something, by group.

    Args:
        group: (N,) of every event, 0 to ``size`` - 1.
        person: (N,) of every event, index into ``keys``.
        keys: (P,) record keys.
        size: how many groups there are.
    """
    if size == 1:  # in one pass over the people, without sorting the events
        of_person = np.bincount(person, minlength=len(keys))
        return _crowds(np.zeros(len(keys), np.int64), of_person, keys, 1)
    ident, times = np.unique(group.astype(np.int64) * max(len(keys), 1) + person, return_counts=True)
    of, who = np.divmod(ident, max(len(keys), 1))
    return _crowds(of, times, keys[who], size)


def _crowds(of: Counts, times: Counts, keys: Keys, size: int) -> Crowds:
    """The same of people with a group, a number of events and a key each, by ascending group."""
    came, again = times > 0, times > 1
    return Crowds(
        np.bincount(of[came], minlength=size),
        _sums(of[came], keys[came], size),
        np.bincount(of[again], np.minimum(times[again] - 1, MOST_REPEATS), minlength=size).astype(np.int64),
        np.bincount(of[again], minlength=size),
        _sums(of[again], keys[again], size),
    )


def _sums(ordered: Counts, keys: Keys, size: int) -> Keys:
    """(size,) sums modulo 2^64 of the keys by ascending group."""
    before = np.concatenate([np.zeros(1, np.uint64), np.cumsum(keys, dtype=np.uint64)])
    ends = np.searchsorted(ordered, np.arange(size + 1))
    with np.errstate(over="ignore"):
        return np.asarray(before[ends[1:]] - before[ends[:-1]], np.uint64)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Events of one figure, staff's among them only where they may be told themselves.

    Attributes:
        figure: its name.
        people: published count of different people, 0 where withheld.
        events: published count of events.
        chosen: (M,) indices of the events, each person's first ``MOST_REPEATS`` + 1; none where withheld.
        cell_key: of their people.
    """

    figure: str
    people: int
    events: int
    chosen: Counts
    cell_key: int


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells figures about shoppers or about everybody.

    Attributes:
        suppression: the method.
        marks: ends of the figures' window, or of each figure's.
        who: about whom.
    """

    suppression: Suppression
    marks: Marks
    who: Who

    def people(
        self, figures: Sequence[str], group: npt.NDArray[np.signedinteger[Any]], person: Indices, people: People
    ) -> Counts:
        """(G,) published counts of different people, 0 where withheld.

        Args:
            figures: (G,) the figures' names.
            group: (N,) of every event, index into ``figures``.
            person: (N,) of every event, index into ``people``.
            people: who.
        """
        works = people.staff[person]
        told = self._people("shoppers", figures, crowds(group[~works], person[~works], people.keys, len(figures)))
        if self.who == "shoppers":
            return told
        staff = self.staff(figures, group, person, people)
        return told + np.where(told > 0, staff, 0)

    def people_and_events(
        self, figures: Sequence[str], group: npt.NDArray[np.signedinteger[Any]], person: Indices, people: People
    ) -> tuple[Counts, Counts]:
        """(G,) published counts of different people, and (G,) of what they did."""
        works = people.staff[person]
        told = self._told("shoppers", figures, crowds(group[~works], person[~works], people.keys, len(figures)))
        if self.who == "shoppers":
            return told
        staff = self._told("staff", figures, crowds(group[works], person[works], people.keys, len(figures)))
        shown = told[0] > 0
        return told[0] + np.where(shown, staff[0], 0), told[1] + np.where(shown, staff[1], 0)

    def staff(
        self, figures: Sequence[str], group: npt.NDArray[np.signedinteger[Any]], person: Indices, people: People
    ) -> Counts:
        """(G,) published counts of different members of staff, 0 where withheld."""
        works = people.staff[person]
        return self._people("staff", figures, crowds(group[works], person[works], people.keys, len(figures)))

    def event_figure(self, events: int, people: int) -> Figure:
        """A published count of events; where repeats are not told, its interval reaches up by what they may be."""
        if people <= 0:
            return FEW
        method = self.suppression
        if events > people:
            return Figure(events, people, max(events - method.events_off, people), events + method.events_off)
        most = events + method.most_off + MOST_REPEATS * (method.k - 1)
        return Figure(events, people, max(events - method.most_off, 0), most)

    def sample(self, figure: str, person: Indices, people: People) -> Sample:
        """The events that figures about one count's durations rest on.

        Args:
            figure: names the count, as in ``people``.
            person: (N,) of every event, index into ``people``.
            people: who.
        """
        works = people.staff[person]
        here = np.zeros(len(person), np.int64)
        shoppers = crowds(here[~works], person[~works], people.keys, 1)
        told, events = (int(count[0]) for count in self._told("shoppers", [figure], shoppers))
        kept, part = ~works, "shoppers"
        if self.who == "everybody" and told and works.any():
            staff = crowds(here[works], person[works], people.keys, 1)
            more, their_events = (int(count[0]) for count in self._told("staff", [figure], staff))
            if more:
                told, events, part, kept = told + more, events + their_events, "everybody", kept | True
        chosen = np.flatnonzero(kept) if told else np.zeros(0, np.int64)
        chosen = chosen[_turn(person[chosen]) <= MOST_REPEATS]
        with np.errstate(over="ignore"):
            cell_key = int(people.keys[np.unique(person[chosen])].sum(dtype=np.uint64))
        return Sample(f"{part} {figure}", told, events, chosen, cell_key)

    def durations(self, sample: Sample, seconds: Floats, part: str) -> Durations:
        """Figures about the seconds of a sample's events.

        Args:
            sample: whose.
            seconds: (N,) of every event that the sample was drawn from.
            part: names what of the events the seconds are.
        """
        return Durations(
            seconds[sample.chosen],
            sample.people,
            self.suppression,
            sample.cell_key,
            f"{sample.figure} {part}",
            self.marks,
        )

    def _people(self, part: str, figures: Sequence[str], found: Crowds) -> Counts:
        names = [f"{part} {figure}" for figure in figures]
        return self.suppression.published(found.people, found.keys, names, self.marks)

    def _told(self, part: str, figures: Sequence[str], found: Crowds) -> tuple[Counts, Counts]:
        people = self._people(part, figures, found)
        names = [f"repeat {part} {figure}" for figure in figures]
        events = self.suppression.events(
            people, found.repeats, found.repeaters, found.repeaters_keys, names, self.marks
        )
        return people, events


def _turn(person: Indices) -> Counts:
    """(N,) how many events of the same person come before each."""
    order = np.argsort(person, kind="stable")
    ordered = person[order]
    turn = np.empty(len(person), np.int64)
    turn[order] = np.arange(len(person)) - np.searchsorted(ordered, ordered)
    return turn
