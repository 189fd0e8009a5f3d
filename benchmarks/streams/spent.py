"""Where CPU time went, by stage."""

from __future__ import annotations

import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SAMPLE_S = 0.001
"""The kernel rounds it up to its tick (4 ms as a rule): some hundred samples a second of CPU either way."""


class Stopwatch:
    """CPU seconds of the whole process by stage; stages do not nest.

    The process is taken rather than the thread, so that a library's own threads count as well; nothing else may run
    in the process meanwhile.
    """

    def __init__(self) -> None:
        self.spent_s: dict[str, float] = defaultdict(float)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Counts what happens inside towards ``stage``."""
        began = time.process_time()
        try:
            yield
        finally:
            self.spent_s[stage] += time.process_time() - began


class StageSampler:
    """Shares of CPU time by stage, found by looking at the main thread's stack now and then.

    Code under measure needs no stopwatch of its own, and may be rewritten without this noticing: the table says which
    file, and where need be which function, belongs to which stage. A sample that falls into compiled code is delivered
    when that returns, still inside the Python function that called it, with all the CPU time since the last sample;
    so shares are right in the mean and not in any single sample.
    """

    def __init__(self, table: tuple[tuple[str, str, str], ...], room: str) -> None:
        """Prepares.

        Args:
            table: part of a path, function name or "" for all, stage; the first row that fits a frame decides.
            room: frames of files whose path contains it and that no row fits are named by their file.
        """
        self._table = table
        self._room = room
        self._known: dict[object, str | None] = {}
        self._last = 0.0
        self.spent_s: dict[str, float] = defaultdict(float)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Samples while inside; main thread only."""
        before = signal.signal(signal.SIGPROF, self._sample)
        self._last = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, SAMPLE_S, SAMPLE_S)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0.0)
            signal.signal(signal.SIGPROF, before)

    def shares(self) -> dict[str, float]:
        """Share of the sampled CPU time by stage, largest first; they sum to 1 where anything was sampled."""
        whole = sum(self.spent_s.values()) or 1.0
        return {stage: s / whole for stage, s in sorted(self.spent_s.items(), key=lambda item: -item[1])}

    def _sample(self, _signum: int, frame: FrameType | None) -> None:
        now = time.process_time()
        self.spent_s[self._stage(frame)] += now - self._last
        self._last = now

    def _stage(self, frame: FrameType | None) -> str:
        """The stage of the innermost frame that belongs to one."""
        while frame is not None:
            code = frame.f_code
            if code not in self._known:
                self._known[code] = self._look_up(code.co_filename, code.co_name)
            stage = self._known[code]
            if stage is not None:
                return stage
            frame = frame.f_back
        return "other"

    def _look_up(self, path: str, function: str) -> str | None:
        for part, name, stage in self._table:
            if part in path and name in {"", function}:
                return stage
        return path[path.rindex(self._room) + 1 :] if self._room in path else None
