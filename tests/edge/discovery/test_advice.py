"""Which stream a box is told to watch, and what to set in the camera first."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.discovery.advice import advise, block
from edge.discovery.onvif import Described, OfferedStream


def stream(token, codec="H264", *, size=(640, 360), fps=8.0, key_interval_s=1.0, kbit_s=512):
    return OfferedStream(token, token, codec, *size, fps, key_interval_s, kbit_s, f"rtsp://10.2.0.11/{token}")


def camera(*streams, clock_error_s=0.0):
    return Described("10.2.0.11", "ACME", "C1", "1.0", clock_error_s, list(streams))


MAIN = stream("main", size=(2560, 1440), fps=25.0, key_interval_s=2.0, kbit_s=4096)


def test_a_good_sub_stream_is_taken_as_it_is():
    advice = advise(camera(MAIN, stream("sub"), stream("third", "JPEG")))
    assert advice.stream is not None
    assert advice.stream.token == "sub"
    assert advice.settings == []


@pytest.mark.parametrize(
    ("streams", "token", "words"),
    [
        ([MAIN, stream("sub", "H265")], "main", "size of stream 'main' to about 640 x 360 (now 2560 x 1440)"),
        ([stream("sub", "H265")], "sub", "codec of stream 'sub' to H.264"),
        ([stream("sub", fps=25.0)], "sub", "frame rate of stream 'sub' to 8 a second (now 25)"),
        ([stream("sub", fps=0.0)], "sub", "now not said"),
        ([stream("sub", key_interval_s=4.0)], "sub", "to 8 frames, 1 s (now 4.0 s)"),
        ([stream("sub", fps=12.0, key_interval_s=0.0)], "sub", "to 12 frames, 1 s (now not said)"),
        ([stream("a", size=(352, 288)), stream("b", size=(704, 576))], "b", None),
        ([stream("a", fps=4.0), stream("b", size=(704, 480), fps=12.0)], "b", None),
        ([stream("sub", size=(320, 180))], "sub", "size of stream 'sub'"),
    ],
)
def test_what_is_missing_is_named_with_what_it_is_now(streams, token, words):
    advice = advise(camera(*streams))
    assert advice.stream is not None
    assert advice.stream.token == token
    assert advice.settings == [] if words is None else any(words in setting for setting in advice.settings)


def test_a_camera_without_streams_gets_its_one_mend():
    advice = advise(camera())
    assert advice.stream is None
    assert "sub-stream" in advice.settings[0]


@pytest.mark.parametrize(
    ("error_s", "words"), [(None, "does not say"), (90.0, "90 s ahead"), (-3600.0, "3600 s behind")]
)
def test_a_clock_that_is_off_is_named(error_s, words):
    assert words in advise(camera(stream("sub"), clock_error_s=error_s)).settings[-1]


TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT, TEXT.filter(bool))
def test_the_block_says_in_toml_what_went_in(path, password_file):
    (found,) = tomllib.loads(block("lobby", f"rtsp://10.2.0.11/{path}", "us@er", password_file))["cameras"]
    assert found == {"name": "lobby", "url": f"rtsp://us%40er@10.2.0.11/{path}", "password_file": password_file}
    (found,) = tomllib.loads(block("lobby", f"rtsp://10.2.0.11/{path}"))["cameras"]
    assert found == {"name": "lobby", "url": f"rtsp://10.2.0.11/{path}"}
