"""Training samples, drawn and shown to the teacher in a process of their own, some steps ahead."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from models.train.augment import Sample, draw_sample
from models.train.pictures import Picture
from models.train.plan import INHERITED, Plan
from models.train.teacher import Lesson, Teacher

AHEAD = 3
"""Batches that each process draws before they are needed."""

Drawn = tuple[list[Picture], NDArray[np.float64]]
"""Pictures of a phase and the probability of each."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples of one size, and what the teacher says of them."""

    samples: list[Sample]
    lesson: Lesson | None


class Feeder:
    """Draws batches by phase and step; the same plan gives the same batches."""

    def __init__(self, plan: Plan, drawn: Sequence[Drawn], teacher: Path | None, workers: int = 1) -> None:
        """Start the processes; they inherit the pictures."""
        self._ahead = AHEAD * workers
        # forked: gigabytes of pictures are shared instead of sent
        self._pool = ProcessPoolExecutor(
            workers, multiprocessing.get_context("fork"), _begin, (plan, list(drawn), teacher)
        )
        self._pool.submit(_awake).result()

    def batches(self, todo: Sequence[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], Batch]]:
        """Yields each (phase, step) of todo with its batch."""
        waiting: deque[tuple[tuple[int, int], Future[Batch]]] = deque()
        ahead = iter(todo)
        for place in ahead:
            waiting.append((place, self._pool.submit(_draw, *place)))
            if len(waiting) > self._ahead:
                done, future = waiting.popleft()
                yield done, future.result()
        while waiting:
            done, future = waiting.popleft()
            yield done, future.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)


@dataclass(slots=True)
class _Desk:
    """What the drawing process keeps."""

    plan: Plan
    drawn: list[Drawn]
    teacher: Teacher | None


_desk: list[_Desk] = []


def _begin(plan: Plan, drawn: list[Drawn], teacher: Path | None) -> None:
    cv2.setNumThreads(1)
    _desk.append(_Desk(plan, drawn, None if teacher is None else Teacher(teacher, inner=plan.size == INHERITED)))


def _awake() -> None:
    """Nothing: the first call forks them all."""


def _draw(phase_index: int, step: int) -> Batch:
    (desk,) = _desk
    phase = desk.plan.phases[phase_index]
    pictures, weights = desk.drawn[phase_index]
    rng = np.random.default_rng((desk.plan.seed, phase_index, step))
    height, width, batch = phase.shape(step)
    samples = [draw_sample(pictures, weights, height, width, phase.mosaic, rng, phase.paste) for _ in range(batch)]
    lesson = None if desk.teacher is None else desk.teacher(np.stack([s.pixels for s in samples]))
    return Batch(samples, lesson)
