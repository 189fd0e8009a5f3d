"""One step of a box: pictures in, events and the state they leave behind on disk, live messages on their way."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from contract.events import CameraStatus, Handoff, Health
from contract.times import to_rfc3339
from edge.capture.frame import Frame
from edge.health import HealthMeter, State
from edge.outbox.checkpoint import Checkpoint, pack
from edge.outbox.intake import Intake
from edge.outbox.store import Event
from edge.pipeline import CameraObservation, Step
from edge.publish.publisher import Publisher
from edge.track.seen import Seen
from edge.watch.blindness import Blindness

SAVE_S = 1.0
"""State is saved this often without events, too: so much work is done again after kill -9."""
RETRY_S = 1.0
"""How often a full disk is tried again."""


class DetectsPeople(Protocol):
    """The detection stage, as far as a step needs it.

    Attributes:
        analysed: pictures that the model has looked at so far; the others were still.
        put_off: pictures that should have been looked at, had there been time.
    """

    analysed: int
    put_off: int

    def update(
        self, now: float, frames: Sequence[Frame], go_on: Callable[[], bool] | None = None
    ) -> Mapping[str, Seen]:
        """People by camera, without those whose picture comes too soon, or all left once ``go_on`` says no."""
        ...

    def resting(self, camera: str, now: float) -> bool:
        """Whether a camera has shown nothing for so long that not all of its pictures need be decoded."""
        ...


class FollowsPeople(Protocol):
    """The floor's pipeline, as far as a step needs it: plain state that can be pickled at any time."""

    def update(self, now: float, observations: Mapping[str, CameraObservation], blind: Collection[str] = ()) -> Step:
        """What follows from what the cameras saw, some of which see nothing to be trusted."""
        ...

    def close(self, now: float) -> Step:
        """Everybody has left: whatever is open is closed."""
        ...


class WatchesCameras(Protocol):
    """The watch over cameras that may have been moved, as far as a step needs it."""

    @property
    def blind(self) -> Mapping[str, Blindness]:
        """Cameras whose foot points are not to be trusted."""
        ...

    def update(self, frames: Mapping[str, Frame], people: Mapping[str, Seen]) -> None:
        """Looks at the frames of cameras whose turn it is, with the people found in them."""
        ...

    def warnings(self) -> list[str]:
        """What an operator should look at, a line each."""
        ...


class AnnouncesPeople(Protocol):
    """The stage that tells other floors who left or came, as far as a step needs it; no part of what is stored."""

    def update(
        self, now: float, frames: Mapping[str, Frame], step: Step, go_on: Callable[[], bool] | None = None
    ) -> list[Handoff]:
        """Announcements to send at once; nobody is looked at where ``go_on`` says no."""
        ...

    def forget(self) -> None:
        """Everybody has left, and tracks are numbered anew."""
        ...

    def warnings(self) -> list[str]:
        """What an operator should look at since last asked, a line each."""
        ...


class Runtime:
    """Detector and pipeline bound to outbox and publisher.

    Attributes:
        meter: figures for health.
        publisher: for live messages; brings commands.
        state: what the next commit stores as checkpoint.

    Cameras that the watch says were moved are neither looked at nor followed until they hang as they should.
    """

    def __init__(
        self,
        detector: DetectsPeople,
        state: Checkpoint,
        intake: Intake,
        publisher: Publisher,
        meter: HealthMeter,
        *,
        watch: WatchesCameras | None = None,
        reid: AnnouncesPeople | None = None,
    ) -> None:
        self._detector = detector
        self._reid = reid
        self._watch = watch
        self.state = state
        self._intake = intake
        self.publisher = publisher
        self.meter = meter
        self._saved_at = float("-inf")
        self._tried_at = float("-inf")
        self._positions_second = -1
        self._camera_states: dict[str, tuple[State, str]] = {}

    @property
    def pipeline(self) -> FollowsPeople:
        """The floor's pipeline."""
        pipeline: FollowsPeople = self.state.pipeline
        return pipeline

    @property
    def must_wait(self) -> bool:
        """Whether disk and memory are full: recordings wait then instead of losing events."""
        return self._intake.full

    def step(
        self,
        now: float,
        frames: Mapping[str, Frame],
        next_frames: Mapping[str, int],
        wall: float | None,
        go_on: Callable[[], bool] | None = None,
    ) -> None:
        """Work on the frames of one moment.

        Args:
            now: box time, seconds since 1970; later than at the step before.
            frames: by camera, each newer than that camera's last.
            next_frames: per recorded camera, where to go on after this step; empty for streams.
            wall: system time for the latency of live frames, or None for recordings.
            go_on: says when pictures that are left have to wait; None looks at all of them.
        """
        began = time.monotonic()
        observations: dict[str, CameraObservation] = {}
        analysed, put_off = self._detector.analysed, self._detector.put_off
        people: dict[str, Seen] = {}
        trusted = {name: frame for name, frame in frames.items() if name not in self._blind}
        if trusted:
            for name, found in self._detector.update(now, list(trusted.values()), go_on).items():
                frame = frames[name]
                if time.monotonic() > frame.expires_at:  # what took too long is not told as if it were now
                    self.meter.put_off += 1
                    continue
                people[name] = found
                observations[name] = CameraObservation(frame.captured_at, found, frame.size)
        if self._watch is not None:
            self._watch.update(frames, people)
            observations = {name: each for name, each in observations.items() if name not in self._blind}
        step = self.pipeline.update(now, observations, self._blind)
        self.state = replace(self.state, saved_at=now, next_frames=dict(next_frames))
        self._hand_on(now, step)
        took_s = time.monotonic() - began
        # The stage counts over all cameras; a camera's share is exact in the sum.
        share = (self._detector.analysed - analysed) / max(1, len(observations))
        for name in observations:
            figures = self.meter.cameras[name]
            figures.analysed += 1
            figures.detected += share
            if wall is not None:
                figures.latencies_s.append(wall + took_s - frames[name].captured_at)
        self.meter.put_off += self._detector.put_off - put_off
        self.meter.visitors = len(step.positions.visitors)
        self.meter.twice = step.twice
        self._announce(now, frames, step, go_on)  # last of all: time goes to counting first
        self.meter.stepped(time.monotonic() - began)

    def resting(self, camera: str, now: float) -> bool:
        """Whether nothing has happened before a camera for a while."""
        return self._detector.resting(camera, now)

    def finish(self, now: float, *, ended: bool) -> None:
        """Close whatever is open at box time ``now``; ``ended`` means that no frame will ever follow."""
        step = self.pipeline.close(now)
        self.state = replace(self.state, saved_at=now, ended=ended)
        self._hand_on(now, step)
        self._announce(now, {}, step, None)
        if self._reid is not None:
            self._reid.forget()
        self.save()

    def save(self) -> bool:
        """Store what waits and the state; whether everything is on disk now."""
        return self._commit([])

    def _hand_on(self, now: float, step: Step) -> None:
        events = [Event(at, body) for at, body in step.bodies]
        moment = time.monotonic()
        if self._intake.fault and moment - self._tried_at < RETRY_S:
            self._intake.hold(events)
        elif events or moment - self._saved_at >= SAVE_S:
            self._commit(events)
        # Box time, not the machine's: a recording played fast still shows every second of its own.
        if int(now) != self._positions_second:
            self._positions_second = int(now)
            self.publisher.live(step.positions)

    def _announce(self, now: float, frames: Mapping[str, Frame], step: Step, go_on: Callable[[], bool] | None) -> None:
        """Codes of who left or came go out at once or never: they are in no event, and not in the state."""
        if self._reid is not None:
            for handoff in self._reid.update(now, frames, step, go_on):
                self.publisher.live(handoff)

    def _commit(self, events: Sequence[Event]) -> bool:
        moment = self._tried_at = time.monotonic()
        stored = self._intake.commit(events, pack(self.state))
        if stored:
            self._saved_at = moment
            self.publisher.wake()
        return stored

    @property
    def _blind(self) -> Mapping[str, Blindness]:
        """Cameras that were moved, or show another view than they were calibrated on."""
        return {} if self._watch is None else self._watch.blind

    def camera_state(self, camera: str, state: State, now: float, detail: str = "") -> None:
        """Tell when a camera's state changes: what its stream says, unless it was moved."""
        moved = self._blind.get(camera) if state == "online" else None
        if moved is not None:
            state, now, detail = "blind", moved.since, moved.reason
        self.meter.cameras[camera].state = state
        if self._camera_states.get(camera) != (state, detail):
            self._camera_states[camera] = (state, detail)
            body = CameraStatus(
                camera=camera,
                state=state,
                since=to_rfc3339(now),
                detail=detail[:400],
                moved_deg=None if moved is None else moved.turned_deg,
            )
            self.publisher.live(body, camera)

    def report(self, moment: float, warnings: Iterable[str] = (), clock_offset_s: float | None = None) -> Health:
        """Send health now.

        Args:
            moment: monotonic time, seconds.
            warnings: lines to add to what the outbox and the publisher complain of.
            clock_offset_s: box time minus system time, or None.
        """
        fault = self._intake.fault
        waiting = [f"{fault}; {self._intake.pending} events wait in memory"] if fault else []
        if self._intake.lost:
            waiting.append(f"{self._intake.lost} events were lost: neither disk nor memory had room")
        if self._intake.remark:
            waiting.append(self._intake.remark)
        if self._watch is not None:
            waiting += self._watch.warnings()
        if self._reid is not None:
            waiting += self._reid.warnings()
        publisher = self.publisher.figures.fault
        health = self.meter.report(
            moment,
            outbox_depth=self._intake.depth,
            events_lost=self._intake.lost,
            warnings=[*waiting, *([publisher] if publisher else []), *warnings],
            clock_offset_s=clock_offset_s,
            store_fault=fault,
            disk_free=self._intake.disk_free,
        )
        self.publisher.live(health)
        return health
