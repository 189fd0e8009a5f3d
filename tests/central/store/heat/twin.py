"""Heat the plain way: every position in a dict, nothing folded, nothing packed. What the store must equal."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from central.store.rows import Live
from contract.events import Positions
from contract.times import from_rfc3339

Where = tuple[int, int]
Block = tuple[int, int, int, int, float, frozenset[str]]
"""Level, column and row of its square, own cells, seconds, people."""


@dataclass
class Twin:
    """All batches of one floor, each once."""

    batches: dict[tuple[str, float], dict[str, Where]] = field(default_factory=dict)

    def take(self, lives: Iterable[Live]) -> int:
        late = 0
        for live in lives:
            assert isinstance(live.body, Positions)
            at, key = from_rfc3339(live.body.at), (live.topic.box, from_rfc3339(live.body.at))
            if abs(live.heard - at) > 30 or key in self.batches:
                late += 1
                continue
            self.batches[key] = {
                visitor: (math.floor(round(x * 100) / 50), math.floor(round(y * 100) / 50))
                for visitor, x, y in live.body.visitors
            }
        return late

    def heat(self, start: float, end: float, without: Collection[str] = ()) -> dict[Where, dict[str, float]]:
        """Seconds by cell and visitor of the window."""
        found: dict[Where, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        by_box: dict[str, list[float]] = defaultdict(list)
        for box, at in sorted(self.batches):
            earlier = by_box[box]
            known = bool(earlier) and at - earlier[-1] <= 600
            step = min(at - earlier[-1], 2.0) if known else 1.0
            earlier.append(at)
            if start <= at < end:
                for visitor, cell in self.batches[box, at].items():
                    if visitor not in without:
                        found[cell][visitor] += step
        return found


def blocks(heat: dict[Where, dict[str, float]], k: int) -> set[Block]:
    """Squares of at least k people, the plain way; the longest stay of a square counts as the second longest."""
    pending = heat
    published: set[Block] = set()
    taken: dict[Where, int] = {}
    for level in range(4):
        side = 1 << level
        coarse: dict[Where, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for (bx, by), people in pending.items():
            if len(people) >= k:
                *shorter, second, _ = sorted(people.values())
                seconds = round(sum(shorter) + 2 * second, 3)
                published.add((level, bx, by, side * side - taken.get((bx, by), 0), seconds, frozenset(people)))
                taken[bx, by] = side * side
            else:
                for person, one in people.items():
                    coarse[bx >> 1, by >> 1][person] += one
        fuller: dict[Where, int] = defaultdict(int)
        for (bx, by), cells in taken.items():
            fuller[bx >> 1, by >> 1] += cells
        pending, taken = coarse, dict(fuller)
    return published
