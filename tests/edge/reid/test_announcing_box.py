"""A whole box that announces: codes are on the wire as handoffs, and nowhere else at all."""

from __future__ import annotations

import json
import os
import pickle
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

import edge.app
import edge.runtime
from contract.errors import BadInputError
from edge.app import run_box
from edge.box import load_box
from edge.reid.embedder import StripesEmbedder
from edge.reid.whitening import PEOPLE, PICTURES
from tests.broker import MosquittoBroker
from tests.edge.painted_mall import PaintDetector, shoppers, write_box, write_clip, write_site

SECONDS = 40.0
REID = '[reid]\nsecret_file = "reid.secret"\n'


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[MosquittoBroker]:
    with MosquittoBroker(tmp_path / "broker") as started:
        yield started


def make_secret(folder: Path, content: bytes | None = None, mode: int = 0o600) -> None:
    path = folder / "reid.secret"
    path.write_bytes(os.urandom(32) if content is None else content)
    path.chmod(mode)


def make_mall(folder: Path, *, painted: bool = True, **how) -> Path:
    """The painted mall, its door a way out; or its files alone."""
    folder.mkdir()
    write_site(folder)
    geometry = json.loads((folder / "ground.geojson").read_text())
    geometry["features"][-1]["properties"]["boundary"] = "in"
    (folder / "ground.geojson").write_text(json.dumps(geometry))
    for name in ("west", "east"):
        if painted:
            write_clip(folder / f"{name}.mp4", name, SECONDS, shoppers(SECONDS))
        else:
            (folder / f"{name}.mp4").touch()
    return write_box(folder, **how)


class Listener:
    """Everything on the broker, by topic."""

    def __init__(self, broker: MosquittoBroker) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.listening = threading.Event()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self.client.username_pw_set(broker.username, broker.password)
        self.client.on_message = lambda _client, _data, message: self.heard.append((message.topic, message.payload))
        self.client.on_subscribe = lambda *_: self.listening.set()
        self.client.connect("127.0.0.1", broker.port)
        self.client.subscribe("#", qos=1)
        self.client.loop_start()
        assert self.listening.wait(60)

    def bodies(self, what: str) -> list[dict]:
        return [json.loads(payload)["body"] for topic, payload in self.heard if topic.endswith(what)]

    def wait(self, claim, seconds=60.0) -> None:
        end = time.monotonic() + seconds
        while not claim() and time.monotonic() < end:
            time.sleep(0.05)
        assert claim()

    def close(self) -> None:
        self.client.loop_stop()
        self.client.disconnect()


class Patient(PaintDetector):
    """Begins once the box is online: live messages of before would be dropped."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.began = False

    def update(self, now, frames, go_on=None):
        if not self.began:
            self.listener.wait(lambda: any(body["state"] == "online" for body in self.listener.bodies("status")))
            self.began = True
        return super().update(now, frames, go_on)


class Recording(StripesEmbedder):
    """Remembers what it said, for the search."""

    said: ClassVar[list[bytes]] = []

    def embed(self, crops):
        found = super().embed(crops)
        self.said += [row.tobytes() for row in found]
        return found


def traces(folder: Path, secrets: list[bytes]) -> list[str]:
    """Files in which any of them stands."""
    files = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".mp4"}
    return [name for name, content in files.items() if any(secret in content for secret in secrets)]


def test_codes_are_in_handoffs_and_nowhere_else(tmp_path: Path, broker: MosquittoBroker, monkeypatch) -> None:
    monkeypatch.setattr(edge.app, "StripesEmbedder", Recording)
    folder = tmp_path / "box"
    config = make_mall(folder, port=broker.port, password_file="../broker/password", extra="outbox_keep_hours = 0\n")
    config.write_text(config.read_text() + REID)
    make_secret(folder)
    stages = []
    make = edge.app._reid_stage
    monkeypatch.setattr(edge.app, "_reid_stage", lambda *given: stages.append(make(*given)) or stages[0])
    states = []  # as they are before they are compressed
    pack = edge.runtime.pack
    monkeypatch.setattr(edge.runtime, "pack", lambda state: states.append(pickle.dumps(state)) or pack(state))
    listener, lines = Listener(broker), []
    run_box(load_box(config), threading.Event(), lines.append, detector=Patient(listener), wait_s=0)
    crossings = listener.bodies("crossings")
    assert len(crossings) == 2 * len(shoppers(SECONDS))
    listener.wait(lambda: len(listener.bodies("handoffs")) >= 0.8 * len(crossings))
    listener.close()
    told = {(body["visitor"], body["at"], body.get("direction", "out")) for body in listener.bodies("handoffs")}
    assert told <= {(body["visitor"], body["at"], body["direction"]) for body in crossings}

    codes = [body["code"] for body in listener.bodies("handoffs")]
    needles = [code[:32].encode() for code in codes] + [bytes.fromhex(code[:32]) for code in codes]
    looks = set(Recording.said[PEOPLE * PICTURES :])  # after those of drawn people
    assert len(looks) >= len(shoppers(SECONDS))
    needles += [*looks, (folder / "reid.secret").read_bytes()[:16]]
    others = [payload for topic, payload in listener.heard if not topic.endswith("handoffs")]
    assert len(others) > len(crossings)
    assert len(states) > 20
    told_elsewhere = b"".join([*others, *states[::10], "".join(lines).encode("latin-1", "replace")])
    assert [needle for needle in needles if needle in told_elsewhere] == []
    assert (folder / "state" / "outbox.db").stat().st_size > 0
    (folder / "reid.secret").unlink()
    assert traces(folder, needles) == []
    assert len(stages[0]) == 0, "everybody left, and is forgotten"


def test_without_the_table_nothing_is_announced(tmp_path: Path, broker: MosquittoBroker) -> None:
    config = make_mall(tmp_path / "box", port=broker.port, password_file="../broker/password")
    listener = Listener(broker)
    run_box(load_box(config), threading.Event(), lambda _: None, detector=Patient(listener), wait_s=0)
    listener.wait(lambda: len(listener.bodies("crossings")) == 2 * len(shoppers(SECONDS)))
    listener.close()
    assert listener.bodies("handoffs") == []


@pytest.mark.parametrize(
    ("content", "mode", "model", "message"),
    [
        (None, 0o644, "", r"\[reid\] secret_file: .*reid.secret: others than its owner may read it; chmod 600"),
        (b"short", 0o600, "", r"\[reid\] secret_file: .*reid.secret: holds 5 bytes, 32 to 4096 are wanted; write"),
        (b"x" * 40, 0o600, "", r"\[reid\] secret_file: .*reid.secret: is not random; write"),
        (None, 0o600, "missing.onnx", r"\[reid\] model: .*missing.onnx"),
    ],
)
def test_what_is_wrong_is_said_with_the_mend_before_anything_begins(
    tmp_path: Path, content, mode, model, message
) -> None:
    config = make_mall(tmp_path / "box", painted=False)
    config.write_text(config.read_text() + REID + (f'model = "{model}"\n' if model else ""))
    make_secret(config.parent, content, mode)
    with pytest.raises(BadInputError, match=message) as error:
        run_box(load_box(config), threading.Event(), lambda _: None, detector=PaintDetector())
    assert "xxx" not in str(error.value)
    assert not (config.parent / "state").exists()


def test_a_missing_secret_is_named(tmp_path: Path) -> None:
    config = make_mall(tmp_path / "box", painted=False)
    config.write_text(config.read_text() + REID)
    with pytest.raises(BadInputError, match=r"\[reid\] secret_file: .*reid.secret: no such file"):
        run_box(load_box(config), threading.Event(), lambda _: None, detector=PaintDetector())
