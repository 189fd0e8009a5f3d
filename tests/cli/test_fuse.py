"""`atrium fuse`: cameras and detections in, metres out."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.fuse.scene import boxes_of, cameras_around
from cli.main import app
from contract.errors import BadInputError

FPS, FRAMES, SIDE_M = 5, 40, 8.0


def write_sequence(folder, *, extra=False):
    """Two people who walk past each other before three cameras."""
    rng = np.random.default_rng(0)
    cameras = cameras_around(3, SIDE_M)
    files = {name: [] for name in cameras}
    for frame in range(FRAMES):
        ahead = 1.0 + 6.0 * frame / FRAMES
        people = np.array([[ahead, 3.5], [SIDE_M - ahead, 4.5]])
        for name, found in boxes_of(cameras, people, np.array([1.6, 1.8]), rng).items():
            for (x1, y1, x2, y2), score in zip(found.xyxy, found.confidence, strict=True):
                files[name].append(f"{frame + 1},-1,{x1:.2f},{y1:.2f},{x2 - x1:.2f},{y2 - y1:.2f},{score:.3f},-1,-1,-1")
    entries = {
        name: {
            "width": camera.width,
            "height": camera.height,
            "K": camera.matrix.tolist(),
            "dist": [],
            "R": camera.rotation.tolist(),
            "t": camera.translation.tolist(),
        }
        for name, camera in cameras.items()
    }
    if extra:
        entries["c0"]["H_image_from_floor"] = np.eye(3).tolist()
    (folder / "cameras.json").write_text(json.dumps(entries))
    for name, lines in files.items():
        (folder / f"{name}.det.txt").write_text("\n".join(lines))


def fuse(folder, *options):
    out = folder / "floor.csv"
    return CliRunner().invoke(app, ["fuse", str(folder), "--fps", str(FPS), "--out", str(out), *options]), out


def test_two_who_pass_each_other_keep_their_names(tmp_path):
    write_sequence(tmp_path, extra=True)
    done, out = fuse(tmp_path, "--json")
    assert done.exit_code == 0, done.output
    figures = json.loads(done.output)
    assert (figures["cameras"], figures["frames"], figures["people"]) == (3, FRAMES, 2)
    lines = out.read_text().splitlines()
    assert lines[0] == "frame,id,x,y"
    rows = np.array([line.split(",") for line in lines[1:]], float)
    assert len(rows) >= 2 * FRAMES - 4
    for who in (1, 2):
        x, y = rows[rows[:, 1] == who][:, 2:].T
        assert abs(x[-1] - x[0]) > 4.5
        assert np.ptp(y) < 0.6


def write_site(folder, *, names=("c0", "c1", "c2"), far_m=1000.0):
    """A site whose one floor has the sequence's cameras and a wall some way off."""
    cameras = json.loads((folder / "cameras.json").read_text())
    (folder / "site_cameras.json").write_text(json.dumps({name: cameras[name] for name in names}))
    wall = {"type": "Feature", "properties": {"id": "w", "kind": "wall"},
            "geometry": {"type": "LineString", "coordinates": [[far_m, -50.0], [far_m, 50.0]]}}  # fmt: skip
    (folder / "g.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [wall]}))
    (folder / "site.toml").write_text(
        'schema = "atrium.site.v1"\nid = "mall"\n[[floors]]\nid = "g"\n'
        f'size_m = [{SIDE_M}, {SIDE_M}]\ngeometry = "g.geojson"\ncameras = "site_cameras.json"\n'
    )
    return folder / "site.toml"


def test_with_the_sites_walls_cameras_see_no_farther_than_they_can(tmp_path):
    write_sequence(tmp_path)
    done, _ = fuse(tmp_path, "--json", "--site", str(write_site(tmp_path)))
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["people"] == 2


def test_a_camera_that_the_site_lacks_is_named(tmp_path):
    write_sequence(tmp_path)
    done, _ = fuse(tmp_path, "--site", str(write_site(tmp_path, names=("c0", "c1"))))
    assert isinstance(done.exception, BadInputError)
    assert "no camera 'c2'; the site has c0, c1" in str(done.exception)


def test_a_camera_without_detections_is_named(tmp_path):
    write_sequence(tmp_path)
    (tmp_path / "c1.det.txt").unlink()
    done, _ = fuse(tmp_path)
    assert isinstance(done.exception, BadInputError)
    assert "c1.det.txt: no such file; write it with `atrium detect`" in str(done.exception)


def test_detections_of_an_unknown_camera_are_named(tmp_path):
    write_sequence(tmp_path)
    (tmp_path / "hall.det.txt").write_text("1,-1,5,6,7,8,0.9\n")
    done, _ = fuse(tmp_path)
    assert isinstance(done.exception, BadInputError)
    assert "no camera 'hall'" in str(done.exception)


@pytest.mark.parametrize(("option", "value"), [("--fps", "0"), ("--fps", "inf"), ("--bridge", "-1")])
def test_nonsense_is_refused(tmp_path, option, value):
    write_sequence(tmp_path)
    done, _ = fuse(tmp_path, option, value)
    assert done.exit_code == 2
    assert option in done.output


def test_the_whole_film_may_be_looked_at_first(tmp_path):
    write_sequence(tmp_path)
    done, out = fuse(tmp_path, "--whole", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["people"] == 2
    whole = out.read_text()
    assert whole.splitlines()[0] == "frame,id,x,y"
    fuse(tmp_path, "--json")
    assert out.read_text() != whole
