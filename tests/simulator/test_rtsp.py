"""The RTSP server is a real one: what PyAV reads from it advances, ends, stalls."""

from __future__ import annotations

import itertools
import time

import av
import pytest

from contract.errors import AtriumError, BadInputError
from simulator.encode import ClipWriter
from simulator.rtsp import RtspServer, available
from simulator.serve import file_pictures, pattern_pictures, serving

pytestmark = [
    pytest.mark.waits,
    pytest.mark.skipif(not available(), reason="GStreamer's RTSP server is not installed"),
]
OPTIONS = {"rtsp_transport": "tcp"}


def watch(url, count):
    with av.open(url, options=OPTIONS, timeout=10) as container:
        return [frame.time or 0.0 for frame in itertools.islice(container.decode(video=0), count)]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "pattern.mp4"
    with ClipWriter(path, 320, 240, 25.0) as writer:
        for _, image in itertools.islice(pattern_pictures(), 30):
            writer.write(image)
    return path


def test_the_pattern_is_decodable_and_its_time_advances():
    with serving(pattern="p") as server:
        times = watch(server.url("p"), 50)
    steps = [float(after - before) for before, after in itertools.pairwise(times[25:])]
    assert all(step > 0 for step in steps)
    assert sum(steps) / len(steps) == pytest.approx(1 / 25, rel=0.1)


def test_two_clients_see_the_same_stream():
    with serving(pattern="p") as server:
        first = av.open(server.url("p"), options=OPTIONS, timeout=10)
        assert next(first.decode(video=0)).width == 320
        assert len(watch(server.url("p"), 5)) == 5
        assert next(first.decode(video=0)).width == 320
        first.close()


def test_a_file_served_once_ends(clip):
    with serving({"c": clip}, loop=False) as server:
        times = watch(server.url("c"), 1000)
    assert 5 <= len(times) <= 31


def test_a_looped_file_goes_on(clip):
    with serving({"c": clip}) as server:
        assert len(watch(server.url("c"), 60)) == 60


def test_sound_alone_has_no_picture():
    with serving(audio="hum") as server, av.open(server.url("hum"), options=OPTIONS, timeout=10) as container:
        assert not container.streams.video
        assert len(container.streams.audio) == 1


def test_a_stalled_stream_keeps_its_connection_and_says_nothing():
    with (
        serving(pattern="p", stall_after_s=1.0) as server,
        av.open(server.url("p"), options=OPTIONS, timeout=(10, 2)) as container,
    ):
        started = time.monotonic()
        with pytest.raises(av.error.FFmpegError):  # noqa: PT012 - the loop is the reading
            for _ in container.decode(video=0):
                assert time.monotonic() - started < 10


def test_a_taken_port_is_said_in_one_line():
    with (
        RtspServer(["a"]) as server,
        pytest.raises(AtriumError, match=str(server.port)),
        RtspServer(["b"], port=server.port),
    ):
        pass


def test_a_text_file_is_no_video(tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_text("no video")
    with pytest.raises(BadInputError, match=r"notes\.mp4"):
        next(file_pictures(path, loop=False))
