"""`atrium calibrate zones` from the outside: what it says, what it leaves, and with which status it ends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from calibration.geometry import load_geometry
from calibration.zones.geojson import read_drawing, to_geojson
from cli.calibrate_zones import zones as app
from contract.errors import BadInputError
from simulator.scene import GALLERIA
from tests.calibration.zones import imdf_mall as mall
from tests.calibration.zones.plan_files import pdf, png, svg


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def refused(words: str, *arguments: object) -> None:
    found = run(*arguments)
    assert isinstance(found.exception, BadInputError), found.output
    assert words in str(found.exception)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for file in GALLERIA.parent.iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    return tmp_path / "site.toml"


def edit(path: Path, name: str, coordinates: Any) -> None:
    content = json.loads(path.read_text())
    feature = next(one for one in content["features"] if one["properties"]["id"] == name)
    feature["geometry"]["coordinates"] = coordinates
    path.write_text(json.dumps(content))


def test_a_sound_floor_passes_and_tells_who_sees_what(site: Path) -> None:
    found = run("check", site, "--floor", "g")
    assert found.exit_code == 0
    assert "6 zones: 0 errors, 1 remarks" in found.stdout
    assert "Ground floor hall: 54.0 m2, 100% seen" in found.stdout
    assert "it stays one zone" in found.stdout


def test_a_faulty_floor_is_told_as_json_with_status_2(site: Path) -> None:
    edit(site.with_name("g.geojson"), "linho", [[[2.5, 9.5], [9.1, 9.5], [2.5, 14.7], [9.1, 14.7], [2.5, 9.5]]])
    edit(site.with_name("g.geojson"), "mistral", [[[9.4, 8.5], [16, 8.5], [16, 14.7], [9.4, 14.7], [9.4, 8.5]]])
    found = run("check", site, "--floor", "g", "--json")
    assert found.exit_code == 2
    told = json.loads(found.stdout)
    codes = {(one["code"], one["features"][0]) for one in told["findings"] if one["severity"] == "error"}
    assert {("self-crossing", "linho"), ("across-wall", "mistral"), ("off-border", "mistral_door")} <= codes
    assert told["errors"] == len([one for one in told["findings"] if one["severity"] == "error"])


def test_a_floor_or_file_that_does_not_exist(site: Path, tmp_path: Path) -> None:
    refused("no floor 'attic'; it has g, f1", "check", site, "--floor", "attic")
    refused("choose one with --floor", "check", site)
    refused("no such file", "check", tmp_path / "none.toml", "--floor", "g")
    refused("--size WIDTH HEIGHT", "check", site.with_name("g.geojson"))


def test_a_plan_of_another_shape_than_its_floor(site: Path) -> None:
    site.with_name("plan.png").write_bytes(png((1850, 1000)))
    site.write_text(site.read_text().replace('geometry = "g.geojson"', 'geometry = "g.geojson"\nplan = "plan.png"'))
    assert "1850 x 1000 pixels but the floor 18.5 x 15 m" in run("check", site, "--floor", "g").stdout


def test_feet_for_metres(site: Path) -> None:
    drawing = site.with_name("g.geojson")
    found = run("check", drawing, "--size", 18.5 * 0.3048, 15 * 0.3048)
    assert found.exit_code == 2
    assert "feet for metres" in found.stdout


def test_imdf_in_and_out(tmp_path: Path, site: Path) -> None:
    archive = mall.write_zip(tmp_path / "venue.zip")
    out = tmp_path / "ground.geojson"
    refused("it has G (Ground floor, ordinal 0)", "import-imdf", archive, "--out", out, "--level", "attic")
    found = run("import-imdf", archive, "--out", out, "--level", "G", "--align", "auto")
    assert found.exit_code == 0, found.output
    assert "8 zones, 8 tripwires" in found.stdout
    assert "size_m = [80.000, 48.000]" in found.stdout
    assert len(load_geometry(out)[0]) == 8
    refused("--force", "import-imdf", archive, "--out", out, "--level", "G")
    again = run("import-imdf", archive, "--out", out, "--level", "G", "--rotate", "23", "--force", "--json")
    assert json.loads(again.stdout)["frame"]["turn_deg"] == 23
    refused("contradict", "import-imdf", archive, "--out", out, "--rotate", "3", "--align", "auto", "--force")

    packed, back = tmp_path / "twin.zip", tmp_path / "twin.geojson"
    assert (
        run("export-imdf", site, "--floor", "g", "--out", packed, "--middle", -9.15, 38.7, "--turn", 12).exit_code == 0
    )
    assert run("import-imdf", packed, "--out", back).exit_code == 0
    assert back.read_bytes() == to_geojson(read_drawing(site.with_name("g.geojson")))
    refused("no longitude", "export-imdf", site, "--floor", "g", "--out", tmp_path / "x", "--middle", 38.7, 109.15)


def test_plain_geojson_in_metres_and_degrees(tmp_path: Path, site: Path) -> None:
    metres, degrees = tmp_path / "metres.geojson", tmp_path / "degrees.geojson"
    assert run("export", site, "--floor", "g", "--out", metres).exit_code == 0
    assert load_geometry(metres)[0].keys() == load_geometry(site.with_name("g.geojson"))[0].keys()
    assert run("export", site, "--floor", "g", "--out", degrees, "--middle", -9.15, 38.7).exit_code == 0
    first = json.loads(degrees.read_text())["features"][0]["geometry"]["coordinates"][0][0]
    assert first == pytest.approx([-9.15, 38.7], abs=1e-3)


def test_plans_come_in_with_their_scale(tmp_path: Path) -> None:
    sheet, out = tmp_path / "plan.svg", tmp_path / "plan.png"
    sheet.write_bytes(svg())
    found = run("import-plan", sheet, "--out", out, "--scale", 200, "--dpi", 96, "--json")
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["size_m"] == pytest.approx([84.0, 59.4])
    distances = ["--distance", "10,10,110,10,20", "--distance", "10,10,10,60,11.2", "--force"]
    stretched = run("import-plan", sheet, "--out", out, "--dpi", 96, *distances)
    assert "the two distances disagree by 12%" in stretched.stdout
    assert "size_m = [317.4" in stretched.stdout
    unknown = run("import-plan", sheet, "--out", out, "--force")
    assert "its scale is not known" in unknown.stdout


def test_plans_of_a_wrong_scale_are_recognised(tmp_path: Path) -> None:
    sheet, out = tmp_path / "plan.pdf", tmp_path / "plan.png"
    sheet.write_bytes(pdf())
    wrong = run("import-plan", sheet, "--out", out, "--scale", 5000)
    assert wrong.exit_code == 2
    assert "more than a kilometre" in wrong.stdout
    assert "less than a room" in run("import-plan", sheet, "--out", out, "--scale", 1, "--force").stdout
    shape = run("import-plan", sheet, "--out", out, "--scale", 100, "--size", 42, 42, "--force")
    assert "crop the picture to the floor" in shape.stdout
    refused("give two", "import-plan", sheet, "--out", out, "--distance", "1,2,3,4,5", "--force")
    refused("five numbers", "import-plan", sheet, "--out", out, *["--distance", "1,2,3"] * 2, "--force")
    refused("--force", "import-plan", sheet, "--out", out)
