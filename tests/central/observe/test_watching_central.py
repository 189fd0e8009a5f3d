"""A running central as those see it who watch it: probes, metrics, logs; and what none of them may show."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import paho.mqtt.client as mqtt
import pytest
from prometheus_client.parser import text_string_to_metric_families

from contract.events import Handoff, Health, Reply
from contract.times import to_rfc3339
from tests.broker import MosquittoBroker
from tests.central.mall import Central, Sender, crossing, eventually, positions, status, visit
from tests.central.observe.test_dashboard import expressions, names_in

CODE = "0123456789abcdef" * 4


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory, broker: MosquittoBroker) -> Iterator[Central]:
    """Central after a box has said a bit of everything."""
    running = Central(tmp_path_factory.mktemp("central"), broker)
    running.start()
    eventually(lambda: "connected to broker" in (running.folder / "central.log").read_text())
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.username_pw_set(broker.username, broker.password)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    now = time.time()
    live, durable = Sender(session="live0session0000"), Sender()
    told = [
        live.packet(status(4, now), now),
        durable.packet(visit(entered=now - 90), now, 1),
        durable.packet(crossing(at=now - 7200), now - 7200, 2),
        durable.packet(crossing(at=now), now, 3),
        durable.packet(crossing(at=now), now, 3),
        live.packet(positions(now, {"visitor00001": (3.0, 4.0)}), now),
        live.packet(Health([], 7, 1, 3.0, duplicate_share=0.02), now),
        live.packet(Reply("report", ok=True, detail="sent"), now),
        live.packet(Handoff("visitor00001", "escalator", to_rfc3339(now), CODE), now),
        ("atrium/mall/g/box-g/handoffs", json.dumps({"code": CODE, CODE: CODE, "schema": f"atrium.{CODE}"}).encode()),
    ]
    topic, payload = durable.packet(crossing(), now, 4)
    told.append((topic, payload.replace(b"crossing.v1", b"crossing.v9")))
    for topic, payload in told:
        client.publish(topic, payload, qos=1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()
    eventually(lambda: sum(quarantined(running).values()) == 2)
    yield running
    assert running.stop() == 0


def ask(central: Central, path: str, role: Any = "ops", **headers: str) -> httpx.Response:
    return httpx.get(central.address + path, headers=central.headers(role) | headers, timeout=20)


def quarantined(central: Central) -> dict[str, int]:
    counts: dict[str, int] = ask(central, "/v1/quarantine").json()["counts"]
    return counts


def samples(central: Central) -> dict[str, float]:
    """Every sample by name and labels."""
    answer = ask(central, "/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_the_probe_is_open_and_the_rest_is_not(central: Central) -> None:
    assert httpx.get(f"{central.address}/healthz").json() == {"status": "ok"}
    for path in ("/readyz", "/metrics"):
        assert httpx.get(central.address + path).status_code == 401
        assert ask(central, path, "manager").status_code == 403
        assert ask(central, path, "admin").status_code == 200
    assert ask(central, "/readyz").json() == {"ready": True, "faults": []}


def test_every_query_of_the_dashboard_names_metrics_that_are_told(central: Central) -> None:
    told = {name.partition("{")[0] for name in samples(central)}
    assert {name for expression in expressions() for name in names_in(expression)} <= told


def test_messages_are_counted_by_what_became_of_them(central: Central) -> None:
    found = samples(central)
    outcomes = {name: found[f"atrium_ingest_messages_total{{outcome={name}}}"] for name in ("stored", "duplicate")}
    assert outcomes == {"stored": 4, "duplicate": 1}  # the refused one keeps its number
    assert found["atrium_ingest_messages_total{outcome=refused}"] == 2
    assert found["atrium_ingest_old_events_total{older_than=1h}"] == 1, ask(central, "/metrics").text
    assert found["atrium_ingest_handoffs_total"] == 1
    assert found["atrium_quarantined_messages_total{kind=unknown schema}"] == 2
    assert found["atrium_box_missing_events{box=box-g,state=open}"] == 0
    assert found["atrium_boxes{state=online}"] == 1
    assert found["atrium_box_outbox_events{box=box-g}"] == 7
    assert found["atrium_box_duplicate_share{box=box-g}"] == 0.02
    assert "atrium_box_fragment_share{box=box-g}" not in found  # the box has not seen enough to say
    assert abs(found["atrium_box_clock_skew_seconds{box=box-g}"]) < 5
    assert found["atrium_broker_connected"] == found["atrium_store_writable"] == 1


def test_a_box_is_shown_with_its_clock_its_reply_and_what_it_speaks(central: Central) -> None:
    (box,) = ask(central, "/v1/boxes").json()["boxes"]
    assert box["last_reply"]["detail"] == "sent"
    assert "atrium.crossing.v9" in box["refusal"]
    assert "this build speaks 'atrium.crossing.v1'" in box["refusal"]
    assert box["sessions"][0]["state"] == "whole"
    assert abs(box["clock_skew_s"]) < 5


def test_no_label_holds_a_person_and_nothing_holds_a_code(central: Central) -> None:
    told = ask(central, "/metrics").text
    assert "visitor" not in told
    ask(central, "/v1/members/M-secret-77", "admin")
    assert "M-secret-77" not in ask(central, "/metrics").text
    assert "/v1/members/{member}" in ask(central, "/metrics").text
    log = (central.folder / "central.log").read_text()
    assert "M-secret-77" not in log
    kept = ask(central, "/v1/quarantine").text
    for path in central.folder.glob("central.db*"):
        assert CODE.encode() not in path.read_bytes()
    assert CODE not in log + kept + told
    assert "it may hold a code" in kept


def test_every_line_of_the_log_is_one_object_and_a_request_can_be_followed(central: Central) -> None:
    answer = ask(central, "/readyz", **{"X-Request-Id": "my-request-0001"})
    assert answer.headers["x-request-id"] == "my-request-0001"
    given = ask(central, "/readyz", **{"X-Request-Id": "no id of ours; <b>"}).headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{16}", given)

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in (central.folder / "central.log").read_text().splitlines()]

    eventually(lambda: any(line.get("request_id") == given for line in lines()))
    (line,) = [line for line in lines() if line.get("request_id") == "my-request-0001"]
    assert (line["route"], line["method"], line["status"]) == ("/readyz", "GET", 200)
    assert all({"timestamp", "level", "logger", "event"} <= line.keys() for line in lines())
    refused = [line for line in lines() if line["event"] == "messages refused"]
    assert ["durable0session0-4"] in [line["event_ids"] for line in refused]


def test_it_is_not_ready_without_its_broker(tmp_path_factory: pytest.TempPathFactory) -> None:
    with MosquittoBroker(tmp_path_factory.mktemp("own")) as broker:
        central = Central(tmp_path_factory.mktemp("alone"), broker)
        central.start()
        eventually(lambda: ask(central, "/readyz").status_code == 200)
        broker.kill()
        eventually(lambda: ask(central, "/readyz").status_code == 503)
        assert "broker 127.0.0.1" in ask(central, "/readyz").json()["faults"][0]
        assert httpx.get(f"{central.address}/healthz").status_code == 200
        assert samples(central)["atrium_broker_connected"] == 0
        assert central.stop() == 0
