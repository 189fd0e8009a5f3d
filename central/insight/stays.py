"""Visits of a window as numbers, read once a step of the grid and shared by all figures about the window."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from calibration.site import Site
from central.insight.fronts import fronts
from central.insight.places import Floats, Indices, Places
from central.insight.suppression import Keys, Suppression
from central.insight.window import Window
from central.store import stays as truth
from central.store.store import Store

MOST_HELD_ROWS = 2_000_000
"""About 150 MB; the least lately asked windows go first."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Who did something: their secret numbers, and whether they work here.

    Attributes:
        keys: (P,) record keys.
        staff: (P,) bool.
    """

    keys: Keys
    staff: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Stays:
    """Closed visits that ended in a window, by person and beginning.

    Attributes:
        people: who.
        person: (N,) index into them.
        place: (N,) index into ``Places.all``.
        entered_at: (N,) seconds since 1970.
        left_at: (N,) the same.
        observed_s: (N,) seconds seen.
        bridged_s: (N,) seconds between two sightings.
        unseen_s: (N,) seconds out of every camera's sight.
        party: (N,) number of the party, -1 for who is alone.
    """

    people: People
    person: Indices
    place: Indices
    entered_at: Floats
    left_at: Floats
    observed_s: Floats
    bridged_s: Floats
    unseen_s: Floats
    party: Indices

    def __len__(self) -> int:
        return len(self.person)

    @property
    def dwell_s(self) -> Floats:
        """(N,) seconds that we stand for: seen, or bridged between two sightings."""
        return self.observed_s + self.bridged_s

    def only(self, chosen: npt.NDArray[Any]) -> Stays:
        """Those of a mask or of indices."""
        columns = (getattr(self, name)[chosen] for name in _COLUMNS)
        return Stays(self.people, *columns)


_COLUMNS = ("person", "place", "entered_at", "left_at", "observed_s", "bridged_s", "unseen_s", "party")


@dataclass(frozen=True, slots=True, eq=False)
class Crossings:
    """Crossings in a window, by time.

    Attributes:
        people: who.
        person: (N,) index into them.
        line: (N,) index into ``Reader.lines``, -1 where the site knows no such line any more.
        inwards: (N,) bool.
        at: (N,) seconds since 1970.
    """

    people: People
    person: Indices
    line: Indices
    inwards: npt.NDArray[np.bool_]
    at: Floats

    def __len__(self) -> int:
        return len(self.person)


class Reader:
    """Reads windows and holds what it has read until the grid's next step.

    So two answers about one window differ only from one step to the next, however often somebody asks.

    Args:
        store: the truth.
        site: its zones and lines.
        suppression: gives people their secret numbers.

    Attributes:
        places: of the site.
        fronts: of every place, the indices of the places in front of it.
        lines: (floor, line) of every line, in order.
    """

    def __init__(self, store: Store, site: Site, suppression: Suppression) -> None:
        self.places = Places(site)
        before, all_places = fronts(site), self.places.all
        by_zone: dict[tuple[str, str], list[int]] = {}
        for number, place in enumerate(all_places):
            by_zone.setdefault((place.floor, place.zone), []).append(number)
        self.fronts = [
            [other for zone in before[place.floor, place.zone] for other in by_zone[place.floor, zone]]
            for place in all_places
        ]
        self.lines = [(floor.id, line) for floor in site.floors.values() for line in floor.lines]
        self._line_number = {line: number for number, line in enumerate(self.lines)}
        self._store = store
        self._suppression = suppression
        self._lock = threading.Lock()
        self._held: OrderedDict[tuple[str, Window], tuple[int, Any]] = OrderedDict()

    def stays(self, window: Window, now: float) -> Stays:
        """Visits that ended in the window."""
        return self._once("stays", window, now, lambda: self._read_stays(window))

    def crossings(self, window: Window, now: float) -> Crossings:
        """Crossings in the window."""
        return self._once("crossings", window, now, lambda: self._read_crossings(window))

    def _once(self, what: str, window: Window, now: float, read: Callable[[], T]) -> T:
        step = math.floor(now / window.step_s(now))
        with self._lock:
            held = self._held.get((what, window))
            if held is not None and held[0] == step:
                self._held.move_to_end((what, window))
                kept: T = held[1]
                return kept
            found = read()
            self._held[what, window] = step, found
            self._held.move_to_end((what, window))
            rows = sum(len(one) for _, one in self._held.values())
            while rows > MOST_HELD_ROWS and len(self._held) > 1:
                _, (_, dropped) = self._held.popitem(last=False)
                rows -= len(dropped)
            return found

    def _read_stays(self, window: Window) -> Stays:
        found = truth.stays(self._store.database, self._store.site, window.start, window.end)
        people, person = self._people(found.person)
        parties: dict[str, int] = {}
        party = np.fromiter(
            (-1 if one is None else parties.setdefault(one, len(parties)) for one in found.party), np.int32
        )
        left = np.array(found.left_at, np.float64)
        place = self.places.of(found.floor, found.zone, left)
        entered = np.array(found.entered_at, np.float64)
        observed, bridged, unseen = (
            np.array(part, np.float64) for part in (found.observed_s, found.bridged_s, found.unseen_s)
        )
        read = Stays(people, person, place, entered, left, observed, bridged, unseen, party)
        order = np.lexsort((place, left, entered, person))
        return read.only(order[place[order] >= 0])

    def _read_crossings(self, window: Window) -> Crossings:
        found = truth.crossings(self._store.database, self._store.site, window.start, window.end)
        people, person = self._people(found.person)
        pairs = zip(found.floor, found.line, strict=True)
        line = np.fromiter((self._line_number.get(pair, -1) for pair in pairs), np.int32)
        inwards = np.array([direction == "in" for direction in found.direction], np.bool_)
        return Crossings(people, person, line, inwards, np.array(found.at, np.float64))

    def _people(self, persons: Sequence[str]) -> tuple[People, Indices]:
        numbers: dict[str, int] = {}
        person = np.fromiter((numbers.setdefault(one, len(numbers)) for one in persons), np.int32)
        workers = truth.staff(self._store.database, self._store.site)
        works = np.fromiter((one in workers for one in numbers), np.bool_)
        return People(self._suppression.record_keys(numbers), works), person
