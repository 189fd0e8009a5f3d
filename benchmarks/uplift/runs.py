"""Runs of the rigged truth: through a real store, or straight from its arrays, which gives the same and is faster."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from benchmarks.uplift.written import CAMPAIGN, FIRST_DAY, HOLDOUT_PERCENT, add_days, arms, write
from central.results.measure import BEFORE_DAYS, measure
from central.results.sequence import pairs
from central.results.uplift import Cohort, Looks, closed_days, looks
from central.store.store import Store
from simulator.campaign_effect import Mask, Story, World, story

K = 5
ORDINARY_REACH = 1.959963984540054
"""Standard errors that an interval for a single look reaches."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one seed came to.

    Attributes:
        found: whether the interval left out zero at any look, rightly: on the true side.
        wrong: whether it ever left out zero where nothing is, or on the wrong side.
        covered: whether it held the truth at every look.
        ordinary_wrong: whether an ordinary 95 % interval, looked at daily, ever said something is where nothing is.
        first_found_day: days from the first look to the first finding, -1 for none.
        members: measured at the end.
        looks: how many there were.
    """

    found: bool
    wrong: bool
    covered: bool
    ordinary_wrong: bool
    first_found_day: int
    members: int
    looks: int


def key_of(seed: int) -> bytes:
    """The holdout's key of a seed."""
    return seed.to_bytes(32, "big")


def of_looks(path: Looks, told: Story, first_ordinal: int) -> Run:
    """What the looks came to, against the truth."""
    truth = np.array([told.true_effect(int(day) - first_ordinal) for day in path.day])
    sign = np.sign(told.world.effect)
    right = path.found & (np.sign(path.difference) == sign) & (sign != 0)
    wrong = path.found & ~right
    ordinary = np.isfinite(path.reach) & (np.abs(path.difference) > ORDINARY_REACH * path.error) & (sign == 0)
    return Run(
        bool(right.any()),
        bool(wrong.any()),
        bool(((path.low <= truth) & (truth <= path.high)).all()),
        bool(ordinary.any()),
        int(path.day[right.argmax()] - path.day[0]) if right.any() else -1,
        int(path.offered[-1] + path.held[-1]) if len(path) else 0,
        len(path),
    )


def straight(world: World, seed: int, percent: float = HOLDOUT_PERCENT) -> tuple[Looks, Story]:
    """The looks of a seed, from its arrays."""
    told = story(world, seed, visits_only=True)
    offered = arms(told, key_of(seed), percent)
    return looks_of(told, offered), told


def looks_of(told: Story, offered: Mask) -> Looks:
    """The looks at a story, from its arrays, as a store with all of it in would give them."""
    world = told.world
    came = told.came(offered)
    whole = (told.first_due >= 0) & (told.first_due + world.after_days < world.days)
    day, offered = told.first_due[whole], offered[whole]
    total = np.concatenate([np.zeros((len(day), 1), np.int64), np.cumsum(came[whole], axis=1)], axis=1)
    rows = np.arange(len(day))
    before = total[rows, day] - total[rows, np.maximum(day - BEFORE_DAYS, 0)]
    after = total[rows, day + world.after_days + 1] - total[rows, day + 1]
    order = np.argsort(day, kind="stable")
    cohort = Cohort(day[order], offered[order], after[order].astype(np.float64), before[order].astype(np.float64))
    return looks(cohort, closed_days(cohort.day, cohort.offered, K))


def stored(world: World, seed: int) -> tuple[Run, Run]:
    """A seed's campaign that does nothing, and the one that has the world's effect, each measured from a real store."""
    nothing, something = story(replace(world, effect=0.0), seed), story(world, seed)
    offered = arms(something, key_of(seed))
    last = FIRST_DAY + timedelta(days=world.days - 1)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "central.db", "mall")
        try:
            found = []
            write(store, nothing, offered, sales=False)
            for told in (nothing, something):
                if told is something:  # the same members, who come now and then on top
                    with store.database.writing() as connection:
                        add_days(connection, store.site, told, told.extra & offered[:, None])
                seen = measure(store.database, store.site, CAMPAIGN, last_day=last, horizon_days=world.after_days, k=K)
                found.append(of_looks(seen.looks["visits"], told, FIRST_DAY.toordinal()))
        finally:
            store.close()
    return found[0], found[1]


def pairs_of(path: Looks) -> float:
    """Information at the last look."""
    return float(pairs(path.offered[-1], path.held[-1]))
