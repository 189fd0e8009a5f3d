"""Means and quantiles of seconds that no single visit decides."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import betainc

from central.insight.figure import FEW, Z_95, Figure
from central.insight.suppression import Marks, Suppression

Floats = npt.NDArray[np.float64]

TRIMMED = 0.05
"""Share of the longest and of the shortest visits that count as the next longer or shorter, at least one of each."""
EDGE = 6.0
"""Order statistics farther from a quantile than so many standard deviations weigh nothing."""


class Durations:
    """Figures about a sample of seconds, off by about as much as two people more or less would make them.

    A quantile is Harrell and Davis's (1982): a mean of all order statistics, weighted by how likely each is the
    quantile, so that nobody's own value is told; it is taken at a rank that is off by the noise of a count. A mean is
    off by the noise of a count times the sample's spread, shared by all. The sample is winsorised first.

    Args:
        seconds: (N,) the sample.
        people: published count of different people, 0 where withheld.
        suppression: gives the noise.
        cell_key: the people's.
        figure: names the figure.
        marks: both ends of the window.
    """

    def __init__(  # noqa: PLR0917 - a sample, its people, and what names it
        self,
        seconds: Floats,
        people: int,
        suppression: Suppression,
        cell_key: int,
        figure: str,
        marks: Marks,
    ) -> None:
        self._people = people
        self._ordered = _winsorised(np.sort(seconds)) if people > 0 else np.zeros(0)
        number = max(len(self._ordered), 1)
        if people > 0:
            names = [f"{figure} {part}" for part in ("middle", "lower", "upper", "mean")]
            keys = suppression.figure_keys(names)
            with np.errstate(over="ignore"):
                self._off = suppression.noise(keys + np.uint64(cell_key), names, marks) / number

    def quantile(self, share: float) -> Figure:
        """A quantile with the interval of its order statistics (David and Nagaraja, Order Statistics, 7.1)."""
        if self._people <= 0 or len(self._ordered) == 0:
            return FEW
        half = Z_95 * np.sqrt(share * (1 - share) / self._people)
        low, middle, high = (self._at(share + part + self._off[0]) for part in (-half, 0.0, half))
        return Figure(round(middle), self._people, round(low), round(high))

    def mean(self) -> Figure:
        """The mean with its normal interval."""
        if self._people <= 0 or len(self._ordered) == 0:
            return FEW
        spread = (self._at(0.84 + self._off[2]) - self._at(0.16 + self._off[1])) / 2
        middle = float(self._ordered.mean())
        middle = max(middle + spread * float(self._off[3]), 0.0)
        half = Z_95 * spread / np.sqrt(self._people)
        return Figure(round(middle), self._people, round(max(middle - half, 0.0)), round(middle + half))

    def _at(self, share: float) -> float:
        """Harrell and Davis's quantile; shares outside 1 in 2 N of the ends are taken there."""
        number = len(self._ordered)
        share = float(np.clip(share, 0.5 / number, 1 - 0.5 / number))
        a, b = share * (number + 1), (1 - share) * (number + 1)
        reach = EDGE * np.sqrt(share * (1 - share) / (number + 2)) * number + 2
        first, last = max(int(share * number - reach), 0), min(int(share * number + reach) + 1, number)
        weights = np.diff(betainc(a, b, np.arange(first, last + 1) / number))
        return float(weights @ self._ordered[first:last] / weights.sum())


def _winsorised(ordered: Floats) -> Floats:
    number = len(ordered)
    edge = min(max(1, int(TRIMMED * number)), (number - 1) // 2)
    return np.clip(ordered, ordered[edge], ordered[-1 - edge]) if number else ordered
