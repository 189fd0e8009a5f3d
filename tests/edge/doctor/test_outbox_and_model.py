"""Outboxes that are well, full, behind or damaged; models that are whole, replaced or broken; a box that runs."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from contract.events import Crossing
from contract.times import to_rfc3339
from edge.doctor.events import box_runs, outbox_events
from edge.doctor.model import _judged, model_file, model_speed
from edge.outbox.lock import StateLock
from edge.outbox.store import Event, Origin, Outbox
from models.registry import SHELF, read_shelf
from upkeep.findings import Finding

NOW = 1_780_000_000.0
LIMIT = 1 << 30


def crossings(count: int, at: float) -> list[Event]:
    body = Crossing(line="door", direction="in", visitor="visitor0", at=to_rfc3339(at))
    return [Event(at, body) for _ in range(count)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def told(path: Path, limit: int = LIMIT, now: float = NOW) -> dict[str, Finding]:
    return {finding.check: finding for finding in outbox_events(path, limit, now)}


def outbox(path: Path) -> Outbox:
    return Outbox(path, Origin("mall", "g", "box-g"), "durable0session0")


def test_an_outbox_of_which_central_has_all_is_fine_while_the_box_holds_it_open(path: Path) -> None:
    box = outbox(path)
    box.append(crossings(30, NOW - 100))
    box.acknowledge(box.session, 30)
    found = told(path)
    box.close()
    assert {finding.level for finding in found.values()} == {"fine"}
    assert found["central-acknowledges"].said == "central has all 30 events"
    assert found["outbox-depth"].figures["waiting"] == 0


@pytest.mark.parametrize(
    ("age_s", "level", "words"),
    [
        (10.0, "fine", "all but the events of the last 10 s"),
        (1200.0, "warning", "waits for 20 min"),
        (9 * 3600.0, "fault", "waits for 9.0 h"),
    ],
)
def test_the_oldest_event_says_since_when_central_is_silent(path: Path, age_s: float, level: str, words: str) -> None:
    box = outbox(path)
    box.append(crossings(5, NOW - 2 * age_s))
    box.append(crossings(3, NOW - age_s))
    box.acknowledge(box.session, 5)
    box.close()
    found = told(path)["central-acknowledges"]
    assert found.level == level
    assert words in found.said
    assert told(path)["outbox-depth"].figures["waiting"] == 3


def test_depth_room_and_losses_are_told(path: Path) -> None:
    box = outbox(path)
    box.append(crossings(2500, NOW), newly_lost=7)
    box.close()
    found = told(path)
    assert found["outbox-depth"].level == "warning"
    assert "2500 events wait" in found["outbox-depth"].said
    assert found["outbox-lost"].level == "warning"
    assert found["outbox-lost"].said.startswith("7 events were given up")
    assert told(path, limit=path.stat().st_size)["outbox-depth"].level == "fault"


def test_an_outbox_that_is_none_is_left_to_its_integrity(path: Path) -> None:
    assert told(path) == {}
    path.write_bytes(b"\xa5" * 10_000)
    assert told(path) == {}


def test_a_box_runs_while_it_holds_its_state(tmp_path: Path) -> None:
    assert [finding.level for finding in box_runs(tmp_path)] == ["fault"]
    with StateLock(tmp_path):
        (found,) = box_runs(tmp_path)
        assert found.level == "fine"
    (found,) = box_runs(tmp_path)
    assert (found.level, found.said) == ("fault", "no box process runs: nothing is counted")


def test_a_model_of_the_shelf_is_whole_and_runs() -> None:
    assert [finding.level for finding in model_file("person-n")] == ["fine"]
    (found,) = model_speed("person-n", 4, 8.0)
    assert found.level == "fine"
    assert 0.2 < found.figures["ms"] < 60
    assert found.figures["shelf_ms"] == read_shelf()["person-n"].core_ms


def test_a_replaced_model_is_told_by_its_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("registry.toml", "person-n.onnx", "person-s.onnx"):
        shutil.copy(SHELF / name, tmp_path / name)
    shutil.copy(tmp_path / "person-s.onnx", tmp_path / "person-n.onnx")
    monkeypatch.setattr("models.registry.resolve.__defaults__", ("person-n", tmp_path, None))
    (found,) = model_file("person-n")
    assert found.level == "fault"
    assert "registry.toml says" in found.said
    assert model_speed("person-n", 1, 5.0) == []


def test_a_file_that_is_no_model_is_a_fault_of_speed_and_an_absent_one_of_file(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"not a model")
    assert "no hash to compare" in model_file(str(broken))[0].said
    (found,) = model_speed(str(broken), 1, 5.0)
    assert found.level == "fault"
    assert "cannot run it" in found.said
    assert model_file(str(tmp_path / "absent.onnx"))[0].level == "fault"


@pytest.mark.parametrize(
    ("ms", "looks_hz", "level", "words"),
    [
        (5.4, 40.0, "fine", "2.0 times"),
        (11.0, 160.0, "warning", "88% of 2 cores"),
        (27.0, 8.0, "warning", "10.0 times"),
    ],
)
def test_how_slow_is_too_slow(ms: float, looks_hz: float, level: str, words: str) -> None:
    found = _judged("person-n", ms, 2.7, looks_hz, 2)
    assert found.level == level
    assert words in found.said


def test_a_look_leaves_the_outbox_as_it_was(path: Path) -> None:
    box = outbox(path)
    box.append(crossings(3, time.time()))
    box.close()
    before = path.read_bytes()
    told(path)
    assert path.read_bytes() == before
