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

    def close(self, now):
        return self.update(now, {})


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


def test_people_are_announced_after_the_step_is_stored_and_by_live_messages_alone() -> None:
    order: list[object] = []

    class Announces:
        def update(self, now, frames, step, go_on=None):
            order.append(("looks", sorted(frames), None if go_on is None else go_on()))
            return [f"handoff at {now}"]

        def forget(self):
            order.append("forgotten")

        def warnings(self):
            return ["no time to look"]

    intake = SimpleNamespace(
        fault="",
        remark="",
        depth=0,
        lost=0,
        pending=0,
        disk_free=None,
        commit=lambda events, state: order.append("stored") or True,
    )
    publisher = SimpleNamespace(live=order.append, wake=lambda: None, figures=SimpleNamespace(fault=""))
    state = Checkpoint(0.0, "", Pipeline(), {})
    runtime = Runtime(Detector(0.0), state, intake, publisher, HealthMeter(["west"], 0.0), reid=Announces())  # type: ignore[arg-type]
    west = {"west": Frame("west", 1.0, 0, np.zeros((2, 2, 3), np.uint8))}
    runtime.step(1.0, west, {}, 1.0, lambda: False)
    order[:] = [each for each in order if not isinstance(each, SimpleNamespace)]  # positions
    assert order == ["stored", ("looks", ["west"], False), "handoff at 1.0"]
    order.clear()
    runtime.finish(2.0, ended=True)
    order[:] = [each for each in order if not isinstance(each, SimpleNamespace)]
    assert order[:3] == [("looks", [], None), "handoff at 2.0", "forgotten"]
    assert "no time to look" in runtime.report(10.0).warnings
