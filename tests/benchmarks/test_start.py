"""What starts are measured on: a recording that both commands follow people in, and a real camera and broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.first_picture import (
    ANALYSED,
    CONNECTED,
    DIALLED,
    IMPORTED,
    LOADED,
    REHEARSED,
    SHOWN,
    first_picture,
)
from benchmarks.start import FRAMES, write_inputs
from edge.floor.joint.recording import fuse_recording, read_sequence
from simulator.rtsp import available
from tests.broker import MOSQUITTO


def test_the_made_up_recording_shows_three_people_in_every_frame(tmp_path):
    write_inputs(tmp_path)
    cameras, frames = read_sequence(tmp_path)
    assert [len(found) for found in frames["cam"]] == [3] * FRAMES
    boxes = frames["cam"][0].xyxy
    assert (boxes[:, :2] > 0).all()
    assert (boxes[:, 2:] < (640, 360)).all()
    rows = fuse_recording(cameras, frames, 8.0)
    assert len(set(rows[:, 1].tolist())) == 3


@pytest.mark.skipif(not available(), reason="GStreamer's RTSP server is not installed")
@pytest.mark.skipif(not Path(MOSQUITTO).exists(), reason="mosquitto is not installed: apt-get install mosquitto")
def test_a_box_is_timed_to_its_first_picture_and_dials_its_camera_before_its_model_is_there(tmp_path):
    write_inputs(tmp_path)
    box = first_picture(tmp_path, 1)
    at = box.moments_s
    assert 0 < at[IMPORTED] < at[DIALLED] < at[CONNECTED] < at[SHOWN] < at[ANALYSED]
    assert at[DIALLED] < at[LOADED] < at[REHEARSED] < at[ANALYSED] == box.wall_s
    assert box.own_s + box.waited_s == pytest.approx(box.wall_s)
    assert box.waited_s == pytest.approx(max(0.0, at[SHOWN] - at[REHEARSED]))
    assert 0.2 < box.spent_s[IMPORTED] < box.spent_s[ANALYSED]
