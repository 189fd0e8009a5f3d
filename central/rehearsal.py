"""Before the first message: every compiled kernel runs once, on a store that is thrown away.

Numba compiles a kernel when it is first called. On a fresh installation that takes seconds, in which nothing would be
stored; afterwards they come from its cache in a moment.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from calibration.site import Site
from central.insight.insight import Insight
from central.journeys.kernels import hamming
from central.store import positions
from central.store.rows import Live
from central.store.store import Store
from central.touchpoints.kernels import in_order
from contract.events import Positions
from contract.times import to_rfc3339
from contract.topics import Topic

START = 1_767_225_600.0
"""A midnight; any will do."""
MINUTES = 17
"""A quarter of an hour and two minutes of the next."""


def rehearse(site: Site, k: int) -> int:
    """Lets k people who are not there stand on a floor for a quarter of an hour, and tells its heat.

    Args:
        site: its first floor is taken; nothing of what happens on it is kept.
        k: fewest people of a figure.

    Returns:
        How many squares of heat that would have been.

    Raises:
        AtriumError: where not even a temporary store can be written.
    """
    floor, now = next(iter(site.floors)), START + 60 * (MINUTES + 2)
    topic = Topic(site.id, floor, "rehearsal", "positions")
    in_order(np.ones((1, 1)))
    hamming(np.zeros((1, 8), np.uint64), np.zeros((1, 8), np.uint64))
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "rehearsal.db", site.id)
        try:
            insight = Insight(store, site, k, bytes(32))
            for minute in range(MINUTES):
                at = START + 60 * minute + 30
                here = [(f"nobody{number:06d}", 0.2, 0.2) for number in range(10 * k)]
                live = Live(topic, at, at, retained=False, body=Positions(to_rfc3339(at), here))
                with store.database.writing() as connection:
                    positions.take(connection, [live])
            for _ in range(MINUTES):
                insight.heat.fold(now)
            told = insight.heat.told(floor, START, START + 60 * MINUTES, now)
            insight.live.snapshot(floor, START + 60 * MINUTES - 30)
            return len(told.heat.codes)
        finally:
            store.close()
