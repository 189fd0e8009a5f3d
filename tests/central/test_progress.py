"""What central's watchdog is fed by: every part comes round."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from central.ingest.client import BrokerAddress, BrokerClient
from central.ingest.writer import Writer
from central.progress import Part, Progress
from central.rounds import Rounds
from central.store.store import Store
from tests.broker import MosquittoBroker, free_port
from tests.central.mall import eventually

pytestmark = pytest.mark.waits


def test_a_part_that_does_not_come_round_in_time_is_named() -> None:
    turned = {"writer": 0.0, "clerk": 0.0}
    progress = Progress(
        {"the writer": Part(lambda: turned["writer"], 10.0), "the clerk": Part(lambda: turned["clerk"], 60.0)}
    )
    assert progress.stuck(10.0) == []
    assert progress.stuck(11.0) == ["the writer"]
    turned["writer"] = 61.0
    assert progress.stuck(61.0) == ["the clerk"]


def test_rounds_come_round_until_one_stands_still() -> None:
    stands, goes_on = threading.Event(), threading.Event()

    def do() -> None:
        if stands.is_set():
            goes_on.wait(30)

    rounds = Rounds("test", do, every_s=0.02, least_s=0.0)
    rounds.start()
    began = time.monotonic()
    eventually(lambda: rounds.turned > began + 0.1)
    stands.set()
    time.sleep(0.3)
    turned = rounds.turned
    time.sleep(0.3)
    assert rounds.turned == turned
    goes_on.set()
    rounds.stop()


def test_client_and_writer_come_round_without_a_broker_and_with_one(tmp_path: Path) -> None:
    store = Store(tmp_path / "central.db", "mall")
    writer = Writer(store.database, "mall")
    writer.start()
    with MosquittoBroker(tmp_path / "broker") as broker:
        for port in (free_port(), broker.port):
            address = BrokerAddress("127.0.0.1", port, "atrium-central", broker.username, broker.password)
            client = BrokerClient(address, "mall", writer)
            client.start()
            for part in (client, writer):
                began = time.monotonic()
                eventually(lambda part=part, began=began: part.turned > began + 1.0)
            client.stop()
    writer.stop()
    store.close()
