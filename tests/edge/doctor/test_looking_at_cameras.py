"""A look at cameras that are well, and at every kind that is not: real RTSP servers, and sockets that are none."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from calibration.camera import Camera
from edge.doctor.cameras import camera_findings
from edge.doctor.looking import Pace, Sighting, look
from simulator.encode import Encoder
from simulator.rtsp import RtspServer, available
from simulator.serve import serving
from tests.broker import free_port
from tests.edge.capture.pushed_stream import Pushing
from tests.edge.capture.test_faults import SDP, Answering
from tests.edge.floor_scene import camera
from upkeep.findings import Finding
from upkeep.rounds import Check, make_rounds

pytestmark = pytest.mark.waits
needs_server = pytest.mark.skipif(not available(), reason="GStreamer's RTSP server is not installed")
QUICK = Pace(look_s=3.0, most_s=6.0)
HALF_OPEN_WITHIN_S = 5.0


def calibrated(width: int = 320, height: int = 240) -> Camera:
    return camera("cam", (0.5, 0.3), (8.0, 4.5), height_m=4.0, focal_px=330.0).scaled(width, height)


def found(seen: Sighting, wanted_fps: float = 8.0, size: tuple[int, int] = (320, 240)) -> dict[str, Finding]:
    findings = camera_findings("cam", seen, calibrated(*size), wanted_fps)
    assert all(finding.subject == "cam" for finding in findings)
    assert all(bool(finding.mend) == (finding.level != "fine") for finding in findings)
    assert "s3cret" not in "".join(finding.said + finding.mend for finding in findings)
    return {finding.check: finding for finding in findings}


def looked(url: str, pace: Pace = QUICK) -> tuple[Sighting, float]:
    began = time.monotonic()
    return look(url, pace), time.monotonic() - began


@needs_server
def test_a_camera_that_is_well_is_told_with_its_figures() -> None:
    with RtspServer(["cam"]) as server, Pushing(server, "cam", fps=12.0):
        seen, _ = looked(server.url("cam"), Pace())
    telling = found(seen)
    assert {finding.level for finding in telling.values()} == {"fine"}
    assert telling["camera-codec"].said == "H.264"
    assert telling["camera-size"].said == "320x240"
    assert telling["camera-rate"].figures["rate_hz"] == pytest.approx(12, abs=1.5)
    assert telling["camera-key-interval"].figures["interval_s"] == pytest.approx(1.0, abs=0.3)
    assert abs(telling["camera-clock"].figures["offset_ms"]) < 1000


@needs_server
def test_a_slow_camera_of_another_shape_with_a_wrong_clock_and_no_light_hears_of_all_that() -> None:
    stop = threading.Event()
    with RtspServer(["cam"]) as server:

        def push() -> None:
            encoder = Encoder(320, 240, 4.0)
            while not stop.wait(0.25):
                grey = np.full((240, 320, 3), 40, np.uint8)
                server.push("cam", encoder.encode(grey), time.time_ns() - 3 * 10**9)

        thread = threading.Thread(target=push)
        thread.start()
        try:
            seen, _ = looked(server.url("cam"), Pace())
        finally:
            stop.set()
            thread.join()
    telling = found(seen, size=(640, 360))
    assert "is of another shape than the calibrated 640x360" in telling["camera-size"].said
    assert telling["camera-size"].level == "fault"
    assert telling["camera-picture"].level == "fault"
    assert telling["camera-rate"].level == "warning"
    assert telling["camera-clock"].level == "warning"
    assert telling["camera-clock"].figures["offset_ms"] == pytest.approx(-3000, abs=700)


@needs_server
def test_a_stream_that_stands_still_is_noticed_in_the_middle_of_the_look() -> None:
    with RtspServer(["cam"]) as server, Pushing(server, "cam"):
        freezer = threading.Timer(2.0, server.freeze)
        freezer.start()
        seen, took_s = looked(server.url("cam"), Pace(look_s=8.0, most_s=8.0))
        freezer.join()
        server.thaw()
    telling = found(seen)
    assert list(telling) == ["camera-stream"]
    assert telling["camera-stream"].level == "fault"
    assert "then none" in telling["camera-stream"].said
    assert took_s < 2.0 + 2 * HALF_OPEN_WITHIN_S


@needs_server
def test_sound_without_picture_a_wrong_path_and_pictures_that_stopped() -> None:
    with serving({}, pattern="bars", audio="ticks", stall_after_s=0.5) as server:
        time.sleep(1.5)
        answers = {name: looked(server.url(name))[0] for name in ("ticks", "elsewhere", "bars")}
    said = {name: found(seen)["camera-stream"] for name, seen in answers.items()}
    assert {finding.level for finding in said.values()} == {"fault"}
    assert "no video" in said["ticks"].said
    assert "no such stream (404)" in said["elsewhere"].said
    assert "Correct the path" in said["elsewhere"].mend
    assert "half open" in said["bars"].said


@contextlib.contextmanager
def deaf() -> Iterator[int]:
    """Takes connections, reads, and never answers."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            kept = []
            with contextlib.suppress(OSError):
                while not ended.is_set():
                    kept.append(server.accept()[0])
            for line in kept:
                line.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        ended.set()
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_a_port_that_takes_connections_and_says_nothing_is_half_open_within_five_seconds() -> None:
    with deaf() as port:
        seen, took_s = looked(f"rtsp://admin:s3cret@127.0.0.1:{port}/main")
    finding = found(seen)["camera-stream"]
    assert seen.is_half_open
    assert finding.level == "fault"
    assert f"127.0.0.1:{port}: half open" in finding.said
    assert took_s < HALF_OPEN_WITHIN_S


def test_forty_hung_cameras_keep_nobody_waiting_for_longer_than_one() -> None:
    with deaf() as port:
        url = f"rtsp://127.0.0.1:{port}/main"
        checks = [Check("c", lambda: [found(look(url, QUICK))["camera-stream"]], f"{n}", 24.0) for n in range(40)]
        began = time.monotonic()
        findings = make_rounds(checks)
        took_s = time.monotonic() - began
    assert {finding.level for finding in findings} == {"fault"}
    assert sum("half open" in finding.said for finding in findings) == 40
    assert took_s < 2 * HALF_OPEN_WITHIN_S


@pytest.mark.parametrize(
    ("answer", "words", "mend"),
    [
        ({"status": "401 Unauthorized"}, "user name or password refused", "Correct them in the address."),
        ({"status": "404 Not Found"}, "no such stream", "Correct the path of the address."),
        ({"body": SDP.format(codec="X-MYSTERY")}, "codec is not supported", "Set the camera to H.264."),
        ({"raw": b"SSH-2.0-OpenSSH_9.2\r\n" * 50}, "", ""),
    ],
)
def test_cameras_that_refuse_are_told_without_their_password(answer: dict[str, str], words: str, mend: str) -> None:
    with Answering(**answer) as server:
        seen, _ = looked(server.url)
    finding = found(seen)["camera-stream"]
    assert finding.level == "fault"
    assert words in finding.said
    assert mend in finding.mend


def test_nobody_at_the_port_and_a_name_that_nobody_knows() -> None:
    nobody = found(looked(f"rtsp://127.0.0.1:{free_port()}/main")[0])["camera-stream"]
    assert "nobody listens at this port" in nobody.said
    unknown = found(looked("rtsp://camera.invalid/main")[0])["camera-stream"]
    assert "nobody knows this host name" in unknown.said


@pytest.mark.parametrize(
    ("changes", "check", "level", "words"),
    [
        ({"codec": "hevc"}, "camera-codec", "warning", "H.265 costs the box more"),
        ({"size": (2560, 1920)}, "camera-size", "warning", "sub-stream"),
        ({"size": (1440, 1080)}, "camera-size", "fine", "sub-stream"),
        ({"key_at": [0.0, 4.0, 8.0]}, "camera-key-interval", "warning", "every 4.0 s"),
        ({"key_at": [0.0, 2.0, 4.0]}, "camera-key-interval", "fine", "could rest"),
        ({"key_at": [0.0]}, "camera-key-interval", "warning", "1 key pictures in 9 s"),
        ({"sender_error_s": None}, "camera-clock", "unknown", "told no time"),
        ({"sender_error_s": 7200.0}, "camera-clock", "warning", "is not used"),
        ({"spread": None}, "camera-picture", "fault", "no picture could be decoded"),
    ],
)
def test_what_is_to_be_set_in_a_camera(changes: dict[str, object], check: str, level: str, words: str) -> None:
    usual = {
        "packets": 90,
        "codec": "h264",
        "size": (640, 480),
        "spread": 50.0,
        "seconds": 9.0,
        "key_at": [0.0, 1.0, 2.0],
        "sender_error_s": 0.05,
        "settled_packets": 80,
        "settled_s": 8.0,
    }
    telling = found(Sighting("10.2.0.7:554", **(usual | changes)))  # type: ignore[arg-type]
    assert telling[check].level == level
    assert words in telling[check].said
    assert {finding.level for name, finding in telling.items() if name != check} == {"fine"}
