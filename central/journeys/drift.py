"""Which door explains that a day's count of people came out wrong: least squares over quarter hours."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from calibration.camera import Floats

LEAST_QUARTERS = 12
"""Fewer quarter hours say nothing."""
LEAST_DRIFT = 5
"""A day that is off by fewer people needs no explanation,"""
LEAST_SHARE = 0.01
"""nor one that is off by less than this share of the people who entered."""
SEEN_VARIANCE, CROSSING_VARIANCE = 2.0, 0.05
"""How much the drift of a quarter hour varies by itself: who is seen is off by one now and then, and of those who cross
every tenth or so is missed or not by luck. Only the proportion matters."""
ALL_DOORS = ""
"""Stands for every door miscounting alike, which must explain the day worse than one door does."""
CERTAINTY = 0.99
"""So improbable must it be that a door seems to explain something by luck, with all doors tried."""
BETTER = 10.0
"""So much must it explain the day better than any other door does, as the difference of their BIC (Kass and Raftery,
1995: "very strong")."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The door that explains a drift.

    Attributes:
        door: its line.
        share: of the drift, 0.8 for most of it,
        low: 95 % interval,
        high: likewise.
    """

    door: str
    share: float
    low: float
    high: float


def explain(drift: Floats, entered: Mapping[str, Floats], departed: Mapping[str, Floats]) -> Explanation | None:
    """The one door whose counts follow the drift, with how much of it they make; None where no single one does.

    A door that counts every tenth person who leaves too few lets the drift grow with those it counts out; one that
    counts people who turn round lets it grow with those it counts in. So the drift of each quarter hour is fitted by
    the in and out counts of one door after another, without a constant.

    Args:
        drift: (Q,) people whom the doors counted too many, of each quarter hour.
        entered: (Q,) people counted in, by door.
        departed: (Q,) people counted out, by door.
    """
    total, number = float(drift.sum()), len(drift)
    everybody = sum(float(counts.sum()) for counts in entered.values())
    if number < LEAST_QUARTERS or abs(total) < max(LEAST_DRIFT, LEAST_SHARE * everybody):
        return None
    traffic = sum((entered[door] + departed[door] for door in entered), np.zeros(number))
    scale = 1 / np.sqrt(SEEN_VARIANCE + CROSSING_VARIANCE * traffic)
    nothing = float(((scale * drift) ** 2).sum())
    tried = {door: np.column_stack([entered[door], departed[door]]) for door in entered}
    if len(tried) > 1:
        tried[ALL_DOORS] = sum(tried.values(), np.zeros((number, 2)))
    fits = sorted(
        (_fit(drift, counts, door, scale) for door, counts in tried.items()), key=lambda fit: (fit.left, fit.door)
    )
    best = fits[0]
    if best.door == ALL_DOORS:
        return None
    if not _is_sure(best, nothing, number, len(fits)):
        return None
    if len(fits) > 1 and number * math.log(max(fits[1].left, 1e-9) / max(best.left, 1e-9)) < BETTER:
        return None
    half = float(stats.t.ppf(0.975, number - 2)) * best.deviation
    ends = sorted(((best.people - half) / total, (best.people + half) / total))
    if ends[1] <= 0:  # it makes the day less wrong than it is
        return None
    return Explanation(best.door, round(best.people / total, 2), round(ends[0], 2), round(ends[1], 2))


@dataclass(frozen=True, slots=True)
class _Fit:
    """One door's: what it leaves unexplained (squares), how many people it makes in all, and their deviation."""

    door: str
    left: float
    people: float
    deviation: float


def _fit(drift: Floats, counts: Floats, door: str, scale: Floats) -> _Fit:
    weighed = counts * scale[:, None]
    inverse = np.linalg.pinv(weighed.T @ weighed)
    slopes = inverse @ weighed.T @ (scale * drift)
    rest = scale * drift - weighed @ slopes
    left, everybody = float(rest @ rest), counts.sum(0)
    spread = left / max(len(drift) - 2, 1)
    return _Fit(
        door, left, float(everybody @ slopes), math.sqrt(max(float(everybody @ inverse @ everybody) * spread, 0))
    )


def _is_sure(best: _Fit, nothing: float, number: int, doors: int) -> bool:
    """Whether so much is explained that luck is out of the question: an F test, as strict as there are doors to try."""
    explained = max(nothing - best.left, 0.0) / 2
    if best.left <= 1e-9 * nothing:
        return explained > 0
    ratio = explained / (best.left / (number - 2))
    return float(stats.f.sf(ratio, 2, number - 2)) < (1 - CERTAINTY) / doors
