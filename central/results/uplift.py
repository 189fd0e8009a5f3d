"""How much more the members of one arm did than those of the other, look by look: pure functions over arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from central.results.sequence import Floats, pairs, pairs_needed, ratio_interval, stretch

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

LEAST_ARM = 50
"""Members of an arm before its mean is taken for nearly normal, which the method rests on."""
LEAST_ERROR = 1e-9
"""Of less, nobody differs from anybody, and nothing is known yet."""
WORTH_FINDING = 0.10
"""The effect, as a share, for which the time until one can tell is reckoned."""

State = Literal["found", "not found", "too early", "few"]
"""``few``: an arm has fewer members than may be told of. ``too early``: fewer than the method needs."""


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """Members whose time after their first offer is over, one outcome of each, by the day of that offer.

    Attributes:
        day: (N,) ordinal of the day on which they were first due, ascending.
        offered: (N,) whether they got it; the others were held back.
        outcome: (N,) what they did afterwards.
        before: (N,) the same of the time before, known when they were assigned, which takes out what they bring along.
    """

    day: Ints
    offered: Mask
    outcome: Floats
    before: Floats

    def __len__(self) -> int:
        return len(self.day)


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """An uplift as it stood at every look.

    Attributes:
        day: (L,) ordinal of the last day of first offers that the look knows.
        offered: (L,) members offered.
        held: (L,) members held back.
        mean_offered: (L,) their adjusted mean; ``mean_held`` the other arm's.
        difference: (L,) how much more the offered did.
        error: (L,) standard error of the difference; ``error_offered`` and ``error_held`` those of the means.
        reach: (L,) how many of them the interval reaches either way; infinite before ``LEAST_ARM``, or where nobody
            differs.
        slope: (L,) what one more before is worth after.
    """

    day: Ints
    offered: Ints
    held: Ints
    mean_offered: Floats
    mean_held: Floats
    difference: Floats
    error: Floats
    error_offered: Floats
    error_held: Floats
    reach: Floats
    slope: Floats

    @property
    def margin(self) -> Floats:
        """(L,) half the intervals' widths."""
        known = np.isfinite(self.reach)
        return np.multiply(self.reach, self.error, out=np.full(len(self), np.inf), where=known)

    @property
    def low(self) -> Floats:
        """(L,) lower ends of the differences' intervals."""
        return self.difference - self.margin

    @property
    def high(self) -> Floats:
        """(L,) upper ends."""
        return self.difference + self.margin

    @property
    def found(self) -> Mask:
        """(L,) whether the interval leaves out no difference at all."""
        return np.asarray((self.low > 0) | (self.high < 0))

    def __len__(self) -> int:
        return len(self.day)


@dataclass(frozen=True, slots=True)
class Uplift:
    """What a look says.

    Attributes:
        state: ``found``: the interval leaves out zero.
        offered: members offered; ``held`` those held back.
        mean_offered: the adjusted mean outcome; ``mean_held`` the other's.
        difference: between the two, with ``low`` and ``high``.
        relative: the same as a share of ``mean_held``; None where that is too near zero to divide by.
        slope: what one more before is worth after, that the adjustment used.
        pairs: what both arms tell together, as so many pairs.
        pairs_to_tell: with how many an effect of ``WORTH_FINDING`` is found four times in five.
    """

    state: State
    offered: int
    held: int
    mean_offered: float
    mean_held: float
    difference: float
    low: float
    high: float
    relative: float | None
    relative_low: float | None
    relative_high: float | None
    slope: float
    pairs: float
    pairs_to_tell: float


def closed_days(day: Ints, offered: Mask, least: int) -> Ints:
    """Ordinals of the days after which a look is taken, ascending.

    A look is taken when at least ``least`` members of *each* arm have come since the one before. So no two figures
    ever told differ by fewer, and nobody's own outcome can be had by subtracting yesterday's from today's.

    Args:
        day: (N,) of every member, ascending.
        offered: (N,) their arms.
        least: of each arm.
    """
    days, starts = np.unique(day, return_index=True)
    ends = np.append(starts, len(day))[1:]
    total = np.cumsum(offered)
    closed, since_offered, since_held = [], 0, 0
    for one, end in zip(days.tolist(), ends.tolist(), strict=True):
        so_far = int(total[end - 1])
        if so_far - since_offered >= least and end - so_far - since_held >= least:
            closed.append(one)
            since_offered, since_held = so_far, end - so_far
    return np.array(closed, np.int64)


def looks(cohort: Cohort, at: Ints) -> Looks:
    """The uplift as it stood after each of those days, of the members first due up to and with it.

    The difference of means is adjusted for what members did before (CUPED: Deng, Xu, Kohavi and Walker, 2013), with
    the slope within the arms; it is linear in the members in the limit, which is what the sequence asks for, and right
    whether the slope is or not, since chance alone assigned them.

    Args:
        cohort: everybody.
        at: (L,) ordinals of days.
    """
    end = np.searchsorted(cohort.day, at, side="right")
    arms = [_moments(cohort, mask, end) for mask in (cohort.offered, ~cohort.offered)]
    within = sum(arm.n * arm.before_variance for arm in arms)
    together = sum(arm.n * arm.covariance for arm in arms)
    slope = np.divide(together, within, out=np.zeros(len(end)), where=within > 1e-12)
    counts = arms[0].n + arms[1].n
    everybody = np.divide(sum(arm.n * arm.before for arm in arms), counts, out=np.zeros(len(end)), where=counts > 0)
    means = [arm.outcome - slope * (arm.before - everybody) for arm in arms]
    errors = [np.sqrt(arm.variance_adjusted(slope) / np.maximum(arm.n - 1, 1)) for arm in arms]
    ready = np.minimum(arms[0].n, arms[1].n) >= LEAST_ARM
    error = np.hypot(errors[0], errors[1])
    reach = np.where(ready & (error > LEAST_ERROR), stretch(pairs(arms[0].n, arms[1].n)), np.inf)
    return Looks(
        np.asarray(at, np.int64),
        arms[0].n.astype(np.int64),
        arms[1].n.astype(np.int64),
        means[0],
        means[1],
        means[0] - means[1],
        error,
        errors[0],
        errors[1],
        reach,
        slope,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Moments:
    """(L,) of one arm's members up to each look."""

    n: Floats
    outcome: Floats
    before: Floats
    outcome_variance: Floats
    before_variance: Floats
    covariance: Floats

    def variance_adjusted(self, slope: Floats) -> Floats:
        """Of the outcome less the slope times what was before."""
        found = self.outcome_variance - 2 * slope * self.covariance + slope**2 * self.before_variance
        return np.maximum(found, 0.0)


def _moments(cohort: Cohort, mask: Mask, end: npt.NDArray[np.int64]) -> _Moments:
    weight = mask.astype(np.float64)
    shift_y, shift_x = (float(column.mean()) if len(column) else 0.0 for column in (cohort.outcome, cohort.before))
    y, x = (cohort.outcome - shift_y) * weight, (cohort.before - shift_x) * weight  # or squares of amounts lose digits
    n, sum_y, sum_x, sum_yy, sum_xx, sum_xy = (
        np.concatenate([[0.0], np.cumsum(column)])[end] for column in (weight, y, x, y * y, x * x, x * y)
    )
    share = np.maximum(n, 1)
    mean_y, mean_x = sum_y / share, sum_x / share
    return _Moments(
        n,
        mean_y + shift_y,
        mean_x + shift_x,
        np.maximum(sum_yy / share - mean_y**2, 0.0),
        np.maximum(sum_xx / share - mean_x**2, 0.0),
        sum_xy / share - mean_x * mean_y,
    )


def uplift(found: Looks, number: int = -1, least: int = 0) -> Uplift:
    """What the look of that number says.

    Args:
        found: all looks.
        number: which; the last by default.
        least: an arm of fewer may not be told of.
    """
    offered, held = int(found.offered[number]), int(found.held[number])
    upper, lower = float(found.mean_offered[number]), float(found.mean_held[number])
    reach, difference = float(found.reach[number]), float(found.difference[number])
    errors = float(found.error_offered[number]), float(found.error_held[number])
    known = float(pairs(offered, held))
    ratio = ratio_interval(upper, lower, *errors, reach) if math.isfinite(reach) else None
    state: State = "found" if found.found[number] else "not found"
    if not math.isfinite(reach):
        state = "too early"
    if min(offered, held) < least:
        state = "few"
    deviation = float(found.error[number]) * math.sqrt(known)
    return Uplift(
        state,
        offered,
        held,
        upper,
        lower,
        difference,
        float(found.low[number]),
        float(found.high[number]),
        upper / lower - 1 if ratio else None,
        ratio[0] - 1 if ratio else None,
        ratio[1] - 1 if ratio else None,
        float(found.slope[number]),
        known,
        pairs_needed(deviation, WORTH_FINDING * lower),
    )


def capped(amounts: Floats, cap: float) -> Floats:
    """Amounts with what is above the cap taken for the cap (winsorised): one wedding ring decides no campaign."""
    return np.minimum(amounts, cap)


def cap_of(before: Floats, share: float = 0.99) -> float:
    """The amount that so few spent more than *before* anybody was assigned; infinite where nobody spent anything."""
    spent = before[before > 0]
    return float(np.quantile(spent, share)) if len(spent) else math.inf
