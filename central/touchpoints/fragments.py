"""Tracks that end and begin anew: which new visitor is one who was lost near there a moment before.

A box gives somebody whom it lost a new id. Two ids of a floor are taken for one person where the first ended shortly
before the second began, near enough to have walked there, and no other pair explains either nearly as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

GAP_S = 20.0
"""Longer gaps are not bridged."""
STAYS = (0.6, 0.5)
"""(share, standard deviation per axis, m) of who stood when they were lost, and still does: both positions' noise."""
WALKS_M_S = 0.8
"""How much further off the others appear, a second."""
BACKGROUND = 0.002
"""Tracks that begin for other reasons in ``GAP_S``, per square metre."""
AROUND_M = 3.0
LATELY_S = 600.0
"""Where many began lately within that distance, a door or escalator is near, and one more proves little."""
LEAST = 0.8
WAITS_S = 4.0
"""A track is known to have ended when it was not seen for so long."""


@dataclass(frozen=True, slots=True)
class End:
    """Where and when a track began or ended: metres, seconds since 1970."""

    visitor: int
    at: float
    x: float
    y: float


def heirs(ended: list[End], begun: list[End], lately: list[End]) -> list[tuple[int, int]]:
    """(visitor, who they were before) of those who are surely the same; nobody twice on either side.

    Args:
        ended: tracks not followed by any so far.
        begun: tracks that began a moment ago.
        lately: all that began in the last ``LATELY_S``.
    """
    odds: dict[tuple[int, int], float] = {}
    for new in begun:
        crowd = sum(math.hypot(one.x - new.x, one.y - new.y) < AROUND_M for one in lately) - 1
        background = BACKGROUND + max(crowd, 0) * GAP_S / (LATELY_S * math.pi * AROUND_M**2)
        for old in ended:
            gap = new.at - old.at
            if 0.0 < gap <= GAP_S:
                apart = (new.x - old.x) ** 2 + (new.y - old.y) ** 2
                walked = STAYS[1] ** 2 + (WALKS_M_S * gap) ** 2
                density = STAYS[0] * _gaussian(apart, STAYS[1] ** 2) + (1 - STAYS[0]) * _gaussian(apart, walked)
                if density / background > 0.05:
                    odds[new.visitor, old.visitor] = density / background
    of_new: dict[int, float] = {}
    of_old: dict[int, float] = {}
    for (new_visitor, old_visitor), found in odds.items():
        of_new[new_visitor] = of_new.get(new_visitor, 0.0) + found
        of_old[old_visitor] = of_old.get(old_visitor, 0.0) + found
    return [
        (new_visitor, old_visitor)
        for (new_visitor, old_visitor), found in odds.items()
        if found / (1.0 + max(of_new[new_visitor], of_old[old_visitor])) >= LEAST
    ]


def _gaussian(square: float, variance: float) -> float:
    return math.exp(-0.5 * square / variance) / (2 * math.pi * variance)
