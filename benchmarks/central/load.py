"""The boxes as one process that costs little: packets made ahead, the time written in as they leave.

    python -m benchmarks.central.load PLAN.json

Says ``ready`` once all packets are made, waits for a line on standard input, sends for the planned time and prints one
JSON object. It speaks MQTT 3.1.1 over plain sockets, because a client library costs more than all the rest; every
durable message and every batch of positions goes out with QoS 1 as a box sends it and is waited for at the end.
"""

from __future__ import annotations

import json
import selectors
import socket
import struct
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.central.traffic import FULL_MALL, events, positions
from contract.events import Envelope, Status
from contract.messages import BY_BODY, encode
from contract.times import to_rfc3339
from contract.topics import build_topic

TICK_S = 0.01
TOLD_EVERY_S = 12.0
"""Between two events of one visitor: 4,000 events a second are of as many people as 50,000 positions a second."""
SLACK_S = 30.0
"""At the end the broker may take so long for its last acknowledgements."""


class Plan(msgspec.Struct, frozen=True):
    """What to send: totals of all boxes."""

    port: int
    username: str
    password: str
    site: str
    floors: list[str]
    zones: list[str]
    boxes: int
    seconds: float
    durable_per_s: float
    batches_per_s: float
    people: int
    """Positions in a batch."""
    seed: int = 1


@dataclass(slots=True)
class Packet:
    """One PUBLISH packet; ``stamps`` is where its times are written, ``mid_at`` where its number goes."""

    data: bytearray
    stamps: tuple[int, ...]
    mid_at: int


@dataclass(slots=True)
class Box:
    """One box's connection and packets.

    Attributes:
        schedule: (seconds from the start, packet), in order.
    """

    name: str
    floor: str
    session: str
    schedule: list[tuple[float, Packet]] = field(default_factory=list)
    sent: int = 0
    acknowledged: int = 0
    last_seq: int = 0
    _rest: bytes = b""
    socket: socket.socket | None = None

    def connect(self, plan: Plan) -> None:
        """Log in to the broker."""
        self.socket = socket.create_connection(("127.0.0.1", plan.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        fields = b"".join(struct.pack("!H", len(t)) + t for t in (f"load-{self.name}".encode(), plan.username.encode()))
        fields += struct.pack("!H", len(plan.password)) + plan.password.encode()
        variable = b"\x00\x04MQTT\x04\xc2" + struct.pack("!H", 600)
        self.socket.sendall(b"\x10" + length(len(variable) + len(fields)) + variable + fields)
        answer = self.socket.recv(4)
        if answer != b"\x20\x02\x00\x00":
            raise SystemExit(f"the broker refuses the load: {answer!r}")

    def hear(self) -> None:
        """Count the broker's acknowledgements; each is four bytes."""
        assert self.socket is not None  # noqa: S101 - connected before
        self._rest += self.socket.recv(65536)
        whole = len(self._rest) // 4
        self.acknowledged += whole
        self._rest = self._rest[4 * whole :]


def length(size: int) -> bytes:
    """MQTT's variable length."""
    out = bytearray()
    while True:
        size, digit = divmod(size, 128)
        out.append(digit | (0x80 if size else 0))
        if not size:
            return bytes(out)


def publish(topic: str, payload: bytes, stamps: tuple[bytes, ...] = (b'"at":"',)) -> Packet:
    """The packet of one message; each of ``stamps`` is the text before a time that is written in as it leaves."""
    name = topic.encode()
    head = b"\x32" + length(2 + len(name) + 2 + len(payload)) + struct.pack("!H", len(name)) + name
    start = len(head) + 2
    found, after = [], 0
    for stamp in stamps:
        after = payload.index(stamp, after) + len(stamp)
        found.append(start + after)
    return Packet(bytearray(head + b"\x00\x00" + payload), tuple(found), len(head))


def envelope(box: Box, plan: Plan, body: Any, seq: int, at: float) -> tuple[str, bytes]:
    """Topic and payload as the box would send them."""
    kind = BY_BODY[type(body)]
    session = box.session if kind.durable else f"live{box.session}"
    message: Envelope[Any] = Envelope(
        kind.schema, plan.site, box.floor, box.name, session, seq, f"{session}-{seq}", to_rfc3339(at), body
    )
    return build_topic(plan.site, box.floor, box.name, kind.what), encode(message)


def prepare(plan: Plan, start: float) -> list[Box]:
    """Every box with all its packets."""
    boxes = []
    for index in range(plan.boxes):
        box = Box(f"box-{index:02d}", plan.floors[index % len(plan.floors)], f"bench{int(start * 1000):x}b{index:02d}")
        rate, batches = plan.durable_per_s / plan.boxes, plan.batches_per_s / plan.boxes
        people = round(rate * TOLD_EVERY_S)
        talk = events(plan.seed + index, plan.zones, start, rate, at_once=people, script=FULL_MALL)
        for seq in range(1, int(plan.seconds * rate) + 1):
            said = next(talk)
            box.schedule.append(((seq - 1) / rate, publish(*envelope(box, plan, said.body, seq, said.at))))
        box.last_seq = len(box.schedule)
        crowd = positions(plan.seed + 1000 + index, plan.people, start, 1 / batches)
        for number in range(int(plan.seconds * batches)):
            at_s = number / batches
            topic, payload = envelope(box, plan, next(crowd), number + 1, start + at_s)
            box.schedule.append((at_s, publish(topic, payload, (b'"at":"', b'"at":"'))))
        box.schedule.sort(key=lambda entry: entry[0])
        boxes.append(box)
    return boxes


def run(plan: Plan, boxes: list[Box]) -> dict[str, Any]:
    """Send everything by the clock; what was sent, and how far behind the clock we fell."""
    selector = selectors.DefaultSelector()
    for box in boxes:
        box.connect(plan)
        assert box.socket is not None  # noqa: S101 - just connected
        selector.register(box.socket, selectors.EVENT_READ, box)
    began, cpu = time.time(), time.process_time()
    latest = 0.0
    while any(box.sent < len(box.schedule) for box in boxes):
        now = time.time() - began
        stamp = to_rfc3339(began + now).encode()
        for box in boxes:
            out = bytearray()
            while box.sent < len(box.schedule) and box.schedule[box.sent][0] <= now:
                due, packet = box.schedule[box.sent]
                latest = max(latest, now - due)
                box.sent += 1
                struct.pack_into("!H", packet.data, packet.mid_at, box.sent % 65_535 + 1)
                packet.data[packet.stamps[0] : packet.stamps[0] + 24] = stamp
                for where in packet.stamps[1:]:  # positions are of their own moment, each of another
                    packet.data[where : where + 24] = to_rfc3339(began + due).encode()
                out += packet.data
                box.schedule[box.sent - 1] = (due, Packet(bytearray(), (), 0))
            if out:
                assert box.socket is not None  # noqa: S101 - connected
                box.socket.sendall(out)
        for key, _ in selector.select(0):
            key.data.hear()
        time.sleep(max(0.0, TICK_S - (time.time() - began - now)))
    took = time.time() - began
    deadline = time.time() + SLACK_S
    while any(box.acknowledged < box.sent for box in boxes) and time.time() < deadline:
        for key, _ in selector.select(0.2):
            key.data.hear()
    unacknowledged = sum(box.sent - box.acknowledged for box in boxes)
    _say_where_it_ends(plan, boxes)
    return {
        "seconds": took,
        "cpu_s": time.process_time() - cpu,
        "latest_s": latest,
        "messages": sum(box.sent for box in boxes),
        "durable": sum(box.last_seq for box in boxes),
        "unacknowledged": unacknowledged,
    }


def _say_where_it_ends(plan: Plan, boxes: list[Box]) -> None:
    """Every box's status, so that central knows how many events there were."""
    for box in boxes:
        now = to_rfc3339(time.time())
        body = Status("online", now, "bench", box.session, box.last_seq)
        packet = publish(*envelope(box, plan, body, 1, time.time()), stamps=())
        packet.data[packet.mid_at + 1] = 1
        assert box.socket is not None  # noqa: S101 - connected
        box.socket.sendall(packet.data)
        box.socket.settimeout(SLACK_S)
        box.hear()


def main() -> None:
    """Make, wait for the word, send, tell."""
    plan = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Plan)
    boxes = prepare(plan, time.time())
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(run(plan, boxes)), flush=True)


if __name__ == "__main__":
    main()
