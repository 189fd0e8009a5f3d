"""Visits of a window as numbers, read once a step of the grid and shared by all figures about the window."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from calibration.site import Site
from central.insight.fronts import fronts
from central.insight.places import Floats, Indices, Places
from central.insight.suppression import Keys, Suppression
from central.insight.window import DAY_S, Window
from central.store import stays as truth
from central.store.store import Store
from contract.errors import BadInputError

MOST_HELD_ROWS = 2_000_000
"""About 150 MB; the least lately asked windows go first."""

MOST_ROWS = 5_000_000
"""Some 50 busy days; reading them takes half a minute and half a gigabyte."""

LATEST_S = 90_000.0
"""Events come up to a day late; a window that ended an hour before that changes no more, and is held for a day."""
ZoneNames = tuple[tuple[str, str], ...]

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
    """Reads windows and holds what it has read until the grid's next step, or the next day where nothing more comes.

    So two answers about one window differ only from one step to the next, however often somebody asks.

    Args:
        store: the truth.
        site: its zones and lines.
        suppression: gives people their secret numbers.
        most_rows: longer windows are refused.

    Attributes:
        places: of the site.
        fronts: of every place, the indices of the places in front of it.
        lines: (floor, line) of every line, in order.
    """

    def __init__(self, store: Store, site: Site, suppression: Suppression, most_rows: int = MOST_ROWS) -> None:
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
        self._most_rows = most_rows
        self._held: OrderedDict[tuple[tuple[Any, ...], Window], _Held] = OrderedDict()

    def stays(self, window: Window, now: float, only: ZoneNames = ()) -> Stays:
        """Visits that ended in the window.

        Args:
            window: when.
            now: seconds since 1970.
            only: (floor, zone) of the zones to read; all where empty. A few are read sooner.

        Raises:
            BadInputError: where there are too many to reckon with at once.
        """
        return self._once(("stays", *only), window, now, lambda: self._read_stays(window, only))

    def crossings(self, window: Window, now: float) -> Crossings:
        """Crossings in the window.

        Raises:
            BadInputError: where there are too many to reckon with at once.
        """
        return self._once(("crossings",), window, now, lambda: self._read_crossings(window))

    def _once(self, what: tuple[Any, ...], window: Window, now: float, read: Callable[[], T]) -> T:
        settled = now - window.end > LATEST_S
        step = math.floor(now / (DAY_S if settled else window.step_s(now)))
        with self._lock:
            held = self._held.setdefault((what, window), _Held())
            self._held.move_to_end((what, window))
        with held.lock:  # of this window only: a long one keeps nobody else waiting
            if held.step != step:
                held.content, held.rows = None, 0
                held.content, held.step = read(), step
                held.rows = len(held.content)
            found: T = held.content
        with self._lock:
            while sum(one.rows for one in self._held.values()) > MOST_HELD_ROWS and len(self._held) > 1:
                self._held.popitem(last=False)
        return found

    def _read_stays(self, window: Window, only: ZoneNames) -> Stays:
        self._check(truth.number_of_stays(self._store.database, self._store.site, window.start, window.end), "visits")
        persons: dict[str, int] = {}
        parties: dict[str, int] = {}
        parts = [self._part(day, only, persons, parties) for day in window.steps(DAY_S)]
        columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
        read = Stays(self._people(persons), *columns)
        order = np.lexsort((read.place, read.left_at, read.entered_at, read.person))
        return read.only(order[read.place[order] >= 0])

    def _part(
        self, window: Window, only: ZoneNames, persons: dict[str, int], parties: dict[str, int]
    ) -> tuple[Any, ...]:
        """Columns of ``Stays`` of a day: text becomes numbers before the next day is read."""
        found = truth.stays(self._store.database, self._store.site, window.start, window.end, only)
        person = np.fromiter((persons.setdefault(one, len(persons)) for one in found.person), np.int32)
        party = np.fromiter(
            (-1 if one is None else parties.setdefault(one, len(parties)) for one in found.party), np.int32
        )
        left_at = np.array(found.left_at, np.float64)
        place = self.places.of(found.floor, found.zone, left_at)
        seconds = (np.array(part, np.float64) for part in (found.observed_s, found.bridged_s, found.unseen_s))
        return person, place, np.array(found.entered_at, np.float64), left_at, *seconds, party

    def _read_crossings(self, window: Window) -> Crossings:
        number = truth.number_of_crossings(self._store.database, self._store.site, window.start, window.end)
        self._check(number, "crossings")
        found = truth.crossings(self._store.database, self._store.site, window.start, window.end)
        persons: dict[str, int] = {}
        person = np.fromiter((persons.setdefault(one, len(persons)) for one in found.person), np.int32)
        pairs = zip(found.floor, found.line, strict=True)
        line = np.fromiter((self._line_number.get(pair, -1) for pair in pairs), np.int32)
        inwards = np.array([direction == "in" for direction in found.direction], np.bool_)
        return Crossings(self._people(persons), person, line, inwards, np.array(found.at, np.float64))

    def _people(self, persons: dict[str, int]) -> People:
        workers = truth.staff(self._store.database, self._store.site)
        works = np.fromiter((one in workers for one in persons), np.bool_)
        return People(self._suppression.record_keys(persons), works)

    def _check(self, number: int, what: str) -> None:
        if number > self._most_rows:
            raise BadInputError(
                f"from: {number:,} {what} lie in this window, and at most {self._most_rows:,} are reckoned at once; "
                "ask for fewer days"
            )


class _Held:
    """A window's content as of a step of the grid."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.step = -1
        self.rows = 0
        self.content: Any = None
