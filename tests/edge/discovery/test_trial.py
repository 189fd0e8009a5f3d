"""A real stream over RTSP is tried: what is measured is what was sent, and what cannot be watched says why."""

from __future__ import annotations

import socket
import threading
import time

import numpy as np
import pytest

from edge.capture.faults import StreamFault
from edge.discovery.trial import Trial, judge, try_stream
from simulator.encode import Encoder
from simulator.rtsp import RtspServer, available
from tests.edge.capture.pushed_stream import Pushing

pytestmark = pytest.mark.waits
needs_server = pytest.mark.skipif(not available(), reason="GStreamer's RTSP server is not installed")


@needs_server
def test_a_stream_is_measured_as_it_is_sent():
    with RtspServer(["cam"]) as server, Pushing(server, "cam", fps=12.0):
        trial = try_stream(server.url("cam"), 6.0)
    assert (trial.codec, trial.width, trial.height, trial.reorders) == ("h264", 320, 240, False)
    assert trial.fps == pytest.approx(12.0, rel=0.05)
    assert 6.0 <= trial.seconds < 8.0
    assert trial.key_interval_s is not None
    assert trial.key_interval_s <= 2.1
    assert trial.clock_error_s is not None
    assert abs(trial.clock_error_s) < 0.5
    assert trial.damaged == 0
    assert trial.gap_s < 1.0
    findings = {finding.check: finding for finding in judge(trial, "cam", 8.0)}
    assert findings["camera-codec"].level == findings["camera-rate"].level == findings["camera-clock"].level == "fine"
    slow = {finding.check: finding for finding in judge(trial, "cam", 15.0)}
    assert slow["camera-rate"].level == "warning"
    assert "at least 15" in slow["camera-rate"].mend


@needs_server
def test_a_server_that_freezes_is_a_fault_within_seconds():
    with RtspServer(["cam"]) as server, Pushing(server, "cam"):
        timer = threading.Timer(2.0, server.freeze)
        timer.start()
        began = time.monotonic()
        with pytest.raises(StreamFault, match="no answer for"):
            try_stream(server.url("cam"), 60.0)
        assert time.monotonic() - began < 12
        server.thaw()


@needs_server
def test_a_path_that_is_none_is_named():
    with RtspServer(["cam"]) as server, pytest.raises(StreamFault, match="no such stream"):
        try_stream(server.url("other"), 2.0)


def test_a_half_open_door_is_left_and_no_password_shows():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        began = time.monotonic()
        with pytest.raises(StreamFault) as fault:
            try_stream(f"rtsp://admin:s3cret@127.0.0.1:{deaf.getsockname()[1]}/main", 2.0)
    assert time.monotonic() - began < 8
    assert "s3cret" not in str(fault.value)
    assert "no answer" in str(fault.value)


GOOD = Trial("h264", 640, 360, 80, 0, 10.0, 8.0, 1.0, 12.0, 0.2, 400.0, 0.01, reorders=False)


@pytest.mark.parametrize(
    ("changed", "check", "level", "words"),
    [
        ({"codec": "hevc"}, "camera-codec", "warning", "H.264"),
        ({"reorders": True}, "camera-codec", "warning", "B-frames"),
        ({"fps": 4.0}, "camera-rate", "warning", "at least 8"),
        ({"damaged": 8}, "camera-rate", "warning", "loss"),
        ({"key_interval_s": 4.0}, "camera-key-interval", "warning", "8 frames"),
        ({"key_interval_s": None}, "camera-key-interval", "warning", "8 frames"),
        ({"key_interval_s": 2.0}, "camera-key-interval", "fine", ""),
        ({"jitter_ms": 300.0}, "camera-jitter", "warning", "network"),
        ({"jitter_ms": 600.0}, "camera-jitter", "fault", "network"),
        ({"gap_s": 5.0}, "camera-jitter", "fault", "network"),
        ({"clock_error_s": 3600.0}, "camera-clock", "warning", "NTP"),
        ({"clock_error_s": None}, "camera-clock", "unknown", ""),
        ({}, "camera-codec", "fine", ""),
    ],
)
def test_what_was_measured_is_judged_with_a_mend(changed, check, level, words):
    trial = Trial(**{name: changed.get(name, getattr(GOOD, name)) for name in GOOD.__struct_fields__})
    findings = {finding.check: finding for finding in judge(trial, "lobby")}
    assert len(findings) == 5
    assert findings[check].level == level
    assert words in findings[check].mend
    assert all(finding.level == "fine" for name, finding in findings.items() if name != check)
    assert all((finding.level in {"warning", "fault"}) == bool(finding.mend) for finding in findings.values())


@needs_server
def test_seldom_key_pictures_are_told():
    with RtspServer(["cam"]) as server:
        encoder = Encoder(320, 240, 10.0, key_every_s=2.5)
        stop = threading.Event()
        noise = np.random.default_rng(1).integers(0, 255, (8, 240, 320, 3), np.uint8)

        def push():
            began, count = time.time(), 0
            # at its time, however long the picture before it took
            while not stop.wait(max(0.0, began + count / 10 - time.time())):
                server.push("cam", encoder.encode(noise[count % 8]), int((began + count / 10) * 1e9))
                count += 1

        thread = threading.Thread(target=push, daemon=True)
        thread.start()
        try:
            trial = try_stream(server.url("cam"), 5.5)
        finally:
            stop.set()
            thread.join(5)
    assert trial.key_interval_s == pytest.approx(2.5, rel=0.2)
    (keys,) = [finding for finding in judge(trial, "cam") if finding.check == "camera-key-interval"]
    assert keys.level == "warning"
    assert trial.kbit_s > 100
    assert trial.fps == pytest.approx(10.0, rel=0.25)
