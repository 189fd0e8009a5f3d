"""Keeps a box connected: sends the outbox until central has it all, live messages while they are fresh, and listens."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contract.events import Acknowledge, Body, CameraStatus, Command, Envelope, Reply, Resend, Status
from contract.messages import BY_BODY, MalformedMessageError, decode, encode
from contract.times import to_rfc3339
from contract.topics import build_topic
from edge.outbox.store import Outbox
from edge.publish.link import BrokerAddress, Link, Outgoing
from edge.publish.plan import SendPlan

IDLE_S = 0.5
"""How often the publisher looks around when nothing wakes it."""
STATUS_S = 15.0
"""How often the retained status is renewed, so that central learns of a lost tail."""
BACKOFF_S = (0.3, 20.0)
"""First and longest pause between attempts to connect; each is drawn between half and all of it."""
STEADY_S = 10.0
"""A connection that held so long starts the pauses anew; two boxes of one id that push each other out do not."""
MAX_LIVE = 200
MAX_COMMANDS = 64


@dataclass(frozen=True, slots=True)
class PublisherFigures:
    """What the publisher has done so far.

    Attributes:
        connected: whether the broker is reached now.
        fault: why not, or what the broker refuses; empty while all is well.
        sent_again: durable events sent more than once.
        live_dropped: live messages that found no connection or grew too old.
        malformed: payloads on the commands topic that were no commands of ours.
    """

    connected: bool
    fault: str
    sent_again: int
    live_dropped: int
    malformed: int


@dataclass(frozen=True, slots=True)
class _Live:
    body: Body
    camera: str
    until: float


class Publisher:
    """A thread between the outbox and the broker.

    Attributes:
        commands: what central wants of the box (reload, restart a camera, report), oldest first; for the box's loop.
    """

    def __init__(
        self,
        outbox: Outbox,
        address: BrokerAddress,
        *,
        live_session: str,
        version: str,
        wall: Callable[[], float],
        rng: random.Random,
        tell: Callable[[str], None],
    ) -> None:
        """Prepare; nothing is sent before :meth:`start`.

        Args:
            outbox: durable events.
            address: the broker.
            live_session: random token of this run, for live messages.
            version: of this build, for the status.
            wall: seconds since 1970.
            rng: jitter of reconnections.
            tell: takes one line for the operator.
        """
        self._outbox = outbox
        self._address = address
        self._live_session = live_session
        self._version = version
        self._wall = wall
        self._rng = rng
        self._tell = tell
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._plan = SendPlan(outbox.acknowledged)
        self._live: deque[_Live] = deque(maxlen=MAX_LIVE)
        self._camera_states: dict[str, CameraStatus] = {}
        self.commands: deque[Command] = deque(maxlen=MAX_COMMANDS)
        self._live_seq = 0
        self._salvaged_to: tuple[str, int] | None = ("", 0)
        """How far the events of earlier sessions are sent on this connection; None where all are."""
        self._since = wall()
        self._status_at = 0.0
        self._link: Link | None = None
        self._fault = ""
        self._told = ""
        self._live_dropped = 0
        self._malformed = 0
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    @property
    def figures(self) -> PublisherFigures:
        """What has been done so far."""
        link = self._link
        connected = link is not None and link.alive
        return PublisherFigures(connected, self._fault, self._plan.sent_again, self._live_dropped, self._malformed)

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def wake(self) -> None:
        """There is something new in the outbox."""
        self._wake.set()

    def live(self, body: Body, camera: str = "") -> None:
        """Send a message that nobody wants late; dropped where there is no connection.

        A camera's status is the exception: the last one of each camera is kept and sent on every connection.
        """
        kind = BY_BODY[type(body)]
        if kind.durable:
            raise ValueError(f"{type(body).__name__} goes through the outbox")
        link = self._link
        connected = link is not None and link.alive
        if isinstance(body, CameraStatus):
            self._camera_states[camera] = body
        if not connected or len(self._live) == MAX_LIVE:
            self._live_dropped += not isinstance(body, CameraStatus)
        if connected:
            self._live.append(_Live(body, camera, time.monotonic() + (kind.expires_s or float("inf"))))
            self._wake.set()

    def reply(self, command: Command, *, ok: bool, detail: str = "") -> None:
        """Answer a command."""
        self.live(Reply(command=str(type(command).__struct_config__.tag), ok=ok, detail=detail[:400]))

    def stop(self, timeout_s: float = 5.0) -> None:
        """Say ``stopped``, disconnect and end the thread."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        pause = BACKOFF_S[0]
        while not self._stop.is_set():
            began = time.monotonic()
            self._outbox.forget_old()
            try:
                failure = self._hold_connection()
            except Exception as error:  # noqa: BLE001 - whatever it is, a box must not fall silent over it
                failure = f"cannot be served ({type(error).__name__}: {error})"
            if failure:
                self._say(f"broker {self._address.host}:{self._address.port} {failure}")
            if time.monotonic() - began > STEADY_S:
                pause = BACKOFF_S[0]
            self._stop.wait(pause * self._rng.uniform(0.5, 1.0))
            pause = min(2 * pause, BACKOFF_S[1])

    def _hold_connection(self) -> str:
        """One connection from beginning to end; why it ended, empty where we wanted it to."""
        link = Link(self._address, self._status("offline"), self._topic("commands"), self._wake.set)
        try:
            if link.open(self._stop):
                self._link = link
                self._say("")
                self._serve(link)
        finally:
            self._link = None
            link.close()
        return link.failure

    def _say(self, fault: str) -> None:
        """Keep the fault for health, and tell it once."""
        if fault != self._told:
            self._tell(fault or f"broker {self._address.host}:{self._address.port} reached")
        self._fault = self._told = fault

    def _serve(self, link: Link) -> None:
        """Everything of one connection."""
        now = time.monotonic()
        self._plan.connected(now, self._outbox.acknowledged)
        self._salvaged_to = ("", 0)
        link.send(self._status("online"))
        self._status_at = now
        for camera, state in list(self._camera_states.items()):
            link.send(self._outgoing(state, camera))
        while link.alive and not self._stop.is_set():
            self._wake.wait(IDLE_S)
            self._wake.clear()
            now = time.monotonic()
            while link.received:
                self._hear(link.received.popleft(), now)
            if link.refused:
                self._say(
                    f"broker refuses {link.refused.pop()}; allow user {self._address.username!r} this box's topics"
                )
            if now - self._status_at >= STATUS_S and link.room > 0:
                link.send(self._status("online"))
                self._status_at = now
                self._outbox.forget_old()
            self._send_live(link, now)
            self._send_stored(link, now)
            self._send_salvaged(link)
        if link.alive:
            self._farewell(link)

    def _farewell(self, link: Link) -> None:
        """Replies and camera states that still wait, then ``stopped``; a second for the broker to take them."""
        deadline = time.monotonic() + 1.0
        self._send_live(link, time.monotonic())
        link.send(self._status("stopped"))
        while link.alive and link.busy and time.monotonic() < deadline:
            self._wake.wait(0.05)
            self._wake.clear()

    def _send_live(self, link: Link, now: float) -> None:
        while self._live and link.room > 0:
            message = self._live.popleft()
            if message.until < now:
                self._live_dropped += 1
            else:
                link.send(self._outgoing(message.body, message.camera))

    def _send_stored(self, link: Link, now: float) -> None:
        while link.alive and (room := link.room) > 0:
            wanted = self._plan.next_range(now, self._outbox.last_seq)
            if wanted is None:
                return
            rows = self._outbox.rows(*wanted, limit=room)
            for row in rows:
                link.send(Outgoing(self._topic(row.what), row.payload))
                self._plan.sent(now, row.seq)
            if not rows:
                self._plan.absent(wanted[1])

    def _send_salvaged(self, link: Link) -> None:
        """What was saved of a damaged outbox, once a connection, after what is stored now."""
        if self._salvaged_to is None or not link.alive or link.room <= 0:
            return
        rows = self._outbox.salvaged.after(self._salvaged_to, link.room)
        for session, row in rows:
            link.send(Outgoing(self._topic(row.what), row.payload))
            self._salvaged_to = (session, row.seq)
        if not rows:
            self._salvaged_to = None

    def _hear(self, payload: bytes, now: float) -> None:
        """Acknowledgements and requests are dealt with here; the rest is the box's affair."""
        try:
            message = decode("commands", payload)
        except MalformedMessageError as error:
            self._malformed += 1
            if self._malformed & (self._malformed - 1) == 0:  # 1, 2, 4, 8, ...: a flood tells itself ten lines long
                self._tell(f"commands: {self._malformed} ignored so far, last: {error}")
            return
        origin = self._outbox.origin
        if (message.site, message.floor, message.box) != (origin.site, origin.floor, origin.box):
            self._malformed += 1
            return
        command = message.body
        if isinstance(command, Acknowledge):
            if command.session == self._outbox.session:
                self._outbox.acknowledge(command.session, command.through)
                self._plan.heard(now, self._outbox.acknowledged)
            else:
                self._outbox.salvaged.let_go(command.session, command.through)
        elif isinstance(command, Resend):
            self._resend(command, now)
        elif len(self.commands) == MAX_COMMANDS:
            self.reply(command, ok=False, detail="too many commands wait; send it again later")
        else:
            self.commands.append(command)

    def _resend(self, command: Resend, now: float) -> None:
        outbox = self._outbox
        if command.session != outbox.session:
            self.reply(command, ok=False, detail=f"no such session here; the durable one is {outbox.session}")
            return
        self._plan.heard(now, outbox.acknowledged)
        if command.first > command.last or command.first > outbox.last_seq:
            self.reply(command, ok=False, detail=f"no such events; the last is {outbox.last_seq}")
            return
        if again := outbox.take_back(command.session, command.first - 1):
            # Asking for what it had acknowledged means that central was restored from a backup.
            self._tell(f"central asks again for what it had: {again} acknowledged events wait for it once more")
            self._plan.forgotten(now, outbox.acknowledged)
        self._plan.request(command.first, command.last)
        gone = min(command.last, outbox.first_seq - 1)
        if command.first <= gone:
            self.reply(command, ok=False, detail=f"{command.first} to {gone} were acknowledged and are forgotten")
        else:
            self.reply(command, ok=True)

    def _topic(self, what: str, camera: str = "") -> str:
        origin = self._outbox.origin
        return build_topic(origin.site, origin.floor, origin.box, what, camera)

    def _status(self, state: Any) -> Outgoing:
        since = self._wall() if state != "online" else self._since
        return self._outgoing(
            Status(
                state=state,
                since=to_rfc3339(since),
                version=self._version,
                durable_session=self._outbox.session,
                last_seq=self._outbox.last_seq,
                first_seq=self._outbox.first_seq,
            )
        )

    def _outgoing(self, body: Body, camera: str = "") -> Outgoing:
        kind = BY_BODY[type(body)]
        origin = self._outbox.origin
        self._live_seq += 1
        envelope: Envelope[Any] = Envelope(
            schema_=kind.schema,
            site=origin.site,
            floor=origin.floor,
            box=origin.box,
            session=self._live_session,
            seq=self._live_seq,
            event_id=f"{self._live_session}-{self._live_seq}",
            at=to_rfc3339(self._wall()),
            body=body,
        )
        return Outgoing(self._topic(kind.what, camera), encode(envelope), kind.retained, kind.expires_s, kind.qos)
