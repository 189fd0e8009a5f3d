"""How many are inside, by conservation: who was there at night, and since then everybody in less everybody out."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from calibration.boundaries import Boundary, Way
from calibration.passages import Exit
from calibration.site import Site
from central.journeys.nights import latest_night
from central.journeys.present import present
from central.store import persons, reckoning
from central.store.reckoning import MALL, Passed, Quarter
from central.store.store import Store

QUARTER_S = 900.0
RECOUNT_S = 1800.0
"""Everything since the night is counted again this often, for events that came late."""
FRESH_S = 60.0
"""Who is seen now was there at the beginning of a quarter hour that began this lately."""
WORD = 1 << 64

RecordKey = Callable[[str], int]
"""A visitor's secret number, 64 bits (see ``central.insight.suppression``)."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """A number of people and the sum of their secret numbers modulo 2^64."""

    people: int
    key: int

    def plus(self, other: Crowd, sign: int = 1) -> Crowd:
        """Both together, or without the other for a sign of -1."""
        return Crowd(self.people + sign * other.people, (self.key + sign * other.key) % WORD)


NOBODY = Crowd(0, 0)


@dataclass(frozen=True, slots=True)
class Seen:
    """Who is seen: everybody, and those of them who are known to work here."""

    everybody: Crowd
    staff: Crowd


class Inside:
    """Counts everybody in and out. What it remembers is counted anew from the store after a restart.

    Args:
        store: the truth.
        site: its floors.
        found: its boundary lines.
        record_key: a visitor's secret number.
        hour: of the local night, at which a day ends.
    """

    def __init__(
        self, store: Store, site: Site, found: Sequence[Boundary], record_key: RecordKey, hour: int
    ) -> None:  # fmt: skip
        self._store = store
        self._site = site
        self._found = found
        self._hour = hour
        self._record_key = record_key
        self._keys: dict[str, int] = {}
        self._by_line = {(one.line.floor, one.line.line): one for one in found}
        self._night = float("-inf")
        self._counted_at = float("-inf")
        self._closed: dict[float, dict[str, Crowd]] = {}
        self._kept = float("-inf")
        self._lock = threading.Lock()

    @property
    def floors(self) -> list[str]:
        """The floors that have boundary lines, and the mall where any leads out of it: what can be counted."""
        known = {one.line.floor for one in self._found}
        doors = [MALL] if any(one.leads_out for one in self._found) else []
        return [*doors, *(floor for floor in self._site.floors if floor in known)]

    def now(self, now: float) -> dict[str, Crowd]:
        """Everybody inside, by floor and ``MALL``; below 0 where doors counted too many out. From any thread."""
        with self._lock:
            return self._at(now)

    def seen(self, now: float) -> dict[str, Seen]:
        """Who is seen now, by floor and in all; only of floors whose boxes tell. From any thread."""
        here = {
            floor.id: present(self._store, floor, self._found, now) for floor in self._site.floors.values()
        }  # fmt: skip
        known = {floor: visitors for floor, visitors in here.items() if visitors is not None}
        everybody: set[str] = set().union(*known.values())
        staff = persons.staff_among(self._store.database, self._store.site, everybody)
        if len(known) == len(here):
            known[MALL] = everybody
        return {floor: Seen(self.crowd(some), self.crowd(some & staff)) for floor, some in known.items()}

    def update(self, now: float) -> None:
        """Keep the number inside at the beginning of every quarter hour since the night."""
        with self._lock:
            self._update(now)

    def _update(self, now: float) -> None:
        latest = now // QUARTER_S * QUARTER_S
        if latest == self._kept and now - self._counted_at < RECOUNT_S:
            return
        self._begin(now)
        seen = self.seen(now) if now - latest < FRESH_S else {}
        moments = []
        running = self._base(self._night)
        at = self._night
        while at <= latest:
            moments += [
                Quarter(at, floor, crowd.people, crowd.key, *_kept(seen.get(floor) if at == latest else None))
                for floor, crowd in running.items()
            ]
            running = _sum(running, self._change(at, now))
            at += QUARTER_S
        reckoning.keep_quarters(self._store.database, self._store.site, moments)
        self._kept = latest

    def counts(self, start: float, end: float) -> dict[tuple[Exit, Way], list[Passed]]:
        """Crossings of boundary lines from ``start`` until before ``end``, by line and whether they came or left."""
        found: dict[tuple[Exit, Way], list[Passed]] = defaultdict(list)
        for one in reckoning.crossings(self._store.database, self._store.site, start, end):
            boundary = self._by_line.get((one.floor, one.line))
            if boundary is not None:
                found[boundary.line, "in" if one.direction == boundary.entering else "out"].append(one)
        return found

    def crowd(self, visitors: Iterable[str]) -> Crowd:
        """The visitors as a number and a sum of secret numbers, each as often as they stand there."""
        number, total = 0, 0
        for visitor in visitors:
            key = self._keys.get(visitor)
            if key is None:
                key = self._keys[visitor] = self._record_key(visitor)
            number, total = number + 1, total + key
        return Crowd(number, total % WORD)

    def _begin(self, now: float) -> None:
        """Forget what was counted where a new day has begun, or it is time to count anew."""
        _, night = latest_night(now, self._site.timezone, self._hour)
        if night != self._night or not 0 <= now - self._counted_at < RECOUNT_S:
            self._night, self._counted_at = night, now
            self._closed.clear()
            self._keys.clear()

    def _at(self, now: float) -> dict[str, Crowd]:
        self._begin(now)
        running = self._base(self._night)
        quarter = self._night
        while quarter <= now:
            running = _sum(running, self._change(quarter, now))
            quarter += QUARTER_S
        return running

    def _base(self, night: float) -> dict[str, Crowd]:
        """Who was seen at night, by floor and in all; nobody where nobody looked."""
        kept = {
            one.floor: one for one in reckoning.quarters(self._store.database, self._store.site, night, night)
        }  # fmt: skip
        found = {}
        for floor in self.floors:
            one = kept.get(floor)
            known = one is not None and one.seen is not None and one.seen_key is not None
            found[floor] = Crowd(one.seen or 0, one.seen_key or 0) if one is not None and known else NOBODY
        return found

    def _change(self, quarter: float, now: float) -> dict[str, Crowd]:
        """Everybody in less everybody out in a quarter hour, by floor and in all; remembered once it is over."""
        if quarter in self._closed:
            return self._closed[quarter]
        change = dict.fromkeys(self.floors, NOBODY)
        for (line, way), passed in self.counts(quarter, quarter + QUARTER_S).items():
            crowd = self.crowd(one.visitor for one in passed)
            sign = 1 if way == "in" else -1
            change[line.floor] = change[line.floor].plus(crowd, sign)
            if self._by_line[line.floor, line.line].leads_out:
                change[MALL] = change[MALL].plus(crowd, sign)
        if quarter + QUARTER_S + FRESH_S <= now:
            self._closed[quarter] = change
        return change


def _sum(running: dict[str, Crowd], change: dict[str, Crowd]) -> dict[str, Crowd]:
    return {floor: crowd.plus(change.get(floor, NOBODY)) for floor, crowd in running.items()}


def _kept(seen: Seen | None) -> tuple[int | None, int | None, int, int]:
    if seen is None:
        return None, None, 0, 0
    return seen.everybody.people, seen.everybody.key, seen.staff.people, seen.staff.key
