"""The ways side by side on the same clips, in slices: whatever disturbs the machine disturbs all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from benchmarks.streams.atrium import STAGES, AtriumWay
from benchmarks.streams.footage import FPS, Clip
from benchmarks.streams.limit import DecodeOnly
from benchmarks.streams.plain import PlainWay
from benchmarks.streams.recall import Recall, Rows, moving_only, recall
from benchmarks.streams.spent import StageSampler, Stopwatch

SLICE_TICKS = 16
"""Each way runs so many frames of every camera before the next has its turn: two seconds."""
WARM_TICKS = 16
"""Run before anything is counted: compiling, first allocations."""


class Way(Protocol):
    """A way to watch cameras.

    Attributes:
        name: for people.
        spent: CPU time by stage.
    """

    name: str
    spent: Stopwatch

    def tick(self) -> None:
        """The next frame of every camera."""
        ...


@dataclass(frozen=True, slots=True)
class Cost:
    """What a way costs.

    Attributes:
        ms: CPU milliseconds a camera and second of video.
        stages: the same by stage.
    """

    ms: float
    stages: dict[str, float]

    @property
    def cameras(self) -> float:
        """Cameras one core carries."""
        return 1e3 / self.ms


@dataclass(frozen=True, slots=True)
class Race:
    """One mix, all ways.

    Attributes:
        cameras: how many streams.
        seconds: of each stream.
        plain: the plain way.
        atrium: ours.
        limit: decoding every frame and nothing else.
        decoded: share of the frames that ours decoded; where nothing has moved for a while, key pictures only.
        analysed: share of the frames that our detector looked at.
        moving: share of the frames in which something moves.
        people: the plain way's tracks in a frame, in the mean.
        walking: of them, those that get somewhere.
        recall: of the plain way's tracks that get somewhere, by ours.
        recall_all: of all its tracks, also of what stands still from first to last, by everything our tracker follows.
        returned: of our tracks, by the plain way's.
    """

    cameras: int
    seconds: float
    plain: Cost
    atrium: Cost
    limit: Cost
    decoded: float
    analysed: float
    moving: float
    people: float
    walking: float
    recall: Recall
    recall_all: Recall
    returned: Recall

    @property
    def decode_share(self) -> float:
        """Share of the decode-only limit that ours reaches in cameras a core."""
        return self.limit.ms / self.atrium.ms


@dataclass(frozen=True, slots=True)
class Ran:
    """A race and the rows it was scored on, by camera: tick from the warm-up's first, id, x1, y1, x2, y2."""

    race: Race
    plain_rows: list[Rows]
    atrium_rows: list[Rows]


def race(
    clips: Sequence[Clip],
    *,
    peer: Path,
    model: str | Path | None,
    seconds: float,
    doors: int = 0,
    progress: Callable[[float], None] = lambda _share: None,
) -> Ran:
    """Runs all ways over the clips, single-threaded, and compares.

    Args:
        clips: one a camera.
        peer: YOLOX-nano for the plain way.
        model: Atrium's; None takes the default.
        seconds: of every stream, without the warm-up.
        doors: so many cameras see a tripwire, and ours always decodes all of what they send.
        progress: told the share done.
    """
    plain, atrium, limit = PlainWay(clips, peer), AtriumWay(clips, model, doors), DecodeOnly(clips)
    sampler = StageSampler(STAGES, "/edge/")
    ways: list[Way] = [plain, atrium, limit]
    for way in ways:
        for _ in range(WARM_TICKS):
            way.tick()
        way.spent.spent_s.clear()
    counted = atrium.counts
    ticks = max(1, round(seconds * FPS))
    for start in range(0, ticks, SLICE_TICKS):
        # every way comes first, second and last equally often
        turn = start // SLICE_TICKS % len(ways)
        for way in ways[turn:] + ways[:turn]:
            with sampler.watching() if way is atrium else nullcontext():
                for _ in range(start, min(ticks, start + SLICE_TICKS)):
                    way.tick()
        progress(min(1.0, (start + SLICE_TICKS) / ticks))
    came, decoded, analysed = (after - before for after, before in zip(atrium.counts, counted, strict=True))
    camera_s = len(clips) * ticks / FPS
    mine, all_mine, theirs = arrays(atrium.rows), arrays(atrium.followed_rows), arrays(plain.rows)
    walking = [moving_only(rows) for rows in theirs]
    pictures = len(clips) * (ticks + WARM_TICKS)
    summary = Race(
        cameras=len(clips),
        seconds=ticks / FPS,
        plain=_cost(plain.spent, camera_s),
        atrium=_sampled(_cost(atrium.spent, camera_s), sampler.shares()),
        limit=_cost(limit.spent, camera_s),
        decoded=decoded / came,
        analysed=analysed / came,
        moving=float(np.mean([clip.moving for clip in clips])),
        people=sum(map(len, theirs)) / pictures,
        walking=sum(map(len, walking)) / pictures,
        recall=sum(map(recall, walking, mine), Recall()),
        recall_all=sum(map(recall, theirs, all_mine), Recall()),
        returned=sum(map(recall, mine, theirs), Recall()),
    )
    return Ran(summary, theirs, mine)


def arrays(rows: Sequence[Sequence[tuple[float, ...]]]) -> list[Rows]:
    """Rows (R, 6) of every camera."""
    return [np.array(camera, float).reshape(-1, 6) for camera in rows]


def _cost(spent: Stopwatch, camera_s: float) -> Cost:
    stages = {stage: 1e3 * s / camera_s for stage, s in spent.spent_s.items()}
    return Cost(sum(stages.values()), stages)


def _sampled(cost: Cost, shares: dict[str, float]) -> Cost:
    """The same cost, divided as the sampler saw it."""
    return replace(cost, stages={stage: share * cost.ms for stage, share in shares.items()})
