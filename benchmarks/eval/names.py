"""Who is who on the floor, moment by moment: visitors beside true people, doubles and second names counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from edge.floor.rates import LONGEST_STEP_S, Twice

Floats = NDArray[np.float64]
NEAR_M = 1.0
"""A visitor this near to somebody is taken for them."""

Places = Iterable[tuple[float, Sequence[tuple[str, float, float]]]]
"""For every moment, its second and each visitor's token and place, metres."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Who was who at one moment.

    Attributes:
        at: seconds.
        visitors: tokens of everybody followed.
        person: by token, the true person that a visitor is: one each, and a pair stays while it is near.
        double: by token, the true person whom a visitor stands for though another visitor is them already.
    """

    at: float
    visitors: tuple[str, ...]
    person: Mapping[str, int]
    double: Mapping[str, int]


def matched(places: Places, true: Mapping[int, Floats]) -> Iterator[Moment]:
    """Visitors and people matched moment by moment as CLEAR does: a pair stays while it is near.

    Args:
        places: see there, in order of time.
        true: by person, (K, 3) second, x and y in metres, in order of time.
    """
    known: dict[str, int] = {}
    for at, visitors in places:
        here = people_at(true, at)
        tokens = {token: (x, y) for token, x, y in visitors}
        known = {t: p for t, p in known.items() if t in tokens and p in here and _apart(tokens[t], here[p]) <= NEAR_M}
        free = [token for token in tokens if token not in known]
        left = [person for person in here if person not in set(known.values())]
        cost = np.array([[_apart(tokens[token], here[person]) for person in left] for token in free])
        if cost.size:
            for row, column in zip(*linear_sum_assignment(np.minimum(cost, 4 * NEAR_M)), strict=True):
                if cost[row, column] <= NEAR_M:
                    known[free[row]] = left[column]
        double = {}
        for token in tokens.keys() - known.keys():
            near_m, person = min(((_apart(tokens[token], place), p) for p, place in here.items()), default=(np.inf, 0))
            if near_m <= NEAR_M:
                double[token] = person
        yield Moment(at, tuple(tokens), dict(known), double)


def people_twice(moments: Iterable[Moment]) -> Twice:
    """How often people were followed twice."""
    visitor_s = double_s = 0.0
    names: dict[int, set[str]] = defaultdict(set)
    begun: set[str] = set()
    settled: set[str] = set()
    fragments = 0
    before = None
    for moment in moments:
        step_s = 0.0 if before is None else min(LONGEST_STEP_S, moment.at - before)
        before = moment.at
        visitor_s += step_s * len(moment.visitors)
        double_s += step_s * len(moment.double)
        begun |= set(moment.visitors)
        for token, person in moment.person.items():
            names[person].add(token)
        is_who = {**moment.double, **moment.person}
        for token in is_who.keys() - settled:  # who a visitor is, is who they are first
            fragments += bool(names[is_who[token]] - {token})
        settled |= is_who.keys()
    return Twice(visitor_s, double_s, len(begun), fragments)


def people_at(true: Mapping[int, Floats], at: float) -> dict[int, tuple[float, float]]:
    """Where everybody is who is there at a moment."""
    return {
        person: (float(np.interp(at, way[:, 0], way[:, 1])), float(np.interp(at, way[:, 0], way[:, 2])))
        for person, way in true.items()
        if way[0, 0] <= at <= way[-1, 0]
    }


def _apart(one: tuple[float, float], other: tuple[float, float]) -> float:
    return float(np.hypot(one[0] - other[0], one[1] - other[1]))
