"""How well and how fast a tracker did on a sequence, and which bars ours clears."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from benchmarks.eval.clear import clear
from benchmarks.eval.frames import sequence
from benchmarks.eval.hota import hota
from benchmarks.eval.identity import idf1
from benchmarks.track.ours import Run
from benchmarks.track.sequences import Footage

IDF1_AHEAD, HOTA_AHEAD = 0.05, 0.03
"""How far ours must be above the best peer, on the mean over the sequences."""
BEHIND = 0.02
"""How far it may be below the best peer of any one sequence."""
FASTER = 10.0
"""How many times the frames a second of the fastest peer ours must reach, on every sequence."""

TURN_S = 0.1
"""A turn is as many passes as this has room for: one of milliseconds says more of what else the machine does."""


@dataclass(frozen=True, slots=True)
class Score:
    """One tracker on one sequence; `fps` counts frames of input a second of work."""

    hota: float
    idf1: float
    mota: float
    switches: int
    fps: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One thing ours has to reach."""

    says: str
    value: float
    least: float

    @property
    def clears(self) -> bool:
        """True where it is reached."""
        return self.value >= self.least


def timed(run: Run, frames: list[sv.Detections], fps: float, least_s: float) -> tuple[NDArray[np.float64], float]:
    """What `run` gives, and the seconds of its fastest pass of as many as `least_s` has room for."""
    best, spent = np.inf, 0.0
    while spent <= least_s:
        start = time.perf_counter()
        rows = run(frames, fps)
        took = time.perf_counter() - start
        best, spent = min(best, took), spent + took
    return rows, best


def score(runs: Mapping[str, Run], footage: Footage, passes: int) -> dict[str, Score]:
    """Quality of trackers on a sequence, and their best frames a second; they take turns `passes` times.

    In turns, because what else the machine does comes and goes: it would favour one or another.
    """
    for run in runs.values():
        run(footage.frames[:5], footage.fps)
    best = dict.fromkeys(runs, np.inf)
    rows: dict[str, NDArray[np.float64]] = {}
    for _ in range(passes):
        for name, run in runs.items():
            rows[name], took = timed(run, footage.frames, footage.fps, TURN_S)
            best[name] = min(best[name], took)
    scores = {}
    for name, table in rows.items():
        pairs = sequence(footage.truth, table, footage.last)
        mot = clear(pairs)
        scores[name] = Score(hota(pairs).hota, idf1(pairs), mot.mota, mot.switches, footage.last / best[name])
    return scores


def mean(scores: list[Score]) -> Score:
    """Means over sequences; switches are added up, frames a second are the harmonic mean."""
    return Score(
        float(np.mean([s.hota for s in scores])),
        float(np.mean([s.idf1 for s in scores])),
        float(np.mean([s.mota for s in scores])),
        sum(s.switches for s in scores),
        float(len(scores) / np.sum([1 / s.fps for s in scores])),
    )


def bars(ours: list[Score], live: list[Score], peers: dict[str, list[Score]]) -> list[Bar]:
    """What `ours` (and, in speed, `live`) has to reach beside the `peers`, all on the same sequences in order."""
    each = list(zip(*peers.values(), strict=True))
    ahead = {
        "IDF1": mean(ours).idf1 - max(mean(p).idf1 for p in peers.values()),
        "HOTA": mean(ours).hota - max(mean(p).hota for p in peers.values()),
    }
    worst = {
        "IDF1": min(us.idf1 - max(p.idf1 for p in them) for us, them in zip(ours, each, strict=True)),
        "HOTA": min(us.hota - max(p.hota for p in them) for us, them in zip(ours, each, strict=True)),
    }
    times = {
        what: min(us.fps / max(p.fps for p in them) for us, them in zip(run, each, strict=True))
        for what, run in (("atrium track", ours), ("live", live))
    }
    return [
        Bar("mean IDF1 above the best peer's", ahead["IDF1"], IDF1_AHEAD),
        Bar("mean HOTA above the best peer's", ahead["HOTA"], HOTA_AHEAD),
        Bar("least IDF1 above the best peer's of the sequence", worst["IDF1"], -BEHIND),
        Bar("least HOTA above the best peer's of the sequence", worst["HOTA"], -BEHIND),
        *(Bar(f"{what}: least times the fastest peer's frames/s", ratio, FASTER) for what, ratio in times.items()),
    ]
