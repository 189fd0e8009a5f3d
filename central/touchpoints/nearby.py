"""Who was near a place lately: the last quarter of an hour of positions in memory, and each second read only once.

Visitors are named by number, and somebody whose track was lost and began anew by the number of their first. A cache:
whoever starts anew reads it from the store again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from central.store import positions
from central.store.database import Database
from central.touchpoints.fragments import GAP_S, LATELY_S, WAITS_S, End, heirs

KEPT_S = 840.0
"""Positions rest for a quarter of an hour."""
LATE_S = 30.0
"""A batch may come so much later than others of its floor."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fixes:
    """Who was where, in no order.

    Attributes:
        at: (N,) seconds since 1970.
        number: (N,) the visitor's number.
        x: (N,) metres east of the place; ``y`` (N,) north of it.
    """

    at: Floats
    number: npt.NDArray[np.int64]
    x: Floats
    y: Floats

    def between(self, start: float, end: float) -> Fixes:
        """Those from ``start`` to ``end``, both included."""
        keep = (self.at >= start) & (self.at <= end)
        return Fixes(self.at[keep], self.number[keep], self.x[keep], self.y[keep])


class Nearby:
    """A floor's latest positions.

    Args:
        database: where they are.
        site: the site.
        floor: the floor.
    """

    def __init__(self, database: Database, site: str, floor: str) -> None:
        self._database = database
        self._site = site
        self._floor = floor
        self._batches: deque[tuple[float, npt.NDArray[np.int32]]] = deque()
        self._known: dict[int, float] = {}
        self._read_until = -np.inf
        self.first: dict[int, float] = {}
        """When each visitor was first seen, of those seen lately; seconds since 1970."""
        self.last: dict[int, float] = {}
        """When each was seen last."""
        self._roots: dict[int, int] = {}
        self._tracks: dict[int, list[int]] = {}
        self._began: dict[int, End] = {}
        self._latest: dict[int, tuple[float, int, int]] = {}
        self._undecided: list[int] = []
        self._births: list[End] = []
        self._matched_at = -np.inf
        self._followed: set[int] = set()
        self._pruned_at = 0.0

    def refresh(self, now: float) -> None:
        """Read what has come since."""
        after = max(now - KEPT_S, self._read_until - LATE_S)
        for number, at, people in positions.batches_since(self._database, self._site, self._floor, after, now + LATE_S):
            if number in self._known:
                continue
            self._known[number] = at
            rows = people.view(np.int32).reshape(-1, 3)  # number, x and y in cm: plain, so that they join fast
            self._batches.append((at, rows))
            self._take(at, rows)
            self._read_until = max(self._read_until, min(at, now))
            if at - self._matched_at >= WAITS_S / 2:
                self._match(at)
        while self._batches and self._batches[0][0] < now - KEPT_S:
            self._batches.popleft()
        if len(self._known) > 4 * LATE_S * 4:
            horizon = self._read_until - 2 * LATE_S
            self._known = {number: at for number, at in self._known.items() if at > horizon}
        if now - self._pruned_at > KEPT_S:
            self._prune(now)

    def _take(self, at: float, people: npt.NDArray[np.int32]) -> None:
        latest, roots, last = self._latest, self._roots, self.last
        for one, x_cm, y_cm in people.tolist():
            if one not in latest:
                self._began[one] = End(one, at, x_cm / 100.0, y_cm / 100.0)
                self._undecided.append(one)
                self.first[one] = at
            latest[one] = (at, x_cm, y_cm)
            last[roots.get(one, one)] = at

    def _match(self, at: float) -> None:
        """Give those who began a while ago back to whom they were."""
        self._matched_at = at
        begun = [self._began[one] for one in self._undecided if self._began[one].at <= at - WAITS_S]
        self._undecided = [one for one in self._undecided if self._began[one].at > at - WAITS_S]
        if not begun:
            return
        earliest = at - GAP_S - 3 * WAITS_S
        ended = [
            End(one, last_at, x_cm / 100.0, y_cm / 100.0)
            for one, (last_at, x_cm, y_cm) in self._latest.items()
            if earliest <= last_at < at - WAITS_S and one not in self._followed
        ]
        self._births = [one for one in self._births if one.at > at - LATELY_S] + begun
        for visitor, before in heirs(ended, begun, self._births):
            root = self.root(before)
            self._followed.add(before)
            self._roots[visitor] = root
            self._tracks.setdefault(root, [root]).append(visitor)
            self.last[root] = max(self.last[root], self.last.pop(visitor, at))
            self.first.pop(visitor, None)

    def _prune(self, now: float) -> None:
        self._pruned_at = now
        gone = [one for one, at in self.last.items() if at < now - 2 * KEPT_S]
        for root in gone:
            for one in self._tracks.pop(root, [root]):
                for kept in (self._roots, self._began, self._latest, self.first, self.last):
                    kept.pop(one, None)
                self._followed.discard(one)

    def root(self, number: int) -> int:
        """The first number of who has this one now."""
        return self._roots.get(number, number)

    def track_at(self, root: int, at: float) -> int:
        """The number that somebody had at an instant, or the next one after it, or their last."""
        for one in self._tracks.get(root, [root]):
            if one in self._latest and self._latest[one][0] >= at:
                return one
        return self._tracks.get(root, [root])[-1]

    def around(self, x: float, y: float, radius_m: float, start: float, end: float) -> Fixes:
        """Everybody within the radius of a point (metres) from ``start`` to ``end``, relative to it."""
        chosen = [(at, people) for at, people in self._batches if start <= at <= end]
        if not chosen:
            none = np.empty(0)
            return Fixes(none, np.empty(0, np.int64), none, none)
        at = np.repeat(np.array([one[0] for one in chosen]), [len(one[1]) for one in chosen])
        people = np.concatenate([one[1] for one in chosen])
        east, north = people[:, 1] / 100.0 - x, people[:, 2] / 100.0 - y
        near = east * east + north * north <= radius_m * radius_m
        numbers, which = np.unique(people[near, 0], return_inverse=True)
        roots = np.array([self.root(one) for one in numbers.tolist()], np.int64)
        return Fixes(at[near], roots[which], east[near], north[near])

    def names(self, roots: Iterable[int], at: float) -> dict[int, str]:
        """The ids by which visitors went at an instant, by their first number."""
        tracks = {root: self.track_at(root, at) for root in roots}
        found = positions.names_of(self._database, list(tracks.values()))
        return {root: found[track] for root, track in tracks.items() if track in found}
