"""A live camera against a real RTSP server that is killed, frozen, silent or not a camera at all."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

from contract.errors import BadInputError
from edge.capture.live import BLIND_FOR_S, READ_TIMEOUT_S, Backoff, LiveCamera
from simulator.encode import Encoder
from simulator.rtsp import RtspServer, available
from tests.edge.capture.pushed_stream import Pushing, number_of

pytestmark = pytest.mark.waits
needs_server = pytest.mark.skipif(not available(), reason="GStreamer's RTSP server is not installed")
NOTICED_WITHIN_S = 5.0


def watching(url, **how):
    return LiveCamera(url, "cam", rng=random.Random(1), **how)


def until(true, within_s):
    """Seconds until ``true()`` holds."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within_s, f"not within {within_s} s"
        time.sleep(0.02)
    return time.monotonic() - began


@needs_server
def test_frames_come_and_the_newest_one_wins():
    with RtspServer(["cam"]) as server, Pushing(server, "cam") as pushing, watching(server.url("cam")) as camera:
        until(lambda: camera.status().state == "online", 10)
        first = camera.newest()
        assert first is not None
        assert first.image.shape == (240, 320, 3)
        assert first.image.dtype == np.uint8
        time.sleep(1.5)
        frame = camera.newest()
        assert frame is not None
        # what came in 1.5 s of sleep is gone but for its newest: at most the pictures still on their way are missing
        assert len(pushing.taken_at) - number_of(frame.image) <= 6
        assert frame.index - first.index >= 15
        assert frame.captured_at > first.captured_at


@needs_server
def test_frames_are_scaled_while_they_are_converted():
    with RtspServer(["cam"]) as server, Pushing(server, "cam"), watching(server.url("cam"), size=(160, 96)) as camera:
        until(lambda: camera.status().state == "online", 10)
        frame = camera.newest()
        assert frame is not None
        assert frame.image.shape == (96, 160, 3)


@needs_server
def test_captured_at_is_the_camera_s_word_once_sender_reports_come():
    lag_s = 0.4  # a camera that takes its time: arrival is not when the picture was taken
    errors_s = []
    with (
        RtspServer(["cam"]) as server,
        Pushing(server, "cam", lag_s=lag_s) as pushing,
        watching(server.url("cam")) as camera,
    ):
        last = 0.0
        began = time.monotonic()
        while time.monotonic() - began < 12 and len(errors_s) < 200:
            camera.fresh.wait(1)
            camera.fresh.clear()
            frame = camera.newest()
            if frame is None:
                continue
            assert frame.captured_at > last
            last = frame.captured_at
            errors_s.append(frame.captured_at - pushing.taken_at[number_of(frame.image)])
    settled = errors_s[-30:]
    assert max(map(abs, settled)) < 0.1
    # without the reports it could not have known of the lag
    assert max(errors_s) > lag_s / 2


@needs_server
def test_a_killed_server_is_a_fault_and_its_return_is_noticed():
    with RtspServer(["cam"]) as server:
        port = server.port
        with Pushing(server, "cam"), watching(server.url("cam")) as camera:
            until(lambda: camera.status().state == "online", 10)
            server.kill()
            took_s = until(lambda: camera.status().state == "offline", NOTICED_WITHIN_S)
            assert took_s < NOTICED_WITHIN_S
            assert camera.status().detail
            with RtspServer(["cam"], port=port) as again, Pushing(again, "cam"):
                until(lambda: camera.status().state == "online", 20)
                until(lambda: camera.newest() is not None, 5)
                assert camera.status().detail == ""


@needs_server
def test_a_stalled_stream_is_noticed_within_five_seconds_and_mends_itself():
    with RtspServer(["cam"]) as server, Pushing(server, "cam"), watching(server.url("cam")) as camera:
        until(lambda: camera.status().state == "online", 10)
        server.freeze()
        frozen_at = time.time()
        took_s = until(lambda: camera.status().state == "offline", NOTICED_WITHIN_S)
        assert took_s < NOTICED_WITHIN_S
        # FFmpeg lets go of its last picture only when its own timeout fires
        assert abs(camera.status().since - frozen_at) < 2 * READ_TIMEOUT_S
        server.thaw()
        until(lambda: camera.status().state == "online", 20)


@needs_server
def test_the_end_of_a_live_stream_is_a_fault():
    with RtspServer(["cam"]) as server, watching(server.url("cam")) as camera:
        with Pushing(server, "cam"):
            until(lambda: camera.status().state == "online", 10)
        server.end("cam")
        until(lambda: camera.status().state == "offline", NOTICED_WITHIN_S)


@needs_server
def test_a_camera_that_shows_nothing_is_blind_and_seeing_again_is_noticed():
    with RtspServer(["cam"]) as server, watching(server.url("cam")) as camera:
        encoder = Encoder(320, 240, 15)

        def feed(image, state, within_s):
            began = time.monotonic()
            while camera.status().state != state:
                assert time.monotonic() - began < within_s
                server.push("cam", encoder.encode(image), time.time_ns())
                time.sleep(1 / 15)
                camera.newest()

        feed(np.full((240, 320, 3), 12, np.uint8), "blind", BLIND_FOR_S + 10)
        assert "lens" in camera.status().detail
        feed(np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8), "online", 10)


@needs_server
@pytest.mark.parametrize(("mount", "words"), [("hum", "audio only"), ("nothing-here", "no such stream")])
def test_what_is_no_camera_says_so_in_one_line(mount, words):
    with RtspServer(["cam"], audio=["hum"]) as server, watching(server.url(mount)) as camera:
        until(lambda: words in camera.status().detail, 10)
        assert camera.status().state == "offline"
        assert "\n" not in camera.status().detail
        assert camera.newest() is None


def test_a_refused_connection_names_the_address_without_its_password():
    with watching("rtsp://admin:s3cret@127.0.0.1:9/main") as camera:
        until(lambda: "refused" in camera.status().detail, 5)
        detail = camera.status().detail
    assert "127.0.0.1:9/main" in detail
    assert "s3cret" not in detail
    assert "admin" not in detail
    assert camera.status().state == "stopped"


def test_a_recording_is_no_live_camera():
    with pytest.raises(BadInputError, match="not a live stream"):
        watching("clip.mp4")


def test_waits_double_are_jittered_and_capped():
    backoff = Backoff(random.Random(7), first_s=1.0, most_s=8.0)
    waits = [backoff.wait_s() for _ in range(8)]
    for wait, full in zip(waits, [1, 2, 4, 8, 8, 8, 8, 8], strict=True):
        assert full / 2 <= wait <= full
    assert len(set(waits[3:])) > 1
    backoff.reset()
    assert backoff.wait_s() <= 1.0
    again = Backoff(random.Random(7), first_s=1.0, most_s=8.0)
    assert [again.wait_s() for _ in range(8)] == waits
