"""A live box whose system clock is set to another time."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from contract.events import Health
from edge.box import load_box
from edge.capture.frame import Frame
from edge.clock import JUMP_LASTS_S, SteadyClock
from edge.drive import LAST_LOOK_S, LiveDrive, looking_ends
from edge.health import HealthMeter
from edge.outbox.checkpoint import Checkpoint
from tests.broker import free_port
from tests.edge.painted_mall import START_AT, write_box, write_site


class Recorder:
    """In the runtime's place: notes what it is told."""

    def __init__(self) -> None:
        self.state = Checkpoint(0.0, "", "old pipeline", {})
        self.meter = HealthMeter(["west", "east"], 0.0)
        self.publisher = SimpleNamespace(commands=[])
        self.steps: list[float] = []
        self.finished: list[tuple[float, bool]] = []

    def step(self, now, frames, next_frames, wall, go_on=None) -> None:
        self.steps.append(now)

    def finish(self, now: float, *, ended: bool) -> None:
        self.finished.append((now, ended))

    def resting(self, *_: object) -> bool:
        return False

    def camera_state(self, *_: object) -> None:
        pass

    def report(self, moment: float, **_: object) -> Health:
        return self.meter.report(moment, outbox_depth=0, events_lost=0, warnings=[], clock_offset_s=None)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    write_site(tmp_path)
    path = write_box(tmp_path)
    text = path.read_text().replace(f'start_at = "{START_AT}"\n', "")
    for name in ("west", "east"):
        text = text.replace(f'"{name}.mp4"', f'"rtsp://127.0.0.1:{free_port()}/{name}"')
    path.write_text(text)
    return path


def test_visits_end_by_the_old_time_and_counting_starts_by_the_new(config: Path) -> None:
    runtime, told = Recorder(), []
    wall = SimpleNamespace(ahead=0.0, mono=0.0)
    drive = LiveDrive(load_box(config), runtime, told.append, lambda: "new pipeline")  # type: ignore[arg-type]
    drive._clock = SteadyClock(lambda: 1e9 + wall.mono + wall.ahead, lambda: wall.mono)
    for _ in range(3):
        wall.mono += 0.2
        drive._tick()
    wall.ahead = -7200.0
    while wall.mono < JUMP_LASTS_S + 2.0:
        wall.mono += 0.2
        drive._tick()
    ((closed_at, ended),) = runtime.finished
    assert not ended
    assert 1e9 + JUMP_LASTS_S <= closed_at <= 1e9 + JUMP_LASTS_S + 2.0
    assert runtime.state.pipeline == "new pipeline"
    before = [now for now in runtime.steps if now >= 1e9]
    after = [now for now in runtime.steps if now < 1e9]
    assert before + after == runtime.steps
    assert before == sorted(before)
    assert after == sorted(after)
    assert len(after) > 5
    assert told == ["the system clock was set by -7200 s; open visits are closed by the old time"]
    for camera in drive._cameras.values():
        threading.Thread(target=camera.close, daemon=True).start()


def test_ticks_that_were_missed_are_not_made_up_for(config: Path) -> None:
    stop = threading.Event()

    class Slow(Recorder):
        def step(self, now, frames, next_frames, wall, go_on=None) -> None:
            super().step(now, frames, next_frames, wall, go_on)
            if len(self.steps) == 3:
                time.sleep(1.0)
            if len(self.steps) == 8:
                stop.set()

    runtime = Slow()
    drive = LiveDrive(load_box(config), runtime, lambda _line: None, lambda: None)  # type: ignore[arg-type]
    began = time.monotonic()
    work = threading.Thread(target=drive.run, args=(stop,))
    work.start()
    stop.wait(20)
    took_s = time.monotonic() - began
    work.join(30)
    # seven intervals of 0.2 s, one of them stretched to a second
    assert took_s >= 6 * 0.2 + 1.0 - 0.1


def test_late_cameras_shed_in_turns_and_what_they_skip_is_put_off(config: Path) -> None:
    drive = LiveDrive(load_box(config), Recorder(), lambda _line: None, lambda: None)  # type: ignore[arg-type]
    runtime = drive._runtime
    for camera in drive._cameras.values():
        camera._late_s = 0.4
    asked: dict[str, set[bool]] = {name: set() for name in drive._cameras}
    for _ in range(5):
        drive._tick()
        # as a tick of four periods that was behind
        drive._shedding._ticked_at -= 0.8  # type: ignore[operator]
        drive._shedding._reviewed_at -= 1.0  # type: ignore[operator]
        for name, camera in drive._cameras.items():
            asked[name].add(camera._skipping.asked)
            camera._skipping.skipped += 3
    drive._tick()
    assert runtime.meter.put_off == 5 * 3 * len(asked)
    assert any(True in seen for seen in asked.values())
    drive._restart("west")
    drive._tick()
    assert runtime.meter.put_off == 5 * 3 * len(asked)
    for camera in drive._cameras.values():
        threading.Thread(target=camera.close, daemon=True).start()


def test_no_picture_is_begun_with_that_would_be_too_old_when_it_is_done() -> None:
    frames = [Frame("west", 1.0, 0, np.zeros((2, 2, 3), np.uint8), expires_at) for expires_at in (20.0, 10.0)]
    assert looking_ends(5.0, frames) == 5.0
    assert looking_ends(15.0, frames) == 10.0 - LAST_LOOK_S
    assert looking_ends(15.0, []) == 15.0


def test_only_cameras_that_see_no_door_may_rest(config: Path) -> None:
    box = load_box(config)
    asked: dict[str, bool] = {}

    class Still(Recorder):
        def resting(self, *_: object) -> bool:
            return True

    drive = LiveDrive(box, Still(), lambda _line: None, lambda: None)  # type: ignore[arg-type]
    for name, camera in drive._cameras.items():
        camera.rest = lambda wanted, name=name: asked.__setitem__(name, wanted)  # type: ignore[method-assign]
    drive._tick()
    doors = {
        name: any(box.floor.cameras[name].sees(line.ends_m).any() for line in box.floor.lines.values())
        for name in drive._cameras
    }
    assert any(doors.values())
    assert asked == {name: not door for name, door in doors.items()}
