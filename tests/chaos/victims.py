"""Processes that a test kills with signal 9 and starts again, at moments drawn from a seed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Victim:
    """A process with its log; ``kill`` is kill -9."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self.command = list(command)
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self.command, stdout=log, stderr=log, cwd=ROOT, env=ENVIRONMENT)

    @property
    def status(self) -> int | None:
        """Exit status, None while it runs."""
        assert self._process is not None
        return self._process.poll()

    def kill(self) -> None:
        assert self._process is not None
        assert self._process.poll() is None, f"ended by itself: {self.tail()}"
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """SIGTERM, then kill -9 where that does not help."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""


@dataclass(frozen=True)
class Blow:
    """At ``at_s`` seconds the victim of that name dies, for ``down_s`` seconds."""

    at_s: float
    victim: str
    down_s: float


def schedule(names: Sequence[str], times: int, span_s: tuple[float, float], seed: int) -> list[Blow]:
    """Each victim ``times`` times, at random moments in the span; blows of different victims may overlap."""
    rng = random.Random(seed)
    blows = []
    for name in names:
        # One moment in each of ``times`` equal parts, so that no victim is hit again before it stands.
        part_s = (span_s[1] - span_s[0]) / times
        for index in range(times):
            at_s = span_s[0] + part_s * (index + 0.7 * rng.random())
            blows.append(Blow(at_s, name, rng.uniform(0.1, 0.25 * part_s)))
    return sorted(blows, key=lambda blow: blow.at_s)


def strike(blows: Sequence[Blow], kill: Callable[[str], None], start: Callable[[str], None]) -> Counter[str]:
    """Carry out the schedule by the clock; how often each victim was hit."""
    began = time.monotonic()
    todo = [(blow.at_s, True, blow.victim) for blow in blows]
    todo += [(blow.at_s + blow.down_s, False, blow.victim) for blow in blows]
    fallen: Counter[str] = Counter()
    for at_s, is_kill, name in sorted(todo):
        time.sleep(max(0.0, at_s - (time.monotonic() - began)))
        if is_kill:
            kill(name)
            fallen[name] += 1
        else:
            start(name)
    return fallen


def python(*arguments: str | Path) -> list[str]:
    """A command of this very Python."""
    return [sys.executable, *map(str, arguments)]
