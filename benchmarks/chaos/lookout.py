"""What Ops says, second by second, and how the box's outbox stands beside it."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

from benchmarks.chaos.faults import NO_ANSWER
from benchmarks.chaos.host import enter
from benchmarks.chaos.witness import Standing, Witness

EVERY_S = 0.5
PATIENCE_S = 2.0
URL = "http://127.0.0.1:8080/v1/ops"


@dataclass(frozen=True, slots=True)
class Sample:
    """An instant.

    Attributes:
        at_s: seconds after the run began.
        kinds: kinds of the faults that Ops names; ``no answer`` where there was none.
        lights: of the box and its cameras: ``good``, or whatever they are.
        outbox: None where it could not be read.
    """

    at_s: float
    kinds: frozenset[str]
    lights: Sequence[str]
    outbox: Standing | None

    @property
    def is_calm(self) -> bool:
        """Whether everything proves itself: all lights green, no fault but notes of the site, and nothing waits."""
        green = bool(self.lights) and set(self.lights) == {"good"}
        return green and not (self.kinds - QUIET) and self.outbox is not None and self.outbox.depth <= MOST_WAITING


QUIET = frozenset({"certificate_missing", "camera_unwatched", "floor_no_box", "box_says"})
"""What the twin has without anybody's doing: it is not certified, one floor of it has no box, and a box on a busy
machine says that it puts pictures off."""
MOST_WAITING = 20
"""Events on their way at any moment."""


class Lookout:
    """A thread in central's network that asks; a context manager.

    Attributes:
        samples: so far, oldest first.
    """

    def __init__(self, pid: int, token: str, witness: Witness) -> None:
        self.samples: list[Sample] = []
        self._pid = pid
        self._headers = {"Authorization": f"Bearer {token}"}
        self._witness = witness
        self._began = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="lookout", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(2 * PATIENCE_S)

    @property
    def now_s(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._began

    def since(self, at_s: float) -> list[Sample]:
        """Samples taken after that."""
        return [one for one in list(self.samples) if one.at_s > at_s]

    def write(self, path: Path) -> None:
        """All samples as text, a line each."""
        lines = ["at_s,outbox,acknowledged,last_seq,lights,kinds"]
        for one in self.samples:
            box = one.outbox or Standing(-1, -1, -1)
            figures = f"{one.at_s:.1f},{box.depth},{box.acknowledged},{box.last_seq}"
            lines.append(f"{figures},{' '.join(one.lights)},{' '.join(sorted(one.kinds))}")
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _look(self) -> None:
        enter(self._pid, files=False)
        with httpx.Client(timeout=PATIENCE_S, headers=self._headers) as client:
            while not self._stop.wait(EVERY_S):
                kinds, lights = self._ask(client)
                self.samples.append(Sample(self.now_s, kinds, lights, self._witness.standing()))

    @staticmethod
    def _ask(client: httpx.Client) -> tuple[frozenset[str], tuple[str, ...]]:
        try:
            answer = client.get(URL)
            answer.raise_for_status()
        except httpx.HTTPError:
            return frozenset({NO_ANSWER}), ()
        found = answer.json()
        kinds = frozenset(fault["kind"] for fault in found["faults"])
        return kinds, tuple(light["light"] for light in found["lights"])
