"""`atrium calibrate solve` and `project`: files in, a camera and metres out, mistakes named."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from calibration.camera import Camera, camera_from_file, load_cameras
from cli.calibrate_project import read_camera
from cli.main import app
from contract.errors import BadInputError
from tests.calibration.evidence.test_boards import CHESS, SIZE, chess_texture, lens_camera, pictures
from tests.calibration.evidence.test_tags import TAGS, picture
from tests.calibration.evidence.test_tags import hung as above_tags
from tests.calibration.simulated import clicked, floor_error_m, floor_points, mall_camera, spoilt


def run(*arguments: object):
    return CliRunner().invoke(app, ["calibrate", *map(str, arguments)])


def hall(kind: str = "ordinary", count: int = 12, seed: int = 1):
    rng = np.random.default_rng(seed)
    camera = mall_camera(rng, kind)
    return camera, clicked(camera, floor_points(camera, rng, count), rng), rng


def written(path: Path, pairs) -> Path:
    rows = [f"{u:.2f},{v:.2f},{x:.4f},{y:.4f}" for (u, v), (x, y) in zip(pairs.pixel_px, pairs.floor_m, strict=True)]
    path.write_text("\n".join(["u,v,x,y", *rows]) + "\n")
    return path


def solved(tmp_path: Path, camera: Camera, pairs, *options: object):
    out = tmp_path / "camera.json"
    done = run(
        "solve", written(tmp_path / "pairs.csv", pairs), "--size", camera.width, camera.height, "--out", out, *options
    )
    return done, out


@pytest.mark.parametrize("kind", ["ordinary", "fisheye"])
def test_pairs_become_one_entry_of_cameras_json(tmp_path: Path, kind: str) -> None:
    camera, pairs, _ = hall(kind)
    done, out = solved(tmp_path, camera, pairs, "--name", "door")
    assert done.exit_code == 0, done.output
    entry = json.loads(out.read_text())
    assert entry["name"] == "door"
    assert set(entry) >= {"width", "height", "K", "dist", "R", "t"}
    assert entry.get("lens", "brown") == camera.lens
    assert floor_error_m(read_camera(out, None), camera) < 0.06
    cameras = tmp_path / "cameras.json"
    cameras.write_text(json.dumps({"door": entry}))
    assert floor_error_m(load_cameras(cameras)["door"], camera) < 0.06
    assert "door: " in done.output
    assert "  pair 12: " in done.output
    assert "expect " in done.output


def test_figures_as_json(tmp_path: Path) -> None:
    camera, pairs, _ = hall()
    done, _ = solved(tmp_path, camera, pairs, "--json")
    figures = json.loads(done.stdout)
    assert figures["pairs"] == 12
    assert figures["wrong"] == []
    assert len(figures["left_out_cm"]) == 12
    assert 0 < figures["expected_cm"] < 20
    assert figures["height_m"] == pytest.approx(camera.centre_m[2], abs=0.2)
    assert figures["remarks"] == []


def test_wrong_pairs_are_named_with_what_to_do(tmp_path: Path) -> None:
    camera, pairs, rng = hall(count=16, seed=2)
    worse, wrong = spoilt(pairs, camera, rng)
    done, out = solved(tmp_path, camera, worse)
    assert done.exit_code == 0
    for k in np.flatnonzero(wrong):
        assert f"pair {k + 1} is " in done.output or f"pair {k + 1} lies above" in done.output
        assert f"  pair {k + 1}: " in done.output
    assert done.output.count("(left out)") == wrong.sum()
    assert "cm off: move or delete it" in done.output
    assert floor_error_m(read_camera(out, None), camera) < 0.08


def test_a_lens_measured_before_helps(tmp_path: Path) -> None:
    camera, pairs, _ = hall("wide", 5)
    lens = tmp_path / "lens.json"
    lens.write_text(
        json.dumps(
            {
                "width": camera.width,
                "height": camera.height,
                "K": camera.matrix.tolist(),
                "dist": camera.distortion.tolist(),
            }
        )
    )
    done, out = solved(tmp_path, camera, pairs, "--intrinsics", lens)
    assert done.exit_code == 0, done.output
    assert "free: pose" in done.output
    assert floor_error_m(read_camera(out, None), camera) < 0.08


def test_lines_and_uprights_are_taken(tmp_path: Path) -> None:
    camera, pairs, rng = hall("wide", 8)
    feet = floor_points(camera, rng, 6)
    foot, top = camera.pixels_from_floor(feet), camera.pixels_from_floor(feet, 2.0)
    rows = [
        ",".join(f"{value:.1f}" for value in [*a, *b, 2.0])
        for a, b in zip(foot, top, strict=True)
        if (b >= 0).all() and (b < [camera.width, camera.height]).all() and np.hypot(*(a - b)) > 20
    ]
    assert rows
    (tmp_path / "posts.csv").write_text("\n".join(["foot_u,foot_v,top_u,top_v,height_m", *rows]))
    ends = camera.plane_from_pixels(
        np.array([[30.0, camera.height * 0.9], [camera.width - 30.0, camera.height * 0.85]])
    )
    edge = camera.pixels_from_plane(ends[0] + np.linspace(0, 1, 6)[:, None] * (ends[1] - ends[0]))
    (tmp_path / "lines.csv").write_text("\n".join(["line,u,v", *[f"a,{u:.1f},{v:.1f}" for u, v in edge]]))
    done, out = solved(tmp_path, camera, pairs, "--lines", tmp_path / "lines.csv", "--uprights", tmp_path / "posts.csv")
    assert done.exit_code == 0, done.output
    assert floor_error_m(read_camera(out, None), camera) < 0.1


def test_tags_need_no_pairs(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "tags.png"), picture())
    rows = [f"{t.name},{t.x_m},{t.y_m},{t.heading_deg},{t.size_m}" for t in TAGS[:4]]
    (tmp_path / "tags.csv").write_text("\n".join(["id,x,y,heading,size", *rows]))
    out = tmp_path / "camera.json"
    tags = ("--tags", tmp_path / "tags.png", "--tag-map", tmp_path / "tags.csv")
    done = run("solve", "--size", 1280, 720, "--out", out, *tags)
    assert done.exit_code == 0, done.output
    assert "pairs 1 to 4 are tag 3" in done.output
    assert "tag 586 seen but not on the list" in done.output
    assert floor_error_m(read_camera(out, None), above_tags()) < 0.15


def test_tags_of_known_size_need_no_places(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "tags.png"), picture())
    out = tmp_path / "camera.json"
    options = ("--tags", tmp_path / "tags.png", "--tag-m", 0.5, "--lens", "brown")
    done = run("solve", "--size", 1280, 720, "--out", out, *options)
    assert done.exit_code == 0, done.output
    assert "no places are known: the middle of tag" in done.output
    assert read_camera(out, None).centre_m[2] == pytest.approx(3.6, abs=0.15)
    camera = above_tags()
    pairs = clicked(camera, floor_points(camera, np.random.default_rng(0), 6), np.random.default_rng(1))
    done, out = solved(tmp_path, camera, pairs, *options)
    assert "5 tags of known size count" in done.output
    assert floor_error_m(read_camera(out, None), camera) < 0.1


def test_a_board_gives_the_lens(tmp_path: Path) -> None:
    stills = tmp_path / "board"
    stills.mkdir()
    for k, image in enumerate(pictures("brown", *chess_texture(), 9)):
        cv2.imwrite(str(stills / f"{k}.png"), image)
    rng = np.random.default_rng(0)
    flat = lens_camera("brown")
    tilt = np.radians(35.0)
    ahead, right = np.array([0.0, np.cos(tilt), -np.sin(tilt)]), np.array([1.0, 0, 0])
    rotation = np.stack([right, np.cross(ahead, right), ahead])
    camera = Camera("c", *SIZE, flat.matrix, flat.distortion, rotation, -rotation @ np.array([4.0, 0.0, 3.2]))
    done, out = solved(
        tmp_path, camera, clicked(camera, floor_points(camera, rng, 5), rng), "--lens", "brown",
        "--board", stills, "--squares", f"{CHESS.columns}x{CHESS.rows}", "--square-m", CHESS.square_m,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "the board gives a brown lens from" in done.output
    assert "fx +-" in done.output
    assert floor_error_m(read_camera(out, None), camera) < 0.08


def test_a_stretched_plan_and_two_distances_give_metres(tmp_path: Path) -> None:
    camera, pairs, _ = hall()
    high, across, up = 700, 0.02, 0.03
    plan = tmp_path / "plan.png"
    cv2.imwrite(str(plan), np.full((high, 900, 3), 255, np.uint8))
    low = pairs.floor_m.min(0)
    on_plan = np.column_stack([(pairs.floor_m[:, 0] - low[0]) / across, high - (pairs.floor_m[:, 1] - low[1]) / up])
    told = ["--plan", plan, "--distance", f"0,0,500,0,{500 * across}", "--distance", f"0,0,0,500,{500 * up}"]
    done, out = solved(tmp_path, camera, replace(pairs, floor_m=on_plan), *told)
    assert done.exit_code == 0, done.output
    assert "the plan is not to scale" in " ".join(done.output.split())
    found = read_camera(out, None)
    assert found.floor_from_pixels(pairs.pixel_px) == pytest.approx(pairs.floor_m - low, abs=0.15)
    done, _ = solved(tmp_path, camera, pairs, "--plan", plan, "--distance", "0,0,500,0,10")
    assert "give two --distance" in said(done)


def said(done) -> str:
    return f"{done.output} {done.exception}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("u,v,x,y\n1,2,3,4\n", "1 pair; at least 4 are needed"),
        ("u,v,x\n1,2,3\n", "no column 'y'"),
        ("u,v,x,y\n1,2,3,four\n", "line 2: needs four numbers"),
        ("", "no column 'u'"),
        ("u,v,x,y\n1,2,3,4\n1,2,9,9\n7,8,9,1\n5,4,8,2\n", "pairs 1 and 2 have the same pixel"),
    ],
)
def test_wrong_pairs_files_are_named(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(text)
    done = run("solve", path, "--size", 1280, 720, "--out", tmp_path / "c.json")
    assert isinstance(done.exception, BadInputError)
    assert problem in str(done.exception)
    assert "pairs.csv" in str(done.exception)
    assert not (tmp_path / "c.json").exists()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ((), "--size"),
        (("--size", 1280, 720, "--lens", "pinhole"), "pinhole"),
        (("--size", 1280, 720, "--tags", "nowhere.png"), "--tag-map must say where the tags lie"),
        (("--size", 1280, 720, "--intrinsics", "a.json", "--board", "b"), "both give the lens; leave one out"),
        (("--size", 1280, 720, "--intrinsics", "nowhere.json"), "no such file"),
        (("--size", 1280, 720, "--lines", "nowhere.csv"), "no such file"),
        (("--size", 1280, 720, "--board", ".", "--squares", "nine"), "no pictures in this folder"),
        (("--size", 1280, 720, "--name", "the door"), "is no id"),
    ],
)
def test_wrong_options_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[object, ...], problem: str
) -> None:
    monkeypatch.chdir(tmp_path)
    _, pairs, _ = hall()
    done = run("solve", written(tmp_path / "pairs.csv", pairs), "--out", tmp_path / "c.json", *options)
    assert problem in said(done)
    assert done.exit_code == 2 or isinstance(done.exception, BadInputError)


def test_no_pairs_at_all(tmp_path: Path) -> None:
    done = run("solve", "--size", 1280, 720, "--out", tmp_path / "c.json")
    assert "no pairs: give PAIRS.csv, or --tags and --tag-map" in str(done.exception)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def door(tmp_path: Path) -> tuple[Path, Camera]:
    camera, pairs, _ = hall()
    _, out = solved(tmp_path, camera, pairs, "--name", "door")
    return out, read_camera(out, None)


def test_pixels_to_metres_and_back(tmp_path: Path, door: tuple[Path, Camera]) -> None:
    path, camera = door
    pixel = camera.pixels_from_floor(floor_points(camera, np.random.default_rng(5), 6))
    points = tmp_path / "points.csv"
    points.write_text("\n".join(["u,v", *[f"{u:.4f},{v:.4f}" for u, v in pixel]]))
    out = tmp_path / "floor.csv"
    assert run("project", path, points, "--out", out).exit_code == 0
    rows = rows_of(out.read_text())
    floor = np.array([[float(row["x"]), float(row["y"])] for row in rows])
    assert np.allclose(floor, camera.floor_from_pixels(pixel), atol=1e-3)
    done = run("project", path, out, "--inverse", "--out", "-")
    assert done.exit_code == 0
    back = np.array([[float(row["u"]), float(row["v"])] for row in rows_of(done.stdout)])
    assert np.abs(back - pixel).max() < 0.2


def test_what_shows_no_floor_stays_empty_and_is_counted(tmp_path: Path, door: tuple[Path, Camera]) -> None:
    path, camera = door
    points = tmp_path / "points.csv"
    points.write_text(f"u,v\n600,{camera.height - 5}\n600,-4000\n")
    done = run("project", path, points)
    rows = rows_of(done.stdout)
    assert (rows[1]["x"], rows[1]["y"]) == ("", "")
    assert rows[0]["x"]
    assert "1 of 2 points are at or above the horizon: their cells are empty" in done.stderr
    behind = camera.centre_m[:2] - 10 * camera.rotation[2, :2]
    points.write_text(f"x,y\n{behind[0]},{behind[1]}\n")
    done = run("project", path, points, "--inverse")
    assert rows_of(done.stdout)[0]["u"] == ""
    assert "behind the camera" in done.stderr


def test_cameras_json_is_taken_too(tmp_path: Path, door: tuple[Path, Camera]) -> None:
    path, camera = door
    entry = json.loads(path.read_text())
    both = tmp_path / "cameras.json"
    both.write_text(json.dumps({"a": entry, "b": entry}))
    points = tmp_path / "points.csv"
    points.write_text("u,v\n600,700\n")
    assert run("project", both, points, "--camera", "b").exit_code == 0
    assert "holds a, b; say which with --camera NAME" in str(run("project", both, points).exception)
    assert "no camera 'c'; it holds a, b" in str(run("project", both, points, "--camera", "c").exception)
    both.write_text(json.dumps({"a": entry}))
    assert run("project", both, points).exit_code == 0
    assert "holds the camera 'door', not 'x'" in str(run("project", path, points, "--camera", "x").exception)
    assert np.allclose(camera_from_file("a", camera.to_file(), "x").matrix, camera.matrix)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("u\n1\n", "no column 'v'"),
        ("u,v\n1,x\n", "line 2: v must be a number"),
        ("u,v\n1,nan\n", "line 2: v must be a number"),
    ],
)
def test_wrong_points_are_named(tmp_path: Path, door: tuple[Path, Camera], text: str, problem: str) -> None:
    points = tmp_path / "points.csv"
    points.write_text(text)
    done = run("project", door[0], points)
    assert isinstance(done.exception, BadInputError)
    assert problem in str(done.exception)


@pytest.mark.parametrize("content", ["{}", "[]", '{"K": 3}', "no"])
def test_a_camera_file_that_is_none(tmp_path: Path, content: str) -> None:
    path, points = tmp_path / "camera.json", tmp_path / "points.csv"
    path.write_text(content)
    points.write_text("u,v\n1,2\n")
    done = run("project", path, points)
    assert isinstance(done.exception, BadInputError)
    assert "camera.json" in str(done.exception)
