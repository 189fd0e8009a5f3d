"""`atrium calibrate repair`: shows what is proposed, and writes it only if told."""

from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from calibration.camera import load_cameras
from calibration.drift.motion import Motion, rotation_of
from calibration.drift.repair import file_of, propose, write_repair
from cli.calibrate_repair import repair
from tests.calibration.drift.painted_view import hung


@pytest.fixture
def run():
    app = typer.Typer()
    app.command()(repair)

    def call(*arguments):
        return CliRunner().invoke(app, [str(each) for each in arguments])

    return call


@pytest.fixture
def files(tmp_path):
    camera = hung("hall")
    turn = rotation_of(np.radians([0.0, -1.5, 0.0]))
    motion = Motion(turn, 1.0, 1e-8 * np.eye(3), 0.1, np.ones(40, np.bool_), 50)
    path, cameras = tmp_path / "hall.repair.json", tmp_path / "cameras.json"
    write_repair(file_of(propose(camera, [motion]), camera, "2026-06-05T11:30:00.000Z"), path)
    cameras.write_bytes(msgspec.json.encode({"hall": camera.to_file()}))
    return path, cameras


def test_it_is_shown_first_and_nothing_is_written(run, files):
    path, cameras = files
    before = cameras.read_bytes()
    shown = run(path, "--cameras", cameras)
    assert shown.exit_code == 0
    assert "hall: turned 1.50 degrees (right 1.50, up 0.00, clockwise 0.00)" in shown.stdout
    assert "40 of 50 patches of background agree to 0.10 px" in shown.stdout
    assert "add --confirm" in shown.stdout
    assert cameras.read_bytes() == before


def test_confirmed_it_is_written(run, files):
    path, cameras = files
    before = load_cameras(cameras)["hall"]
    told = run(path, "--cameras", cameras, "--confirm", "--json")
    assert told.exit_code == 0
    figures = json.loads(told.stdout)
    assert (figures["confirmed"], figures["right_deg"], figures["sure"]) == (True, 1.5, True)
    after = load_cameras(cameras)["hall"]
    turn = rotation_of(np.radians([0.0, -1.5, 0.0]))
    assert after.rotation == pytest.approx(turn @ before.rotation, abs=1e-9)


def test_one_for_another_calibration_is_refused(run, files):
    path, cameras = files
    other = replace(hung("hall"), translation=np.zeros(3))
    cameras.write_bytes(msgspec.json.encode({"hall": other.to_file()}))
    refused = run(path, "--cameras", cameras)
    assert refused.exit_code != 0
    assert "was calibrated anew since this repair was proposed" in str(refused.exception)
