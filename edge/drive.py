"""What sets the pace: recordings by their media time, streams by the clock."""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Protocol, Self

import numpy as np

from contract.events import Health, Reload, Report, RestartCamera
from contract.service import Lifeline
from edge.box import Box
from edge.capture.frame import Frame
from edge.capture.live import LiveCamera
from edge.capture.shedding import Shedding
from edge.capture.source import open_recording
from edge.clock import SteadyClock
from edge.health import State
from edge.playback import Playback
from edge.progress import HUNG_S, Progress
from edge.runtime import Runtime

FULL_WAIT_S = 0.5
"""Recordings wait so long between attempts while neither disk nor memory has room."""


DETECT_SHARE = 0.85
"""Share of a tick after which pictures that are left wait for the next one."""
MOST_PAUSE_S = 1.0
"""Between two pictures of recordings that lie far apart, signs of life are given so often."""
LAST_LOOK_S = 0.1
"""What was begun takes so long to end, at most, on a box that has more to do than it can."""


class Drive(Protocol):
    """Feeds a runtime."""

    def run(self, stop: threading.Event) -> None:
        """Work until stopped, or until there is nothing left."""
        ...


class PlaybackDrive:
    """Plays a box's recordings, from where the last commit stands."""

    def __init__(
        self, box: Box, runtime: Runtime, tell: Callable[[str], None], lifeline: Lifeline | None = None
    ) -> None:
        """Open the recordings.

        Raises:
            BadInputError: one is missing or no video.
        """
        self._box = box
        self._runtime = runtime
        self._tell = tell
        self._lifeline = lifeline or Lifeline()
        if not runtime.state.origin_at:
            runtime.state = replace(runtime.state, origin_at=time.time())
        origin = runtime.state.origin_at
        sizes = {name: (camera.width, camera.height) for name, camera in box.floor.cameras.items()}
        recordings = {
            source.name: (
                open_recording(source.url, source.name, sizes[source.name]),
                origin if source.start_at is None else source.start_at,
            )
            for source in box.cameras
        }
        self._playback = Playback(recordings, box.fps, runtime.state.next_frames)

    def run(self, stop: threading.Event) -> None:
        """See :class:`Drive`; at the end everything open is closed."""
        runtime, playback = self._runtime, self._playback
        if runtime.state.ended:
            self._tell(f"all recordings were played before; remove {self._box.state_dir} to play them again")
            return
        last = runtime.state.saved_at
        behind = None
        for name in playback.next_frames:
            runtime.camera_state(name, "online", time.time())
        for tick in playback.ticks():
            if self._box.paced:
                behind = tick.now - time.monotonic() if behind is None else behind
                self._pause(tick.now - behind, stop)
            while runtime.must_wait and not stop.is_set():
                runtime.save()
                self._look_around()
                self._lifeline.advanced()  # it tries, and a restart makes no room
                stop.wait(FULL_WAIT_S)
            if stop.is_set():
                return
            for name in tick.frames:
                runtime.meter.cameras[name].received += 1
            last = max(last, tick.now)
            runtime.step(last, tick.frames, playback.next_frames, None)
            self._lifeline.ready("recordings are being played")
            self._lifeline.advanced()
            self._look_around()
        self._note_ends()
        runtime.finish(last, ended=True)
        self._look_around(force=True)

    def _pause(self, until: float, stop: threading.Event) -> None:
        while (left_s := until - time.monotonic()) > 0 and not stop.wait(min(left_s, MOST_PAUSE_S)):
            self._lifeline.advanced()

    def _look_around(self, *, force: bool = False) -> None:
        """Cameras that ended, commands, health."""
        self._note_ends()
        publisher = self._runtime.publisher
        while publisher.commands:
            command = publisher.commands.popleft()
            is_report = isinstance(command, Report)
            force |= is_report
            publisher.reply(command, ok=is_report, detail="" if is_report else "this box plays recordings")
        moment = time.monotonic()
        if force or self._runtime.meter.due(moment):
            health = self._runtime.report(moment, list(self._playback.damage.values()))
            self._lifeline.say(status_line(health))

    def _note_ends(self) -> None:
        for name in self._playback.ended:
            damage = self._playback.damage.get(name)
            if damage and self._runtime.meter.cameras[name].state != "offline":
                self._tell(f"camera {name}: {damage}")
            state: State = "offline" if damage else "stopped"
            self._runtime.camera_state(name, state, time.time(), damage or "the recording is through")


class Cameras:
    """The live cameras of a box: entering opens them all, leaving closes them.

    They may be opened long before anybody looks: of each only the newest frame is kept.

    Attributes:
        clock: stamps what they see.
        live: by name.
    """

    def __init__(self, box: Box) -> None:
        self._box = box
        self.clock = SteadyClock(time.time, time.monotonic)
        self.live = {source.name: self._closed(source.name) for source in box.cameras}

    def __enter__(self) -> Self:
        for camera in self.live.values():
            camera.start()
        return self

    def __exit__(self, *_: object) -> None:
        _close_all(list(self.live.values()))

    def renew(self, name: str) -> None:
        """Gives up a camera's connection and begins another."""
        # Ending a stuck connection takes its timeouts; the other cameras do not wait for that.
        threading.Thread(target=self.live[name].close, name=f"close {name}", daemon=True).start()
        self.live[name] = self._closed(name).start()

    def _closed(self, name: str) -> LiveCamera:
        url = next(source.url for source in self._box.cameras if source.name == name)
        view = self._box.floor.cameras[name]
        jitter = random.Random(secrets.randbits(64))  # noqa: S311 - jitter
        return LiveCamera(url, name, rng=jitter, size=(view.width, view.height), clock=self.clock.now)


class LiveDrive:
    """Looks at every camera's newest frame, ``fps`` times a second."""

    def __init__(
        self,
        box: Box,
        runtime: Runtime,
        tell: Callable[[str], None],
        fresh_pipeline: Callable[[], Any],
        lifeline: Lifeline | None = None,
        *,
        cameras: Cameras | None = None,
    ) -> None:
        self._box = box
        self._runtime = runtime
        self._tell = tell
        self._lifeline = lifeline or Lifeline()
        self._progress = Progress(source.name for source in box.cameras)
        self._fresh_pipeline = fresh_pipeline
        self._period_s = 1.0 / box.fps
        self._eyes = cameras or Cameras(box)
        self._clock = self._eyes.clock
        self._cameras = self._eyes.live
        self._indexes = dict.fromkeys(self._cameras, -1)
        self._skipped = dict.fromkeys(self._cameras, 0)
        # a door is never left to a glance a second, unless all other cameras are already
        self._may_rest = {name for name in self._cameras if not _watches_line(box, name)}
        doors = [name for name in self._cameras if name not in self._may_rest]
        self._shedding = Shedding(list(self._cameras), self._period_s, doors)

    def run(self, stop: threading.Event) -> None:
        """See :class:`Drive`."""
        period_s = self._period_s
        with self._eyes:
            # what they threw away before anybody could look is nobody's want of time
            self._skipped = {name: camera.skipped for name, camera in self._cameras.items()}
            due = time.monotonic()
            while not stop.wait(max(0.0, due - time.monotonic())):
                self._tick()
                self._lifeline.ready(f"{len(self._cameras)} cameras are being read")
                # Late is late: ticks that were missed are not made up for.
                due = max(due + period_s, time.monotonic())

    def _tick(self) -> None:
        if self._clock.jumped:
            self._follow_jump()
        began = time.monotonic()
        frames: dict[str, Frame] = {}
        rests = {name for name in self._may_rest if self._runtime.resting(name, self._clock.now())}
        busy = {name: camera.late_s for name, camera in self._cameras.items() if name not in rests}
        shed = self._shedding.update(began, busy)
        for name, camera in self._cameras.items():
            camera.rest(name in rests)
            camera.shed(name in shed)
            # nobody knows what they showed; but nobody looked at them, for want of time
            skipped = camera.skipped
            self._runtime.meter.put_off += skipped - self._skipped[name]
            self._skipped[name] = skipped
            frame = camera.newest()
            if frame is not None:
                frames[name] = frame
                seen = self._indexes[name]  # none yet: what came before the first look counts once
                self._runtime.meter.cameras[name].received += max(0, frame.index - seen) if seen >= 0 else 1
                self._indexes[name] = frame.index
        now = self._clock.now()
        up = looking_ends(began + DETECT_SHARE * self._period_s, frames.values())
        self._runtime.step(now, frames, {}, now, lambda: time.monotonic() < up)
        offline = set()
        for name, camera in self._cameras.items():
            status = camera.status()
            self._runtime.camera_state(name, status.state, status.since, status.detail)
            if status.state == "offline":
                offline.add(name)
        force = self._obey()
        moment = time.monotonic()
        self._look_after(moment, frames, offline)
        if force or self._runtime.meter.due(moment):
            health = self._runtime.report(moment, clock_offset_s=self._clock.offset_s)
            self._lifeline.say(status_line(health))

    def _look_after(self, moment: float, taken: Iterable[str], offline: set[str]) -> None:
        """Feeds the watchdog while the box gets somewhere, and replaces cameras whose threads stand still."""
        turned = {name: camera.turned_mono for name, camera in self._cameras.items()}
        if self._progress.update(moment, taken, offline, turned):
            self._lifeline.advanced()
        for name in self._progress.hung:
            self._tell(f"camera {name}: its thread has stood still for {HUNG_S:.0f} s; it is given up and begun anew")
            self._restart(name)

    def _follow_jump(self) -> None:
        """The system's clock was set: visits end by the old time, and counting starts anew by the new one."""
        self._tell(f"the system clock was set by {-self._clock.offset_s:.0f} s; open visits are closed by the old time")
        self._runtime.finish(self._clock.now(), ended=False)
        self._clock.follow()
        self._runtime.state = replace(self._runtime.state, pipeline=self._fresh_pipeline(), saved_at=self._clock.now())
        for source in self._box.cameras:
            self._restart(source.name)

    def _restart(self, name: str) -> None:
        self._eyes.renew(name)
        self._indexes[name] = -1
        self._skipped[name] = 0

    def _obey(self) -> bool:
        """Commands; whether health is asked for."""
        wanted = False
        publisher = self._runtime.publisher
        while publisher.commands:
            command = publisher.commands.popleft()
            match command:
                case Report():
                    wanted = True
                    publisher.reply(command, ok=True)
                case RestartCamera(camera=name) if name in self._cameras:
                    self._restart(name)
                    publisher.reply(command, ok=True, detail=name)
                case RestartCamera(camera=name):
                    known = ", ".join(self._cameras)
                    publisher.reply(command, ok=False, detail=f"no camera {name!r}; this box has {known}")
                case Reload():
                    publisher.reply(command, ok=False, detail="not while running: restart the box's service")
                case _:
                    pass
        return wanted


def looking_ends(up: float, frames: Iterable[Frame]) -> float:
    """When no further picture of a tick is begun with: at ``up``, or before the first of its frames is too old."""
    return min([up, *(frame.expires_at - LAST_LOOK_S for frame in frames)])


def status_line(health: Health) -> str:
    """How the box is, in one line for the service manager."""
    online = sum(camera.state == "online" for camera in health.cameras)
    waiting = f"{health.outbox_depth} events wait for central" if health.outbox_depth else "central has all events"
    return f"{online} of {len(health.cameras)} cameras online, {waiting}, {health.visitors} people on the floor"


def _watches_line(box: Box, name: str) -> bool:
    """Whether a camera sees any tripwire."""
    camera = box.floor.cameras[name]
    return any(
        bool(camera.sees(np.vstack([line.ends_m, line.ends_m.mean(0)])).any()) for line in box.floor.lines.values()
    )


def _close_all(cameras: list[LiveCamera]) -> None:
    """Close cameras side by side: each may take as long as its timeouts."""
    threads = [threading.Thread(target=camera.close, daemon=True) for camera in cameras]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
