"""Which piece goes on in which: a choice over the whole film at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from calibration.camera import Floats
from edge.floor.joint.settings import JointSettings
from edge.floor.joint.whole.joins import alike
from edge.track.matching.pairs import best_pairs

NONE = -1
MOST_ROUNDS = 20
LEAST_GAIN = 1e-6
CANNOT = -1e6
Link = tuple[int, int]
"""A piece and the one it goes on in; `NONE` on either side ends or begins a chain."""


def chains_of(worth: Floats, said: Sequence[tuple[float, float]], rules: JointSettings) -> list[list[int]]:
    """Chains of pieces that are worth most in all.

    First the assignment that is best when heights are compared pair by pair; then one join after the other is changed,
    with what it takes along, as long as chains whose heights are compared as a whole become worth more.

    Args:
        worth: (N, N) evidence that row's piece goes on in column's, but for height; not finite where it cannot.
        said: what each says of height, see `height_said`.
        rules: how tall people are.

    Returns:
        Each chain's pieces in order; chains by their first piece.
    """
    count = len(worth)
    alone = [alike([each], rules) for each in said]
    pair = np.full(worth.shape, CANNOT)
    for a, b in np.argwhere(np.isfinite(worth)).tolist():
        pair[a, b] = worth[a, b] + alike([said[a], said[b]], rules) - alone[a] - alone[b]
    chains = _Chains(worth, said, rules, [NONE] * count, [NONE] * count)
    for a, b in enumerate(best_pairs(pair).tolist()):
        if b >= 0:
            chains.link((a, b))
    chains.improve()
    return [chains.chain(k) for k in range(count) if chains.before[k] == NONE]


@dataclass(slots=True)
class _Chains:
    """A choice of joins.

    Attributes:
        worth: see `chains_of`.
        said: see there.
        rules: see there.
        after: the piece in which each goes on.
        before: the piece that goes on in each.
    """

    worth: Floats
    said: Sequence[tuple[float, float]]
    rules: JointSettings
    after: list[int]
    before: list[int]

    def chain(self, k: int) -> list[int]:
        """All pieces of the chain that holds piece `k`."""
        while self.before[k] != NONE:
            k = self.before[k]
        found = [k]
        while self.after[found[-1]] != NONE:
            found.append(self.after[found[-1]])
        return found

    def value(self, pieces: Iterable[int]) -> float:
        """What the chains that hold these pieces are worth."""
        total = 0.0
        done: set[int] = set()
        for k in pieces:
            if k in done:
                continue
            chain = self.chain(k)
            done.update(chain)
            total += alike([self.said[each] for each in chain], self.rules)
            total += sum(float(self.worth[a, b]) for a, b in pairwise(chain))
        return total

    def link(self, *links: Link) -> None:
        """Sets joins, one after the other."""
        for a, b in links:
            if a != NONE:
                self.after[a] = b
            if b != NONE:
                self.before[b] = a

    def improve(self) -> None:
        """Makes or breaks one join at a time, as long as that is worth it."""
        pairs = np.argwhere(np.isfinite(self.worth)).tolist()
        for _ in range(MOST_ROUNDS):
            changed = sum(self._try(a, b) for a, b in pairs)
            if not changed:
                break

    def _try(self, a: int, c: int) -> bool:
        """Makes the join of `a` and `c`, or breaks it, if that is worth it; gives whether it did."""
        b, p = self.after[a], self.before[c]
        if b == c:
            undo: list[Link] = [(a, c)]
            ways: list[list[Link]] = [[(a, NONE), (NONE, c)]]
        else:
            undo = [(a, b), (p, c)]
            ways = [[(p, NONE), (NONE, b), (a, c)]]
            if NONE not in (p, b) and np.isfinite(self.worth[p, b]):
                ways.append([(p, b), (a, c)])
        touched = [k for k in (a, c, b, p) if k != NONE]
        most, best = self.value(touched) + LEAST_GAIN, None
        for way in ways:
            self.link(*way)
            worth = self.value(touched)
            self.link(*undo)
            if worth > most:
                most, best = worth, way
        if best is not None:
            self.link(*best)
        return best is not None
