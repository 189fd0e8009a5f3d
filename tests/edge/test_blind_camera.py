"""A camera that was moved: its zones pause, nobody leaves by that, and they go on where they were."""

from __future__ import annotations

import pickle
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import supervision as sv

from contract.events import CameraStatus, Journey, Visit
from contract.times import from_rfc3339
from edge.capture.frame import Frame
from edge.floor.coverage import Coverage
from edge.floor.rates import Twice
from edge.floor.settings import FusionSettings
from edge.health import HealthMeter
from edge.outbox.checkpoint import Checkpoint
from edge.pipeline import PipelineSettings
from edge.runtime import Runtime
from edge.watch.blindness import Blindness
from tests.edge.floor_scene import Scene, Walker, bodies, camera, floor, zone

ALONE = [camera("a", (0, 0), (8, 6))]
BOTH = [*ALONE, camera("b", (20, 12), (8, 6))]
SHOP = zone("shop", 6, 4, 12, 8)


def stands(end, leaves=None):
    """Somebody who walks into the shop and stays there, or leaves it by and by."""

    def where(t):
        gone = 0.0 if leaves is None else max(0.0, t - leaves)
        return (min(3.0 + 1.2 * t, 8.0) + min(1.0 * gone, 2.5), 6.0)

    return Walker(0.0, end, where)


def run(cameras, walker, end, dark, *, blind=True, names=("a",)):
    """The steps; cameras deliver nothing between two times, and are said to be blind or not."""
    pipe, steps = (scene := Scene(floor(cameras, [SHOP]), [walker], fps=5.0)).pipeline(), []
    for now, seen in scene.observations(0, end):
        hidden = list(names) if dark[0] <= now < dark[1] else []
        trusted = {name: each for name, each in seen.items() if name not in hidden}
        steps.append(pipe.update(now, trusted, hidden if blind else ()))
    return [*steps, pipe.close(end)]


def closed(steps):
    return [visit for visit in bodies(steps, Visit) if visit.phase == "closed"]


STAYED = run(ALONE, stands(480.0, leaves=440.0), 460.0, (20.0, 430.0))


def test_who_stays_is_the_same_visitor_afterwards_and_what_nobody_saw_is_unseen():
    (visit,) = closed(STAYED)
    assert visit.unseen_s == pytest.approx(410, abs=3)
    assert visit.observed_s == pytest.approx(17 + 30, abs=5)
    assert visit.confidence < 0.2
    assert len(bodies(STAYED, Journey)) == 1


def test_nothing_is_told_of_them_while_it_is_blind():
    during = [step for step in STAYED if 25 <= step.at < 430]
    assert during
    assert not any(step.bodies or step.positions.visitors for step in during)


def test_a_camera_that_is_merely_silent_is_not_waited_for_so_long():
    steps = run(ALONE, stands(480.0, leaves=440.0), 460.0, (20.0, 430.0), blind=False)
    assert len(closed(steps)) == 2


def test_who_left_meanwhile_left_when_they_were_last_seen():
    steps = run(ALONE, stands(60.0), 480.0, (20.0, 120.0))
    (visit,) = closed(steps)
    assert from_rfc3339(visit.left_at) == pytest.approx(20.0, abs=0.3)
    assert visit.unseen_s < 1
    (journey,) = bodies(steps, Journey)
    assert from_rfc3339(journey.left_at) == pytest.approx(20.0, abs=0.3)
    gone_at = next(step.at for step in steps if any(isinstance(body, Journey) for _, body in step.bodies))
    assert 120.0 + 30.0 < gone_at < 470.0


def test_nobody_is_waited_for_without_end():
    """A knock that nobody mends: the visit ends, at the last sighting, within the limit."""
    settings = replace(PipelineSettings(), fusion=FusionSettings(blind_s=60.0, still_s=30.0))
    scene = Scene(floor(ALONE, [SHOP]), [stands(20.0)], fps=2.0)
    pipe, steps = scene.pipeline(settings), []
    for now, seen in scene.observations(0, 120):
        steps.append(pipe.update(now, seen if now < 20 else {}, () if now < 20 else ("a",)))
    assert len(bodies(steps, Journey)) == 1
    gone_at = next(step.at for step in steps if any(isinstance(body, Journey) for _, body in step.bodies))
    assert gone_at == pytest.approx(20 + 60 + 30, abs=2)


def test_another_camera_that_sees_the_place_is_believed():
    steps = run(BOTH, stands(60.0), 60.0, (20.0, 50.0))
    (visit,) = closed(steps)
    assert visit.unseen_s == 0
    assert len(bodies(steps, Journey)) == 1


def test_a_blind_camera_should_see_nobody_and_is_waited_for_alone():
    watched = Coverage(floor(BOTH))
    here = (8.0, 6.0)
    assert watched.should_see("a", here)
    watched.note_blind(["a"], 10.0)
    assert not watched.should_see("a", here)
    assert watched.would_see("a", here)
    assert watched.hidden_s(here, 5.0, 10.0) == 0.0  # b would have seen them
    watched.note_blind(["a", "b"], 12.0)
    watched.note_blind(["a"], 14.0)
    assert watched.hidden_s(here, 5.0, 30.0) == 7.0  # b sees again since 12
    assert watched.hidden_s(here, 13.0, 30.0) == 0.0
    watched = pickle.loads(pickle.dumps(watched))  # noqa: S301 - our own
    assert watched.hidden_s(here, 5.0, 30.0) == 7.0
    assert not watched.should_see("a", here)


class Watch:
    """Says what it is told to say."""

    def __init__(self):
        self.blind = {}
        self.people = []

    def update(self, frames, people):
        self.people.append(sorted(people))

    def warnings(self):
        return ["camera east: shakes by 0.5 degrees; fasten it"]


class Pipeline:
    """Notes who was followed, and who was said to be blind."""

    def __init__(self):
        self.followed = []

    def update(self, now, observations, blind=()):
        self.followed.append((sorted(observations), sorted(blind)))
        return SimpleNamespace(bodies=[], positions=SimpleNamespace(visitors=[]), twice=Twice())


def test_a_blind_camera_is_neither_looked_at_nor_followed_and_says_why():
    seen, sent, pipeline = [], [], Pipeline()

    class Detector:
        analysed = put_off = 0

        def update(self, now, frames, go_on=None):
            seen.append([each.camera for each in frames])
            return {each.camera: sv.Detections.empty() for each in frames}

    meter = HealthMeter(["west", "east"], 0.0)
    intake = SimpleNamespace(fault="", lost=0, depth=0, commit=lambda events, state: True, remark="", disk_free=None)
    publisher = SimpleNamespace(
        live=lambda body, camera="": sent.append(body), wake=lambda: None, figures=SimpleNamespace(fault="")
    )
    watch = Watch()
    runtime = Runtime(Detector(), Checkpoint(0.0, "", pipeline, {}), intake, publisher, meter, watch=watch)
    image = np.zeros((2, 2, 3), np.uint8)

    def step(now):
        runtime.step(now, {name: Frame(name, now, int(now), image) for name in ("west", "east")}, {}, None)
        for name in ("west", "east"):
            runtime.camera_state(name, "online", 0.0)

    step(1.0)
    watch.blind = {"east": Blindness(1.5, "moved: turned 1.0 degrees", 1.0)}
    step(2.0)
    step(3.0)
    runtime.camera_state("east", "offline", 3.5, "connection refused")
    watch.blind = {}
    step(4.0)
    assert seen == [["west", "east"], ["west"], ["west"], ["west", "east"]]
    assert [each for each, _ in pipeline.followed] == [["east", "west"], ["west"], ["west"], ["east", "west"]]
    assert [each for _, each in pipeline.followed] == [[], ["east"], ["east"], []]
    told = [body for body in sent if isinstance(body, CameraStatus) and body.camera == "east"]
    assert [(body.state, body.moved_deg) for body in told] == [
        ("online", None), ("blind", 1.0), ("offline", None), ("online", None),
    ]  # fmt: skip
    assert (told[1].since, told[1].detail) == ("1970-01-01T00:00:01.500Z", "moved: turned 1.0 degrees")
    assert "camera east: shakes by 0.5 degrees; fasten it" in runtime.report(5.0).warnings
