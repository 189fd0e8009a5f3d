"""A box that watches real RTSP streams: one bad camera stops nobody, and a restart goes on with the same session."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from contract.errors import BadInputError
from contract.events import Report, RestartCamera
from edge import app
from edge.app import run_box
from edge.box import load_box
from edge.capture.live import LiveCamera
from simulator.rtsp import available
from simulator.serve import serving
from tests.accountant import Accountant
from tests.broker import MosquittoBroker, free_port
from tests.edge.painted_mall import START_AT, PaintDetector, Running, write_box, write_mall

pytestmark = pytest.mark.waits
CLIP_S = 30.0


@pytest.mark.skipif(not available(), reason="GStreamer's RTSP server is not installed")
def test_streams_become_events_whatever_one_camera_does(tmp_path: Path) -> None:
    write_mall(tmp_path, CLIP_S)
    files = {name: tmp_path / f"{name}.mp4" for name in ("west", "east")}
    with MosquittoBroker(tmp_path / "broker") as broker, serving(files) as server:
        config = write_box(tmp_path, port=broker.port, password_file=str(broker.password_path))
        text = config.read_text().replace(f'start_at = "{START_AT}"\n', "")
        text = text.replace('"west.mp4"', f'"{server.url("west")}"')
        config.write_text(text.replace('"east.mp4"', f'"rtsp://127.0.0.1:{free_port()}/nobody"'))
        central = Accountant(broker.port, broker.username, broker.password, tmp_path / "central.db", "mall")
        bodies = lambda kind: [m.body for m in central.live if type(m.body).__name__ == kind]  # noqa: E731
        states = lambda name: [s.state for s in bodies("CameraStatus") if s.camera == name]  # noqa: E731
        crossings = lambda: [what for _s, _n, what, _p in central.stored() if what == "crossings"]  # noqa: E731
        box = Running(config)
        try:
            # The shopper of the clip walks in about 6 s after its beginning, and again every time it loops.
            assert central.run_until(lambda: len(crossings()) >= 1, 45), box.told
            assert states("west")[-1] == "online"
            assert set(states("east")) == {"offline"}
            assert "connection refused" in [s.detail for s in bodies("CameraStatus") if s.camera == "east"][-1]
            central.tell("ground", "box-1", Report())
            central.tell("ground", "box-1", RestartCamera(camera="west"))
            central.tell("ground", "box-1", RestartCamera(camera="roof"))
            assert central.run_until(lambda: len(bodies("Reply")) == 3, 20)
            assert [reply.ok for reply in bodies("Reply")] == [True, True, False]
            assert bodies("Reply")[2].detail == "no camera 'roof'; this box has west, east"
            assert central.run_until(lambda: states("west")[-2:] == ["offline", "online"], 20)
            health = bodies("Health")[-1]
            assert {camera.camera: camera.state for camera in health.cameras}["east"] == "offline"
            assert abs(health.clock_offset_ms) < 1000
        finally:
            box.stop()
        assert central.run_until(lambda: central.statuses[-1].state == "stopped")
        config.write_text(config.read_text().replace('protocol = "5"', 'protocol = "3.1.1"'))
        box = Running(config)
        try:
            assert central.run_until(lambda: central.statuses[-1].state == "online", 20)
            before = len(crossings())
            assert central.run_until(lambda: len(crossings()) > before, 45), box.told
        finally:
            box.stop()
        sessions = {session for session, *_ in central.stored()}
        numbers = [number for _session, number, *_ in central.stored()]
        central.close()
    assert len(sessions) == 1
    assert numbers == list(range(1, len(numbers) + 1))
    assert not any("closed as of then" in line for line in box.told)


@pytest.mark.skipif(not available(), reason="GStreamer's RTSP server is not installed")
def test_cameras_are_dialled_while_the_model_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mall(tmp_path, 2.0)
    shown, stop, names = threading.Event(), threading.Event(), []
    take = LiveCamera._take

    def noted(camera: LiveCamera, *given: object) -> None:
        take(camera, *given)  # type: ignore[arg-type]
        names.append(camera.camera)
        shown.set()

    def load(_box: object) -> PaintDetector:
        assert shown.wait(30)
        stop.set()
        return PaintDetector()

    monkeypatch.setattr(LiveCamera, "_take", noted)
    monkeypatch.setattr(app, "_detect_stage", load)
    with serving({"west": tmp_path / "west.mp4"}) as server:
        config = write_box(tmp_path, port=free_port(), cameras=["west"])
        text = config.read_text().replace(f'start_at = "{START_AT}"\n', "")
        config.write_text(text.replace('"west.mp4"', f'"{server.url("west")}"'))
        run_box(load_box(config), stop, lambda _line: None)
    assert set(names) == {"west"}
    assert not watching()


def test_a_model_that_cannot_be_loaded_leaves_no_camera_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mall(tmp_path, 2.0)

    def load(_box: object) -> PaintDetector:
        assert watching() == {"capture west"}
        raise BadInputError("no model")

    monkeypatch.setattr(app, "_detect_stage", load)
    config = write_box(tmp_path, port=free_port(), cameras=["west"])
    text = config.read_text().replace(f'start_at = "{START_AT}"\n', "")
    config.write_text(text.replace('"west.mp4"', f'"rtsp://127.0.0.1:{free_port()}/nobody"'))
    with pytest.raises(BadInputError, match="no model"):
        run_box(load_box(config), threading.Event(), lambda _line: None)
    assert not watching()


def watching() -> set[str]:
    """Threads that read cameras."""
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("capture ")}
