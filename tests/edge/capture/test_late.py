"""A live camera whose packets come late: what it decodes, and what it hands out, by made packets and made times."""

from __future__ import annotations

import contextlib
import random
import time
from types import SimpleNamespace

import av
import pytest

from edge.capture import live
from edge.capture.live import LiveCamera, StreamFault
from edge.capture.skip import BEHIND_S, EXPIRED_S, STALE_S
from simulator.encode import ClipWriter
from simulator.rtsp import RtspServer, available
from tests.edge.capture.pushed_stream import SIZE, Pushing, number_of, numbered

pytestmark = pytest.mark.waits
FPS = 8
COUNT = 20 * FPS
WALL_S = 1.8e9


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Twenty seconds of numbered pictures, a key picture each second."""
    path = tmp_path_factory.mktemp("late") / "clip.mp4"
    with ClipWriter(path, *SIZE, FPS) as writer:
        for number in range(COUNT):
            writer.write(numbered(number))
    return path


class Sent:
    """A camera that is sent a clip's packets at made times.

    Attributes:
        decoded: numbers of the pictures that were decoded.
        frames: what was handed out, by number, each asked for right after its packet.
        ages_s: by number, how long after its usual arrival each was handed out.
    """

    def __init__(self, monkeypatch, clip, delay_s, *, ask_after_s=0.0, clock_off_s=None, shed=frozenset()) -> None:
        """Sends it all: packet k comes ``delay_s(k)`` late."""
        self.now = 100.0
        self.decoded, self.frames, self.ages_s = [], {}, {}
        self.camera = LiveCamera(
            "rtsp://nowhere/cam",
            "cam",
            rng=random.Random(1),
            clock=lambda: WALL_S + self.now,
            monotonic=lambda: self.now,
        )
        self._delay_s, self._ask_after_s, self._shed = delay_s, ask_after_s, shed
        monkeypatch.setattr(live, "connect", lambda _url: self._connected(clip))
        decode = live.decode
        monkeypatch.setattr(live, "decode", lambda packet: [self._note(shown) for shown in decode(packet)])
        if clock_off_s is not None:
            monkeypatch.setattr(
                live,
                "hear_sender",
                lambda clock, packet, at: clock.hear_sender(packet.pts * packet.time_base, at + clock_off_s, at),
            )
        with pytest.raises(StreamFault) as told:
            self.camera._watch()
        self.fault = str(told.value)

    @contextlib.contextmanager
    def _connected(self, clip):
        with av.open(str(clip)) as container:
            yield SimpleNamespace(streams=container.streams, demux=lambda stream: self._come(container, stream))

    def _come(self, container, stream):
        for k, packet in enumerate(container.demux(stream)):
            if packet.size:
                self.now = max(self.now, 100.0 + k / FPS + self._delay_s(k))
            self.camera.shed(k in self._shed)
            yield packet
            self.now += self._ask_after_s
            frame = self.camera.newest()
            self.now -= self._ask_after_s
            if frame is not None:
                number = number_of(frame.image)
                self.frames[number] = frame
                self.ages_s[number] = self.now + self._ask_after_s - (100.0 + number / FPS)

    def _note(self, shown):
        self.decoded.append(number_of(shown.to_ndarray(format="bgr24")))
        return shown


def held_up(first, until):
    """Packets from ``first`` on come together, when number ``until`` is due."""
    return lambda k: max(0.0, (until - k) / FPS) if k >= first else 0.0


def test_in_time_all_is_decoded_and_handed_out(monkeypatch, clip):
    sent = Sent(monkeypatch, clip, lambda k: 0.1 * (k % 2))
    assert sent.decoded == list(sent.frames) == list(range(COUNT))
    assert sent.camera.skipped == 0
    assert "the stream ended" in sent.fault


def test_after_a_hold_up_it_catches_up_without_decoding(monkeypatch, clip):
    sent = Sent(monkeypatch, clip, held_up(27, 45))
    assert sent.decoded == [*range(27), *range(48, COUNT)]
    assert list(sent.frames) == sent.decoded
    assert sent.camera.skipped == 21


def test_what_is_handed_out_is_never_stale(monkeypatch, clip):
    """A late key picture that is decoded, and one that then waits in our hands."""
    sent = Sent(monkeypatch, clip, held_up(27, 44), ask_after_s=0.2)
    assert 40 in sent.decoded
    assert 40 not in sent.frames
    assert max(sent.ages_s.values()) <= STALE_S
    for number, frame in sent.frames.items():
        assert frame.expires_at == pytest.approx(100.0 + number / FPS + EXPIRED_S, abs=0.01)


@pytest.mark.parametrize("clock_off_s", [-6.0, 6.0])
def test_a_camera_whose_own_clock_is_seconds_off_is_not_late(monkeypatch, clip, clock_off_s):
    sent = Sent(monkeypatch, clip, lambda _k: 0.0, clock_off_s=clock_off_s)
    assert list(sent.frames) == list(range(COUNT))
    assert sent.frames[COUNT - 1].captured_at == pytest.approx(
        WALL_S + 100.0 + (COUNT - 1) / FPS + clock_off_s, abs=0.1
    )


def test_a_camera_that_sheds_decodes_key_pictures_only_and_wakes_at_one(monkeypatch, clip):
    sent = Sent(monkeypatch, clip, lambda _k: 0.0, shed=range(20, 45))
    assert sent.decoded == [*range(20), 24, 32, 40, *range(48, COUNT)]
    assert sent.camera.late_s == pytest.approx(0.0, abs=1e-3)


def test_lateness_is_told(monkeypatch, clip):
    sent = Sent(monkeypatch, clip, lambda k: 0.3 if k >= 60 else 0.0)
    assert sent.camera.late_s == pytest.approx(0.3, abs=0.01)
    assert BEHIND_S > 0.3
    assert len(sent.frames) == COUNT


def test_a_stream_that_stays_late_is_connected_again_and_says_why(monkeypatch, clip):
    sent = Sent(monkeypatch, clip, lambda k: 2.0 if k >= 16 else 0.0)
    assert sent.fault.startswith("pictures come 2.0 s late")
    assert max(sent.frames) == 15


def test_a_camera_that_is_gone_is_not_late():
    with LiveCamera("rtsp://127.0.0.1:9/cam", "cam", rng=random.Random(1)) as camera:
        camera._late_s = 3.0
        until = time.monotonic() + 5.0
        while camera.late_s and time.monotonic() < until:
            time.sleep(0.02)
        assert camera.late_s == 0.0


@pytest.mark.skipif(not available(), reason="GStreamer's RTSP server is not installed")
def test_after_a_real_hold_up_no_old_picture_is_handed_out():
    """The server stops for a second and a half, and then sends at once what it has kept meanwhile."""
    ages_s = []
    with (
        RtspServer(["cam"]) as server,
        Pushing(server, "cam") as pushing,
        LiveCamera(server.url("cam"), "cam", rng=random.Random(1)) as camera,
    ):

        def watch(seconds):
            ages_s.clear()
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                camera.fresh.wait(0.05)
                camera.fresh.clear()
                frame = camera.newest()
                if frame is not None:
                    ages_s.append(time.time() - pushing.taken_at[number_of(frame.image)])

        watch(3.5)
        assert ages_s
        server.freeze()
        watch(1.5)
        server.thaw()
        watch(3.0)
        assert camera.skipped > 0
    assert len(ages_s) > 10
    assert max(ages_s) < 1.0
