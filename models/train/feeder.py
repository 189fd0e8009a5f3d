"""Training samples, drawn and shown to the teacher in processes of their own, some steps ahead.

Pixels lie in memory that all of them share: a batch for a GPU is 100 MB, which nobody then has to send and copy.
"""

from __future__ import annotations

import mmap
import multiprocessing
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
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
    """Samples of one size, and what the teacher says of them.

    Attributes:
        pixels: (B, H, W, 3) BGR; a feeder's are written over once the next batch is asked for.
        samples: their pixels are rows of these.
        lesson: None if nobody was asked.
    """

    pixels: NDArray[np.uint8]
    samples: list[Sample]
    lesson: Lesson | None = None

    @classmethod
    def of(cls, samples: list[Sample]) -> Self:
        """Of samples that were drawn one by one."""
        return cls(np.stack([sample.pixels for sample in samples]), samples)


class Feeder:
    """Draws batches by phase and step; the same plan gives the same batches."""

    def __init__(self, plan: Plan, drawn: Sequence[Drawn], teacher: Path | None, workers: int = 1) -> None:
        """Start the processes; they inherit the pictures."""
        self._plan, self._ahead = plan, AHEAD * workers
        largest = max(batch * height * width * 3 for height, width, batch in _shapes(plan))
        self._slots = _Slots(self._ahead + 2, largest)
        # forked: gigabytes of pictures are shared instead of sent
        self._pool = ProcessPoolExecutor(
            workers, multiprocessing.get_context("fork"), _begin, (plan, list(drawn), teacher, self._slots)
        )
        self._pool.submit(_awake).result()

    def batches(self, todo: Sequence[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], Batch]]:
        """Yields each (phase, step) of todo with its batch."""
        waiting: deque[tuple[tuple[int, int], int, Future[Batch]]] = deque()
        for k, place in enumerate(todo):
            slot = k % self._slots.count
            waiting.append((place, slot, self._pool.submit(_draw, *place, slot)))
            if len(waiting) > self._ahead:
                yield self._filled(*waiting.popleft())
        while waiting:
            yield self._filled(*waiting.popleft())

    def _filled(self, place: tuple[int, int], slot: int, future: Future[Batch]) -> tuple[tuple[int, int], Batch]:
        batch = future.result()
        height, width, count = self._plan.phases[place[0]].shape(place[1])
        pixels = self._slots.pixels(slot, (count, height, width))
        samples = [replace(sample, pixels=row) for sample, row in zip(batch.samples, pixels, strict=True)]
        return place, Batch(pixels, samples, batch.lesson)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)


class _Slots:
    """Memory for the pixels of so many batches, shared with every process forked from here."""

    def __init__(self, count: int, size: int) -> None:
        self.count, self._size = count, size
        self._memory = mmap.mmap(-1, count * size)

    def pixels(self, slot: int, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
        """Of a slot's batch (B, H, W, 3), given B, H and W."""
        return np.ndarray((*shape, 3), np.uint8, self._memory, slot * self._size)


def _shapes(plan: Plan) -> Iterator[tuple[int, int, int]]:
    for phase in plan.phases:
        yield from phase.turns or [phase.shape(0)]


@dataclass(slots=True)
class _Desk:
    """What the drawing process keeps."""

    plan: Plan
    drawn: list[Drawn]
    teacher: Teacher | None
    slots: _Slots


_desk: list[_Desk] = []


def _begin(plan: Plan, drawn: list[Drawn], teacher: Path | None, slots: _Slots) -> None:
    cv2.setNumThreads(1)
    asked = None if teacher is None else Teacher(teacher, inner=plan.size == INHERITED)
    _desk.append(_Desk(plan, drawn, asked, slots))


def _awake() -> None:
    """Nothing: the first call forks them all."""


def _draw(phase_index: int, step: int, slot: int) -> Batch:
    """A batch whose pixels lie in the slot and are not sent."""
    (desk,) = _desk
    phase = desk.plan.phases[phase_index]
    pictures, weights = desk.drawn[phase_index]
    rng = np.random.default_rng((desk.plan.seed, phase_index, step))
    height, width, count = phase.shape(step)
    pixels = desk.slots.pixels(slot, (count, height, width))
    nothing = pixels[0, :0]
    samples = []
    for row in pixels:
        sample = draw_sample(pictures, weights, height, width, phase.mosaic, rng, phase.paste)
        row[:] = sample.pixels
        samples.append(replace(sample, pixels=nothing))
    return Batch(nothing[None], samples, None if desk.teacher is None else desk.teacher(pixels))
