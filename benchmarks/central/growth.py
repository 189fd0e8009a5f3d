"""Whether an event costs the same in a store that holds many: the store fills, and every so often is timed."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, quantiles

from benchmarks.central.mall import SITE
from benchmarks.central.rows import arrivals
from central.store.batch import commit
from central.store.store import Store

BATCH = 2_000
TIMED, TIMED_SHARE, MOST_TIMED = 40, 0.1, 1_000
"""A point of the curve rests on at least so many transactions before it, or on a tenth of all: their lower quartile,
because what others do on the machine only adds, and their mean, which has every checkpoint in it."""
POINTS = (100_000, 300_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000)
QUICK_MOST = 2_000_000


@dataclass(frozen=True, slots=True)
class Point:
    """The cost of an event beside so many stored ones.

    Attributes:
        stored: events taken in before.
        wall_us: wall time of an event.
        cpu_us: CPU time of an event.
        mean_us: mean wall time of an event, checkpoints included.
        file_mb: size of the database.
    """

    stored: int
    wall_us: float
    cpu_us: float
    mean_us: float
    file_mb: float


def curve(points: Sequence[int], folder: Path | None = None) -> list[Point]:
    """The cost of an event at each number of stored ones."""
    found = []
    with tempfile.TemporaryDirectory(dir=folder) as name:
        store = Store(Path(name) / "central.db", SITE)
        stored = 0
        walls: list[float] = []
        cpus: list[float] = []
        todo = list(points)
        for batch in arrivals(BATCH):
            wall, cpu = time.perf_counter(), time.process_time()
            commit(store.database, batch)
            walls.append((time.perf_counter() - wall) / len(batch))
            cpus.append((time.process_time() - cpu) / len(batch))
            stored += len(batch)
            if stored >= todo[0]:
                size = sum(path.stat().st_size for path in Path(name).iterdir()) / 1e6
                last = min(max(TIMED, int(TIMED_SHARE * len(walls))), MOST_TIMED)
                wall_us, cpu_us = (1e6 * quantiles(costs[-last:])[0] for costs in (walls, cpus))
                mean_us = 1e6 * fmean(walls[-last:])
                found.append(Point(stored, round(wall_us, 2), round(cpu_us, 2), round(mean_us, 2), round(size, 1)))
                del todo[0]
                if not todo:
                    break
        store.close()
    return found
