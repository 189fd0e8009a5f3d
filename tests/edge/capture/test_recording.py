"""Recordings: every frame once, in order, at the rate asked for, and the same again from the middle."""

from __future__ import annotations

import itertools
import math

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.errors import BadInputError
from edge.capture.address import redact
from edge.capture.recording import RateTicks
from edge.capture.source import open_recording
from tests.edge.capture.pushed_stream import number_of, numbered
from tests.shared_data import shared


def write_clip(path, count=300, *, fps=25, codec="libx264", pix_fmt="yuv420p", flags=None, **options):
    with av.open(str(path), "w", options=flags and {"movflags": flags}) as container:
        stream = container.add_stream(codec, rate=fps, options={key: str(value) for key, value in options.items()})
        stream.width, stream.height, stream.pix_fmt = 320, 240, pix_fmt
        stream.codec_context.gop_size = 25
        for number in range(count):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(numbered(number), format="bgr24")))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("clip") / "numbered.mp4", flags="faststart")


@pytest.fixture(scope="module")
def mpeg1(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("clip") / "numbered.mpg", codec="mpeg1video", bf=2)


@pytest.mark.parametrize("kind", ["clip", "mpeg1"])
def test_every_frame_comes_once_in_order_with_its_time(kind, request):
    frames = list(open_recording(request.getfixturevalue(kind), "cam").frames(start_at=1000.0))
    assert [frame.index for frame in frames] == list(range(300))
    assert [number_of(frame.image) for frame in frames] == list(range(300))
    assert all(after.captured_at > before.captured_at for before, after in itertools.pairwise(frames))
    assert frames[0].captured_at == 1000.0
    assert frames[-1].captured_at == pytest.approx(1000.0 + 299 / 25, abs=0.05)


@pytest.mark.parametrize("kind", ["clip", "mpeg1"])
@pytest.mark.parametrize("fps", [None, 8.0, 0.3])
@pytest.mark.parametrize("start", [1, 99, 150, 299])
def test_a_recording_resumed_from_the_middle_is_the_same(kind, fps, start, request):
    recording = open_recording(request.getfixturevalue(kind), "cam")
    whole = [frame for frame in recording.frames(fps, start_at=5.0) if frame.index >= start]
    resumed = list(recording.frames(fps, start_frame=start, start_at=5.0))
    assert [frame.index for frame in resumed] == [frame.index for frame in whole]
    assert [frame.captured_at for frame in resumed] == [frame.captured_at for frame in whole]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(resumed, whole, strict=True))


def test_a_start_beyond_the_end_gives_nothing(clip):
    assert list(open_recording(clip, "cam").frames(start_frame=300)) == []


def test_the_analysed_rate_does_not_drift(clip):
    taken = [frame.index for frame in open_recording(clip, "cam").frames(8.0)]
    assert len(taken) == 96
    assert all(abs(index - tick * 25 / 8) <= 0.5 for tick, index in enumerate(taken))


@pytest.mark.parametrize("start", [1, 2, 130])
def test_ticks_count_from_the_frame_that_they_are_asked_to(clip, start):
    taken = [frame.index for frame in open_recording(clip, "cam").frames(8.0, start, ticks_from=start)]
    assert taken[:4] == [start, start + 3, start + 6, start + 9]
    assert all(abs(index - start - tick * 25 / 8) <= 0.5 for tick, index in enumerate(taken))
    later = [frame.index for frame in open_recording(clip, "cam").frames(8.0, start + 50, ticks_from=start)]
    assert later == taken[16:]


@settings(deadline=None)
@given(
    fps=st.floats(0.5, 60.0),
    rate=st.sampled_from([7.0, 10.0, 15.0, 24.0, 25.0, 29.97, 30.0]),
    count=st.integers(2, 400),
)
def test_ticks_take_the_asked_rate_of_any_recording(fps, rate, count):
    ticks = RateTicks(fps, rate)
    taken = [index for index in range(count) if ticks.takes(index / rate)]
    if fps >= rate:
        assert taken == list(range(count))
    else:
        expected = (count - 1) / rate * fps
        assert math.floor(expected) <= len(taken) <= math.ceil(expected) + 1
        assert all(before < after for before, after in itertools.pairwise(taken))


def test_frames_are_scaled_as_asked(clip):
    frame = next(iter(open_recording(clip, "cam", size=(160, 96)).frames()))
    assert frame.image.shape == (96, 160, 3)
    assert number_of(frame.image) == 0


@pytest.mark.parametrize("kind", ["clip", "mpeg1"])
def test_a_truncated_file_gives_its_frames_and_one_line(kind, request, tmp_path):
    whole = request.getfixturevalue(kind)
    cut = tmp_path / f"cut{whole.suffix}"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    recording = open_recording(cut, "cam")
    numbers = [number_of(frame.image) for frame in recording.frames()]
    assert 100 < len(numbers) < 300
    assert numbers == list(range(len(numbers)))
    assert recording.damage is not None
    assert str(cut) in recording.damage
    assert str(len(numbers)) in recording.damage
    assert "\n" not in recording.damage


def test_a_gif_is_a_recording(tmp_path):
    path = write_clip(tmp_path / "numbered.gif", count=12, fps=10, codec="gif", pix_fmt="rgb8")
    frames = list(open_recording(path, "cam").frames())
    assert [number_of(frame.image) for frame in frames] == list(range(12))


def test_a_folder_is_a_recording_in_the_order_of_its_names(tmp_path):
    for number in (2, 10, 1):
        cv2.imwrite(str(tmp_path / f"img{number}.png"), numbered(number))
    (tmp_path / "notes.txt").write_text("no picture")
    recording = open_recording(tmp_path, "cam", picture_rate_hz=10.0)
    frames = list(recording.frames(start_at=7.0))
    assert [number_of(frame.image) for frame in frames] == [1, 2, 10]
    assert [frame.captured_at for frame in frames] == pytest.approx([7.0, 7.1, 7.2])
    assert recording.length == 3
    assert [frame.index for frame in recording.frames(start_frame=2)] == [2]


def test_a_broken_picture_is_left_out_and_the_others_keep_their_number(tmp_path):
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), numbered(number))
    (tmp_path / "1.png").write_bytes(b"")
    recording = open_recording(tmp_path, "cam")
    assert [frame.index for frame in recording.frames()] == [0, 2]
    assert "1.png: not a readable picture" in (recording.damage or "")


def test_one_picture_is_a_recording_of_one_frame(tmp_path):
    path = tmp_path / "one.png"
    cv2.imwrite(str(path), numbered(77))
    (frame,) = open_recording(path, "cam").frames()
    assert number_of(frame.image) == 77


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder / "missing.mp4", "no such file"),
        (lambda folder: folder, "no pictures"),
        (lambda folder: _written(folder / "text.mp4", b"hello"), "not a readable video"),
        (lambda folder: _cut(write_clip(folder / "cut.mp4", 50)), "cut off while recording"),
        (lambda folder: _written(folder / "broken.jpg", b"hello"), "not a readable picture"),
        (lambda folder: _sound(folder / "sound.wav"), "holds no video, only audio"),
        (lambda _: "rstp://admin:secret@host/path", "unknown scheme 'rstp'"),
        (lambda _: "rtsp://admin:secret@host/path", "a recording is needed"),
    ],
)
def test_what_is_no_recording_is_told_in_one_line(make, words, tmp_path):
    with pytest.raises(BadInputError, match=words) as caught:
        open_recording(make(tmp_path), "cam")
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def _written(path, data):
    path.write_bytes(data)
    return path


def _cut(path):
    return _written(path, path.read_bytes()[: path.stat().st_size // 2])


def _sound(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@settings(deadline=None)
@given(st.text(alphabet="abc:/@.?#1 ", max_size=40))
def test_redaction_leaves_no_password(tail):
    assert "s3cret" not in redact(f"open rtsp://admin:s3cret@host/{tail} failed")


def test_real_footage_resumes_exactly():
    recording = open_recording(shared("caviar", "OneStopMoveNoEnter1front.mp4"), "cam")
    assert recording.length == 1665
    resumed = list(recording.frames(start_frame=1600))
    assert [frame.index for frame in resumed] == list(range(1600, 1665))
    assert resumed[0].captured_at == pytest.approx(64.0)
