"""`atrium calibrate history` and `rollback`: what was, who did it, and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from calibration.camera import load_cameras
from calibration.versions.store import Calibrations
from cli.calibrate_history import history, rollback
from contract.errors import BadInputError
from tests.calibration.versions.versioned_floor import NOW, block, camera

app = typer.Typer()
app.command("history")(history)
app.command("rollback")(rollback)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "g.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    path = tmp_path / "site.toml"
    path.write_text(
        'schema = "atrium.site.v1"\nid = "mall"\n'
        '[[floors]]\nid = "g"\nsize_m = [10, 8]\ngeometry = "g.geojson"\ncameras = "g.cameras.json"\n'
    )
    return path


def ask(*arguments: object, columns: int = 160) -> str:
    words = [str(each) for each in arguments]
    done = CliRunner(env={"COLUMNS": str(columns)}).invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_floor_without_history_says_when_it_begins(site: Path) -> None:
    assert "no history yet; it begins when a camera is calibrated" in ask("history", site, "--floor", "g")
    assert json.loads(ask("history", site, "--floor", "g", "--json")) == []


def test_versions_are_listed_and_one_is_brought_back(site: Path) -> None:
    path = site.with_name("g.cameras.json")
    store = Calibrations(path)
    for k, focal in enumerate((500.0, 510.0)):
        store.write("c1", camera(focal_px=focal), block(), NOW + k, "Ana [ladder]")
    table = ask("history", site, "--floor", "g").splitlines()
    assert any("Ana [ladder]" in line and "c1: pairs" in line and "in force" not in line for line in table)
    assert sum("in force" in line for line in table) == 1
    narrow = ask("history", site, "--floor", "g", columns=80)
    assert all(one.hash in narrow for one in store.history())
    assert "Ana" in narrow
    assert "version 3 is version 1 again" in ask("rollback", site, "1", "--floor", "g", "--by", "Rui")
    assert load_cameras(path)["c1"].matrix[0, 0] == 500.0
    listed = json.loads(ask("history", site, "--floor", "g", "--json"))
    assert [(one["number"], one["who"], one["is_in_force"]) for one in listed] == [
        (1, "Ana [ladder]", False), (2, "Ana [ladder]", False), (3, "Rui", True),
    ]  # fmt: skip


def test_a_broken_file_can_be_rolled_back_too(site: Path) -> None:
    path = site.with_name("g.cameras.json")
    Calibrations(path).write("c1", camera(), block(), NOW, "Ana")
    path.write_text("{")
    made = json.loads(ask("rollback", site, "1", "--floor", "g", "--json"))
    assert (made["number"], made["is_in_force"]) == (3, True)
    assert set(load_cameras(path)) == {"c1"}


def test_a_floor_or_version_that_is_not_there_is_named(site: Path) -> None:
    with pytest.raises(BadInputError, match="no floor 'roof'; it has g"):
        ask("history", site, "--floor", "roof")
    with pytest.raises(BadInputError, match="has no history yet"):
        ask("rollback", site, 4, "--floor", "g")
