"""The way a visitor took, kept short while it grows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from contract.events import MAX_PATH_POINTS
from edge.journeys.kernels import Floats, simplify


@dataclass(frozen=True, slots=True)
class PathSettings:
    """How paths are simplified.

    Attributes:
        tolerance_m: a simplified path strays no farther than this from the one walked, metres.
        raw_points: points gathered before the path is simplified.
        step_m: points closer together than this are not kept, metres, unless `pause_s` passed.
        pause_s: seconds.
    """

    tolerance_m: float = 0.25
    raw_points: int = 128
    step_m: float = 0.1
    pause_s: float = 5.0


@dataclass(slots=True)
class Path:
    """Points of one visitor's way, seconds and metres; the last one is always its latest place."""

    settings: PathSettings = field(default_factory=PathSettings)
    points: list[tuple[float, float, float]] = field(default_factory=list)
    _settled: int = field(default=0, init=False, repr=False)

    def add(self, at: float, x_m: float, y_m: float) -> None:
        """The visitor was seen there."""
        own = self.settings
        if len(self.points) >= 2:
            before = self.points[-2]
            near = (x_m - before[1]) ** 2 + (y_m - before[2]) ** 2 < own.step_m**2
            if near and at - before[0] < own.pause_s:
                self.points.pop()
        self.points.append((at, x_m, y_m))
        if len(self.points) - self._settled > own.raw_points:
            start = max(0, self._settled - 1)
            tail = _simplified(self.points[start:], own.tolerance_m / 2)
            self.points[start:] = tail
            self._settled = len(self.points)

    def simplified(self) -> list[tuple[float, float, float]]:
        """The path as it goes on the wire: no farther than the tolerance from all of it, and never too long."""
        tolerance = self.settings.tolerance_m / 2
        points = _simplified(self.points, tolerance)
        while len(points) > MAX_PATH_POINTS:
            tolerance *= 2
            points = _simplified(points, tolerance)
        return points


def _simplified(points: list[tuple[float, float, float]], tolerance_m: float) -> list[tuple[float, float, float]]:
    keep = simplify(np.array(points, np.float64).reshape(-1, 3), tolerance_m)
    return [point for point, kept in zip(points, keep.tolist(), strict=True) if kept]


def length_m(points: list[tuple[float, float, float]]) -> float:
    """Metres along a path."""
    array: Floats = np.array(points, np.float64).reshape(-1, 3)
    return float(np.hypot(*np.diff(array[:, 1:], axis=0).T).sum())
