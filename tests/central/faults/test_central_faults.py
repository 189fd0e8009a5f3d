"""Whatever breaks between box and store, the final tables equal those of a run in which nothing broke.

The box side is the box's real outbox and publisher, the broker a real mosquitto, central a process that is killed with
signal 9. ``ATRIUM_LONG_FAULTS=1`` takes the whole ten minutes without a broker.
"""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import paho.mqtt.client as mqtt
import pytest

from contract.topics import build_topic
from tests.broker import MosquittoBroker
from tests.central import ready_python
from tests.central.faults.floor_box import ORIGIN, FloorBox
from tests.central.faults.story import EVENTS_A_SECOND, Tables, assert_same, story, tables
from tests.central.mall import Central, eventually, write_site
from tests.chaos.victims import ENVIRONMENT, Victim
from tests.small_disk import mounted

pytestmark = pytest.mark.waits
LONG = os.environ.get("ATRIUM_LONG_FAULTS") == "1"
TEN_MINUTES = int(600 * EVENTS_A_SECOND)
OUTAGE_S = 600.0 if LONG else 2.0
"""In the short form the events of ten minutes queue in a shorter outage."""
START = time.time() - 3600.0
PATIENCE_S = 90.0


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The tables of a run without faults."""
    folder = tmp_path_factory.mktemp("calm")
    with MosquittoBroker(folder / "broker") as broker:
        central = ingest(folder, broker)
        central.start()
        eventually((folder / "central.db.ready").exists, PATIENCE_S)
        box = FloorBox(folder / "box", broker, "calmsession0")
        box.happen(story(TEN_MINUTES, START))
        eventually(lambda: box.is_rid_of_all, PATIENCE_S)
        box.close()
        central.stop()
    found = tables(folder / "central.db")
    assert found.missing == 0
    assert len(found.visits) > 400
    assert len(found.crossings) > 800
    assert len(found.journeys) > 100
    return found


class Ingest(Victim):
    """Central's way in; the process is ready before it is started."""

    def start(self) -> None:
        with self.log.open("ab") as log:
            module, *arguments = self.command
            self._process = ready_python.start(module, *arguments, stderr=log, environment=ENVIRONMENT)
        self._process.stdout.close()


def ingest(folder: Path, broker: MosquittoBroker) -> Victim:
    """Central's way in as a process."""
    folder.mkdir(parents=True, exist_ok=True)
    site = write_site(folder)
    database, port = str(folder / "central.db"), str(broker.port)
    command = ["tests.central.faults.ingest_process", database, str(site), port, broker.username, broker.password]
    return Ingest(command, folder / "central.log")


@contextlib.contextmanager
def floor(tmp_path: Path) -> Iterator[tuple[MosquittoBroker, Victim, FloorBox]]:
    """Broker, central (not started) and box."""
    with MosquittoBroker(tmp_path / "broker") as broker:
        central = ingest(tmp_path, broker)
        box = FloorBox(tmp_path / "box", broker, "faultysession")
        try:
            yield broker, central, box
        finally:
            box.close()
            central.stop()


def whole(box: FloorBox, central: Victim) -> None:
    """Everything has arrived; central ends cleanly."""
    eventually(lambda: box.is_rid_of_all, PATIENCE_S)
    central.stop()
    assert "Traceback" not in central.tail()


@pytest.mark.timeout(900 if LONG else 180)
def test_a_broker_that_is_gone_for_ten_minutes(tmp_path: Path, calm: Tables) -> None:
    with floor(tmp_path) as (broker, central, box):
        central.start()
        eventually((tmp_path / "central.db.ready").exists, PATIENCE_S)
        happening = story(TEN_MINUTES, START)
        box.happen(happening[:300])
        eventually(lambda: box.is_rid_of_all, PATIENCE_S)
        broker.kill()
        ends = time.monotonic() + OUTAGE_S
        parts = 40
        for part in range(parts):
            box.happen(happening[300 + part * 2700 // parts : 300 + (part + 1) * 2700 // parts])
            time.sleep(max(0.0, ends - OUTAGE_S * (parts - 1 - part) / parts - time.monotonic()))
        assert box.outbox.depth == 2700
        broker.start()
        whole(box, central)
    assert_same(tables(tmp_path / "central.db"), calm)


@pytest.mark.timeout(180)
def test_central_killed_twenty_times_while_events_flow(tmp_path: Path, calm: Tables) -> None:
    dice = random.Random(11)
    with floor(tmp_path) as (_broker, central, box):
        happening = story(TEN_MINUTES, START)
        for part in range(20):
            central.start()
            box.happen(happening[part * 150 : part * 150 + 100])
            # From before it is connected to well into its commits.
            time.sleep(dice.uniform(0.2, 1.0))
            box.happen(happening[part * 150 + 100 : part * 150 + 150])
            time.sleep(dice.uniform(0.0, 0.1))
            central.kill()
        central.start()
        whole(box, central)
    found = tables(tmp_path / "central.db")
    assert_same(found, calm)
    assert found.received == {"faultysession": [[1, TEN_MINUTES]]}


def test_messages_that_come_twice_and_in_any_order(tmp_path: Path, calm: Tables) -> None:
    """As no broker should, but bridges, reconnections and resends do."""
    dice = random.Random(5)
    with floor(tmp_path) as (broker, central, box):
        box.publisher.stop()
        central.start()
        eventually((tmp_path / "central.db.ready").exists, PATIENCE_S)
        box.happen(story(TEN_MINUTES, START))
        rows = box.outbox.rows(1, TEN_MINUTES, TEN_MINUTES)
        order = sorted(range(len(rows)), key=lambda index: index + dice.uniform(0, 400))
        order += dice.sample(order, 600)
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="shuffler")
        client.username_pw_set(broker.username, broker.password)
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        for index in order:
            row = rows[index]
            sent = client.publish(build_topic(ORIGIN.site, ORIGIN.floor, ORIGIN.box, row.what), row.payload, 1)
        sent.wait_for_publish(30)
        client.disconnect()
        client.loop_stop()
        eventually(lambda: counted(tmp_path) == TEN_MINUTES, PATIENCE_S)
        central.stop()
    assert_same(tables(tmp_path / "central.db"), calm)


def counted(folder: Path) -> int:
    """Numbers in the accounts."""
    found = tables(folder / "central.db").received
    return sum(last - first + 1 for runs in found.values() for first, last in runs)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own of 12 MB, where this machine lets us mount one."""
    with mounted(tmp_path / "disk", 12) as folder:
        yield folder


def test_a_disk_that_is_full_and_is_freed(tmp_path: Path, small_disk: Path, calm: Tables) -> None:
    with MosquittoBroker(tmp_path / "broker") as broker:
        central = Central(small_disk, broker)
        central.start()
        ballast = small_disk / "ballast"
        box = FloorBox(tmp_path / "box", broker, "faultysession")
        happening = story(TEN_MINUTES, START)
        box.happen(happening[:300])
        eventually(lambda: box.is_rid_of_all, PATIENCE_S)
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 65536)
        box.happen(happening[300:])

        def ready() -> tuple[int, str]:
            answer = httpx.get(f"{central.address}/readyz", headers=central.headers("ops"), timeout=10)
            return answer.status_code, answer.text

        eventually(lambda: ready()[0] == 503, PATIENCE_S)
        assert "free disk space" in ready()[1]
        assert box.outbox.depth > 0
        ballast.unlink()
        eventually(lambda: box.is_rid_of_all, PATIENCE_S)
        assert ready()[0] == 200
        assert central.stop() == 0
        box.close()
        found = tables(small_disk / "central.db")
    assert_same(found, calm)
    assert "Traceback" not in (small_disk / "central.log").read_text()
