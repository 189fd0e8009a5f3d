"""Courier, consumer and broker may die at any moment: who honours the id acts on each offer exactly once."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from central.delivery.courier import Courier
from central.delivery.endpoints import Outlets
from central.ingest.client import BrokerAddress, BrokerClient
from central.ingest.writer import Writer
from central.observe.metrics import Metrics
from central.store import deliveries
from central.store.store import Store
from contract.offers import OFFER_SCHEMA, offers_topic
from contract.webhooks import write_secret
from tests.broker import MosquittoBroker
from tests.central.delivery.consumer import KEY, Consumer
from tests.central.delivery.queueing import CRM, make, states
from tests.central.mall import ROOT, Central, eventually

OFFERS = 120


def configure(central: Central, url: str) -> None:
    (central.folder / "crm.secret").write_text(write_secret(KEY), encoding="utf-8")
    with central.config.open("a", encoding="utf-8") as file:
        file.write("[delivery]\nattempts = 100\n")
        file.write(f'[[webhooks]]\nname = "crm"\nurl = "{url}"\nsecret_file = "crm.secret"\ntimeout_s = 1.0\n')


def courier(database: Path, url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.central.delivery.courier_process", str(database), url]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    process.stdout.close()
    return process


def test_courier_and_consumer_killed_at_random_moments_lose_and_double_nothing(tmp_path: Path) -> None:
    draw = random.Random(7)
    consumer = Consumer()
    port = consumer.port
    store = Store(tmp_path / "central.db", "mall")
    process = courier(store.database.path, consumer.url)
    for batch in range(6):
        make(store, *(f"o{batch}-{number}" for number in range(OFFERS // 6)))
        time.sleep(draw.uniform(0.0, 0.15))  # a random moment of the work, not a wait for it
        if batch % 2:
            process.kill()
            process.wait()
            process = courier(store.database.path, consumer.url)
        else:
            consumer.stop()
            consumer = Consumer(port, disk=consumer)
    eventually(lambda: states(store) == ["sent"] * OFFERS)
    assert sorted(consumer.acted) == sorted(f"o{batch}-{number}" for batch in range(6) for number in range(OFFERS // 6))
    store.close()
    consumer.stop()
    process.terminate()
    assert process.wait() == 0


class Listener:
    """Whoever reads the topic, in a session that outlives connections."""

    def __init__(self, broker: MosquittoBroker) -> None:
        self.heard: list[dict[str, Any]] = []
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="coupons", clean_session=False)
        self.client.username_pw_set(broker.username, broker.password)
        self.client.on_message = lambda _client, _data, message: self.heard.append(
            {"topic": message.topic, "retain": message.retain, "qos": message.qos, **json.loads(message.payload)}
        )
        self.listens = False
        self.client.on_connect = lambda client, *_: client.subscribe(offers_topic("mall"), 1)
        self.client.on_subscribe = lambda *_: setattr(self, "listens", True)
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@contextmanager
def published(store: Store, broker: MosquittoBroker) -> Iterator[None]:
    """A courier that publishes on the broker, as central has it."""
    address = BrokerAddress("127.0.0.1", broker.port, "central", broker.username, broker.password)
    writer = Writer(store.database, "mall")
    client = BrokerClient(address, "mall", writer)
    courier = Courier(store, Outlets(mqtt=True), client, clock=time.time, metrics=Metrics())
    writer.start()
    client.start()
    courier.start()
    try:
        yield
    finally:
        courier.stop()
        client.stop()
        writer.stop()


def test_offers_are_published_and_wait_while_the_broker_is_away(store: Store, tmp_path: Path) -> None:
    with MosquittoBroker(tmp_path / "broker") as broker, published(store, broker):
        listener = Listener(broker)
        eventually(lambda: listener.listens)
        make(store, "o1", channels=("mqtt",))
        eventually(lambda: [one["offer"] for one in listener.heard] == ["o1"])
        told = listener.heard[0]
        assert (told["topic"], told["qos"], told["retain"]) == ("atrium/mall/offers", 1, False)
        assert (told["schema"], told["member"], told["code"]) == (OFFER_SCHEMA, "M-o1", "CODE-o1")
        eventually(lambda: states(store, "mqtt") == ["sent"])
        broker.stop()
        make(store, "o2", channels=("mqtt",))
        assert states(store, "mqtt") == ["sent", "queued"]
        broker.start()
        eventually(lambda: states(store, "mqtt") == ["sent", "sent"])
        eventually(lambda: {one["offer"] for one in listener.heard} == {"o1", "o2"})
        listener.stop()


def test_a_broker_that_refuses_the_topic_is_no_acknowledgement(store: Store, tmp_path: Path) -> None:
    with MosquittoBroker(tmp_path / "broker") as broker:
        broker.stop()
        rules = f"user {broker.username}\ntopic read atrium/#\ntopic write atrium/+/+/+/commands\n"
        (tmp_path / "broker" / "acl").write_text(rules, encoding="utf-8")
        with (tmp_path / "broker" / "mosquitto.conf").open("a") as file:
            file.write(f"acl_file {tmp_path}/broker/acl\n")
        broker.start()
        make(store, "o1", channels=("mqtt",))

        def refused() -> bool:
            (row,) = deliveries.listed(store.database, "mall", state=None, channel="mqtt", before=99, limit=9)
            return row.state == "queued" and "the broker refuses it" in row.error

        with published(store, broker):
            eventually(refused)


MAKE = """
import sys
from pathlib import Path
from central.store.store import Store
from tests.central.delivery.queueing import make
store = Store(Path(sys.argv[1]), "mall")
for number in range(150):
    make(store, f"{sys.argv[2]}-{number}", channels=())
"""


def test_numbers_are_in_the_order_of_commits_with_two_processes_that_write(tmp_path: Path) -> None:
    """Whoever resumes after the last number they saw has missed nothing: no smaller number is committed later."""
    path = tmp_path / "central.db"
    store = Store(path, "mall")
    writers = [subprocess.Popen([sys.executable, "-c", MAKE, str(path), name], cwd=ROOT) for name in ("a", "b")]
    seen: list[int] = []
    while len(seen) < 300:
        after = seen[-1] if seen else 0
        seen += [one.offer.number for one in deliveries.outgoing_after(store.database, "mall", after, limit=7)]
        assert all(writer.poll() in {None, 0} for writer in writers)
    assert [writer.wait() for writer in writers] == [0, 0]
    assert seen == sorted(seen)
    whole = [one.offer.number for one in deliveries.outgoing_after(store.database, "mall", 0, limit=1000)]
    assert whole == seen
    store.close()


def test_two_couriers_on_one_queue_share_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "central.db", "mall")
    make(store, *(f"o{number}" for number in range(50)))
    claims: list[int] = []
    now = time.time() + 1
    for _ in range(8):
        found = deliveries.claim(store.database, "mall", CRM, now, lease_s=5, keep_s=60, limit=7)
        claims += [one.delivery for one in found]
    assert sorted(claims) == list(range(1, 51))
    assert deliveries.claim(store.database, "mall", CRM, now + 6, lease_s=5, keep_s=60, limit=99)
    store.close()


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory, broker: MosquittoBroker) -> Any:
    running = Central(tmp_path_factory.mktemp("central"), broker)
    configure(running, "http://127.0.0.1:9/")
    running.start()
    yield running
    running.send(signal.SIGTERM)
    assert running.stop() == 0


def test_ops_sees_what_does_not_get_out_and_sends_it_again(central: Central) -> None:
    store = Store(central.folder / "central.db", "mall")
    make(store, "o1", "o2", "o3", expires_at=time.time() + 3600)
    make(store, "late", expires_at=time.time() - 1)
    headers = central.headers("ops")

    def ask(path: str, **query: str) -> Any:
        return httpx.get(central.address + path, params=query, headers=headers).raise_for_status().json()

    eventually(lambda: ask("/v1/deliveries")["channels"][0]["circuit"] == "open")
    (late,) = ask("/v1/deliveries", state="dead")["deliveries"]
    assert (late["error"], late["attempts"]) == ("it expired before it could be sent", 0)
    answer = httpx.post(f"{central.address}/v1/deliveries/{late['delivery']}/replay", headers=headers)
    assert (answer.status_code, answer.json()["detail"].split(": ")[1]) == (
        409,
        "its coupon has expired; nobody wants it any more",
    )
    with store.database.writing() as connection:
        connection.execute("UPDATE deliveries SET state = 'dead', ended_at = ? WHERE number <= 3", (time.time(),))
    told = httpx.post(f"{central.address}/v1/deliveries/replay", json={"channel": CRM}, headers=headers).json()
    assert told == {"replayed": 3, "left": 1}
    whole = ask("/v1/deliveries", limit="2")
    rest = ask("/v1/deliveries", limit="2", cursor=whole["next_cursor"])
    assert [one["number"] for one in whole["deliveries"] + rest["deliveries"]] == [4, 3, 2, 1]
    assert "M-o1" not in json.dumps([whole, rest])
    metrics = httpx.get(f"{central.address}/metrics", headers=headers).text
    assert 'atrium_delivery_queued{channel="webhook:crm"} 3.0' in metrics
    store.close()


def test_a_receipt_is_kept_once_and_the_latest_word_counts(central: Central) -> None:
    store = Store(central.folder / "central.db", "mall")
    (number,) = make(store, "received", channels=())
    url, headers = f"{central.address}/v1/offers/received/receipt", central.headers("trigger")
    for state, at in (("failed", "2026-01-01T12:00:05.000Z"), ("delivered", "2026-01-01T12:00:09.000Z")):
        for _ in range(2):
            assert httpx.post(url, json={"state": state, "at": at}, headers=headers).status_code == 204
    late = {"state": "failed", "at": "2026-01-01T12:00:07.000Z"}
    assert httpx.post(url, json=late, headers=headers).status_code == 204
    assert deliveries.receipts(store.database, "mall", 0)[number] == "delivered"
    unknown = httpx.post(url.replace("received/", "nobody/"), json=late, headers=headers)
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, "application/problem+json")
    ahead = httpx.post(url, json=late | {"at": "2999-01-01T12:00:07.000Z"}, headers=headers)
    assert ahead.status_code == 422
    store.close()
