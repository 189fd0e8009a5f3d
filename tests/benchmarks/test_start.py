"""What starts are measured on is a recording that both commands follow people in."""

from __future__ import annotations

from benchmarks.start import FRAMES, write_inputs
from edge.floor.joint.recording import fuse_recording, read_sequence


def test_the_made_up_recording_shows_three_people_in_every_frame(tmp_path):
    write_inputs(tmp_path)
    cameras, frames = read_sequence(tmp_path)
    assert [len(found) for found in frames["cam"]] == [3] * FRAMES
    boxes = frames["cam"][0].xyxy
    assert (boxes[:, :2] > 0).all()
    assert (boxes[:, 2:] < (640, 360)).all()
    rows = fuse_recording(cameras, frames, 8.0)
    assert len(set(rows[:, 1].tolist())) == 3
