"""The whole box on painted recordings: events to the broker, restarts, changed configurations, broken cameras."""

from __future__ import annotations

import itertools
import json
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.errors import BadInputError
from contract.events import Positions, Report, RestartCamera
from contract.messages import decode
from edge.app import Outcome, run_box
from edge.box import load_box
from edge.outbox.checkpoint import unpack
from tests.accountant import Accountant
from tests.broker import MosquittoBroker, free_port
from tests.edge.painted_mall import FPS, PaintDetector, shoppers, write_box, write_clip, write_mall

SECONDS = 40.0


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> Path:
    return write_mall(tmp_path_factory.mktemp("mall"), SECONDS, port=free_port())


@pytest.fixture
def config(clips: Path, tmp_path: Path) -> Iterator[Path]:
    """BOX.toml beside clips of its own, with nobody at the broker's port."""
    for name in ("site.toml", "ground.geojson", "cameras.json", "west.mp4", "east.mp4"):
        (tmp_path / name).write_bytes((clips.parent / name).read_bytes())
    return write_box(tmp_path, port=free_port())


class Stopping(PaintDetector):
    """Sets ``stop`` at the given look."""

    def __init__(self, stop: threading.Event, at: int) -> None:
        self.stop = stop
        self.looks = itertools.count(1)
        self.at = at

    def update(self, now, frames, go_on=None):
        if next(self.looks) == self.at:
            self.stop.set()
        return super().update(now, frames, go_on)


def run(config: Path, detector=None, stop=None, told=None, wait_s: float = 0.0) -> Outcome:
    lines: list[str] = [] if told is None else told
    return run_box(load_box(config), stop or threading.Event(), lines.append, detector=detector or PaintDetector(),
                   wait_s=wait_s)  # fmt: skip


def outbox(folder: Path) -> list[tuple[str, bytes]]:
    db = sqlite3.connect(folder / "state" / "outbox.db")
    rows = [(what, payload) for what, payload in db.execute("SELECT what, payload FROM outbox ORDER BY seq")]
    db.close()
    return rows


def named(rows: list[tuple[str, bytes]]) -> list[str]:
    """Events with random names replaced by their order of appearance."""
    names: dict[str, str] = {}
    found = []
    for what, payload in rows:
        body = json.loads(payload)["body"]
        for field in ("visitor", "visit"):
            if field in body:
                body[field] = names.setdefault(body[field], f"{field}{len(names)}")
        found.append(f"{what} {json.dumps(body, sort_keys=True)}")
    return found


@pytest.fixture(scope="module")
def calm(clips: Path) -> list[str]:
    """The events of an undisturbed run."""
    outcome = run(clips)
    rows = outbox(clips.parent)
    assert outcome == Outcome(ended=True, events=len(rows), unacknowledged=len(rows))
    return named(rows)


def test_the_door_is_counted_as_painted_and_everything_is_closed(clips: Path, calm: list[str]) -> None:
    bodies = [decode(what, payload).body for what, payload in outbox(clips.parent)]
    directions = Counter(body.direction for body in bodies if hasattr(body, "direction"))
    assert directions == dict.fromkeys(("in", "out"), len(shoppers(SECONDS)))
    phases = Counter(body.phase for body in bodies if hasattr(body, "phase"))
    assert phases["opened"] == phases["closed"] > 0


@pytest.mark.parametrize("at", [1, 60, 137])
def test_a_stop_and_a_start_change_nothing(config: Path, calm: list[str], at: int) -> None:
    stop = threading.Event()
    first = run(config, Stopping(stop, at), stop)
    assert not first.ended
    assert run(config).ended
    assert named(outbox(config.parent)) == calm


def test_a_crash_between_steps_changes_nothing(config: Path, calm: list[str]) -> None:
    class Crashing(PaintDetector):
        looks = itertools.count(1)

        def update(self, now, frames, go_on=None):
            if next(self.looks) == 90:
                raise RuntimeError("power cut")
            return super().update(now, frames, go_on)

    with pytest.raises(RuntimeError, match="power cut"):
        run(config, Crashing())
    assert run(config).ended
    assert named(outbox(config.parent)) == calm


def test_played_recordings_are_not_played_twice(config: Path, calm: list[str]) -> None:
    run(config)
    told: list[str] = []
    assert run(config, told=told).ended
    assert named(outbox(config.parent)) == calm
    assert any("all recordings were played before; remove" in line for line in told)


def test_other_settings_are_refused_rather_than_counted_twice(config: Path) -> None:
    stop = threading.Event()
    run(config, Stopping(stop, 50), stop)
    config.write_text(config.read_text().replace("fps = 5.0", "fps = 4.0"))
    with pytest.raises(BadInputError, match="going on would count twice; remove it to play from the beginning"):
        run(config)


def test_a_damaged_outbox_is_set_aside_not_deleted(config: Path, calm: list[str]) -> None:
    state = config.parent / "state"
    state.mkdir()
    (state / "outbox.db").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    told: list[str] = []
    run(config, told=told)
    assert named(outbox(config.parent)) == calm
    (aside,) = state.glob("outbox.db.damaged-*")
    assert aside.read_bytes().startswith(b"no database")
    assert any("set aside as outbox.db.damaged-" in line for line in told)


def test_a_truncated_clip_ends_its_camera_and_not_the_others(config: Path) -> None:
    east = config.parent / "east.mp4"
    write_clip(east, "east", SECONDS / 2, shoppers(SECONDS))
    with east.open("r+b") as clip:
        clip.seek(east.stat().st_size // 3)
        clip.write(bytes(3000))
    assert run(config).ended
    directions = Counter(
        json.loads(p)["body"].get("direction") for what, p in outbox(config.parent) if what == "crossings"
    )
    assert directions["in"] == len(shoppers(SECONDS))


def test_a_clip_that_is_no_video_is_one_line(config: Path) -> None:
    (config.parent / "east.mp4").write_text("not a video")
    with pytest.raises(BadInputError, match=r"east.mp4: not a readable video"):
        run(config)


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        ("[pipeline]\nwarp = 9", r"\[pipeline\]: no setting 'warp'; it has track, "),
        ("[pipeline.fusion]\nwarp = 9", r"\[pipeline\].fusion: no setting 'warp'"),
        ("[pipeline]\npresent_s = 'long'", "present_s"),
    ],
)
def test_unknown_pipeline_settings_are_one_line(config: Path, extra: str, complaint: str) -> None:
    text = config.read_text()
    config.write_text(text.replace("[mqtt]", extra + "\n[mqtt]"))
    with pytest.raises(BadInputError, match=complaint):
        run(config)


def test_with_broker_and_central_everything_is_acknowledged(config: Path, calm: list[str], tmp_path: Path) -> None:
    with MosquittoBroker(tmp_path / "broker") as broker:
        write_box(config.parent, port=broker.port, password_file=str(broker.password_path))
        central = Accountant(broker.port, broker.username, broker.password, tmp_path / "central.db", "mall")
        outcomes: list[Outcome] = []
        work = threading.Thread(target=lambda: outcomes.append(run(config, wait_s=30.0)))
        work.start()
        assert central.run_until(lambda: not work.is_alive(), 60)
        central.run_until(lambda: central.statuses and central.statuses[-1].state == "stopped")
        rows = [(what, payload) for _session, _seq, what, payload in central.stored()]
        named_by = {message.body.calibration for message in central.live if isinstance(message.body, Positions)}
        live = Counter(type(message.body).__name__ for message in central.live)
        states = [status.state for status in central.statuses]
        central.close()
    assert outcomes == [Outcome(ended=True, events=len(calm), unacknowledged=0)]
    assert named(rows) == calm
    assert states[0] == "online"
    assert states[-1] == "stopped"
    # one a second of media time; the connection is made during the first
    assert live["Positions"] >= 0.8 * SECONDS
    assert named_by == {load_box(config).floor.calibration}
    assert live["Health"] >= 1
    assert live["CameraStatus"] >= 2


def test_commands_while_playing_are_answered(config: Path, tmp_path: Path) -> None:
    with MosquittoBroker(tmp_path / "broker") as broker:
        write_box(config.parent, port=broker.port, password_file=str(broker.password_path), pace="realtime")
        central = Accountant(broker.port, broker.username, broker.password, tmp_path / "central.db", "mall")
        stop = threading.Event()
        work = threading.Thread(target=lambda: run(config, stop=stop))
        work.start()
        try:
            assert central.run_until(lambda: bool(central.statuses))
            time.sleep(1.0)
            central.tell("ground", "box-1", Report())
            central.tell("ground", "box-1", RestartCamera(camera="west"))
            replies = lambda: [m.body for m in central.live if type(m.body).__name__ == "Reply"]  # noqa: E731
            assert central.run_until(lambda: len(replies()) == 2)
            assert [(reply.command, reply.ok) for reply in replies()] == [("report", True), ("restart_camera", False)]
        finally:
            stop.set()
            work.join(20)
            central.close()
        assert not work.is_alive()


def test_the_checkpoint_is_small_and_holds_the_place(config: Path) -> None:
    stop = threading.Event()
    run(config, Stopping(stop, 100), stop)
    db = sqlite3.connect(config.parent / "state" / "outbox.db")
    ((content,),) = db.execute("SELECT state FROM checkpoint")
    db.close()
    state = unpack(content)
    assert state.next_frames == {"west": 100, "east": 100}
    assert not state.ended
    assert len(content) < 1 << 20
    assert 100 / FPS < SECONDS
