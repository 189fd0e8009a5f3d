"""How often a camera is worth a look: always while people walk, half as often in a slow crowd, else now and then."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.detect.pace_kernels import fast_heights

Floats32 = npt.NDArray[np.float32]

FASTER = 0.8
"""A crowd is as fast as the slowest of the faster fifth."""


@dataclass(frozen=True, slots=True)
class PaceSettings:
    """What the scene has to be like.

    Attributes:
        crowd: so many people are a crowd.
        slow_heights: people who move fewer of their own heights a second are slow; walking is about 0.8.
        crowd_interval_s: a slow crowd is looked at this often; the tracker bridges the pictures between.
        rest_s: after so long without motion the camera may rest, whoever stands there: nobody stirs unseen, and a
            mannequin never does.
    """

    crowd: int = 6
    slow_heights: float = 0.3
    crowd_interval_s: float = 0.25
    rest_s: float = 1.2


class Pace:
    """One camera's pace.

    Attributes:
        interval_s: least time between two analysed pictures; 0 takes every picture.
    """

    def __init__(self, settings: PaceSettings | None = None) -> None:
        self.settings = settings or PaceSettings()
        self.interval_s = 0.0
        self._analysed_at = -math.inf
        self._busy_at = -math.inf
        self._people: Floats32 = np.zeros((0, 4), np.float32)

    def due(self, now: float) -> bool:
        """Whether a picture taken at ``now`` comes late enough after the last analysed one."""
        # a tenth of slack: cameras' intervals jitter
        return not 0.0 <= now - self._analysed_at < 0.9 * self.interval_s

    def late(self, now: float, usual_s: float) -> float:
        """How many of its own intervals a camera has waited, for fairness; ``usual_s`` is a picture's interval."""
        return (now - self._analysed_at) / max(self.interval_s, usual_s)

    def moved(self, now: float) -> None:
        """Something moved."""
        self._busy_at = now

    def resting(self, now: float) -> bool:
        """Whether nothing has happened for so long that the camera need not even be decoded."""
        return now - self._busy_at > self.settings.rest_s

    def learn(self, now: float, people_xyxy: Floats32) -> None:
        """Takes note of an analysed picture's people (N, 4)."""
        elapsed_s = now - self._analysed_at
        slow = len(people_xyxy) >= self.settings.crowd and 0 < elapsed_s < 1.0 and len(self._people) > 0
        if slow:
            slow = speed_heights(self._people, people_xyxy, elapsed_s) < self.settings.slow_heights
        self.interval_s = self.settings.crowd_interval_s if slow else 0.0
        self._people = people_xyxy.copy()
        self._analysed_at = now


def speed_heights(before: Floats32, after: Floats32, elapsed_s: float) -> float:
    """How fast the faster people are, in their own heights a second.

    A quantile of how far each box's foot (N, 4) is from the nearest one before; somebody without a box near
    before counts as fast.
    """
    return fast_heights(before, after, FASTER) / elapsed_s
