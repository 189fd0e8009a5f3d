"""Tracks that end and begin anew: which new visitor is one who was lost near there a moment before.

A box gives somebody whom it lost a new id. Two ids of a floor are taken for one person where the first ended shortly
before the second began, near enough to have walked there, and no other pair explains either nearly as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

GAP_S = 20.0
"""Longer gaps are not bridged."""
SPREAD_M = 0.4
"""Standard deviation per axis of where somebody appears again after no time at all: noise of both positions."""
WANDERS_M_S = 0.5
"""How much that grows a second: most who are lost stand or stroll."""
BACKGROUND = 0.004
"""Tracks that begin for other reasons, per square metre in such a time: doors, and people lost elsewhere."""
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


def heirs(ended: list[End], begun: list[End]) -> list[tuple[int, int]]:
    """(visitor, who they were before) of those who are surely the same; nobody twice on either side."""
    odds: dict[tuple[int, int], float] = {}
    for new in begun:
        for old in ended:
            gap = new.at - old.at
            if 0.0 < gap <= GAP_S:
                variance = SPREAD_M**2 + (WANDERS_M_S * gap) ** 2
                apart = (new.x - old.x) ** 2 + (new.y - old.y) ** 2
                found = math.exp(-0.5 * apart / variance) / (2 * math.pi * variance) / BACKGROUND
                if found > 0.05:
                    odds[new.visitor, old.visitor] = found
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
