"""A step of a box: what is too old by the time it is known is not told."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
import supervision as sv

from edge.capture.frame import Frame
from edge.floor.rates import Twice
from edge.health import HealthMeter
from edge.outbox.checkpoint import Checkpoint
from edge.runtime import Runtime


class Detector:
    """Sees nobody, and takes its time."""

    analysed = put_off = 0

    def __init__(self, takes_s: float) -> None:
        self._takes_s = takes_s

    def update(self, now, frames, go_on=None):
        time.sleep(self._takes_s)
        return {frame.camera: sv.Detections.empty() for frame in frames}

    def resting(self, camera, now):
        return False


class Pipeline:
    """Notes who was observed."""

    def __init__(self) -> None:
        self.observed: list[list[str]] = []

    def update(self, now, observations, blind=()):
        self.observed.append(sorted(observations))
        return SimpleNamespace(bodies=[], positions=SimpleNamespace(visitors=[]), twice=Twice(400.0, 8.0, 20.0, 5.0))


def test_a_frame_that_expired_while_it_was_looked_at_is_not_told() -> None:
    pipeline, meter = Pipeline(), HealthMeter(["west", "east"], 0.0)
    intake = SimpleNamespace(fault="", commit=lambda events, state: True)
    publisher = SimpleNamespace(live=lambda *_: None, wake=lambda: None)
    runtime = Runtime(Detector(0.1), Checkpoint(0.0, "", pipeline, {}), intake, publisher, meter)  # type: ignore[arg-type]
    image = np.zeros((2, 2, 3), np.uint8)
    now = time.monotonic()
    frames = {
        "west": Frame("west", 1.0, 0, image, expires_at=now + 0.05),
        "east": Frame("east", 1.0, 0, image, expires_at=now + 60.0),
    }
    runtime.step(1.0, frames, {}, 1.0)
    recordings = {"west": Frame("west", 2.0, 1, image)}
    runtime.step(2.0, recordings, {"west": 2}, None)
    assert pipeline.observed == [["east"], ["west"]]
    assert meter.put_off == 1
    assert meter.twice.duplicate_share == 0.02
    assert (meter.cameras["west"].analysed, meter.cameras["east"].analysed) == (1, 1)
