"""What speaks for a sighting being somebody's: log-likelihood ratios over natural logarithms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, pi

import numpy as np

from edge.floor.kernels import mahalanobis
from edge.floor.visitors import Floats


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """What a place says.

    Attributes:
        slack_m: what two positions of one person differ by besides, metres, one standard deviation.
        wild_share: this share of a camera's positions
        wild_m: is off by so much more: half hidden people, boxes around two. Metres.
    """

    slack_m: float = 0.1
    wild_share: float = 0.1
    wild_m: float = 0.8


def density(a_m: Floats, a_cov: Floats, b_m: Floats, b_cov: Floats, settings: EvidenceSettings) -> Floats:
    """How well places fit each other, a mixture of honest and wild ones.

    Args:
        a_m: (N, 2) metres.
        a_cov: (N, 2, 2) square metres.
        b_m: (M, 2) metres.
        b_cov: (M, 2, 2) square metres.
        settings: see there.

    Returns:
        (N, M) logarithms of densities over a square metre.
    """
    # one layout, one compiled kernel
    a_m, a_cov, b_m, b_cov = (np.ascontiguousarray(each, np.float64) for each in (a_m, a_cov, b_m, b_cov))
    parts = []
    for share, spread_m in ((1 - settings.wild_share, 0.0), (settings.wild_share, settings.wild_m)):
        squared, blur = mahalanobis(a_m, a_cov, b_m, b_cov, float(np.hypot(settings.slack_m, spread_m)))
        parts.append(log(share) - 0.5 * squared - np.log(2 * pi * blur))
    return np.logaddexp(*parts)


def reunion(gap_m2: float, spreads: Sequence[tuple[float, float]], newcomers_per_m2: float) -> float:
    """Log-likelihood ratio that somebody new at a place is somebody lost before, rather than a newcomer.

    Args:
        gap_m2: squared distance from where the lost one is expected, square metres.
        spreads: how that expectation may be off: share of such cases, and variance along each axis, square metres.
        newcomers_per_m2: how likely somebody new turns up on a square metre there.
    """
    parts = [log(share) - 0.5 * gap_m2 / variance - log(2 * pi * variance) for share, variance in spreads if share > 0]
    return float(np.logaddexp.reduce(parts)) - log(newcomers_per_m2)
