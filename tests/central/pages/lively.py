"""The lively mall told to central: its past straight into the store, its present through a real broker, as by boxes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as mqtt

from central.ingest.decode import read
from central.store.batch import commit
from central.store.store import Store
from contract.events import Body, CameraHealth, CameraStatus, Health
from contract.times import to_rfc3339
from tests.broker import MosquittoBroker
from tests.central.mall import Sender, crossing, positions, status, visit
from tests.central.pages.lively_mall import FLOORS, HALL_M, WIDTH_M, Crowd, rooms

WARM_UP_S = 320
"""So long after the doors open the floors are as full as they get."""
HEALTH_EVERY_S = 10


def _cameras(floor: str) -> list[CameraHealth]:
    return [CameraHealth(f"{floor}-{name}", "online", 12.5, 8.0, 6.0, 180.0) for name in ("east", "hall", "west")]


@dataclass
class Watcher:
    """Makes visits and crossings of what a crowd does, as a floor's box would."""

    floor: str
    _where: dict[str, tuple[str, float]] = field(default_factory=dict)
    _visits: int = 0

    def __post_init__(self) -> None:
        self._rooms = rooms(self.floor)

    def see(self, at: float, people: dict[str, tuple[float, float]]) -> Iterator[Body]:
        """What happened in this second."""
        for visitor in [gone for gone in self._where if gone not in people]:
            zone, since = self._where.pop(visitor)
            yield crossing(visitor, f"{'west' if self._visits % 2 else 'east'}-{self.floor}", "out", at)
            yield self._closed(visitor, zone, since, at)
        for visitor, (x, y) in people.items():
            zone = self._zone(x, y)
            before = self._where.get(visitor)
            if before is None:
                side = "west" if x < WIDTH_M / 2 else "east"
                yield crossing(visitor, f"{side}-{self.floor}", "in", at)
            elif before[0] == zone:
                continue
            else:
                yield self._closed(visitor, before[0], before[1], at)
                shop = before[0] if zone.startswith("hall") else zone
                yield crossing(visitor, f"{shop}-door", "out" if shop == before[0] else "in", at)
            self._where[visitor] = zone, at

    def _closed(self, visitor: str, zone: str, since: float, at: float) -> Body:
        self._visits += 1
        stayed = at - since
        name = f"{visitor}{self._visits:06d}"
        return visit(
            name, visitor, zone, entered=since, observed=stayed * 0.94, bridged=stayed * 0.04, unseen=stayed * 0.02
        )

    def _zone(self, x: float, y: float) -> str:
        if HALL_M[0] <= y <= HALL_M[1]:
            return f"hall-{self.floor}"
        found = (room for room in self._rooms if room.box[0] <= x <= room.box[2] and room.box[1] <= y <= room.box[3])
        return next(found, self._rooms[0]).id


class LivelyBoxes:
    """The boxes of all floors, with the same crowds from the past into the present.

    Args:
        seed: decides everything the crowds do.
        warm_up_s: seconds that the crowds walk before anything is told of them.
    """

    def __init__(self, seed: int = 1, warm_up_s: int = WARM_UP_S) -> None:
        self.crowds = {floor: Crowd(floor, seed) for floor in FLOORS}
        self.senders = {
            floor: Sender(f"box-{floor}", floor, session=f"lively0session{n}") for n, floor in enumerate(FLOORS)
        }
        self._watchers = {floor: Watcher(floor) for floor in FLOORS}
        self._silent: set[str] = set()
        for crowd in self.crowds.values():
            for _ in range(warm_up_s):
                crowd.step()

    def second(self, at: float) -> Iterator[tuple[str, bytes]]:
        """Topics and payloads of one second of all floors that are not silent."""
        for floor, crowd in self.crowds.items():
            people = crowd.step()
            events = list(self._watchers[floor].see(at, people))
            if floor in self._silent:
                continue
            sender = self.senders[floor]
            yield sender.packet(positions(at, people), at, 1)
            if at % HEALTH_EVERY_S == 0:
                yield sender.packet(Health(_cameras(floor), 0, len(people), 21.0, 3.0, 48.0), at, 1)
            for body in events:
                yield sender.packet(body, at)

    def tell_past(
        self, store: Store, start: float, end: float, each_minute: Callable[[float], Any] = lambda _: None
    ) -> None:
        """Everything from ``start`` until before ``end``, as if heard at its time, minute by minute."""
        heard = []
        for at in range(int(start), int(end)):
            for topic, payload in self.second(float(at)):
                heard.append(read("mall", topic, payload, len(payload), float(at), retained=False))
            if at % 60 == 59 or at == int(end) - 1:
                commit(store.database, [one for one in heard if one is not None])
                heard.clear()
                each_minute(float(at) + 1)

    def silence(self, floor: str) -> None:
        """That floor's box says nothing any more."""
        self._silent.add(floor)

    @contextmanager
    def telling(self, broker: MosquittoBroker) -> Iterator[None]:
        """Tell the present, once a second."""
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        client.username_pw_set(broker.username, broker.password)
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        now = time.time()
        for floor, sender in self.senders.items():
            client.publish(*sender.packet(status(0, now, sender.session), now, 1), qos=1, retain=True)
            for camera in _cameras(floor):
                word = CameraStatus(camera.camera, "online", to_rfc3339(now), "")
                client.publish(*sender.packet(word, now, 1), qos=1, retain=True)
        stop = threading.Event()

        def tell() -> None:
            at = int(time.time())
            while not stop.wait(max(0.0, at + 1 - time.time())):
                at += 1
                for packet in self.second(float(at)):
                    client.publish(*packet, qos=1)

        thread = threading.Thread(target=tell, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            client.disconnect()
            client.loop_stop()
