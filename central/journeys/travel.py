"""How long ways out of sight take: log-normal, given at first, then learned from people followed with confidence."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from calibration.camera import Floats

GATE_SIGMAS = 4.0
"""Times farther than this from the median, in standard deviations of the logarithm, are impossible,"""
SLACK_S = 3.0
"""give or take what clocks of two boxes and the ends of tracks may be off, seconds."""
STRAY_SHARE = 0.05
"""People who stop on the way, or hurry: anywhere within the gate."""
REMEMBERED = 300
WEIGHT_GIVEN = 20.0
"""The given times count like so many people followed."""
MOST_MOVED = math.log(2.0)
"""The median is followed to half and to twice what was given,"""
LEAST_SPREAD, MOST_SPREAD = 1 / 3, 3.0
"""and the spread to a third and to three times it, never below ``LEAST_SIGMA``."""
LEAST_SIGMA = 0.04
MAD_TO_SIGMA = 1.4826

_erf = np.vectorize(math.erf, otypes=[np.float64])


@dataclass(slots=True)
class TravelTime:
    """The time one way takes, in one direction.

    Args:
        usual_s: median, seconds.
        spread_s: one standard deviation, seconds.
    """

    usual_s: float
    spread_s: float
    _logs: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _mu: float = field(init=False)
    _sigma: float = field(init=False)

    def __post_init__(self) -> None:
        """Begins with what was given."""
        self._fit()

    @property
    def median_s(self) -> float:
        """Seconds."""
        return math.exp(self._mu)

    @property
    def sigma(self) -> float:
        """Standard deviation of the natural logarithm."""
        return self._sigma

    @property
    def gate_s(self) -> tuple[float, float]:
        """Shortest and longest time that is possible, seconds."""
        reach = GATE_SIGMAS * self._sigma
        return max(0.0, math.exp(self._mu - reach) - SLACK_S), math.exp(self._mu + reach) + SLACK_S

    def learn(self, seconds: float) -> None:
        """Somebody who was followed with confidence took so long."""
        if seconds > 0:
            self._logs.append(math.log(seconds))
            self._fit()

    def density(self, seconds: Floats) -> Floats:
        """Probability density of the times, 1/s; 0 outside the gate; same shape."""
        low, high = self.gate_s
        inside = (seconds >= low) & (seconds <= high) & (seconds > 0)
        safe = np.where(inside, seconds, self.median_s)
        off = (np.log(safe) - self._mu) / self._sigma
        bell = np.exp(-0.5 * off * off) / (safe * self._sigma * math.sqrt(2 * math.pi))
        found: Floats = np.where(inside, (1 - STRAY_SHARE) * bell + STRAY_SHARE / (high - low), 0.0)
        return found

    def arrived(self, seconds: Floats) -> Floats:
        """Share of people who have arrived after so many seconds, same shape."""
        low, high = self.gate_s
        off = (np.log(np.maximum(seconds, 1e-9)) - self._mu) / self._sigma
        bell = 0.5 * (1 + _erf(off / math.sqrt(2)))
        stray = np.clip((seconds - low) / (high - low), 0.0, 1.0)
        found: Floats = (1 - STRAY_SHARE) * bell + STRAY_SHARE * stray
        return found

    def _fit(self) -> None:
        """Median and median deviation of what was seen, weighed against what was given."""
        mu, sigma = math.log(self.usual_s), math.sqrt(math.log1p((self.spread_s / self.usual_s) ** 2))
        seen = len(self._logs)
        if seen:
            middle = float(np.median(self._logs))
            deviation = MAD_TO_SIGMA * float(np.median(np.abs(np.array(self._logs) - middle)))
            share = seen / (seen + WEIGHT_GIVEN)
            mu += share * float(np.clip(middle - mu, -MOST_MOVED, MOST_MOVED))
            sigma = (1 - share) * sigma + share * float(np.clip(deviation, LEAST_SPREAD * sigma, MOST_SPREAD * sigma))
        self._mu, self._sigma = mu, max(sigma, LEAST_SIGMA)
