"""Two boxes' own announcements through a real broker: central links who took the escalator, and nobody else."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from calibration.boundaries import boundaries
from calibration.site import load_site
from central.journeys.handoffs import Handoffs
from contract.events import Crossing
from contract.messages import decode
from contract.times import from_rfc3339, to_rfc3339
from contract.topics import parse_topic
from edge.outbox.store import Event, Origin, Outbox
from edge.publish.link import BrokerAddress
from edge.publish.publisher import Publisher
from edge.reid.keys import DayKeys
from edge.reid.stage import ReidStage, exits_of
from edge.reid.whitening import Whitening
from simulator.scene import GALLERIA
from tests.broker import MosquittoBroker
from tests.edge.reid.painted import DIMENSION, Person, ShadeEmbedder, moment

SITE = load_site(GALLERIA)
NOON = 1_784_026_800.0
"""Of a summer's day in Lisbon."""
UP = "escalator_g_top", "in"
OFF = "escalator_f1_top", "out"
"""Lines belong to the escalators' zones: who goes up goes into the one's and comes out of the other's."""
PLACES = {shade: (60.0 * shade, 100.0, 60.0 * shade + 50, 250.0) for shade in range(1, 9)}
LEAVE = {1: 0, 2: 2, 3: 4, 6: 6, 4: 8}
COME = {2: 20, 1: 22, 7: 25, 4: 26, 3: 27}
"""By shade, seconds: the way takes 20 s, with a spread of 2 s, and they come in another order than they left. 6 never
comes; 7 comes without having been seen to leave. (8 looks so much like 3 that central would link neither.)"""


class Box:
    """A floor's stage and publisher."""

    def __init__(self, folder: Path, broker: MosquittoBroker, floor: str, secret: bytes) -> None:
        name = f"box-{floor}"
        self.outbox = Outbox(folder / f"{floor}.db", Origin(SITE.id, floor, name), f"durable0{floor}00")
        address = BrokerAddress("127.0.0.1", broker.port, name, broker.username, broker.password)
        self.publisher = Publisher(
            self.outbox, address, live_session=f"live0000{floor}0", version="0", wall=time.time,
            rng=random.Random(1), tell=lambda _: None,
        )  # fmt: skip
        self.stage = ReidStage(
            exits_of(SITE, floor), ShadeEmbedder(), Whitening.none(DIMENSION), DayKeys(secret, SITE.id, SITE.timezone)
        )
        self.publisher.start()
        eventually(lambda: self.publisher.figures.connected)

    def cross(self, now: float, shade: int, token: str, how: tuple[str, str]) -> None:
        """Somebody is seen, crosses, and is announced in the next step."""
        found = [Person(shade, token, box=PLACES[shade])]
        for handoff in self.stage.update(now, *moment(now, found, [(token, *how)])):
            self.publisher.live(handoff)
        self.stage.update(now + 0.2, *moment(now + 0.2))

    def close(self) -> None:
        self.publisher.stop()
        self.outbox.close()


def eventually(claim, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not claim() and time.monotonic() < end:
        time.sleep(0.02)
    assert claim()


def links_of(folder: Path, secrets: tuple[bytes, bytes]) -> list[tuple[str, str]]:
    """Who is linked with whom, of those who go up and come off."""
    with MosquittoBroker(folder / "broker") as broker:
        heard: list[tuple[str, bytes]] = []
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        client.username_pw_set(broker.username, broker.password)
        ready = threading.Event()
        client.on_subscribe = lambda *_: ready.set()
        client.on_message = lambda _client, _data, message: heard.append((message.topic, message.payload))
        client.connect("127.0.0.1", broker.port)
        client.subscribe("atrium/+/+/+/handoffs", qos=1)
        client.loop_start()
        assert ready.wait(10)
        ground, first = (Box(folder, broker, floor, secret) for floor, secret in zip(("g", "f1"), secrets, strict=True))
        for shade, after_s in LEAVE.items():
            ground.cross(NOON + after_s, shade, f"below0000{shade}", UP)
        for shade, after_s in COME.items():
            first.cross(NOON + after_s, shade, f"above0000{shade}", OFF)
        eventually(lambda: len(heard) == 10)
        ground.close()
        first.close()
        client.loop_stop()
        client.disconnect()
    central = Handoffs(SITE, boundaries(SITE))
    found = []
    messages = [(parse_topic(topic), decode("handoffs", payload).body) for topic, payload in heard]
    for topic, handoff in sorted(messages, key=lambda each: each[1].at):
        at = from_rfc3339(handoff.at)
        found += central.update(at)
        central.take(topic, handoff, at + 0.3)
    found += central.update(NOON + 60)
    assert central.strange == 0
    return [(link.visitor, link.before) for link in found]


def test_no_broker_stores_a_code_for_who_is_away(tmp_path: Path, secret: bytes) -> None:
    with MosquittoBroker(tmp_path / "broker") as broker:
        away = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="away", clean_session=False)  # as a bridge is
        away.username_pw_set(broker.username, broker.password)
        ready = threading.Event()
        away.on_subscribe = lambda *_: ready.set()
        away.connect("127.0.0.1", broker.port)
        away.subscribe("#", qos=1)
        away.loop_start()
        assert ready.wait(10)
        away.disconnect()
        away.loop_stop()
        box = Box(tmp_path, broker, "g", secret)
        codes = []
        send = box.publisher.live
        box.publisher.live = lambda body, camera="": codes.append(body.code) or send(body, camera)  # type: ignore[method-assign]
        box.cross(NOON, 1, "below00001", UP)
        box.outbox.append([Event(NOON, Crossing("escalator_g_top", "in", "below00001", to_rfc3339(NOON)))])
        box.publisher.wake()
        time.sleep(1.0)
        box.close()
        broker.stop()
    stored = b"".join(path.read_bytes() for path in (tmp_path / "broker").rglob("*") if path.is_file())
    assert b"crossings" in stored, "what is durable waits for who is away"
    assert len(codes) == 1
    assert codes[0][:32].encode() not in stored
    assert b"handoffs" not in stored


@pytest.fixture
def secret() -> bytes:
    return bytes(range(32))


def test_who_took_the_escalator_is_linked_by_looks_and_who_did_not_is_new(tmp_path: Path, secret: bytes) -> None:
    linked = links_of(tmp_path, (secret, secret))
    assert sorted(linked) == [(f"above0000{shade}", f"below0000{shade}") for shade in (1, 2, 3, 4)]


def test_boxes_with_two_secrets_link_nobody(tmp_path: Path, secret: bytes) -> None:
    assert links_of(tmp_path, (secret, secret[::-1])) == []
