"""The REST API over a running central: who may what, good errors, members to offers to the stream."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterator

import httpx
import paho.mqtt.client as mqtt
import pytest

from central.identity.tokens import add_token
from contract.times import to_rfc3339
from contract.tokens import Role
from tests.broker import MosquittoBroker
from tests.central.mall import Central, Sender, eventually, lunch, positions, visit

CONSENTS = [
    {"purpose": purpose, "given_at": "2026-01-01T09:00:00.000Z", "wording_version": "2026-1", "source": "app"}
    for purpose in ("journey", "offers")
]


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory, broker: MosquittoBroker) -> Iterator[Central]:
    running = Central(tmp_path_factory.mktemp("central"), broker, lunch("00:00", "24:00"))
    running.start()
    yield running
    assert running.stop() == 0
    assert "Traceback" not in (running.folder / "central.log").read_text()


def ask(central: Central, method: str, path: str, role: Role | None = "admin", **more: object) -> httpx.Response:
    headers = central.headers(role) if role else {}
    return httpx.request(method, central.address + path, headers=headers, timeout=20, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path", ["/", "/floor", "/campaigns", "/members", "/assets/floor.js", "/_nicegui/none.js", "/nowhere"]
)
def test_pages_show_the_door_first(central: Central, path: str) -> None:
    answer = httpx.get(central.address + path, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert httpx.get(central.address + path).status_code == 401


def test_a_wrong_token_opens_nothing_and_a_revoked_one_no_longer(central: Central) -> None:
    with httpx.Client(base_url=central.address) as browser:
        refused = browser.post("/login", data={"token": "wrong"})
        assert refused.status_code == 401
        assert "atrium_login" not in browser.cookies
        passing = add_token(central.folder / "tokens.json", "passing", "manager")
        entered = browser.post("/login", data={"token": passing})
        assert entered.headers["location"] == "/"
        assert "httponly" in entered.headers["set-cookie"].lower()
        assert "samesite=strict" in entered.headers["set-cookie"].lower()
        page = {"Accept": "text/html"}
        assert browser.get("/floor/g", headers=page).status_code == 200
        add_token(central.folder / "tokens.json", "passing", "manager")
        assert browser.get("/floor/g", headers=page).status_code == 303
    assert ask(central, "GET", "/healthz", None).json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("GET", "/v1/heatmap?floor=attic", None, "no floor 'attic'"),
        ("GET", "/v1/heatmap", None, "floor"),
        ("GET", "/v1/dwell?from=yesterday", None, "no time"),
        ("GET", "/v1/dwell?from=2026-01-02T00:00:00.000Z&to=2026-01-01T00:00:00.000Z", None, "before to"),
        ("GET", "/v1/dwell?from=2020-01-02T00:00:00.000Z", None, "400 days"),
        ("GET", "/v1/offers?after=-1", None, "after"),
        ("PUT", "/v1/members/a b", {}, "member"),
        ("PUT", "/v1/members/M-9", {"telephone": "1"}, "telephone"),
        ("PUT", "/v1/members/M-9", {"phone": "call me"}, "phone"),
        ("PUT", "/v1/members/M-9", {"consents": [CONSENTS[0], CONSENTS[0]]}, "twice"),
        ("PUT", "/v1/members/M-9", {"consents": [CONSENTS[0] | {"given_at": "2999-01-01T00:00:00.000Z"}]}, "future"),
        ("PUT", "/v1/members/M-9", {"consents": [CONSENTS[0] | {"given_at": "2026-02-30T00:00:00.000Z"}]}, "no time"),
        (
            "POST",
            "/v1/touchpoints",
            {"kind": "checkin", "at": "2026-01-31T12:00:00.000Z", "floor": "g", "x": 1, "y": 1},
            "member",
        ),
    ],
)
def test_bad_requests_get_one_sentence_that_names_the_field(
    central: Central, method: str, path: str, body: object, words: str
) -> None:
    answer = ask(central, method, path, json=body)
    assert answer.status_code in {404, 422}
    assert words in answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code


def test_touchpoints_are_checked(central: Central) -> None:
    ask(central, "PUT", "/v1/members/M-8", json={"consents": CONSENTS}).raise_for_status()
    good = {"kind": "checkin", "member": "M-8", "floor": "g", "zone": "cafe", "at": to_rfc3339(time.time())}
    for change, status, words in (
        ({"floor": "attic"}, 422, "no floor"),
        ({"zone": "attic"}, 422, "no zone"),
        ({"x": 1.0}, 422, "point or a zone"),
        ({"member": "M-77"}, 404, "no member"),
        ({"at": "2026-01-01T09:00:00.000Z"}, 422, "last day"),
    ):
        answer = ask(central, "POST", "/v1/touchpoints", json=good | change)
        assert answer.status_code == status, answer.text
        assert words in answer.text
    for _ in range(2):
        answer = ask(central, "POST", "/v1/touchpoints", json=good | {"id": "repeated-1"})
        assert (answer.status_code, answer.json()["id"]) == (202, "repeated-1")


def test_phones_are_kept_only_as_keyed_hash(central: Central) -> None:
    phone = "+351 912 345 678"
    ask(central, "PUT", "/v1/members/M-5", json={"phone": phone}).raise_for_status()
    assert ask(central, "GET", "/v1/members/M-5").json()["has_phone"]
    taken = ask(central, "PUT", "/v1/members/M-6", json={"phone": "+351912345678"})
    assert taken.status_code == 422
    assert "another member" in taken.text
    for file in central.folder.glob("central.db*"):
        assert b"912345678" not in file.read_bytes()
        assert b"912 345" not in file.read_bytes()


def test_a_withdrawn_consent_is_remembered_as_withdrawn(central: Central) -> None:
    ask(central, "PUT", "/v1/members/M-4", json={"consents": CONSENTS}).raise_for_status()
    assert ask(central, "DELETE", "/v1/members/M-4/consents/offers", "trigger").status_code == 204
    assert ask(central, "DELETE", "/v1/members/M-4/consents/offers", "trigger").status_code == 404
    kept = {one["purpose"]: one["withdrawn_at"] for one in ask(central, "GET", "/v1/members/M-4").json()["consents"]}
    assert kept["journey"] is None
    assert kept["offers"] is not None
    ask(central, "PUT", "/v1/members/M-4", json={"consents": []}).raise_for_status()
    kept = {one["purpose"]: one["withdrawn_at"] for one in ask(central, "GET", "/v1/members/M-4").json()["consents"]}
    assert kept["journey"] is not None
    assert ask(central, "DELETE", "/v1/members/M-4").status_code == 204
    assert ask(central, "GET", "/v1/members/M-4").status_code == 404


def listen(central: Central, heard: list[dict[str, object]], last_event_id: str = "") -> threading.Thread:
    headers = central.headers("trigger") | ({"Last-Event-ID": last_event_id} if last_event_id else {})

    def read() -> None:
        with (
            contextlib.suppress(httpx.HTTPError),
            httpx.stream("GET", central.address + "/v1/offers/stream", headers=headers, timeout=40) as stream,
        ):
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    heard.append(json.loads(line.removeprefix("data: ")))
                    return

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def test_from_check_in_to_offer_on_the_stream_once(central: Central, broker: MosquittoBroker) -> None:
    ask(central, "PUT", "/v1/members/M-1042", json={"tier": "gold", "consents": CONSENTS}).raise_for_status()
    heard: list[dict[str, object]] = []
    stream = listen(central, heard)
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.username_pw_set(broker.username, broker.password)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    sender = Sender()
    start = time.time()
    dwelt = visit("visit0000042", "visitor00042", entered=start - 700, observed=690, bridged=5)
    client.publish(*sender.packet(dwelt, start), qos=1)
    checkin = {"kind": "checkin", "member": "M-1042", "floor": "g", "x": 5.0, "y": 9.0, "at": to_rfc3339(start + 1)}
    ask(central, "POST", "/v1/touchpoints", "trigger", json=checkin).raise_for_status()
    while not heard and time.time() < start + 20:
        now = time.time()
        client.publish(*sender.packet(positions(now, {"visitor00042": (5.1, 9.0)}), now, 1), qos=1)
        time.sleep(1)
    stream.join(5)
    (offer,) = heard
    assert (offer["member"], offer["coupon"]) == ("M-1042", "DINE-15")
    assert "Nordic Wear" in str(offer["sentence"])
    again: list[dict[str, object]] = []
    resumed = listen(central, again, last_event_id=str(offer["number"]))
    time.sleep(2)
    assert again == []
    assert resumed.is_alive()
    found = ask(central, "GET", "/v1/offers", "trigger").json()
    assert [one["offer"] for one in found["offers"]] == [offer["offer"]]
    assert found["next"] == offer["number"]
    client.disconnect()
    client.loop_stop()
    database = sqlite3.connect(central.folder / "central.db")
    assert database.execute("SELECT count(*) FROM links").fetchone() == (1,)
    database.close()
    eventually(lambda: ask(central, "GET", "/v1/boxes").json()["boxes"][0]["sessions"][0]["missing"] == 0)
