"""The trigger service passes every offer on once, through its own death and central's."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from central.store import deliveries as sent
from central.store.store import Store
from tests.broker import MosquittoBroker
from tests.central.delivery import queueing
from tests.central.mall import ROOT, Central, eventually
from trigger.delivery import Deliveries
from trigger.offer import Offer
from trigger.stream import _events


def offer(number: int) -> Offer:
    return Offer(number, f"o{number}", f"M-{number}", "DINE-15", "15 % off your lunch", "7Q2M")


def delivered(path: Path) -> list[str]:
    return [json.loads(line)["offer"] for line in path.read_text().splitlines()] if path.exists() else []


def test_each_offer_is_written_once_and_a_torn_line_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "deliveries.jsonl"
    with Deliveries(path, "{wording}: {coupon} {code}") as deliveries:
        assert [deliveries.send(offer(number), "x").kind for number in (1, 2, 1)] == ["delivered"] * 3
    path.write_bytes(path.read_bytes()[:-10])
    with Deliveries(path, "{wording}: {coupon} {code}") as deliveries:
        assert deliveries.last_number == 1
        assert [deliveries.was_sent(offer(number)) for number in (1, 2)] == [True, False]
        deliveries.send(offer(2), "x")
    assert delivered(path) == ["o1", "o2"]
    assert json.loads(path.read_text().splitlines()[0])["text"] == "15 % off your lunch: DINE-15 7Q2M"


def test_only_whole_offer_events_count() -> None:
    lines = b': hello\n\nid: 1\nevent: offer\ndata: {"a": 1}\n\nevent: other\ndata: {}\n\nevent: offer\ndata: {"a"'
    assert list(_events(iter(lines.splitlines(keepends=True)))) == ['{"a": 1}']


@pytest.fixture(scope="module")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MosquittoBroker]:
    with MosquittoBroker(tmp_path_factory.mktemp("broker")) as running:
        yield running


def make(folder: Path, numbers: range) -> None:
    store = Store(folder / "central.db", "mall")
    for number in numbers:
        queueing.make(store, f"o{number}", channels=(), member=f"M-{number}")
    store.close()


def run_trigger(config: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", "trigger", str(config)], cwd=ROOT, stderr=subprocess.PIPE, text=True)


def test_killed_and_restarted_nothing_is_lost_or_doubled(tmp_path: Path, mosquitto: MosquittoBroker) -> None:
    central = Central(tmp_path / "central", mosquitto)
    central.start()
    (tmp_path / "token").write_text(central.tokens["trigger"])
    config = tmp_path / "TRIGGER.toml"
    config.write_text(f'central = "{central.address}"\ntoken_file = "token"\ndeliveries = "out.jsonl"\n')
    out = tmp_path / "out.jsonl"
    service = run_trigger(config)
    make(central.folder, range(1, 6))
    eventually(lambda: len(delivered(out)) >= 1)
    service.kill()
    service.communicate()
    make(central.folder, range(6, 11))
    service = run_trigger(config)
    eventually(lambda: len(delivered(out)) == 10)
    store = Store(central.folder / "central.db", "mall")
    eventually(lambda: sent.receipts(store.database, "mall", 0) == dict.fromkeys(range(1, 11), "delivered"))
    store.close()
    assert delivered(out) == [f"o{number}" for number in range(1, 11)]
    service.terminate()
    service.communicate()
    assert service.returncode == 0
    (tmp_path / "token").write_text(central.tokens["installer"])
    refused = subprocess.run(
        [sys.executable, "-m", "trigger", str(config)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert "role trigger" in refused.stderr
    assert central.stop() == 0
