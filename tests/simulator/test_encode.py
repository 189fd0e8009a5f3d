"""What we encode can be decoded picture for picture, with each encoder that may be there, from a file and over RTSP."""

from __future__ import annotations

import itertools
import threading
import time

import av
import numpy as np
import pytest

from contract.encoders import ENCODERS, video_encoder
from contract.errors import AtriumError
from edge.overlay import ClipWriter as OverlayWriter
from simulator.encode import ClipWriter, Encoder
from simulator.rtsp import RtspServer, available
from simulator.serve import pattern_pictures

COUNT, SIZE = 30, (320, 240)


@pytest.fixture(params=ENCODERS, ids=lambda encoder: encoder.name)
def encoder(request):
    if request.param.name not in av.codecs_available:
        pytest.skip(f"this FFmpeg has no {request.param.name}")
    return request.param


@pytest.fixture(scope="module")
def pictures():
    return [image for _, image in itertools.islice(pattern_pictures(), COUNT)]


def nearest(frame, pictures):
    """Which of the pictures a decoded one is most like: the pattern moves two pixels a picture."""
    image = frame.to_ndarray(format="bgr24").astype(int)
    return int(np.argmin([np.abs(image - picture).mean() for picture in pictures]))


def test_the_best_that_is_there_is_taken():
    assert [video_encoder({e.name for e in ENCODERS[i:]}).name for i in range(3)] == ["libx264", "libopenh264", "mpeg4"]
    assert video_encoder().name in av.codecs_available
    with pytest.raises(AtriumError, match="libx264, libopenh264, mpeg4 are missing"):
        video_encoder(frozenset())


@pytest.mark.parametrize("writer", ["simulator", "overlay"])
def test_a_clip_has_every_picture(encoder, pictures, tmp_path, writer):
    path = tmp_path / "clip.mp4"
    clip = (
        ClipWriter(path, *SIZE, 25.0, encoder=encoder)
        if writer == "simulator"
        else OverlayWriter(path, 25.0, encoder=encoder)
    )
    with clip:
        for image in pictures:
            clip.write(image)
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.name == encoder.codec
        frames = list(container.decode(video=0))
    assert len(frames) == COUNT
    assert [nearest(frame, pictures) for frame in frames] == list(range(COUNT))


def test_pictures_come_out_one_for_one_with_a_key_every_second(encoder, pictures):
    coder = Encoder(*SIZE, 10.0, encoder=encoder)
    units = [coder.encode(image) for image in pictures]
    assert all(unit.data for unit in units)
    assert [i for i, unit in enumerate(units) if unit.is_key] == [0, 10, 20]


@pytest.mark.skipif(not available(), reason="GStreamer's RTSP server is not installed")
def test_each_is_served_over_rtsp(encoder):
    done = threading.Event()

    def push(server):
        coder = Encoder(*SIZE, 25.0, encoder=encoder)
        for _, image in pattern_pictures():
            if done.wait(0.04):
                return
            server.push("p", coder.encode(image), time.time_ns())

    with RtspServer(["p"], codec=encoder.codec) as server:
        feeder = threading.Thread(target=push, args=(server,))
        feeder.start()
        try:
            with av.open(server.url("p"), options={"rtsp_transport": "tcp"}, timeout=10) as container:
                frames = list(itertools.islice(container.decode(video=0), 30))
                assert container.streams.video[0].codec_context.name == encoder.codec
        finally:
            done.set()
            feeder.join()
    assert [(frame.width, frame.height) for frame in frames] == [SIZE] * 30
    times = [frame.time or 0.0 for frame in frames]
    assert times == sorted(times)
    assert times[-1] > times[0]
