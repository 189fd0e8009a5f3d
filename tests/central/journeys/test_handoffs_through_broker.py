"""Codes come through a real broker into a real central, make a link, and are nowhere to be found afterwards."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import httpx
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from contract.events import Handoff
from contract.times import to_rfc3339
from tests.broker import MosquittoBroker
from tests.central.journeys.crowd import two_floors
from tests.central.mall import Central, Sender, eventually

CODE = "5a0f3c96e1d2b487" * 8


def traces(folder: Path) -> list[str]:
    """Files in which the code stands, as text or as bytes."""
    shapes = (CODE[:32].encode(), bytes.fromhex(CODE[:32]))
    return [
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and any(shape in path.read_bytes() for shape in shapes)
    ]


def test_a_code_makes_a_link_and_leaves_no_trace(tmp_path: Path, broker: MosquittoBroker) -> None:
    central = Central(tmp_path / "central", broker)
    two_floors(central.folder)
    central.start()
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(broker.username, broker.password)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    eventually(
        lambda: (
            httpx.get(f"{central.address}/v1/boxes", headers=central.headers("ops")).json()["ingest"]["broker_fault"]
            == ""
        )
    )
    now = time.time()
    below, above = Sender(box="box-g", floor="g"), Sender(box="box-u", floor="u")
    packets = [
        below.packet(Handoff("below00001", "escalator", to_rfc3339(now - 21), CODE), now),
        above.packet(Handoff("above00001", "escalator", to_rfc3339(now), CODE, "in"), now),
        below.packet(Handoff("below00002", "kitchen", to_rfc3339(now), CODE), now),
    ]
    broken = packets[0][1].replace(b'"exit"', b'"exi"')
    for topic, payload in [*packets, (packets[0][0], broken), (packets[0][0], packets[0][1][:-9])]:
        client.publish(topic, payload, qos=1).wait_for_publish(5)

    def linked() -> list[tuple[str, str]]:
        with sqlite3.connect(f"file:{central.folder / 'central.db'}?mode=ro", uri=True) as connection:
            return connection.execute("SELECT visitor, person FROM stitches").fetchall()

    assert eventually(linked, 30) == [("above00001", "below00001")]
    told = [
        httpx.get(f"{central.address}{path}", headers=central.headers("admin")).text
        for path in ("/v1/quarantine", "/v1/boxes", "/v1/occupancy", "/metrics")
    ]
    assert not any(CODE[:32] in text for text in told)
    assert "handoff" in told[0]
    client.loop_stop()
    client.disconnect()
    assert central.stop() == 0
    assert traces(central.folder) == []
