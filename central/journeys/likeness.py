"""How much two keyed codes speak for one person: Hamming distances to log-likelihood ratios."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from calibration.camera import Floats


@dataclass(frozen=True, slots=True)
class Likeness:
    """A straight line from the share of bits that differ to the logarithm of the likelihood ratio.

    Attributes:
        even: share at which it speaks neither for one person nor for two,
        slope: and how much it says for each whole unit of share less.
        strangers: share between two people in the median.
        most: it never says more than this, for or against: beyond, too few pairs were seen to know.
    """

    even: float
    slope: float
    strangers: float
    most: float = 4.0

    def evidence(self, shares: Floats, strangers: float | None = None) -> Floats:
        """Log-likelihood ratios, same person to two people, same shape.

        Args:
            shares: of bits that differ, 0 to 1.
            strangers: their median as seen here lately; light, cameras and model move all distances alike, and the
                line with them.
        """
        moved = 0.0 if strangers is None else strangers - self.strangers
        told: Floats = np.clip(self.slope * (self.even + moved - shares), -self.most, self.most)
        return told


LIKENESS = {256: Likeness(0.340, 26.1, 0.430), 512: Likeness(0.351, 27.5, 0.438)}
"""By bits, of the embedder osnet_x0_25_msmt17, for the means that boxes announce: of about six looks of who left and
two of who just came. Lines as ``python -m benchmarks.reid`` fits them on such means of crops from two cameras of
MultiviewX, medians of pairs of two people there (27 November 2026). Single crops give even shares of 0.383 and 0.393,
means of six on both sides 0.321 and 0.334; strangers are nearer then, too, and the line is moved with them."""

SEEN = 4096
"""Pairs of strangers remembered, newest first."""
ENOUGH = 256
"""With fewer, the given median is kept."""
MOST_MOVED = 0.06
"""Farther than this from the given median the line does not follow: something else is wrong then."""


@dataclass(slots=True)
class Strangers:
    """The median distance of people who cannot be one: numbers only, no codes."""

    usual: float
    _shares: deque[float] = field(default_factory=lambda: deque(maxlen=SEEN))

    def learn(self, shares: Floats) -> None:
        """Pairs whose times and places rule out that they are one person."""
        self._shares.extend(shares.ravel()[-SEEN:].tolist())

    @property
    def median(self) -> float:
        """Share of bits that differ, in the median."""
        if len(self._shares) < ENOUGH:
            return self.usual
        return float(np.clip(np.median(self._shares), self.usual - MOST_MOVED, self.usual + MOST_MOVED))
