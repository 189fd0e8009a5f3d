"""Crossings that no camera saw both sides of: who appears at a door out of the blind has come in by it, and so on.

A tripwire needs to see somebody on either side. At an entrance behind which a wall or the picture's edge hides people,
they are first seen on the threshold or a step beyond, and last seen a step before it. Nobody comes out of nothing:
where ground that no camera watches lies near such a place on one side of the line only, that is where they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.geometry import Line
from edge.floor.coverage import Coverage
from edge.floor.visitors import Floats, Sample
from edge.journeys.tripwire import HYSTERESIS_M, NEAR_M, Crossing

REACH_M = 1.2
"""Who is first or last seen no farther from a line than this may have come or gone by it."""
HIDING_M = 0.3
"""Blind ground must lie at least so far beyond the line, or it is the line's own trembling."""
HIDING_PLACES = 3
"""It takes so many blind places of those probed,"""
HIDING_SHARE = 0.25
"""and on the other side no more than this share of them."""
ADVANCE_M = 0.4
"""How far from the line an arrival must have walked since: more than a foot point trembles."""
ARRIVE_S = 3.0
"""How soon."""
LEAVE_MPS = 0.3
"""How fast somebody who leaves walks towards the line."""
LEAVE_S = 1.5
"""How soon they must have reached it."""
RECENT_S = 1.0
"""Over how long that speed is taken."""

_ANGLES = np.arange(12) * np.pi / 6
PROBES_M: Floats = np.concatenate(
    [radius * np.column_stack([np.cos(_ANGLES), np.sin(_ANGLES)]) for radius in (0.5, 0.8, 1.1, 1.4)]
)
"""(48, 2) where we look about a place for blind ground, metres."""


@dataclass(frozen=True, slots=True)
class Doors:
    """The lines of a floor, and what is watched about them."""

    lines: tuple[Line, ...]
    coverage: Coverage

    def arrived(self, first: Sample, now: Sample) -> tuple[str, Crossing] | None:
        """The line, and its crossing, of somebody new who was first seen near it and has walked away from it."""
        seconds = now.at - first.at
        if not 0 < seconds <= ARRIVE_S:
            return None
        for line in self.lines:
            start, end = _across_m(line, first), _across_m(line, now)
            ahead = 1.0 if end > start else -1.0
            start_m, end_m = ahead * start, ahead * end
            if not -NEAR_M <= start_m <= REACH_M or end_m < max(HYSTERESIS_M, start_m + ADVANCE_M):
                continue
            at = first.at - start_m * seconds / (end_m - start_m)
            if _leads_through(line, first, now, at) and self._hides(line, first, -ahead):
                return line.id, Crossing(first.key, "in" if ahead > 0 else "out", at)
        return None

    def departed(self, recent: Sequence[Sample]) -> tuple[str, Crossing] | None:
        """The line, and its crossing, of somebody who was walking to it when last seen."""
        last = recent[-1]
        before = next(sample for sample in recent if last.at - sample.at <= RECENT_S)
        seconds = last.at - before.at
        if seconds <= 0:
            return None
        for line in self.lines:
            start, end = _across_m(line, before), _across_m(line, last)
            ahead = 1.0 if end > start else -1.0
            left_m, speed_mps = -ahead * end, abs(end - start) / seconds
            if not -NEAR_M <= left_m <= REACH_M or speed_mps < LEAVE_MPS or left_m > LEAVE_S * speed_mps:
                continue
            at = last.at + left_m / speed_mps
            if _leads_through(line, before, last, at) and self._hides(line, last, ahead):
                return line.id, Crossing(last.key, "in" if ahead > 0 else "out", at)
        return None

    def _hides(self, line: Line, place: Sample, side: float) -> bool:
        """Whether blind ground lies near a place on that side of the line, 1 inside or -1 outside, and only there."""
        probes = np.array([place.x, place.y]) + PROBES_M
        across = side * ((probes - line.ends_m[0]) @ line.in_normal)
        blind = self.coverage.watching(probes) == 0
        beyond = int((blind & (across > HIDING_M)).sum())
        return beyond >= HIDING_PLACES and int((blind & (across < 0)).sum()) <= HIDING_SHARE * beyond


def _across_m(line: Line, place: Sample) -> float:
    """How far a place lies from a line, metres, positive inside."""
    return float((np.array([place.x, place.y]) - line.ends_m[0]) @ line.in_normal)


def _leads_through(line: Line, first: Sample, second: Sample, at: float) -> bool:
    """Whether the way from one sighting to another, carried on to that time, meets the line between its ends.

    What nobody saw gets no margin beside them.
    """
    share = (at - first.at) / (second.at - first.at)
    place = np.array([first.x + share * (second.x - first.x), first.y + share * (second.y - first.y)])
    along = line.ends_m[1] - line.ends_m[0]
    length = float(np.hypot(*along))
    return 0 <= float((place - line.ends_m[0]) @ along) / length <= length
