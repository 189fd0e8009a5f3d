"""Recordings: first boxes and gaps are filled in, MOT text is read strictly."""

import numpy as np
import pytest
import supervision as sv

from contract.errors import BadInputError
from edge.track.mot import read_detections, write_tracks
from edge.track.offline import track_recording


def walker(i, score=0.9):
    x = 50 + 5 * i
    return sv.Detections(xyxy=np.array([[x, 90, x + 20, 150]], np.float32), confidence=np.array([score], np.float32))


def test_a_persons_first_boxes_are_theirs_too():
    rows = track_recording([walker(i) for i in range(20)], 8)
    assert rows[:, 0].tolist() == list(range(20))
    assert set(rows[:, 1]) == {1.0}


def test_a_gap_is_bridged_and_a_long_one_is_not():
    frames = [walker(i) if not 10 <= i < 14 else sv.Detections.empty() for i in range(30)]
    assert track_recording(frames, 8)[:, 0].tolist() == list(range(30))
    assert track_recording(frames, 8, bridge_s=0.3)[:, 0].tolist() == [*range(10), *range(14, 30)]


def test_an_empty_recording_gives_an_empty_table():
    assert track_recording([], 8).shape == (0, 7)
    assert track_recording([sv.Detections.empty()] * 5, 8).shape == (0, 7)


def test_mot_text_survives_the_round_trip(tmp_path):
    lines = ["3,-1,10.5,20,30,60,0.9,-1,-1,-1", "1,-1,5,6,7,8,0.5,-1,-1,-1", ""]
    (tmp_path / "det.txt").write_text("\n".join(lines))
    frames = read_detections(tmp_path / "det.txt")
    assert [len(f) for f in frames] == [1, 0, 1]
    np.testing.assert_allclose(frames[2].xyxy, [[10.5, 20, 40.5, 80]])
    write_tracks(tmp_path / "out.txt", np.array([[2, 1, 10.5, 20, 40.5, 80, 0.9]]))
    assert (tmp_path / "out.txt").read_text() == "3,1,10.50,20.00,30.00,60.00,0.9000,-1,-1,-1\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no detections"),
        ("1,-1,5,6,7,8,0.5\nfoo", "line 2"),
        ("1,-1,5,6", "line 1"),
        ("0,-1,5,6,7,8,0.5", "frame 0"),
        ("1.5,-1,5,6,7,8,0.5", "frame 1.5"),
        ("1e12,-1,5,6,7,8,0.5", r"frame 1e\+12"),
        ("1,-1,5,6,0,8,0.5", "width"),
        ("1,-1,nan,6,7,8,0.5", "line 1"),
    ],
)
def test_bad_mot_text_is_named(tmp_path, text, says):
    path = tmp_path / "det.txt"
    path.write_text(text)
    with pytest.raises(BadInputError, match=says) as raised:
        read_detections(path)
    assert "det.txt" in str(raised.value)
