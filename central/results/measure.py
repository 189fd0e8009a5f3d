"""One campaign measured: everybody who was due, offered or held back, and what they did afterwards."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
from scipy.stats import binomtest

from central.insight.compare import YOUNG
from central.insight.figure import FEW, Figure
from central.results.telling import mean_figure, members_figure, rounded, step_of
from central.results.uplift import Cohort, Looks, State, Uplift, cap_of, capped, closed_days, looks, uplift
from central.store.database import Database
from central.store.results import Asked, Standing, outcomes, standing

BEFORE_DAYS = 28
HORIZONS = (7, 14, 28, 56)
"""Days after the first offer within which what members do counts. Few, so that no two answers differ by one day."""
PURPOSE = "journey"
"""The consent that days in the mall are kept for."""
UNBALANCED = 0.001
"""Arms as uneven as these come by chance less often than this: something besides chance decided who was offered."""

Metric = Literal["visits", "breadth", "spend"]
UNITS: dict[Metric, str] = {"visits": "visits a member", "breadth": "categories a visit", "spend": "a member"}


def asked_of(campaign: str, last_day: date, horizon_days: int) -> Asked:
    """What the store is asked for."""
    return Asked(campaign, PURPOSE, last_day.isoformat(), BEFORE_DAYS, horizon_days)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A campaign as it is known inside; ``Results`` tells of it.

    Attributes:
        offered: members offered whose time is over; ``held`` those held back.
        standing: how many were due in all.
        closed: (L,) ordinals of the days after which figures change.
        looks: by metric, as they stood after each of these days.
        cap: minor units that a member's spend is taken for at most.
        days_a_pair: how many days one more pair takes, as it went so far.
    """

    offered: int
    held: int
    standing: Standing
    closed: np.ndarray[tuple[int], np.dtype[np.int64]]
    looks: dict[Metric, Looks]
    cap: float
    days_a_pair: float


def measure(database: Database, site: str, campaign: str, *, last_day: date, horizon_days: int, k: int) -> Measured:
    """What is known of the campaign once that day is over.

    Args:
        database: the truth.
        site: the site.
        campaign: id.
        last_day: the last whole day; what came later is not looked at.
        horizon_days: how long after the first offer what members do counts.
        k: figures change when so many of each arm have come.
    """
    until = last_day.isoformat()
    members = standing(database, site, campaign, PURPOSE, until)
    due = outcomes(database, site, asked_of(campaign, last_day, horizon_days))
    ordinals = {day: date.fromisoformat(day).toordinal() for day in {one.day for one in due}}
    day = np.array([ordinals[one.day] for one in due], np.int64)
    offered = np.array([one.offered for one in due], np.bool_)
    spent_before = np.array([one.spent_before for one in due], np.float64)
    cap = cap_of(spent_before) * max(horizon_days / BEFORE_DAYS, 1.0)
    days = np.array([one.days for one in due], np.float64)
    visits_before = np.array([one.visits_before for one in due], np.float64)
    outcome: dict[Metric, tuple[np.ndarray, np.ndarray]] = {
        "visits": (np.array([one.visits for one in due], np.float64), visits_before),
        "breadth": (np.array([one.breadth for one in due], np.float64) / np.maximum(days, 1), visits_before),
        "spend": (capped(np.array([one.spent for one in due], np.float64), cap), capped(spent_before, cap)),
    }
    closed = closed_days(day, offered, k)
    found: dict[Metric, Looks] = {}
    for metric, (after, before) in outcome.items():
        known = days > 0 if metric == "breadth" else np.ones(len(due), np.bool_)
        found[metric] = looks(Cohort(day[known], offered[known], after[known], before[known]), closed)
    return Measured(
        int(offered.sum()), int((~offered).sum()), members, closed, found, cap, _days_a_pair(found["visits"])
    )


def _days_a_pair(found: Looks) -> float:
    """Days that one more pair took over the last four weeks of first offers."""
    if len(found) < 2:
        return math.inf
    first = int(np.searchsorted(found.day, found.day[-1] - BEFORE_DAYS))
    first = min(first, len(found) - 2)
    both = [float(found.offered[n] * found.held[n] / (found.offered[n] + found.held[n])) for n in (first, -1)]
    gained = both[1] - both[0]
    return float(found.day[-1] - found.day[first]) / gained if gained > 0 else math.inf


@dataclass(frozen=True, slots=True)
class Look:
    """How the difference stood when the members first offered up to ``day`` had had their time.

    Attributes:
        day: of the last first offer known.
        told_on: the first day on which this could be said.
        difference: with its interval.
    """

    day: date
    told_on: date
    difference: Figure


@dataclass(frozen=True, slots=True)
class Change:
    """One outcome, offered against held back.

    Attributes:
        metric: ``visits``: days in the mall after the day of the first offer. ``breadth``: categories a day in the
            mall, from that day on. ``spend``: kept, from the offer on, the largest winsorised.
        unit: in words; of spend whole minor units in here, and the currency's decimals where it is told.
        state: whether the interval leaves out no difference.
        offered: the adjusted mean of who was offered.
        held: the adjusted mean of who was held back.
        difference: between the two.
        relative: the same as a share of ``held``.
        days_to_tell: about so many more days at this rate until 10 % more or less would be found four times in five;
            0 where that many have come, None where nothing is known.
        looks: how it came to this, oldest first.
    """

    metric: Metric
    unit: str
    state: State
    offered: Figure
    held: Figure
    difference: Figure
    relative: Figure
    days_to_tell: int | None
    looks: list[Look]


def change(found: Measured, metric: Metric, horizon_days: int, k: int) -> Change:
    """What may be told of the metric."""
    path = found.looks[metric]
    if not len(path):
        return Change(metric, UNITS[metric], "few", FEW, FEW, FEW, FEW, None, [])
    one = uplift(path, least=k)
    reach = float(path.reach[-1])
    withheld = FEW if one.state == "few" else YOUNG if one.state == "too early" else None
    arms = [
        withheld or mean_figure(mean, mean - reach * error, mean + reach * error, number, error, k)
        for mean, error, number in (
            (one.mean_offered, float(path.error_offered[-1]), one.offered),
            (one.mean_held, float(path.error_held[-1]), one.held),
        )
    ]
    error, members = float(path.error[-1]), one.offered + one.held
    difference = withheld or mean_figure(one.difference, one.low, one.high, members, error, k)
    return Change(
        metric,
        UNITS[metric],
        one.state,
        arms[0],
        arms[1],
        difference,
        withheld or _relative(one, error, k),
        _days_to_tell(one, found.days_a_pair),
        [
            Look(
                date.fromordinal(day),
                date.fromordinal(day) + timedelta(days=horizon_days + 1),
                mean_figure(value, low, high, number, spread, k),
            )
            for day, value, low, high, number, spread in zip(
                path.day.tolist(),
                path.difference.tolist(),
                path.low.tolist(),
                path.high.tolist(),
                (path.offered + path.held).tolist(),
                path.error.tolist(),
                strict=True,
            )
        ],
    )


def _relative(one: Uplift, error: float, k: int) -> Figure:
    if one.relative is None or one.relative_low is None or one.relative_high is None:
        return YOUNG
    step = step_of(error / one.mean_held) if one.mean_held > 0 else 0.0
    ends = (rounded(value, step) for value in (one.relative, one.relative_low, one.relative_high))
    value, low, high = ends
    return Figure(value, members_figure(one.offered + one.held, k).n, low, high)


def _days_to_tell(one: Uplift, days_a_pair: float) -> int | None:
    if not (math.isfinite(one.pairs_to_tell) and math.isfinite(days_a_pair)):
        return None
    return max(math.ceil((one.pairs_to_tell - one.pairs) * days_a_pair), 0)


def unbalanced(members: Standing, holdout_percent: float) -> bool:
    """Whether the arms' sizes are not what the holdout makes of chance (sample ratio mismatch; Fabijan et al., 2019).

    Then something after the draw decided who has a row, such as stock that ran out, and the arms are not alike.

    Args:
        members: by arm and day.
        holdout_percent: as the campaign has it now.
    """
    held = sum(one[3] for one in members.members if not one[0])
    everybody = sum(one[3] for one in members.members)
    if not everybody or not 0 < holdout_percent < 100:
        return False
    return bool(binomtest(held, everybody, holdout_percent / 100).pvalue < UNBALANCED)
