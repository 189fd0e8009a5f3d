"""Which visitor was at the place of a check-in: pure, from positions around the place and time.

Each visitor's distance is the median over the moments around the check-in, since who checks in stands still. A Gaussian
likelihood of that distance, against everybody else's and a chance that it was nobody we saw, gives the confidence.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

WINDOW_S = 2.5
"""Positions this long before and after the check-in count."""
LEAST_SIGHTINGS = 2
"""Moments at which a candidate must have been seen in the window."""
RADIUS_M = 2.0
"""Nobody further from the place is a candidate."""
MARGIN_M = 0.8
"""The second nearest must be this much further away."""
SPREAD_M = 0.6
"""Standard deviation of a position against the place: tracking, and how far one stands from a code on the wall."""
NOBODY = 0.02
"""Likelihood that the person is none we saw: as if somebody stood about 2.8 spreads away."""
LEAST_CONFIDENCE = 0.8

Sighting = tuple[float, str, float, float]
"""Instant, visitor, x, y."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """The visitor that a check-in belongs to.

    Attributes:
        distance_m: median distance from the place, 0 inside a zone.
        runner_up_m: the same of the second nearest, None where there was none.
        confidence: 0 to 1.
    """

    visitor: str
    distance_m: float
    runner_up_m: float | None
    confidence: float


def by_point(sightings: Sequence[Sighting], x: float, y: float) -> Candidate | str:
    """The visitor that stood at the point, or why nobody can be named."""
    distances: dict[str, list[float]] = defaultdict(list)
    for _, visitor, at_x, at_y in sightings:
        distances[visitor].append(math.hypot(at_x - x, at_y - y))
    return _choice({visitor: float(np.median(all_m)) for visitor, all_m in distances.items()}, distances)


def by_zone(sightings: Sequence[Sighting], inside: npt.NDArray[np.bool_]) -> Candidate | str:
    """The only visitor of a zone, or why nobody can be named.

    Args:
        sightings: N sightings.
        inside: (N,) whether each lies in the zone.
    """
    within: dict[str, list[float]] = defaultdict(list)
    for (_, visitor, _, _), is_inside in zip(sightings, inside.tolist(), strict=True):
        if is_inside:
            within[visitor].append(0.0)
    return _choice(dict.fromkeys(within, 0.0), within)


def _choice(distance_m: dict[str, float], seen: dict[str, list[float]]) -> Candidate | str:
    near = sorted((d, visitor) for visitor, d in distance_m.items() if d <= RADIUS_M + MARGIN_M)
    if not near or near[0][0] > RADIUS_M:
        return "nobody there"
    nearest_m, visitor = near[0]
    if len(seen[visitor]) < LEAST_SIGHTINGS:
        return "seen too briefly"
    runner_up_m = near[1][0] if len(near) > 1 else None
    if runner_up_m is not None and runner_up_m - nearest_m < MARGIN_M:
        return "more than one there"
    likelihoods = [math.exp(-0.5 * (d / SPREAD_M) ** 2) for d, _ in near]
    confidence = likelihoods[0] / (sum(likelihoods) + NOBODY)
    if confidence < LEAST_CONFIDENCE:
        return "not sure enough"
    return Candidate(visitor, nearest_m, runner_up_m, confidence)
