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
    ident, times = np.unique(group.astype(np.int64) * max(len(keys), 1) + person, return_counts=True)
    of, who = np.divmod(ident, max(len(keys), 1))
    again = times > 1
    return Crowds(
        np.bincount(of, minlength=size),
        _sums(of, keys[who], size),
        np.bincount(of, np.minimum(times - 1, MOST_REPEATS), minlength=size).astype(np.int64),
        np.bincount(of[again], minlength=size),
        _sums(of[again], keys[who[again]], size),
    )


def _sums(ordered: Counts, keys: Keys, size: int) -> Keys:
    """(size,) sums modulo 2^64 of the keys by ascending group."""
    before = np.concatenate([np.zeros(1, np.uint64), np.cumsum(keys, dtype=np.uint64)])
    ends = np.searchsorted(ordered, np.arange(size + 1))
    with np.errstate(over="ignore"):
        return np.asarray(before[ends[1:]] - before[ends[:-1]], np.uint64)


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
        return self.people_and_events(figures, group, person, people)[0]

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
        return self._told("staff", figures, crowds(group[works], person[works], people.keys, len(figures)))[0]

    def event_figure(self, events: int, people: int) -> Figure:
        """A published count of events; where repeats are not told, its interval reaches up by what they may be."""
        if people <= 0:
            return FEW
        method = self.suppression
        if events > people:
            return Figure(events, people, max(events - method.events_off, people), events + method.events_off)
        most = events + method.most_off + MOST_REPEATS * (method.k - 1)
        return Figure(events, people, max(events - method.most_off, 0), most)

    def durations(
        self, seconds: Floats, person: Indices, people: People, figure: str, part: str = "dwell"
    ) -> Durations:
        """Figures about the seconds of some events, staff's among them only where they may be told themselves.

        Args:
            seconds: (N,) of every event.
            person: (N,) of every event, index into ``people``; at most ``MOST_REPEATS`` + 1 events of one count.
            people: who.
            figure: names the figure of the people, as in ``people``.
            part: names what of them the seconds are.
        """
        works = people.staff[person]
        group = np.zeros(len(person), np.int64)
        told = int(self.people([figure], group, person, people)[0])
        with_staff = self.who == "everybody" and self.staff([figure], group, person, people)[0] > 0
        kept = np.flatnonzero(~works | with_staff)
        kept = kept[_turn(person[kept]) <= MOST_REPEATS]
        with np.errstate(over="ignore"):
            cell_key = int(people.keys[np.unique(person[kept])].sum(dtype=np.uint64))
        return Durations(seconds[kept], told, self.suppression, cell_key, f"{self.who} {figure} {part}", self.marks)

    def _told(self, part: str, figures: Sequence[str], found: Crowds) -> tuple[Counts, Counts]:
        names, marks = [f"{part} {figure}" for figure in figures], self.marks
        people = self.suppression.published(found.people, found.keys, names, marks)
        repeat = [f"repeat {name}" for name in names]
        events = self.suppression.events(people, found.repeats, found.repeaters, found.repeaters_keys, repeat, marks)
        return people, events


def _turn(person: Indices) -> Counts:
    """(N,) how many events of the same person come before each."""
    order = np.argsort(person, kind="stable")
    ordered = person[order]
    turn = np.empty(len(person), np.int64)
    turn[order] = np.arange(len(person)) - np.searchsorted(ordered, ordered)
    return turn
