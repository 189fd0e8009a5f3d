"""Whether a box stood the load: what it samples every second, judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.stats import theilslopes

from benchmarks.streams.box import Sample
from contract.errors import BadInputError

GROWTH_MAX = 0.01
"""Share by which resident memory may grow from the end of the warm-up to the end of the run."""
AGE_MAX_S = 1.0
"""No frame may be older when its tracks are known."""
SILENCE_MAX_S = 5.0
"""Longest time without a sample, or without a processed frame: a box that does nothing keeps every promise."""
MOST_POINTS = 600
"""Samples that the fit looks at; it compares all pairs."""
SHORTEST_S = 20.0
"""Less than this after the warm-up says nothing about growth."""
WARM_FRAMES = 30
"""What a box keeps of a camera it takes in with the camera's first frames: memory is watched once each has had so many,
on average, however long a slow machine needs for that. With a hundred cameras it grew from 639 MB at 5 frames to 655 at
35, and by 1 MB over the next ten."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the promises.

    Attributes:
        growth: of resident memory from the end of the warm-up, and from `WARM_FRAMES` a camera, to the end, share of
            what it was; the larger of a robust line through all samples (Theil and Sen) and of the last tenth's median
            against the first tenth's.
        oldest_s: age of the oldest frame processed after the warm-up.
        processed: frames processed after the warm-up.
        dropped: frames overtaken or put off after the warm-up.
        faults: a line for every promise broken; none where the box stood the load.
    """

    growth: float
    oldest_s: float
    processed: int
    dropped: int
    faults: tuple[str, ...]

    @property
    def stood(self) -> bool:
        """Whether every promise was kept."""
        return not self.faults


def judge(samples: Sequence[Sample], warm_s: float, seconds: float, cameras: int) -> Verdict:
    """The verdict on a run of some cameras that warmed up for ``warm_s`` and then was to be watched for ``seconds``."""
    counted = [sample for sample in samples if sample.at_s >= warm_s]
    if len(counted) < SHORTEST_S / SILENCE_MAX_S:
        return Verdict(0.0, 0.0, 0, 0, (f"only {len(counted)} samples after the warm-up: the box did not keep going",))
    oldest_s = max(sample.oldest_s for sample in counted)
    processed = sum(sample.processed for sample in counted)
    dropped = sum(sample.dropped + sample.put_off for sample in counted)
    faults = []
    watched = _settled(samples, counted, cameras)
    growth = 0.0
    if len(watched) < 2 or watched[-1].at_s - watched[0].at_s < SHORTEST_S:
        faults.append(
            f"only {processed / cameras:.0f} frames of a camera were processed: too few to tell how memory grows; "
            "give it more time or fewer cameras"
        )
    else:
        growth = grown(np.array([sample.at_s for sample in watched]), np.array([sample.rss_mb for sample in watched]))
    if growth >= GROWTH_MAX:
        faults.append(f"resident memory grew by {100 * growth:.2f} %, allowed are {100 * GROWTH_MAX:g} %")
    if oldest_s >= AGE_MAX_S:
        late = sum(sample.oldest_s >= AGE_MAX_S for sample in counted)
        faults.append(f"a frame was {oldest_s:.2f} s old when its tracks were known, in {late} seconds of the run")
    faults += _silences(counted, warm_s, warm_s + seconds)
    if not dropped:
        faults.append("no frame was overtaken or put off: that was no full load; give it more cameras")
    return Verdict(growth, oldest_s, processed, dropped, tuple(faults))


def _settled(samples: Sequence[Sample], counted: list[Sample], cameras: int) -> list[Sample]:
    """Those of the counted samples before which each camera has had its first frames."""
    before = np.cumsum([sample.processed for sample in samples])[-len(counted) :]
    return [sample for sample, frames in zip(counted, before, strict=True) if frames >= WARM_FRAMES * cameras]


def grown(at_s: NDArray[np.float64], rss_mb: NDArray[np.float64]) -> float:
    """Share by which memory grew; negative where it shrank."""
    tenth = max(1, len(rss_mb) // 10)
    first, last = float(np.median(rss_mb[:tenth])), float(np.median(rss_mb[-tenth:]))
    every = max(1, -(-len(rss_mb) // MOST_POINTS))
    slope, level, _, _ = theilslopes(rss_mb[::every], at_s[::every])
    began = level + slope * at_s[0]
    return float(max(slope * (at_s[-1] - at_s[0]) / began, (last - first) / first))


def _silences(samples: Sequence[Sample], begin_s: float, end_s: float) -> list[str]:
    """Faults: times in which nothing was sampled, or nothing processed."""
    faults = []
    for what, moments in (
        ("sampled", [s.at_s for s in samples]),
        ("processed", [s.at_s for s in samples if s.processed]),
    ):
        gaps = np.diff([begin_s, *moments, max(end_s, begin_s)])
        if gaps.max() > SILENCE_MAX_S:
            where = ([begin_s, *moments])[int(gaps.argmax())]
            faults.append(f"nothing was {what} for {gaps.max():.0f} s from {where:.0f} s on")
            break
    return faults


def read_samples(path: Path) -> list[Sample]:
    """The samples of a CSV as a box writes it; a last line cut off in the middle is left out.

    Raises:
        BadInputError: where it is no such file.
    """
    head, *lines = path.read_text(encoding="ascii").split("\n")
    if head != ",".join(Sample.__struct_fields__):
        raise BadInputError(f"{path}: not the samples of a soak; its first line names other columns")
    rows = (dict(zip(Sample.__struct_fields__, line.split(","), strict=True)) for line in lines[:-1])
    return [msgspec.convert(row, Sample, strict=False) for row in rows]
