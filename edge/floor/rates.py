"""How often people are followed twice, at once or one name after the other, estimated without any truth.

Two figures, which mean the same here and wherever they are measured beside a truth:

- the *duplicate share*: of the time of all visitors, what went to a second visitor for a person who had one already;
- the *fragment share*: of the visitors begun, those whose person had an earlier one, lost or taken over by others.

Both are sums of probabilities. Two visitors side by side may be one person: what the cameras say for and against it
(`doubles`), how near they stand, and whether one is unseen, decide how likely. And nobody comes out of nothing: who
begins in the middle of a watched floor was somebody before, if there is anybody whom they could have been.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp

import numpy as np

from edge.floor.coverage import Coverage
from edge.floor.visitors import Sample, Visitors

MEMORY_S = 900.0
"""What is older counts less, by 1/e in this time: long enough for some tens of visitors, short enough for an alarm."""
LONGEST_STEP_S = 1.0
"""A moment lasts until the next, and no longer than this: nothing is known of a longer pause."""
PRESENT_S = 2.0
"""Somebody unseen for longer is not among the positions, and so nobody's double."""
ENOUGH_S, ENOUGH_BEGUN = 300.0, 10.0
"""Nothing is said of less time of visitors, or of fewer visitors begun."""

BESIDE_M = 1.2
"""Two visitors farther apart than this are two: one person's two places hardly differ by more."""
SIDE_BY_SIDE = 0.45
"""Natural logarithm of the odds that two at one place, of whom cameras say nothing, are one person;"""
DOUBT_TRUST = 0.44
"""so much of the cameras' evidence adds to it: looks and places repeat each other, and it claims too much;"""
UNSEEN = 1.4
"""and this, that one of both is seen by nobody: a name left behind by its tracks coasts beside its person;"""
APART_PER_M2 = 2.4
"""and so much is taken off by a square metre of distance. All four by logistic regression on crowds of the twin, seen
whole and under overload: 154 s of doubles in two and a half hours of visitors."""
TWO = -5.0
"""The evidence where there is none: they came one by one, and never stood near each other."""
UNSEEN_S = 0.35
"""Unseen for longer is unseen now."""

START_S = 3.0
"""Who is there when we begin to look had no visitor before."""
STEP_M = 2.0
"""Who is first seen so near the edge of what is watched may have made a step or two before."""
AT_EDGE, NEAR_EDGE, INSIDE, NOBODY = 0.04, 0.5, 0.93, 0.3
"""How likely somebody had an earlier visitor who begins at the edge of what is watched; a step inside it; in the
middle; and there with nobody about whom they could have been, so that they are likelier found late. The first three are
shares of 214 beginnings on the same crowds; the last never occurred there, and is a guess."""
REACH_M = 2.5
"""A name is lost at most so far from where its person stands,"""
WALK_MPS = 1.2
"""who then walks on as people do."""
OPEN_S = 120.0
"""For so long somebody lost inside is waited for."""
MOST_OPEN = 256
"""So many at most."""


@dataclass(frozen=True, slots=True)
class Twice:
    """How often people were followed twice; counted where the truth is known, else expected.

    Attributes:
        visitor_s: seconds of all visitors.
        double_s: of them, of doubles: the nearest person, within a metre, had an older or nearer visitor then.
        begun: visitors begun.
        fragments: of them, whose person had an earlier visitor.
    """

    visitor_s: float = 0.0
    double_s: float = 0.0
    begun: float = 0.0
    fragments: float = 0.0

    def plus(self, other: Twice) -> Twice:
        """Both together."""
        return Twice(
            self.visitor_s + other.visitor_s,
            self.double_s + other.double_s,
            self.begun + other.begun,
            self.fragments + other.fragments,
        )

    def faded(self, share: float) -> Twice:
        """The same, of which only a share counts."""
        return Twice(share * self.visitor_s, share * self.double_s, share * self.begun, share * self.fragments)

    @property
    def duplicate_share(self) -> float | None:
        """Share of the time of visitors that was a double's, 0 to 1; None where too little was seen to say."""
        return self.double_s / self.visitor_s if self.visitor_s >= ENOUGH_S else None

    @property
    def fragment_share(self) -> float | None:
        """Share of the visitors begun whose person had one before, 0 to 1; None where too few were seen to say."""
        return self.fragments / self.begun if self.begun >= ENOUGH_BEGUN else None


@dataclass(slots=True)
class Rates:
    """Both figures of one floor, as they are now; plain state that can be pickled at any time.

    Attributes:
        coverage: where people can come and go unseen.
        twice: what has been seen lately.
    """

    coverage: Coverage
    twice: Twice = field(default_factory=Twice)
    _known: set[int] = field(default_factory=set, init=False, repr=False)
    _lost: list[tuple[float, float, float]] = field(default_factory=list, init=False, repr=False)
    _places: dict[int, tuple[float, float, float]] = field(default_factory=dict, init=False, repr=False)
    _began_at: float | None = field(default=None, init=False, repr=False)
    _at: float | None = field(default=None, init=False, repr=False)

    def update(self, visitors: Visitors) -> Twice:
        """How often people were followed twice lately, everybody of this moment taken in.

        A moment that is not later than the last adds no time.
        """
        step_s = 0.0 if self._at is None else max(0.0, visitors.at - self._at)
        self._at = visitors.at
        here = visitors.at - visitors.seen_at <= PRESENT_S
        seconds = min(step_s, LONGEST_STEP_S)
        now = Twice(seconds * int(here.sum()), seconds * _doubles(visitors, here), *self._begun(visitors))
        self.twice = self.twice.faded(exp(-step_s / MEMORY_S)).plus(now)
        self._remember(visitors)
        return self.twice

    def _begun(self, visitors: Visitors) -> tuple[float, float]:
        """Visitors begun, and how many of them are expected to have had an earlier name."""
        keys = visitors.key.tolist()
        new = [key for key in keys if key not in self._known]
        if not new:
            return 0.0, 0.0
        if self._began_at is None:
            self._began_at = visitors.at
        first: dict[int, Sample] = {}
        for sample in visitors.samples:
            first.setdefault(sample.key, sample)
        fragments = 0.0
        for key in new:
            x, y = visitors.position_m[keys.index(key)].tolist()
            fragments += self._had_a_name(first.get(key, Sample(key, visitors.at, x, y)), visitors)
            self._known.add(key)
        return float(len(new)), fragments

    def _had_a_name(self, first: Sample, visitors: Visitors) -> float:
        """How likely somebody first seen there had an earlier visitor, 0 to 1."""
        place_m = (first.x, first.y)
        if self._began_at is not None and first.at - self._began_at <= START_S:
            return 0.0
        if self.coverage.is_edge(place_m):
            return AT_EDGE
        if not (first.key in visitors.split or self._could_be(first, visitors)):
            return NOBODY
        return NEAR_EDGE if self.coverage.is_edge(place_m, STEP_M) else INSIDE

    def _could_be(self, first: Sample, visitors: Visitors) -> bool:
        """Whether there is anybody whom somebody first seen there could have been: beside them, or lost about there."""
        others = [place for key, place in self._places.items() if key != first.key]
        reach = [
            (REACH_M + WALK_MPS * max(0.0, first.at - at), np.hypot(x - first.x, y - first.y))
            for at, x, y in [*others, *self._lost]
            if visitors.at - at <= OPEN_S
        ]
        return any(away <= most for most, away in reach)

    def _remember(self, visitors: Visitors) -> None:
        """Notes where everybody is, and who was lost inside or taken for somebody else."""
        over = {*visitors.gone, *(key for key, _ in visitors.merged)}
        for key in sorted(over & self._places.keys()):
            at, x, y = self._places[key]
            if not self.coverage.is_edge((x, y)):
                self._lost.append((at, x, y))
        self._lost = [lost for lost in self._lost[-MOST_OPEN:] if abs(visitors.at - lost[0]) <= OPEN_S]
        places = zip(visitors.seen_at.tolist(), *visitors.position_m.T.tolist(), strict=True) if len(visitors) else ()
        self._places = dict(zip(visitors.key.tolist(), places, strict=True))
        self._known &= self._places.keys()  # keys are never given twice


def one_person(apart_m: float, evidence: float, *, unseen: bool) -> float:
    """How likely two visitors side by side are one person, 0 to 1.

    Args:
        apart_m: how far apart they are, metres.
        evidence: what cameras say for it, natural logarithm of the odds; ``TWO`` where nothing is known.
        unseen: whether one of them is seen by nobody now.

    >>> round(one_person(0.2, 0.0, unseen=False), 2), round(one_person(0.7, TWO, unseen=False), 2)
    (0.69, 0.04)
    """
    if apart_m >= BESIDE_M:
        return 0.0
    odds = SIDE_BY_SIDE + DOUBT_TRUST * max(evidence, TWO) + UNSEEN * unseen - APART_PER_M2 * apart_m**2
    return 1.0 / (1.0 + exp(-odds))


def _doubles(visitors: Visitors, here: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    """How many of those who are here are expected to be doubles: no more than all but one of them."""
    rows = np.flatnonzero(here)
    if len(rows) < 2:
        return 0.0
    places = visitors.position_m[rows]
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    unseen = visitors.at - visitors.seen_at[rows] > UNSEEN_S
    keys = visitors.key[rows].tolist()
    likely = np.zeros(len(rows))
    for a, b in np.argwhere(np.triu(apart < BESIDE_M, 1)).tolist():
        evidence = visitors.doubts.get((keys[a], keys[b]), TWO)  # sorted by key, as the pairs of doubts are
        chance = one_person(float(apart[a, b]), evidence, unseen=bool(unseen[a] or unseen[b]))
        likely[b] = max(likely[b], chance)  # the younger of both is the double, and nobody is so twice
    return float(likely.sum())
