"""The pipeline on recordings, offline and as fast as it goes: the events a live box would have sent, a line each."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Protocol

from contract.events import Crossing, Envelope, Journey, Positions, Visit
from contract.messages import BY_BODY, encode
from contract.times import to_rfc3339
from edge.capture.frame import Frame
from edge.outbox.store import Origin
from edge.pipeline import CameraObservation, FloorPipeline, Step
from edge.playback import Tick
from edge.track.seen import Seen

SESSION_BITS = 80
POSITIONS_S = 1.0
"""Positions are told this often."""


class DetectsPeople(Protocol):
    """The detection stage, as far as a replay needs it."""

    def update(self, now: float, frames: Sequence[Frame]) -> Mapping[str, Seen]:
        """People per camera; a camera whose picture was not looked at may be missing."""
        ...


@dataclass(frozen=True, slots=True)
class Moment:
    """One tick of a replay and what came of it.

    Attributes:
        tick: the frames.
        found: detections by camera.
        step: what the pipeline made of them.
    """

    tick: Tick
    found: Mapping[str, Seen]
    step: Step


@dataclass(slots=True)
class Summary:
    """What a replay found.

    Attributes:
        frames: pictures analysed.
        crossings: count by line and direction.
        visits: closed visits by zone.
        dwell_s: their seconds by zone, bridged and unseen ones included.
        visitors: journeys that ended.
    """

    frames: int = 0
    crossings: Counter[tuple[str, str]] = field(default_factory=Counter)
    visits: Counter[str] = field(default_factory=Counter)
    dwell_s: dict[str, float] = field(default_factory=dict)
    visitors: int = 0

    def add(self, step: Step) -> None:
        """Counts what a step tells."""
        for _, body in step.bodies:
            if isinstance(body, Crossing):
                self.crossings[body.line, body.direction] += 1
            elif isinstance(body, Journey):
                self.visitors += 1
            elif body.phase == "closed":
                self.visits[body.zone] += 1
                stay_s = body.observed_s + body.bridged_s + body.unseen_s
                self.dwell_s[body.zone] = self.dwell_s.get(body.zone, 0.0) + stay_s


@dataclass(slots=True)
class EventLog:
    """Writes events as a box would send them, durable ones and positions numbered in sessions of their own.

    Attributes:
        stream: takes the lines.
        origin: the ids in every envelope.
        rng: of the sessions' names.
        lines: written so far.
    """

    stream: IO[bytes]
    origin: Origin
    rng: random.Random
    lines: int = 0
    _sessions: dict[bool, str] = field(init=False, repr=False)
    _seq: dict[bool, int] = field(init=False, repr=False)
    _told_at: float | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        """Names the sessions."""
        self._sessions = {durable: f"{self.rng.getrandbits(SESSION_BITS):020x}" for durable in (True, False)}
        self._seq = {True: 0, False: 0}

    def write(self, step: Step) -> None:
        """Writes what a step tells, and once a second the positions."""
        for at, body in step.bodies:
            self._line(at, body)
        if self._told_at is None or step.at - self._told_at >= POSITIONS_S:
            self._told_at = step.at
            self._line(step.at, step.positions)

    def _line(self, at: float, body: Visit | Crossing | Journey | Positions) -> None:
        kind = BY_BODY[type(body)]
        self._seq[kind.durable] += 1
        session, seq = self._sessions[kind.durable], self._seq[kind.durable]
        envelope: Envelope[Any] = Envelope(
            schema_=kind.schema,
            site=self.origin.site,
            floor=self.origin.floor,
            box=self.origin.box,
            session=session,
            seq=seq,
            event_id=f"{session}-{seq}",
            at=to_rfc3339(at),
            body=body,
        )
        self.stream.write(encode(envelope) + b"\n")
        self.lines += 1


def replay(ticks: Iterator[Tick], detector: DetectsPeople, pipeline: FloorPipeline) -> Iterator[Moment]:
    """Yields every tick with what came of it; the last one has no frames and closes whatever is open.

    Args:
        ticks: frames in order of time.
        detector: finds people.
        pipeline: makes events of them.
    """
    now = 0.0
    for tick in ticks:
        now = tick.now
        found = detector.update(now, list(tick.frames.values()))
        observed = {}
        for name, detections in found.items():
            frame = tick.frames[name]
            observed[name] = CameraObservation(frame.captured_at, detections, frame.size)
        yield Moment(tick, found, pipeline.update(now, observed))
    yield Moment(Tick(now, {}), {}, pipeline.close(now))
