"""Who was near a place lately: the last quarter of an hour of positions in memory, and each second read only once.

A cache: whoever starts anew reads it from the store again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from central.store import positions
from central.store.database import Database

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
        self._batches: deque[tuple[float, npt.NDArray[np.void]]] = deque()
        self._known: dict[int, float] = {}
        self._read_until = -np.inf
        self.first: dict[int, float] = {}
        """When each visitor was first seen, of those seen lately; seconds since 1970."""
        self.last: dict[int, float] = {}
        """When each was seen last."""

    def refresh(self, now: float) -> None:
        """Read what has come since."""
        after = max(now - KEPT_S, self._read_until - LATE_S)
        for number, at, people in positions.batches_since(self._database, self._site, self._floor, after, now + LATE_S):
            if number in self._known:
                continue
            self._known[number] = at
            self._batches.append((at, people))
            for one in people["number"].tolist():
                self.first.setdefault(one, at)
                self.last[one] = at
            self._read_until = max(self._read_until, min(at, now))
        while self._batches and self._batches[0][0] < now - KEPT_S:
            self._batches.popleft()
        if len(self._known) > 4 * LATE_S * 4:
            horizon = self._read_until - 2 * LATE_S
            self._known = {number: at for number, at in self._known.items() if at > horizon}
        if len(self.last) > 100 and len(self.last) > 2 * sum(at > now - KEPT_S for at in self.last.values()):
            for one in [one for one, at in self.last.items() if at < now - 2 * KEPT_S]:
                del self.last[one], self.first[one]

    def around(self, x: float, y: float, radius_m: float, start: float, end: float) -> Fixes:
        """Everybody within the radius of a point (metres) from ``start`` to ``end``, relative to it."""
        chosen = [(at, people) for at, people in self._batches if start <= at <= end]
        if not chosen:
            none = np.empty(0)
            return Fixes(none, np.empty(0, np.int64), none, none)
        at = np.repeat(np.array([one[0] for one in chosen]), [len(one[1]) for one in chosen])
        people = np.concatenate([one[1] for one in chosen])
        east, north = people["x_cm"] / 100.0 - x, people["y_cm"] / 100.0 - y
        near = east * east + north * north <= radius_m * radius_m
        return Fixes(at[near], people["number"][near].astype(np.int64), east[near], north[near])

    def names(self, numbers: Iterable[int]) -> dict[int, str]:
        """The visitors' ids by number."""
        return positions.names_of(self._database, list(numbers))
