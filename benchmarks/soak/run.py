"""One soak: how many cameras it takes to overload this machine, and the run itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.soak.verdict import Verdict, judge, read_samples
from benchmarks.streams.atrium import AtriumWay
from benchmarks.streams.box import Report, Sample
from benchmarks.streams.footage import DATA, FPS, clips_of
from benchmarks.streams.paced import watch
from benchmarks.streams.report import cores

FULL_LOAD = 1.5
"""Cameras offered, for each that the machine's cores could carry."""
WARM_S = 60.0
TRIAL_CAMERAS = 4
TRIAL_TICKS = 24


@dataclass(frozen=True, slots=True)
class Soaked:
    """A run.

    Attributes:
        verdict: whether the box stood the load.
        report: what the box says itself.
        samples: a second each.
    """

    verdict: Verdict
    report: Report
    samples: list[Sample]


def soak(
    cameras: int | None,
    *,
    seconds: float,
    warm_s: float = WARM_S,
    model: str | None = None,
    mix: str = "busy",
    data: Path = DATA,
    rtsp: bool,
    out: Path,
) -> Soaked:
    """Puts a box under load and judges it; ``soak.csv`` in ``out`` holds its samples.

    Args:
        cameras: how many; None takes ``FULL_LOAD`` times what the cores carry.
        seconds: watched after the warm-up.
        warm_s: before that.
        model: the box's; None takes the default.
        mix: of footage.
        data: folder of the real clips.
        rtsp: over real RTSP; else paced files.
        out: folder, made where it is missing.
    """
    out.mkdir(parents=True, exist_ok=True)
    csv = out / "soak.csv"
    count = cameras or full_load(mix, model, data)
    report = watch(clips_of(mix, count, data=data), seconds=seconds, warm_s=warm_s, model=model, rtsp=rtsp, csv=csv)
    samples = read_samples(csv)
    return Soaked(judge(samples, warm_s, seconds, count), report, samples)


def full_load(mix: str, model: str | None, data: Path) -> int:
    """Cameras that are more than this machine carries, by a short trial."""
    way = AtriumWay(clips_of(mix, TRIAL_CAMERAS, data=data), model)
    for _ in range(TRIAL_TICKS):
        way.tick()
    way.spent.spent_s.clear()
    for _ in range(TRIAL_TICKS):
        way.tick()
    camera_s = sum(way.spent.spent_s.values()) * FPS / (TRIAL_TICKS * TRIAL_CAMERAS)
    return max(TRIAL_CAMERAS, round(FULL_LOAD * cores() / camera_s))
