"""What ``atrium simulate`` writes can be read back, and agrees with itself."""

from __future__ import annotations

import csv
import itertools
import signal
import subprocess
import sys
import time

import av
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from calibration.site import load_site
from cli.simulate import simulate
from contract.errors import BadInputError
from contract.files import read_json
from simulator.clips import choose_cameras, write_clips
from simulator.rtsp import available
from simulator.scene import GALLERIA
from simulator.truth import Truth
from simulator.world import World

APP = typer.Typer()
APP.command()(simulate)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("twin")
    world = World(load_site(GALLERIA), 3, floors=["g"], people_per_minute=30)
    write_clips(world, out, seconds=12, fps=5, cameras=["g_west", "g_linho"])
    return out


def test_clips_have_every_frame_and_no_b_frames(folder):
    for name in ("g_west", "g_linho"):
        with av.open(str(folder / f"{name}.mp4")) as container:
            stream = container.streams.video[0]
            packets = [packet for packet in container.demux(stream) if packet.size]
            assert [packet.pts for packet in packets] == sorted(packet.pts for packet in packets)
            assert all(packet.pts == packet.dts for packet in packets)
            assert len(packets) == 60
            assert float(stream.average_rate) == 5


def test_truth_reads_back(folder):
    truth = read_json(folder / "truth.json", Truth)
    assert (truth.site, truth.floors, truth.cameras, truth.fps) == ("galleria", ["g"], ["g_west", "g_linho"], 5)
    assert truth.seconds == pytest.approx(12)
    assert truth.persons


def test_boxes_stand_where_positions_say(folder):
    camera = load_site(GALLERIA).floors["g"].cameras["g_linho"]
    with (folder / "positions.csv").open() as file:
        places = {
            (round(float(row["t"]) * 5) + 1, int(row["id"])): (float(row["x"]), float(row["y"]))
            for row in csv.DictReader(file)
        }
    rows = np.loadtxt(folder / "g_linho.gt.txt", delimiter=",")
    assert rows.shape[1] == 9
    checked = 0
    for frame, person, x, y, w, h, _, _, visible in rows:
        if visible > 0.9 and y + h < 358 and (int(frame), int(person)) in places:
            foot = camera.pixels_from_floor(np.array([places[int(frame), int(person)]]))[0]
            assert abs(x + w / 2 - foot[0]) < 0.5 * h
            assert abs(y + h - foot[1]) < 0.25 * h
            checked += 1
    assert checked > 20


def test_an_unknown_camera_is_said():
    world = World(load_site(GALLERIA), 0, floors=["g"])
    with pytest.raises(BadInputError, match="g_roof"):
        choose_cameras(world, ["g_roof"])


def test_no_frame_at_all_is_said(tmp_path):
    world = World(load_site(GALLERIA), 0, floors=["g"])
    with pytest.raises(BadInputError, match="no frame"):
        write_clips(world, tmp_path, seconds=0, fps=5, cameras=["g_west"])


def test_the_command_writes_a_folder(tmp_path):
    result = CliRunner().invoke(
        APP, ["--out", str(tmp_path / "o"), "--floor", "f1", "--cameras", "f1_east", "--seconds", "2", "--fps", "5"]
    )
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == [
        "f1_east.gt.txt", "f1_east.mp4", "positions.csv", "truth.json",
    ]  # fmt: skip


@pytest.mark.skipif(not available(), reason="GStreamer's RTSP server is not installed")
def test_the_live_twin_is_watchable_and_leaves_its_truth_when_told_to_stop(tmp_path):
    code = "import typer; from cli.simulate import simulate; typer.run(simulate)"
    command = [
        sys.executable,
        "-c",
        code,
        "--rtsp",
        "--port",
        "0",
        "--floor",
        "g",
        "--cameras",
        "g_east",
        "--out",
        str(tmp_path),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        assert process.stdout.readline().startswith("live")
        with av.open(url, options={"rtsp_transport": "tcp"}, timeout=20) as container:
            times = []
            for frame in container.decode(video=0):
                times.append(frame.time or 0.0)
                if len(times) == 25:
                    break
        process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        assert process.returncode == 0
    assert all(later >= earlier for earlier, later in itertools.pairwise(times))
    assert times[-1] > times[0] + 0.5
    truth = read_json(tmp_path / "truth.json", Truth)
    assert truth.seconds > 1
    assert (tmp_path / "positions.csv").is_file()
