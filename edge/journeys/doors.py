"""Doors with a side that no camera watches: who appears there has come in by it, who vanishes there has gone out by it.

A tripwire needs to see both sides; at an entrance whose outside lies behind a wall people are seen from the sill on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.geometry import Line
from edge.floor.coverage import Coverage
from edge.floor.visitors import Sample
from edge.journeys.tripwire import END_MARGIN_M, HYSTERESIS_M, NEAR_M, Crossing, Direction

PROBES_M = (0.8, 1.2, 1.6)
"""How far beyond a line we look whether anything is watched there."""
WATCHED_SHARE = 0.5
"""A side of which less than this is watched is blind."""
REACH_M = 1.2
"""Who is first or last seen no farther from a blind side's line than this may have come or gone by it."""
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


@dataclass(frozen=True, slots=True)
class BlindDoor:
    """A line with a blind side.

    Attributes:
        line: its id.
        origin: its first end, metres.
        along: unit vector along it.
        length: metres.
        ahead: unit vector across it towards the side that is watched.
        arrival: direction of who comes out of the blind.
        departure: direction of who goes into it.
    """

    line: str
    origin: tuple[float, float]
    along: tuple[float, float]
    length: float
    ahead: tuple[float, float]
    arrival: Direction
    departure: Direction

    def depth_m(self, sample: Sample) -> float:
        """How far from the line on the watched side, metres; negative beyond it."""
        return (sample.x - self.origin[0]) * self.ahead[0] + (sample.y - self.origin[1]) * self.ahead[1]

    def arrived(self, first: Sample, now: Sample) -> Crossing | None:
        """The crossing of somebody whose first sighting was near the line and who has walked away from it."""
        start_m, depth_m, seconds = self.depth_m(first), self.depth_m(now), now.at - first.at
        if not -NEAR_M <= start_m <= REACH_M or not 0 < seconds <= ARRIVE_S:
            return None
        if depth_m < max(HYSTERESIS_M, start_m + ADVANCE_M):
            return None
        at = first.at - start_m * seconds / (depth_m - start_m)
        return self._crossing(first, now, at, self.arrival)

    def departed(self, recent: Sequence[Sample]) -> Crossing | None:
        """The crossing of somebody who was walking to the line when last seen."""
        last = recent[-1]
        before = next(sample for sample in recent if last.at - sample.at <= RECENT_S)
        seconds = last.at - before.at
        left_m = self.depth_m(last)
        if seconds <= 0 or not -NEAR_M <= left_m <= REACH_M:
            return None
        speed_mps = (self.depth_m(before) - left_m) / seconds
        if speed_mps < LEAVE_MPS or left_m / speed_mps > LEAVE_S:
            return None
        return self._crossing(before, last, last.at + left_m / speed_mps, self.departure)

    def _crossing(self, first: Sample, second: Sample, at: float, direction: Direction) -> Crossing | None:
        """The crossing, if the way from one sighting to the other leads through the door at that time."""
        share = (at - first.at) / (second.at - first.at)
        x = first.x + share * (second.x - first.x) - self.origin[0]
        y = first.y + share * (second.y - first.y) - self.origin[1]
        place = x * self.along[0] + y * self.along[1]
        if not -END_MARGIN_M <= place <= self.length + END_MARGIN_M:
            return None
        return Crossing(first.key, direction, at)


def blind_doors(lines: Sequence[Line], coverage: Coverage) -> list[BlindDoor]:
    """Those of the lines that have exactly one side unwatched."""
    doors = []
    for line in lines:
        blind = {side: _is_blind(line, side, coverage) for side in (1, -1)}
        if blind[1] == blind[-1]:
            continue
        watched = -1 if blind[1] else 1
        along = line.ends_m[1] - line.ends_m[0]
        length = float(np.hypot(*along))
        x, y = (along / length).tolist()
        ahead_x, ahead_y = (watched * line.in_normal).tolist()
        arrival, departure = ("in", "out") if watched == 1 else ("out", "in")
        origin_x, origin_y = line.ends_m[0].tolist()
        doors.append(
            BlindDoor(line.id, (origin_x, origin_y), (x, y), length, (ahead_x, ahead_y), arrival, departure)  # type: ignore[arg-type]
        )
    return doors


def _is_blind(line: Line, side: int, coverage: Coverage) -> bool:
    """Whether next to nothing is watched beyond a line on its inner (1) or outer (-1) side."""
    spots = [line.ends_m[0] + share * (line.ends_m[1] - line.ends_m[0]) for share in (0.1, 0.3, 0.5, 0.7, 0.9)]
    probes = np.array([spot + side * reach * line.in_normal for spot in spots for reach in PROBES_M])
    return bool((coverage.watching(probes) > 0).mean() < WATCHED_SHARE)
