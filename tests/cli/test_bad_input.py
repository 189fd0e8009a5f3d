"""Whatever is handed in wrong ends in one line that names the thing and the mend, and exit status 2."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from cli.main import main
from simulator.scene import GALLERIA


@dataclass
class Ended:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def atrium(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """The command line within this process, in an empty folder: a process each would spend its time importing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["atrium", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Ended(int(ended.value.code or 0), said.out, said.err)

    return run


def refused(found: Ended, *words: str) -> None:
    lines = [line for line in found.stderr.strip().splitlines() if line.strip()]
    assert found.returncode == 2, found.stderr
    assert len(lines) == 1, found.stderr
    assert "Traceback" not in found.stderr
    for word in words:
        assert word in lines[0]


Atrium = Callable[..., Ended]


def box_file(folder: Path, **changes: str) -> Path:
    fields = {"id": "box-1", "floor": "g", "camera": "g_west", "url": "rtsp://127.0.0.1:9/x"} | changes
    path = folder / "BOX.toml"
    path.write_text(
        f'schema = "atrium.box.v1"\nid = "{fields["id"]}"\nsite = "{GALLERIA}"\nfloor = "{fields["floor"]}"\n'
        f'state_dir = "state"\n[[cameras]]\nname = "{fields["camera"]}"\nurl = "{fields["url"]}"\n'
    )
    return path


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id": "box/1"}, ["BOX.toml", "box id", "box/1"]),
        ({"floor": "attic"}, ["BOX.toml", "attic", "it has g"]),
        ({"camera": "nowhere"}, ["BOX.toml", "nowhere", "calibrated"]),
        ({"url": "gopher://x"}, ["BOX.toml", "gopher"]),
        ({"url": "missing.mp4"}, ["BOX.toml", "missing.mp4", "exist"]),
    ],
)
def test_a_wrong_box_file(atrium: Atrium, tmp_path: Path, changes: dict[str, str], words: list[str]) -> None:
    refused(atrium("edge", "run", box_file(tmp_path, **changes)), *words)


def test_a_site_with_a_self_crossing_zone(atrium: Atrium, tmp_path: Path) -> None:
    for name in ("site.toml", "g.cameras.json", "f1.geojson", "f1.cameras.json"):
        (tmp_path / name).write_bytes((GALLERIA.parent / name).read_bytes())
    geometry = json.loads((GALLERIA.parent / "g.geojson").read_text())
    zone = next(one for one in geometry["features"] if one["properties"]["kind"] == "zone")
    ring = zone["geometry"]["coordinates"][0]
    ring[1], ring[2] = ring[2], ring[1]
    (tmp_path / "g.geojson").write_text(json.dumps(geometry))
    (tmp_path / "clip.mp4").write_bytes(b"")
    found = atrium("replay", "clip.mp4", "--site", "site.toml", "--camera", "x", "--out", "e.jsonl")
    refused(found, "g.geojson", zone["properties"]["id"], "Self-intersection")


def test_a_missing_video(atrium: Atrium) -> None:
    refused(atrium("detect", "none.mp4", "--out", "d.txt"), "none.mp4")


@pytest.mark.parametrize("model", ["bogus", "fake.onnx"])
def test_an_unknown_model_and_a_file_that_is_none(atrium: Atrium, tmp_path: Path, model: str) -> None:
    (tmp_path / "fake.onnx").write_bytes(b"not a model")
    (tmp_path / "clip").mkdir()
    cv2.imwrite(str(tmp_path / "clip" / "1.png"), np.zeros((64, 64, 3), np.uint8))
    refused(atrium("detect", "clip", "--model", model, "--out", "d.txt"), model)


def test_detections_that_are_no_mot_text(atrium: Atrium, tmp_path: Path) -> None:
    (tmp_path / "det.txt").write_text("1,-1,ten,20,30,40,0.9\n")
    refused(atrium("track", "det.txt", "--fps", "7", "--out", "t.txt"), "det.txt")


def test_a_wrong_central_file(atrium: Atrium, tmp_path: Path) -> None:
    (tmp_path / "CENTRAL.toml").write_text('schema = "atrium.central.v1"\nsight = "x"\n')
    refused(atrium("central", "serve", "CENTRAL.toml"), "CENTRAL.toml", "sight")


def test_a_command_that_does_not_exist_is_bad_usage(atrium: Atrium, tmp_path: Path) -> None:
    assert atrium("bogus").returncode == 2


@pytest.mark.parametrize(
    "command",
    [["demo"], ["detect"], ["track"], ["replay"], ["simulate"], ["edge", "run"], ["central", "serve"], ["models"]],
)
def test_every_command_has_help(atrium: Atrium, tmp_path: Path, command: list[str]) -> None:
    found = atrium(*command, "--help")
    assert found.returncode == 0, found.stderr
    assert "Usage" in found.stdout
