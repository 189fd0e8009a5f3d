"""A walk as a uniform cubic B-spline in x and y over time: cameras may look at it whenever they like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Floats

DEGREE = 3
TO_POWERS = np.array([[1, 4, 1, 0], [-3, 0, 3, 0], [3, -6, 3, 0], [-1, 3, -3, 1]]) / 6.0
"""A segment's four coefficients to powers of the share of it that has passed (de Boor, 1978)."""


@dataclass(frozen=True, slots=True)
class Knots:
    """Where a spline's segments begin.

    Attributes:
        start_s: of the first segment.
        step_s: length of each.
        segments: how many.
    """

    start_s: float
    step_s: float
    segments: int

    @property
    def coefficients(self) -> int:
        """How many coefficients a coordinate has."""
        return self.segments + DEGREE

    def basis(self, time_s: Floats) -> tuple[NDArray[np.int64], Floats, Floats]:
        """First of the four coefficients that count at (N,) seconds, their (N, 4) weights, and weights of the velocity.

        Outside the spline the nearest of its ends counts.
        """
        at = np.clip((np.asarray(time_s) - self.start_s) / self.step_s, 0.0, self.segments - 1e-9)
        first = at.astype(np.int64)
        share = at - first
        powers = np.stack([np.ones_like(share), share, share**2, share**3], 1)
        slopes = np.stack([np.zeros_like(share), np.ones_like(share), 2 * share, 3 * share**2], 1)
        return first, powers @ TO_POWERS, slopes @ TO_POWERS / self.step_s

    def values(self, coefficients: Floats, time_s: Floats) -> tuple[Floats, Floats]:
        """(N, 2) metres and (N, 2) metres a second at (N,) seconds, from (M, 2) coefficients."""
        first, weights, slopes = self.basis(time_s)
        near = coefficients[first[:, None] + np.arange(DEGREE + 1)]
        return np.einsum("nk,nkd->nd", weights, near), np.einsum("nk,nkd->nd", slopes, near)


def knots_over(first_s: float, last_s: float, step_s: float, slack_s: float) -> Knots:
    """Knots that cover a span and some slack before and after it."""
    start = first_s - slack_s
    return Knots(start, step_s, max(1, int(np.ceil((last_s + slack_s - start) / step_s))))
