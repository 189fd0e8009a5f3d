"""Live load is that of cameras which nobody synchronises, and a box that reads files itself sheds as over RTSP."""

from __future__ import annotations

import time

import numpy as np
import pytest

from benchmarks.streams.footage import FPS, KEY_EVERY, SIZE, Clip
from benchmarks.streams.serve import Pusher
from benchmarks.streams.streamed import PacedFile
from edge.capture.skip import EXPIRED_S, STALE_S
from simulator.encode import ClipWriter

pytestmark = pytest.mark.waits


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Three seconds of noise."""
    path = tmp_path_factory.mktemp("load") / "clip.mp4"
    noise = np.random.default_rng(1)
    with ClipWriter(path, *SIZE, FPS) as writer:
        for _ in range(int(3 * FPS)):
            writer.write(noise.integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8))
    return Clip(path, "noise", int(3 * FPS), 1.0)


def test_cameras_begin_with_a_key_picture_and_not_all_at_once(clip):
    pushed = []

    class Server:
        def push(self, name, unit, _captured_ns):
            pushed.append((name, unit.is_key))

    names = [f"camera{number}" for number in range(2 * KEY_EVERY)]
    pusher = Pusher(Server(), names, [clip] * len(names))
    pusher.start()
    time.sleep(2.5)
    pusher.stop()
    began = []
    for name in names:
        first = next(k for k, (camera, _) in enumerate(pushed) if camera == name)
        assert pushed[first][1]
        # counted by the pictures that the first camera had sent until then
        began.append(sum(camera == names[0] for camera, _ in pushed[: first + 1]) - 1)
    assert began == 2 * list(range(KEY_EVERY))


def test_a_paced_file_that_was_left_alone_skips_to_a_key_picture_in_time(clip):
    camera = PacedFile(clip, "west", time.time() - 1.0)
    until = time.monotonic() + 3.0
    handed = []
    time.sleep(0.6)  # and with the second before: longer than anything may wait
    while time.monotonic() < until:
        frame = camera.newest()
        if frame is not None:
            handed.append(frame)
            assert time.monotonic() - (frame.expires_at - EXPIRED_S) <= STALE_S + 0.05
        time.sleep(0.02)
    assert camera.late_s < 0.1
    assert len(handed) > FPS
    camera.shed(asked=True)
    time.sleep(0.2)
    camera.newest()
    began, seen = time.monotonic(), 0
    while time.monotonic() - began < 2.0:
        seen += camera.newest() is not None
        time.sleep(0.02)
    assert 2 <= seen <= 3
