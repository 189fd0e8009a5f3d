"""Intervals that stay right however often one looks: asymptotic confidence sequences.

A 95 % interval of the ordinary kind is wrong 5 times in 100 *each time one looks*; whoever looks daily and stops at the
first good news is wrong far more often. A confidence sequence is wrong at any look at all in 5 of 100 campaigns.

Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence
sequences", Annals of Statistics 52 (2024): for estimators that are means in the limit the interval at time t is the
estimate +- its standard error times ``stretch(t)``, Robbins' normal mixture (their equation 4). Time is counted in
information, ``pairs``, so that the same holds for a small holdout beside a large arm.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import lambertw

ALPHA = 0.05
BEST_AT = 500.0
"""Pairs at which the interval is the narrowest that it can be: about 550 members held back and ten times as many
offers. Named beforehand, never fitted to a campaign: then the promise would not hold. With a tenth of them the interval
is a quarter wider than it could be, with ten times as many 7 %."""

Floats = npt.NDArray[np.float64]


def pairs(first: npt.ArrayLike, second: npt.ArrayLike) -> Floats:
    """How much two groups of these sizes tell about their difference: the same as so many pairs.

    >>> float(pairs(1000, 1000)), round(float(pairs(9000, 1000)))
    (500.0, 900)
    """
    one, other = np.asarray(first, np.float64), np.asarray(second, np.float64)
    both = one + other
    return np.asarray(np.divide(one * other, both, out=np.zeros_like(both), where=both > 0))


def spread_of_mixture(best_at: float = BEST_AT, alpha: float = ALPHA) -> float:
    """Rho squared, the mixture's variance that makes the interval narrowest at ``best_at`` (their Appendix B.2)."""
    return float((-lambertw(-(alpha**2) / math.e, -1).real - 1) / best_at)


def stretch(time: npt.ArrayLike, best_at: float = BEST_AT, alpha: float = ALPHA) -> Floats:
    """By how many standard errors the interval reaches either way; infinite at time 0.

    >>> [round(float(stretch(t)), 2) for t in (50, 500, 5000)]
    [3.82, 3.04, 3.25]
    """
    at = np.asarray(time, np.float64) * spread_of_mixture(best_at, alpha)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.sqrt((at + 1) / at * np.log((at + 1) / alpha**2))
    return np.where(at > 0, reach, np.inf)


def pairs_needed(deviation: float, effect: float, *, power: float = 0.8) -> float:
    """Pairs after which a true difference is found with that chance at a look then (and looks before only help).

    Args:
        deviation: standard deviation of a member's outcome, what is known of them before taken off.
        effect: the true difference, in the same unit.
        power: chance of finding it.
    """
    if not (effect > 0 and deviation > 0):
        return math.inf
    surplus = _NORMAL_BY_POWER[power]
    low, high = 1e-3, 1e12
    for _ in range(70):
        middle = math.sqrt(low * high)
        if effect * math.sqrt(middle) / deviation >= float(stretch(middle)) + surplus:
            high = middle
        else:
            low = middle
    return high


_NORMAL_BY_POWER: dict[float, float] = {0.5: 0.0, 0.8: 0.8416212335729143, 0.95: 1.6448536269514722}


def ratio_interval(upper: Any, lower: Any, upper_se: Any, lower_se: Any, reach: Any) -> tuple[float, float] | None:
    """Interval of ``upper / lower`` (Fieller, 1954), None where ``lower`` is too near 0 for one.

    Every ratio g is kept for which ``upper - g * lower`` is within ``reach`` standard errors of 0; so the interval
    inherits what ``reach`` promises.

    Args:
        upper: estimate above the line.
        lower: estimate below it.
        upper_se: its standard error.
        lower_se: the other's.
        reach: how many standard errors are allowed.
    """
    square = lower**2 - (reach * lower_se) ** 2
    rest = upper**2 - (reach * upper_se) ** 2
    inner = (upper * lower) ** 2 - square * rest
    if not (square > 0 and lower > 0 and inner >= 0):
        return None
    root = math.sqrt(inner)
    return (upper * lower - root) / square, (upper * lower + root) / square
