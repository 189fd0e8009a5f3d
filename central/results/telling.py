"""Which of a measurement's numbers leave central, and how exactly: fewer than k never, and no finer than they are sure.

Members are few beside visitors, and a manager may know some of them. So a mean is told of k members of each arm at
least, changes only when k new members of each have come (``closed_days``), and is rounded to between a fifth and a half
of its standard error. One member weighs about the deviation over n in it, and the error is the deviation over the root
of n: whoever subtracts the mean of all but one from the mean of all knows that outcome no better than who guesses.
"""

from __future__ import annotations

import math

from central.insight.compare import YOUNG
from central.insight.figure import FEW, Figure, wilson

ROUNDED_TO = 0.5
"""Of the standard error, at most."""


def step_of(error: float) -> float:
    """The widest of 1, 2 and 5 times a power of ten that is no wider than half the standard error.

    >>> [step_of(error) for error in (0.09, 0.5, 130.0)]
    [0.02, 0.2, 50.0]
    """
    if not (error > 0 and math.isfinite(error)):
        return 0.0
    most = error * ROUNDED_TO
    power = 10.0 ** math.floor(math.log10(most))
    return max(times * power for times in (1.0, 2.0, 5.0) if times * power <= most * (1 + 1e-9))


def rounded(value: float, step: float) -> float:
    """To a multiple of the step; unchanged where there is none."""
    return round(round(value / step) * step, 10) if step > 0 else value


def crowd(number: int, k: int) -> int:
    """A number of members, down to a multiple of k: 0 below k.

    >>> crowd(1139, 5), crowd(4, 5)
    (1135, 0)
    """
    return number // k * k


def members_figure(number: int, k: int) -> Figure:
    """The same as a figure: the truth lies within k."""
    told = crowd(number, k)
    return Figure(told, told, told, told + k - 1) if told else FEW


def mean_figure(  # noqa: PLR0917 - an estimate with its interval
    value: float, low: float, high: float, members: int, error: float, k: int
) -> Figure:
    """A mean or difference; withheld where it is about fewer than k, or too early for an interval.

    Args:
        value: the estimate.
        low: lower end of its interval.
        high: upper end.
        members: that it rests on.
        error: its standard error, which says how it is rounded.
        k: fewest members.
    """
    if members < k:
        return FEW
    if not (math.isfinite(low) and math.isfinite(high)):
        return YOUNG
    step = step_of(error)
    return Figure(rounded(value, step), crowd(members, k), rounded(low, step), rounded(high, step))


def share_of_members(part: int, whole: int, k: int) -> Figure:
    """A share of members with Wilson's interval, both counts told to a multiple of k; withheld where either is few."""
    some, everybody = crowd(part, k), crowd(whole, k)
    if not (some and everybody):
        return FEW
    low, high = wilson(some, everybody)
    return Figure(round(some / everybody, 3), everybody, round(low, 3), round(high, 3))


def sum_figure(total: int, members: int, largest: int, k: int) -> Figure:
    """A sum over members, minor units, to a step that an average member does not move.

    Withheld where it is about fewer than k, or where one member makes up more than half of it: whoever knows of that
    one would learn the rest, and the other way round (the dominance rule of statistical offices).

    Args:
        total: of all of them.
        members: how many.
        largest: the one member's part that is the largest.
        k: fewest members.
    """
    if members < k or total <= 0 or largest * 2 > total:
        return FEW
    step = max(step_of(2 * total / members), 1.0)
    told = rounded(total, step)
    return Figure(told, crowd(members, k), max(told - step, 0.0), told + step)


def in_currency(figure: Figure) -> Figure:
    """Minor units as decimals of the currency, for the edge."""
    parts = (None if part is None else round(part / 100, 2) for part in (figure.value, figure.low, figure.high))
    value, low, high = parts
    return Figure(value, figure.n, low, high, figure.withheld)
