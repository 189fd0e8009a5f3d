"""`atrium detect`: MOT text of every kind of source, and one line with the right status for every wrong one."""

from __future__ import annotations

import sys

import av
import cv2
import numpy as np
import pytest

from cli.main import main
from simulator.rtsp import RtspServer, available
from tests.edge.capture.pushed_stream import Pushing, numbered
from tests.edge.detect.tiny_models import write_answering

ANSWER = [[[10, 20, 40, 90, 0.9], [100, 50, 130, 120, 0.06], [50, 50, 60, 60, 0.04]]]


@pytest.fixture
def model(tmp_path):
    return write_answering(tmp_path / "tiny.onnx", ANSWER, (3, 240, 320), {"atrium.head": "person"}, batched=True)


@pytest.fixture
def run(tmp_path, model, monkeypatch, capfd):
    out = tmp_path / "det.txt"

    def run_detect(source, *options, use_model=model):
        arguments = ["atrium", "detect", str(source), "--model", str(use_model), "--out", str(out), *map(str, options)]
        monkeypatch.setattr(sys, "argv", arguments)
        status = 0
        try:
            main()
        except SystemExit as exit_:
            status = exit_.code or 0
        rows = [line.split(",") for line in out.read_text().splitlines()] if out.exists() else []
        return status, rows, capfd.readouterr().err

    return run_detect


def clip(path, count=50, flags=None):
    with av.open(str(path), "w", options=flags and {"movflags": flags}) as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(count):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(numbered(number), format="bgr24")))
        container.mux(stream.encode())
    return path


def test_a_video_becomes_mot_text(run, tmp_path):
    status, rows, _ = run(clip(tmp_path / "clip.mp4"))
    assert status == 0
    assert [int(row[0]) for row in rows] == [number for number in range(1, 51) for _ in range(2)]
    assert rows[0] == ["1", "-1", "10.00", "20.00", "30.00", "70.00", "0.9000", "-1", "-1", "-1"]
    assert rows[1][6] == "0.0600"  # the low score that a tracker may want; 0.04 is below the default


def test_rate_and_score_are_options_and_frames_keep_their_numbers(run, tmp_path):
    status, rows, _ = run(clip(tmp_path / "clip.mp4"), "--fps", 5, "--score", 0.5)
    assert status == 0
    assert [int(row[0]) for row in rows] == list(range(1, 51, 5))


def test_a_folder_of_pictures_is_a_source(run, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        cv2.imwrite(str(folder / f"{number:06d}.png"), np.full((480, 640, 3), 99, np.uint8))
    status, rows, _ = run(folder, "--score", 0.5)
    assert status == 0
    assert [row[0] for row in rows] == ["1", "2", "3"]
    assert rows[0][2:6] == ["20.00", "40.00", "60.00", "140.00"]


def test_a_truncated_video_gives_what_it_has_one_line_and_status_1(run, tmp_path):
    whole = clip(tmp_path / "clip.mp4", 100, "faststart").read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) * 6 // 10])
    status, rows, said = run(cut, "--score", 0.5)
    assert status == 1
    assert 0 < len(rows) < 100
    assert f"cut off after {len(rows)} frames" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("missing.mp4", "no such file"),
        ("rstp://admin:s3cret@cam/1", "unknown scheme"),
        ("rtsp://admin:s3cret@cam/1", "--seconds"),
    ],
)
def test_a_wrong_source_is_one_line_and_status_2(run, source, words):
    status, _, said = run(source)
    assert status == 2
    assert words in said
    assert len(said.strip().splitlines()) == 1
    assert "s3cret" not in said


def test_a_model_with_an_unknown_head_is_one_line_and_status_2(run, tmp_path):
    odd = write_answering(tmp_path / "odd.onnx", np.zeros((1, 10, 4)), (3, 64, 64))
    status, _, said = run(clip(tmp_path / "clip.mp4"), use_model=odd)
    assert status == 2
    assert "unknown head" in said
    assert len(said.strip().splitlines()) == 1


def test_an_output_that_cannot_be_written_is_one_line_and_status_1(run, tmp_path):
    status, _, said = run(clip(tmp_path / "clip.mp4"), "--out", tmp_path / "absent" / "det.txt")
    assert status == 1
    assert "det.txt" in said
    assert "Traceback" not in said


@pytest.mark.skipif(not available(), reason="GStreamer's RTSP server is not installed")
def test_a_live_stream_is_watched_for_some_seconds(run):
    with RtspServer(["cam"], audio=["hum"]) as server, Pushing(server, "cam"):
        status, rows, _ = run(server.url("cam"), "--seconds", 1.5, "--fps", 5, "--score", 0.5)
        assert status == 0
        assert 3 <= len(rows) <= 9
        numbers = [int(row[0]) for row in rows]
        assert numbers == sorted(set(numbers))
