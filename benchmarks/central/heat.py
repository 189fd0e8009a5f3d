"""Heat of a floor from many stored positions: how long a day's and an hour's map take, and what storing them costs.

    python -m benchmarks.central.heat [--quick]

People walk and stand on a floor of 100 x 80 m for ten hours and are told once a second through the store's own way in
(``positions.take``), and folded as central folds them. Then heatmaps are asked for through ``insight.heat``, nothing
kept at hand, suppression included. The limit beside them is reading the same chunks out of the database alone.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.central.mall import SITE, write_site
from calibration.site import load_site
from central.insight.heat import Heat
from central.insight.suppression import Suppression
from central.store import positions
from central.store.heat import reading
from central.store.rows import Live
from central.store.store import Store
from contract.events import Positions
from contract.times import to_rfc3339
from contract.topics import parse_topic

PEOPLE, SECONDS = 280, 36_000
"""Ten hours: 10.08 million positions."""
QUICK_SECONDS = 4_500
SIZE_M = (100.0, 80.0)
START = 1_767_225_600.0
"""2026-01-01 00:00 UTC."""
STEP_M, TURN, JITTER_M = 1.2, 0.15, 0.15
STANDING_S, LEAST_STAY_S, MOST_STAY_S = 120.0, 60, 3600
KEEP_S = 900.0
ROUNDS = 40
K = 5
FLOOR = "g"


@dataclass(frozen=True, slots=True)
class HeatFigures:
    """What one run came to; times in milliseconds are of one heatmap.

    Attributes:
        positions: stored.
        visitors: different people among them.
        pairs_mb: chunks of quarter hours, which is what a day's heatmap reads.
        bytes_per_position: of them.
        minutes_bytes_per_position: of chunks of minutes, kept for two hours and a half.
        take_us: CPU time to take one position in.
        fold_us: CPU time to fold one.
        day_p50_ms: the whole stretch.
        day_p95_ms: the same.
        day_cpu_ms: CPU time of it, median: what is left where nobody else uses the machine.
        hour_p50_ms: an hour on quarter hours.
        hour_p95_ms: the same.
        hour_cpu_ms: CPU time of it, median.
        live_hour_p95_ms: an hour that begins and ends between quarters.
        five_minutes_p95_ms: five minutes.
        read_p50_ms: reading the day's chunks alone: the limit.
        squares: of the day's map.
        json_ms: encoding it.
        memory_mb: by how much the process grew at its highest while maps were made.
        load_average: of the machine at the end, one minute.
    """

    positions: int
    visitors: int
    pairs_mb: float
    bytes_per_position: float
    minutes_bytes_per_position: float
    take_us: float
    fold_us: float
    day_p50_ms: float
    day_p95_ms: float
    day_cpu_ms: float
    hour_p50_ms: float
    hour_p95_ms: float
    hour_cpu_ms: float
    live_hour_p95_ms: float
    five_minutes_p95_ms: float
    read_p50_ms: float
    squares: int
    json_ms: float
    memory_mb: float
    load_average: float


def run(seconds: int = SECONDS, folder: Path | None = None) -> HeatFigures:
    """Store that many seconds of positions and ask for heatmaps of them."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        store = Store(Path(name) / "central.db", SITE)
        site = load_site(write_site(Path(name)))
        suppression = Suppression(K, bytes(range(32)))
        heat = Heat(store, site, suppression)
        take_s, fold_s = _fill(store, heat, seconds)
        many = PEOPLE * seconds
        grains = store.database.rows("SELECT grain, sum(length(pairs)) FROM heat_chunks GROUP BY grain")
        by_grain = {int(row[0]): int(row[1]) for row in grains}
        whole = (START, START + seconds)
        now = START + seconds + 60
        heat.fold(now)
        hours = [START + 3600.0 * hour for hour in range(max(seconds // 3600, 1))]

        def ask(start: float, end: float) -> None:
            Heat(store, site, suppression).told(FLOOR, start, end, now)

        ask(*whole)  # compiled
        before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        days, days_cpu = _timed([lambda: ask(*whole)] * ROUNDS)
        memory_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024
        each = max(ROUNDS // len(hours), 1)
        hour_ms, hour_cpu = _timed([lambda start=start: ask(start, start + 3600) for start in hours * each])  # type: ignore[misc]
        last = START + seconds
        live_ms, _ = _timed([lambda: ask(last - 3600 - 240, last - 240)] * ROUNDS)
        five_ms, _ = _timed([lambda: ask(last - 360, last - 60)] * ROUNDS)
        limit_ms, _ = _timed(
            [lambda: reading.chunks(store.database, SITE, FLOOR, *(int(end // 60) for end in whole))] * ROUNDS
        )
        told = heat.told(FLOOR, *whole, now)
        json_ms, _ = _timed([lambda: msgspec.json.encode(told.heat.blocks("shoppers"))] * 5)
        visitors = int(store.database.rows("SELECT count(*) FROM visitors")[0][0])
        store.close()
    return HeatFigures(
        positions=many,
        visitors=visitors,
        pairs_mb=round(by_grain[15] / 1e6, 1),
        bytes_per_position=round(by_grain[15] / many, 2),
        minutes_bytes_per_position=round(by_grain[1] / many, 2),
        take_us=round(1e6 * take_s / many, 2),
        fold_us=round(1e6 * fold_s / many, 2),
        day_p50_ms=_share(days, 50),
        day_p95_ms=_share(days, 95),
        day_cpu_ms=_share(days_cpu, 50),
        hour_p50_ms=_share(hour_ms, 50),
        hour_p95_ms=_share(hour_ms, 95),
        hour_cpu_ms=_share(hour_cpu, 50),
        live_hour_p95_ms=_share(live_ms, 95),
        five_minutes_p95_ms=_share(five_ms, 95),
        read_p50_ms=_share(limit_ms, 50),
        squares=len(told.heat.codes),
        json_ms=_share(json_ms, 50),
        memory_mb=round(memory_mb, 1),
        load_average=round(os.getloadavg()[0], 2),
    )


def _share(times_ms: list[float], percent: float) -> float:
    return round(float(np.percentile(times_ms, percent)), 1)


def _timed(calls: list[Callable[[], object]]) -> tuple[list[float], list[float]]:
    """Milliseconds of each call, on the wall and of CPU."""
    times = [(time.perf_counter(), time.process_time())]
    for call in calls:
        call()
        times.append((time.perf_counter(), time.process_time()))
    walls = [1e3 * (after[0] - before[0]) for before, after in pairwise(times)]
    return walls, [1e3 * (after[1] - before[1]) for before, after in pairwise(times)]


def _fill(store: Store, heat: Heat, seconds: int) -> tuple[float, float]:
    """CPU seconds of taking in and of folding."""
    take_s = fold_s = 0.0
    topic = parse_topic(f"atrium/{SITE}/{FLOOR}/box-{FLOOR}/positions")
    waiting: list[Live] = []
    for second, people in enumerate(_walk(seconds)):
        at = START + second
        waiting.append(Live(topic, at, at, retained=False, body=Positions(to_rfc3339(at), people)))
        if second % 20 == 19:
            began = time.process_time()
            with store.database.writing() as connection:
                positions.take(connection, waiting)
            take_s += time.process_time() - began
            waiting = []
        if second % 60 == 59:
            began = time.process_time()
            heat.fold(at + 4)
            fold_s += time.process_time() - began
        if second % 900 == 899:
            with store.database.writing() as connection:
                connection.execute("DELETE FROM batches WHERE at < ?", (at - KEEP_S,))
    return take_s, fold_s


def _walk(seconds: int) -> Iterator[list[tuple[str, float, float]]]:
    """Second by second, where everybody is seen: half of them walk, half stand, and change over; some leave."""
    chance = np.random.default_rng(1)
    xy_m = chance.random((PEOPLE, 2)) * SIZE_M
    heading = chance.random(PEOPLE) * 2 * np.pi
    walks = chance.random(PEOPLE) < 0.5
    leaves = chance.integers(1, MOST_STAY_S, PEOPLE)
    number = np.arange(PEOPLE)
    following = PEOPLE
    for second in range(seconds):
        gone = np.flatnonzero(leaves <= second)
        number[gone] = np.arange(following, following + len(gone))
        following += len(gone)
        xy_m[gone] = chance.random((len(gone), 2)) * SIZE_M
        leaves[gone] = second + chance.integers(LEAST_STAY_S, MOST_STAY_S, len(gone))
        walks ^= chance.random(PEOPLE) < 1 / STANDING_S
        heading += chance.normal(0, TURN, PEOPLE)
        xy_m += np.stack([np.cos(heading), np.sin(heading)], axis=1) * (walks * STEP_M)[:, None]
        heading[((xy_m < 0) | (xy_m > SIZE_M)).any(axis=1)] += np.pi
        np.clip(xy_m, 0, SIZE_M, out=xy_m)
        seen = np.round(xy_m + chance.normal(0, JITTER_M, xy_m.shape), 2).tolist()
        yield [(f"v{name:015d}", x, y) for name, (x, y) in zip(number.tolist(), seen, strict=True)]


if __name__ == "__main__":
    print(msgspec.json.encode(asdict(run(QUICK_SECONDS if "--quick" in sys.argv else SECONDS))).decode())
