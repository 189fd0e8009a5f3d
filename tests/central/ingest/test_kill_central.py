"""Killed at any moment, central loses nothing: a box that keeps what is not acknowledged sends it again."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec
import paho.mqtt.client as mqtt
import pytest

from central.store.store import Store
from contract.events import Acknowledge, Resend
from contract.messages import decode
from tests.broker import MosquittoBroker
from tests.central.mall import Central, Sender, crossing, eventually, status
from tests.central.ready_python import atrium


class OutboxBox:
    """The least a box must do: keep an event until central says it is committed, send again what is asked for."""

    def __init__(self, broker: MosquittoBroker) -> None:
        self.kept: dict[int, tuple[str, bytes]] = {}
        self.last_seq = 0
        self.acknowledged = 0
        self._sender = Sender()
        self._lock = threading.Lock()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="box-g")
        self._client.username_pw_set(broker.username, broker.password)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe("atrium/mall/g/box-g/commands", 1)
        self._client.on_message = self._command
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()

    def send(self) -> None:
        with self._lock:
            self.last_seq += 1
            packet = self._sender.packet(crossing(f"v{self.last_seq:011d}", at=time.time()), time.time(), self.last_seq)
            self.kept[self.last_seq] = packet
        self._client.publish(*packet, qos=1)

    def say_where_it_stands(self) -> None:
        now = time.time()
        self._client.publish(*self._sender.packet(status(self.last_seq, now), now, 1), qos=1, retain=True)

    def _command(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        body = decode("commands", message.payload).body
        with self._lock:
            if isinstance(body, Acknowledge):
                self.acknowledged = max(self.acknowledged, body.through)
                for seq in [seq for seq in self.kept if seq <= body.through]:
                    del self.kept[seq]
            elif isinstance(body, Resend):
                wanted = [self.kept[seq] for seq in range(body.first, body.last + 1) if seq in self.kept]
                for packet in wanted:
                    client.publish(*packet, qos=1)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def session_of(central: Central) -> dict[str, Any]:
    report = httpx.get(f"{central.address}/v1/boxes", headers=central.headers("ops"), timeout=10).json()
    sessions: list[dict[str, Any]] = [one for box in report["boxes"] for one in box["sessions"]]
    assert sessions
    return sessions[0]


@pytest.mark.timeout(240)
def test_kill_9_of_central_and_broker_loses_and_doubles_nothing(tmp_path: Path) -> None:
    dice = random.Random(7)
    with MosquittoBroker(tmp_path / "broker") as broker:
        central = Central(tmp_path / "central", broker)
        box = OutboxBox(broker)
        for round_number in range(5):
            central.start()
            killed_at = time.monotonic() + dice.uniform(0.3, 1.5)
            while time.monotonic() < killed_at:
                box.send()
                time.sleep(0.002)
            central.kill()
            if round_number == 2:
                broker.kill()
                broker.start()
            for _ in range(50):
                box.send()
        box.say_where_it_stands()
        central.start()
        eventually(lambda: box.acknowledged == box.last_seq, timeout_s=90)
        found = session_of(central)
        assert (found["received"], found["missing"]) == (box.last_seq, 0)
        assert central.stop() == 0
        box.close()
    store = Store(tmp_path / "central" / "central.db", "mall")
    assert store.crossing_counts() == {("g", "nordic-door", "in"): box.last_seq}
    visitors = store.database.rows("SELECT count(DISTINCT visitor) FROM crossings")[0][0]
    assert visitors == box.last_seq
    store.close()
    assert box.kept == {}


def test_garbage_and_10_mb_are_counted_and_the_next_event_arrives(tmp_path: Path, broker: MosquittoBroker) -> None:
    central = Central(tmp_path, broker)
    central.start()
    box = OutboxBox(broker)
    topic = "atrium/mall/g/box-g/visits"
    box._client.publish(topic, b"garbage", qos=1)
    box._client.publish(topic, b"x" * 10_000_000, qos=1)
    box.send()
    eventually(lambda: session_of(central)["received"] == 1)
    report = httpx.get(f"{central.address}/v1/quarantine", headers=central.headers("ops")).json()
    assert report["counts"] == {"malformed": 1, "oversized": 1}
    assert {message["size"] for message in report["messages"]} == {7, 10_000_000}
    box.close()
    assert central.stop() == 0
    assert "Traceback" not in (tmp_path / "central.log").read_text()


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_both_protocols_keep_the_session_while_central_is_away(
    tmp_path: Path, broker: MosquittoBroker, protocol: str
) -> None:
    central = Central(tmp_path, broker)
    settings = central.config.read_text().replace(
        "[http]", f'protocol = "{protocol}"\nclient_id = "p{protocol[0]}"\n[http]'
    )
    central.config.write_text(settings)
    central.start()
    eventually(lambda: "connected" in (tmp_path / "central.log").read_text())
    time.sleep(0.5)
    assert central.stop() == 0
    sender = Sender(session=f"session0{protocol[0]}")
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.username_pw_set(broker.username, broker.password)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    for seq in range(1, 31):
        client.publish(*sender.packet(crossing(), time.time(), seq), qos=1).wait_for_publish(5)
    client.disconnect()
    client.loop_stop()
    central.start()
    eventually(lambda: session_of(central)["received"] == 30)
    assert central.stop() == 0


def test_bad_configurations_end_in_one_line(tmp_path: Path, broker: MosquittoBroker) -> None:
    central = Central(tmp_path, broker, campaigns='schema = "atrium.campaigns.v1"\n[[campaigns]]\nid = "a/b"\n')
    good = central.config.read_text()
    for content, words in (
        (good, "campaigns"),
        (good.replace("[http]", "[http]\nprot = 1"), "prot"),
        (good.replace('"site.toml"', '"nowhere.toml"'), "nowhere.toml"),
        (good.replace("central.v1", "central.v7"), "central.v7"),
        ("not toml at all", "TOML"),
    ):
        central.config.write_text(content)
        ended = atrium("central", "serve", central.config)
        assert ended.returncode == 2, ended.stderr
        assert words in ended.stderr
        assert len(ended.stderr.strip().splitlines()) == 1


def test_the_messages_of_a_command_are_what_the_contract_says() -> None:
    assert msgspec.json.decode(msgspec.json.encode(Acknowledge("session00", 3)))["type"] == "acknowledge"
