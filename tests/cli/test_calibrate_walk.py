"""`atrium calibrate walk`: a folder of detections in, corrected cameras and words out."""

import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from benchmarks.walk.disturb import wrong_cameras
from calibration.camera import load_cameras
from calibration.walk.files import cameras_json, read_anchors, read_walk
from calibration.walk.observations import read_sightings, read_times
from cli.calibrate_walk import walk
from contract.errors import AtriumError, BadInputError
from tests.calibration.walk.twin import detected, walk_of

FPS = 4.0
NAMES = ("g_west", "g_east", "g_tasca")
app = typer.Typer()
app.command()(walk)


@pytest.fixture
def folder(tmp_path):
    """A recording of a walk whose second camera starts a second later, as `atrium detect` would write it."""
    twin = walk_of(90.0, FPS, 6, NAMES)
    rng = np.random.default_rng(3)
    (tmp_path / "cameras.json").write_bytes(cameras_json(wrong_cameras(twin.cameras, rng)))
    for name, seen in detected(twin, rng).items():
        start = seen.time_s[0] % (1 / FPS) + (1.0 if name == "g_east" else 0.0)
        lines = []
        for time, (x1, y1, x2, y2), score in zip(seen.time_s, seen.box_px, seen.score, strict=True):
            frame = round((time - start) * FPS) + 1
            if frame >= 1:
                lines.append(f"{frame},-1,{x1:.2f},{y1:.2f},{x2 - x1:.2f},{y2 - y1:.2f},{score:.3f},-1,-1,-1\n")
        rng.shuffle(lines)
        (tmp_path / f"{name}.det.txt").write_text("".join(lines))
    return tmp_path


def run(folder, *options):
    out = folder / "out.json"
    return CliRunner().invoke(app, [str(folder), "--fps", str(FPS), "--out", str(out), *options]), out


def test_it_writes_cameras_that_load_and_a_report(folder):
    result, out = run(folder, "--json", "--report", str(folder / "report.json"))
    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    assert told == json.loads((folder / "report.json").read_text())
    assert told["schema"] == "atrium.walk.v1"
    assert told["cameras"]["g_east"]["reference"] == "g_west"
    assert abs(told["cameras"]["g_east"]["clock_s"][0][1] - 1.0) < 0.3
    given, corrected = load_cameras(folder / "cameras.json"), load_cameras(out)
    assert not np.allclose(given["g_east"].rotation, corrected["g_east"].rotation, atol=1e-3)
    np.testing.assert_array_equal(given["g_east"].matrix, corrected["g_east"].matrix)
    for pair in told["pairs"]:
        assert pair["steady_cm"] < pair["steady_before_cm"]
    assert [each["gravity"] for each in told["findings"]] == ["remark"]


def test_it_talks_to_people_and_ends_with_1_where_a_camera_is_not_tied(folder):
    (folder / "g_tasca.det.txt").write_text("")
    result, out = run(folder)
    assert result.exit_code == 1
    assert "g_tasca: not tied: saw nobody walk" in " ".join(result.output.split())
    assert "2 of 3 cameras tied" in result.output
    assert set(load_cameras(out)) == set(NAMES)


def test_nobody_anywhere_is_an_error_and_writes_nothing(folder):
    for name in NAMES:
        (folder / f"{name}.det.txt").write_text("\n")
    result, out = run(folder)
    assert isinstance(result.exception, AtriumError)
    assert "saw nobody walk" in str(result.exception)
    assert not out.exists()


def test_lines_of_nan_are_left_out_and_told(folder):
    path = folder / "g_west.det.txt"
    path.write_text(path.read_text() + "9,-1,nan,10,20,50,0.9,-1,-1,-1\n10,-1,5,10,0,50,0.9\n")
    result, _ = run(folder)
    assert "g_west: 2 lines are no boxes" in " ".join(result.output.split())


def test_times_of_a_file_count_and_need_no_order(folder):
    path = folder / "a.det.txt"
    path.write_text("1,-1,10,10,20,50,0.9\n3,-1,12,10,20,50,0.9\n2,-1,11,10,20,50,0.9\n4,-1,13,10,20,50,0.9\n")
    (folder / "a.times.csv").write_text("frame,time_s\n3, 1.5\n1,0.4\n2,0.9\n")
    seen = read_sightings(path, 5.0, read_times(folder / "a.times.csv"))
    assert seen.time_s.tolist() == [0.4, 0.9, 1.5]
    assert seen.box_px[:, 0].tolist() == [10, 11, 12]


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("g_west.det.txt", "1,-1,x,2,3,4,5\n", "g_west.det.txt: line 1: expected numbers"),
        ("g_west.times.csv", "1,0.0\n2,soon\n", "g_west.times.csv: line 2: expected frame,time_s"),
        ("strange.det.txt", "", "cameras.json has no camera 'strange'"),
        ("cameras.json", "{}", "it needs two"),
    ],
)
def test_bad_files_are_named(folder, file, content, says):
    (folder / file).write_text(content)
    with pytest.raises(BadInputError, match=says):
        read_walk(folder, FPS)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("g_west,1,2,3", "line 2: expected camera,u,v,x,y"),
        ("g_west,1,2,nan,3", "line 2: expected camera,u,v,x,y"),
        ("nowhere,1,2,3,4", "line 2: no camera 'nowhere'"),
        ("g_west,9000,2,3,4", "lies outside g_west's picture of 640x360"),
        ("", "no points"),
    ],
)
def test_bad_anchors_are_named(folder, line, says):
    path = folder / "anchors.csv"
    path.write_text(f"camera,u,v,x,y\n{line}\n")
    with pytest.raises(BadInputError, match=says):
        read_anchors(path, load_cameras(folder / "cameras.json"))


@pytest.mark.parametrize("option", [("--fps", "0"), ("--clocks", "-1")])
def test_bad_options_are_usage_errors(tmp_path, option):
    result = CliRunner().invoke(app, [str(tmp_path), "--fps", "5", "--out", str(tmp_path / "o.json"), *option])
    assert result.exit_code == 2
    assert option[0] in result.output
