"""Every message on the wire as a typed model, decoded strictly: unknown fields, wrong types and sizes are refused.

A message is an envelope around a body. ``seq`` counts up by one from 1 within a ``session``. Durable bodies (visits,
crossings, journeys) and live ones (everything else) are counted in sessions of their own: a box's durable session lives
as long as its outbox, through restarts, so that a gap in it always means a lost event; live messages may expire.
"""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta

from contract.ids import END, ID_PATTERN
from contract.times import TIME_PATTERN

MAX_MESSAGE_BYTES = 256 * 1024
"""Larger payloads are quarantined unread. The largest legal one, a batch of positions, stays below half of it."""
MAX_VISITORS = 2000
MAX_PATH_POINTS = 2000
DAY_S = 86_400.0

Id = Annotated[str, Meta(pattern=ID_PATTERN)]
Token = Annotated[str, Meta(pattern=r"^[a-z0-9]{8,40}" + END, description="random, means nothing tomorrow")]
Time = Annotated[str, Meta(pattern=TIME_PATTERN, description="UTC, RFC 3339 with milliseconds")]
Metres = Annotated[float, Meta(ge=-10_000, le=10_000, description="metres, centimetre resolution")]
Seconds = Annotated[float, Meta(ge=0, le=2 * DAY_S, description="seconds")]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Rate = Annotated[float, Meta(ge=0, le=1e6)]
Calibration = Annotated[
    str, Meta(pattern=r"^([0-9a-f]{12})?" + END, description="names the calibration of the floor's cameras, hex")
]
Note = Annotated[str, Meta(max_length=400)]


class Body(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What every body shares: strictness."""


class Status(Body, frozen=True, omit_defaults=True):
    """Birth, rest and last will of a box; retained."""

    state: Literal["online", "stopped", "offline"]
    since: Time
    version: Annotated[str, Meta(max_length=40)]
    durable_session: Token
    last_seq: Count
    """Highest durable sequence number given out, so that a lost tail is noticed too."""
    first_seq: Annotated[int, Meta(ge=1, le=2**53)] = 1
    """Lowest durable number that the box still has: what is below it cannot be sent again. Not said by boxes of before
    1.3."""


class CameraStatus(Body, frozen=True):
    """Whether a camera's frames advance, and show what it was calibrated on; retained."""

    camera: Id
    state: Literal["online", "stopped", "offline", "blind"]
    """``blind``: frames come, but show nothing, or the camera was moved: its zones pause."""
    since: Time
    detail: Note = ""
    moved_deg: Annotated[float, Meta(ge=0, le=180)] | None = None
    """How far a camera that was moved has turned, degrees."""


class Visit(Body, frozen=True):
    """A visit to a zone: opened, continued (from time to time) or closed."""

    visit: Token
    visitor: Token
    zone: Id
    phase: Literal["opened", "continued", "closed"]
    entered_at: Time
    observed_s: Seconds
    bridged_s: Seconds
    unseen_s: Seconds
    confidence: Share
    left_at: Time | None = None


class Crossing(Body, frozen=True):
    """Somebody crossed a line; ``direction`` as seen from the zone the line belongs to."""

    line: Id
    direction: Literal["in", "out"]
    visitor: Token
    at: Time


class Positions(Body, frozen=True, omit_defaults=True):
    """Where everybody on the floor is at one instant; expires in 30 s."""

    at: Time
    visitors: Annotated[list[tuple[Token, Metres, Metres]], Meta(max_length=MAX_VISITORS)]
    calibration: Calibration = ""
    """By which the places hold; not said by boxes of before 1.1."""


class ZoneStay(Body, frozen=True):
    """One zone of a journey."""

    zone: Id
    entered_at: Time
    left_at: Time
    observed_s: Seconds
    bridged_s: Seconds
    unseen_s: Seconds


class Journey(Body, frozen=True):
    """A visitor left the floor: simplified path, zones in order, totals."""

    visitor: Token
    entered_at: Time
    left_at: Time
    path: Annotated[list[tuple[Seconds, Metres, Metres]], Meta(max_length=MAX_PATH_POINTS)]
    """[seconds since entered_at, x, y], simplified."""
    zones: Annotated[list[ZoneStay], Meta(max_length=1000)]
    observed_s: Seconds
    bridged_s: Seconds
    unseen_s: Seconds
    length_m: Annotated[float, Meta(ge=0, le=1e6)]


class Handoff(Body, frozen=True, omit_defaults=True):
    """Keyed re-id code of somebody who left or came by an exit, to tell who is who; expires in 120 s; never stored."""

    visitor: Token
    exit: Id
    """The line they crossed."""
    at: Time
    code: Annotated[
        str, Meta(pattern=r"^([0-9a-f]{64}|[0-9a-f]{128})" + END, description="256 or 512 bits, keyed, hex")
    ]
    direction: Annotated[
        Literal["out", "in"], Meta(description="whether they left the floor by the exit or came onto it")
    ] = "out"
    """Boxes of before 1.2 told of those who left alone."""

    def __repr__(self) -> str:
        return f"Handoff(exit={self.exit!r}, direction={self.direction!r}, code hidden)"


class CameraHealth(Body, frozen=True):
    """One camera's figures over the last report interval."""

    camera: Id
    state: Literal["online", "stopped", "offline", "blind"]
    received_fps: Rate
    analysed_fps: Rate
    detected_fps: Rate
    latency_ms: Rate
    """Median age of a frame when its events were written."""


class Health(Body, frozen=True):
    """Figures of a box over the last report interval."""

    cameras: Annotated[list[CameraHealth], Meta(max_length=256)]
    outbox_depth: Count
    visitors: Count
    step_ms: Rate
    clock_offset_ms: Annotated[float, Meta(ge=-1e9, le=1e9)] | None = None
    temperature_c: Annotated[float, Meta(ge=-60, le=200)] | None = None
    events_lost: Count = 0
    """Durable events given up, ever, because neither disk nor memory had room."""
    warnings: Annotated[list[Note], Meta(max_length=20)] = []
    """What an operator should look at, a line each."""
    store_fault: Note = ""
    """Why the box cannot store events now, so that they wait in its memory; empty where it can."""
    disk_free: Share | None = None
    """Share of the disk that holds the box's events which is free."""
    link_rtt_ms: Rate | None = None
    """Round trip to the mall's broker; none where it is not known."""
    link_lost: Share | None = None
    """Share of packets to the mall's broker that had to be sent again lately."""
    duplicate_share: Share | None = None
    """Share of the time of all visitors that went to a second one for a person who had one already, as the box
    estimates it over the last quarter of an hour; none until there is enough to say."""
    fragment_share: Share | None = None
    """Share of the visitors begun who were the continuation of one who was lost, estimated the same way."""


class Acknowledge(Body, tag="acknowledge", frozen=True):
    """Central has committed every durable event of the session up to ``through``; the box may forget them."""

    session: Token
    through: Count


class Resend(Body, tag="resend", frozen=True):
    """Central misses durable events ``first`` to ``last`` of the session."""

    session: Token
    first: Count
    last: Count


class Reload(Body, tag="reload", frozen=True):
    """Read the configuration again."""


class RestartCamera(Body, tag="restart_camera", frozen=True):
    """Close and reopen a camera's stream."""

    camera: Id


class Report(Body, tag="report", frozen=True):
    """Send health now."""


Command = Acknowledge | Resend | Reload | RestartCamera | Report


class Reply(Body, frozen=True):
    """What came of a command."""

    command: Annotated[str, Meta(max_length=64)]
    ok: bool
    detail: Note = ""


B = TypeVar("B")


class Envelope(msgspec.Struct, Generic[B], forbid_unknown_fields=True, frozen=True, rename={"schema_": "schema"}):
    """What every message on the wire looks like."""

    schema_: Annotated[str, Meta(max_length=64)]
    site: Id
    floor: Id
    box: Id
    session: Token
    seq: Annotated[int, Meta(ge=1, le=2**53)]
    event_id: Annotated[str, Meta(pattern=r"^[a-z0-9-]{8,64}" + END)]
    at: Time
    body: B
