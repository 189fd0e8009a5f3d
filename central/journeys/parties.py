"""Who walks together: people who come and go within seconds of each other and keep side by side between.

A journey's path as the box simplified it strays 0.25 m at most from the places where somebody was each second, and
outlives these, so that a visit of an hour can be weighed when it ends.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from calibration.camera import Floats
from central.store import persons, walks
from central.store.persons import Companions
from central.store.store import Store
from central.store.walks import Walk

A_ROUND = 200
"""Journeys weighed at a time."""
LOOK_BACK_S = 3600.0
"""After a start, journeys that ended within this time are weighed (again)."""
NEAR_M = 3.0
"""Companions are seldom farther apart than this, metres;"""
BESIDE_M = 2.0
"""walking, they are side by side,"""
LIKE_M_S = 0.8
"""with velocities that differ by no more than this, metres a second."""
MOVING_M_S = 0.4


@dataclass(frozen=True, slots=True)
class PartyRules:
    """When people are together.

    Attributes:
        enter_s: others who come farther apart than this are not weighed, seconds,
        least_s: nor are those who were on the floor together for less.
        constant: of the log-odds that two are together, which gain
        near: so much by the share of the time either was there in which they were near,
        beside: so much by the share of the time both moved in which they went side by side,
        entering: and for each doubling (in natural logarithms) of a second between their coming,
        leaving: and their going.
        confidence: less probable pairs are not told.
        most: no party is larger.
    """

    enter_s: float = 8.0
    least_s: float = 20.0
    constant: float = -1.3
    near: float = 4.9
    beside: float = 2.9
    entering: float = -1.2
    leaving: float = -0.4
    confidence: float = 0.6
    most: int = 8


RULES = PartyRules()
"""Fitted by logistic regression on 629 pairs of the twin who came within 8 s of each other (seeds 3 and 4, 10 and 30
parties a minute, 700 s; positions off by 0.15 m, tracks begun up to 3 s late; 26 November 2026). What they are worth on
other days of the twin is tested. Shops and doors of a real mall may be wider: fit anew where it matters."""


def togetherness(one: Walk, other: Walk, rules: PartyRules = RULES) -> float:
    """The probability that two came together; 0 for who came too far apart, or was there together too short."""
    start, end = max(one.entered_at, other.entered_at), min(one.left_at, other.left_at)
    apart_s = abs(one.entered_at - other.entered_at)
    if one.floor != other.floor or apart_s > rules.enter_s or end - start < rules.least_s:
        return 0.0
    either_s = max(one.left_at, other.left_at) - min(one.entered_at, other.entered_at)
    seconds = np.arange(start, end, 1.0)
    places = [_places(walk.path, seconds) for walk in (one, other)]
    velocities = [np.gradient(place, axis=0) for place in places]
    apart_m = np.hypot(*(places[0] - places[1]).T)
    unlike_m_s = np.hypot(*(velocities[0] - velocities[1]).T)
    moving = np.logical_and(*(np.hypot(*velocity.T) > MOVING_M_S for velocity in velocities))
    beside = moving & (apart_m < BESIDE_M) & (unlike_m_s < LIKE_M_S)
    odds = (
        rules.constant
        + rules.near * float(np.count_nonzero(apart_m < NEAR_M)) / either_s
        + rules.beside * float(np.count_nonzero(beside)) / max(1, int(np.count_nonzero(moving)))
        + rules.entering * math.log1p(apart_s)
        + rules.leaving * math.log1p(abs(one.left_at - other.left_at))
    )
    return 1 / (1 + math.exp(-odds))


def _places(path: Floats, seconds: Floats) -> Floats:
    """(N, 2) where somebody was, metres."""
    return np.column_stack([np.interp(seconds, path[:, 0], path[:, axis]) for axis in (1, 2)])


class Parties:
    """Weighs journeys as they end, against those that began beside them.

    Args:
        store: the truth.
        rules: when people are together.
    """

    def __init__(self, store: Store, rules: PartyRules = RULES) -> None:
        self._store = store
        self._rules = rules
        self._row: int | None = None

    def update(self, now: float) -> int:
        """How many pairs were found to be together; at most ``A_ROUND`` journeys are weighed in one round."""
        database, site = self._store.database, self._store.site
        newest = walks.newest_row(database)
        if self._row is None or newest < self._row:  # rows are numbered anew where the table was emptied
            fresh = walks.stored_after(database, site, 0, now - LOOK_BACK_S, A_ROUND)
        else:
            fresh = walks.stored_after(database, site, self._row, 0.0, A_ROUND)
        if not fresh:
            self._row = newest
            return 0
        self._row = fresh[-1].row
        pairs = [pair for walk in fresh for pair in self._pairs(walk)]
        return persons.join(database, site, pairs, self._rules.most, now) if pairs else 0

    def _pairs(self, walk: Walk) -> list[Companions]:
        beside = walks.entered_between(
            self._store.database,
            self._store.site,
            walk.floor,
            walk.entered_at - self._rules.enter_s,
            walk.entered_at + self._rules.enter_s,
        )
        told = [(other, togetherness(walk, other, self._rules)) for other in beside if other.visitor != walk.visitor]
        return [
            Companions(walk.visitor, other.visitor, round(share, 3))
            for other, share in told
            if share >= self._rules.confidence
        ]
