"""A campaign that truly adds a tenth is found, one that adds nothing is not, on any of the days that somebody looks.

``benchmarks/uplift`` does this over 200 seeds from real stores; here few seeds, so the bounds are what chance allows.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from benchmarks.uplift.runs import K, key_of, looks_of, of_looks, stored, straight
from benchmarks.uplift.written import CAMPAIGN, FIRST_DAY, arms, write
from central.results.measure import measure
from central.store import members
from central.store.store import Store
from simulator.campaign_effect import World, story

WORLD = World(effect=0.1)
SMALL = World(members=900, weeks=3, after_days=14, effect=0.4)
SEEDS = 10


def test_the_true_tenth_is_found_and_nothing_is_not() -> None:
    runs = [of_looks(*straight(WORLD, seed), 0) for seed in range(SEEDS)]
    null = [of_looks(*straight(replace(WORLD, effect=0.0), seed), 0) for seed in range(SEEDS)]
    assert sum(one.found for one in runs) >= SEEDS - 1
    assert sum(one.wrong for one in runs) == 0
    assert sum(one.wrong for one in null) <= 1
    assert sum(one.covered for one in runs) >= SEEDS - 2
    assert sum(one.ordinary_wrong for one in null) > sum(one.wrong for one in null)


def test_a_real_store_gives_what_the_arrays_do() -> None:
    nothing, something = stored(SMALL, 4)
    told = story(SMALL, 4)
    assert something == of_looks(looks_of(told, arms(told, key_of(4))), told, 0)
    assert something.found
    assert not nothing.wrong


def test_a_day_is_looked_at_as_it_stood_then_whatever_came_after(tmp_path: Path) -> None:
    told = story(SMALL, 9)
    offered = arms(told, key_of(9))
    store = Store(tmp_path / "central.db", "mall")
    write(store, told, offered)
    last = FIRST_DAY + timedelta(days=SMALL.days - 1)
    database = store.database
    whole = measure(database, "mall", CAMPAIGN, last_day=last, horizon_days=SMALL.after_days, k=K)
    early = measure(database, "mall", CAMPAIGN, last_day=last - timedelta(days=7), horizon_days=SMALL.after_days, k=K)
    shown, then = whole.looks["visits"], early.looks["visits"]
    assert 3 < len(then) < len(shown)
    assert np.allclose(then.difference, shown.difference[: len(then)])
    assert np.allclose(then.error, shown.error[: len(then)])
    assert [one.day for one in early.due] == sorted(one.day for one in early.due)
    withdrawn = f"M-{int(np.flatnonzero(told.first_due >= 0)[0]):06d}"
    members.withdraw(database, "mall", withdrawn, "offers", 2e9)
    after = measure(database, "mall", CAMPAIGN, last_day=last, horizon_days=SMALL.after_days, k=K)
    assert len(after.due) == len(whole.due) - 1
    assert sum(one[2] - one[3] for one in after.standing.members) == 1
    store.close()
