"""IMDF: a level of a surveyor's archive becomes a floor, and a floor that goes out comes back the same."""

from __future__ import annotations

import json
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon

from calibration.site import load_site
from calibration.zones.checks import check_drawing
from calibration.zones.drawing import Drawing, zone_of
from calibration.zones.geojson import read_drawing, to_geojson
from calibration.zones.imdf import archive as archives
from calibration.zones.imdf.archive import read_archive, write_archive
from calibration.zones.imdf.frame import Frame, frame_about, frame_of, turn_of
from calibration.zones.imdf.reader import Imported, import_level
from calibration.zones.imdf.words import interval, label, occupant_category, temporality, unit_category
from calibration.zones.imdf.writer import ExportedFloor, export_level, to_degrees_geojson
from calibration.zones.tenants import Tenancy, tenant_at
from contract.errors import AtriumError, BadInputError
from simulator.scene import GALLERIA
from tests.calibration.zones import imdf_mall as mall

FLOOR = ExportedFloor("galleria", "g", "Ground floor", (18.5, 15.0))
CREATED = "2026-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    folder = mall.write_folder(tmp_path_factory.mktemp("imdf"))
    return import_level(read_archive(folder), "G", mall.TURN_DEG)


def zone(found: Imported, key: str) -> Polygon:
    return found.drawing.shapes[mall.uid(f"unit/{key}")].polygon


def test_units_become_zones_in_metres(ground: Imported) -> None:
    assert ground.size_m == pytest.approx(mall.SIZE_M, abs=1e-3)
    assert ground.name == "Ground floor"
    drawn = {"hall", "linho", "mistral", "tasca", "vago", "wc", "stairs"}
    ids = {mall.uid(f"unit/{key}") for key in drawn} | {mall.uid("kiosk/juice")}
    assert {shape.id for shape in ground.drawing.of("zone")} == ids
    assert zone(ground, "linho").symmetric_difference(Polygon([(0, 30), (25, 30), (25, 48), (0, 48)])).area < 0.1
    assert zone(ground, "linho").bounds == pytest.approx((0, 30, 25, 48), abs=2e-3)
    assert zone(ground, "hall").area == pytest.approx(80 * 12 - 16 - 1 - 9, abs=0.1)
    assert len(ground.drawing.shapes[mall.uid("unit/hall")].rings_m) == 4
    own = {key: ground.drawing.shapes[mall.uid(f"unit/{key}")].own for key in drawn}
    assert {key: own[key].category for key in ("hall", "linho", "tasca", "wc", "stairs")} == {
        "hall": "corridor",
        "linho": "fashion",
        "tasca": "dining",
        "wc": "service",
        "stairs": "transit",
    }
    assert own["tasca"].name == "The Tavern"
    assert own["linho"].name == "Unit 1"


def test_occupants_become_tenants_with_their_time(ground: Imported) -> None:
    tenants = ground.drawing.shapes[mall.uid("unit/linho")].own.tenants
    assert [(one.name, one.category, one.start, one.to) for one in tenants] == [
        ("Sola", "fashion", date(2019, 3, 1), date(2025, 1, 1)),
        ("Linho", "fashion", date(2025, 1, 1), None),
    ]
    assert tenants[1].id == mall.uid("brand/linho")
    then = tenant_at(tenants, date(2024, 12, 31))
    assert then is not None
    assert then.name == "Sola"
    assert any("Ghost has no anchor" in remark for remark in ground.remarks)


def test_a_kiosk_is_a_zone_in_a_hole_of_the_hall_with_its_own_tenant(ground: Imported) -> None:
    kiosk = ground.drawing.shapes[mall.uid("kiosk/juice")]
    assert (kiosk.label, kiosk.own.category) == ("Juice kiosk", "dining")
    assert [one.name for one in kiosk.own.tenants] == ["Sumo"]
    assert kiosk.polygon.bounds == pytest.approx((60, 22, 63, 25), abs=2e-3)
    hall = ground.drawing.shapes[mall.uid("unit/hall")]
    assert hall.own.tenants == []
    assert hall.polygon.intersection(kiosk.polygon).area < 1e-6


def test_openings_become_tripwires_of_the_shop_they_lead_into(ground: Imported) -> None:
    lines = {line.id: line for line in ground.drawing.of("line")}
    assert lines[mall.uid("opening/mistral")].own.zone == mall.uid("unit/mistral")
    assert lines[mall.uid("opening/mistral")].label == "Mistral front"
    assert lines[mall.uid("opening/west")].own.zone == mall.uid("unit/hall")
    assert lines[mall.uid("opening/stock")].own.zone == mall.uid("unit/hall")  # nobody shops in the store room
    assert lines[mall.uid("opening/linho")].rings_m[0] == pytest.approx(np.array([[8, 30], [16, 30]]), abs=2e-3)
    assert mall.uid("opening/ramp") not in lines
    assert mall.uid("opening/lost") not in lines
    assert any("for automobiles" in remark for remark in ground.remarks)
    assert any("no zone's border" in remark for remark in ground.remarks)


def test_walls_stand_between_shops_and_leave_doors_open(ground: Imported) -> None:
    walls = ground.drawing.of("wall")

    def walled(begin: tuple[float, float], end: tuple[float, float], least_m: float = 1.2) -> float:
        path = LineString([begin, end])
        high = [wall.path.buffer(0.02) for wall in walls if wall.own.height_m > least_m]
        return sum(path.intersection(wall).length for wall in high) / path.length

    assert walled((25, 31), (25, 47)) == pytest.approx(1, abs=0.01)
    assert walled((0.1, 30), (7.9, 30)) == pytest.approx(1, abs=0.01)
    assert walled((8.1, 30), (15.9, 30)) == 0
    assert walled((51, 30), (59, 30)) == pytest.approx(1, abs=0.01)  # a food court with a door has walls
    assert walled((0, 21.1), (0, 26.9)) == 0
    assert walled((10, 23.6), (10, 24.4)) == pytest.approx(1, abs=0.01)  # the column
    assert walled((38, 22.1), (38, 25.9)) == 0  # one looks across the void
    assert walled((38, 22.1), (38, 25.9), 1.0) == pytest.approx(1, abs=0.01)


def test_an_imported_level_passes_the_checks(ground: Imported) -> None:
    findings = check_drawing(ground.drawing, ground.size_m).findings
    assert [(one.code, one.features) for one in findings] == [("no-category", (mall.uid("unit/vago"),))]


def test_a_unit_in_two_parts_is_two_zones_of_one_tenant(tmp_path: Path) -> None:
    found = import_level(read_archive(mall.write_zip(tmp_path / "venue.zip")), "Primeiro piso", mall.TURN_DEG)
    parts = [shape for shape in found.drawing.of("zone") if shape.own.tenants]
    assert [part.id for part in parts] == [mall.uid("unit/vela"), f"{mall.uid('unit/vela')}_2"]
    assert {part.own.tenants[0].id for part in parts} == {mall.uid("brand/vela")}
    assert {line.own.zone for line in found.drawing.of("line")} == {part.id for part in parts}


def test_automatic_turning_finds_the_grid_of_the_building(tmp_path: Path) -> None:
    archive = read_archive(mall.write_folder(tmp_path))
    turned = import_level(archive, "0", None)
    assert turned.frame.turn_deg == pytest.approx(mall.TURN_DEG, abs=1e-4)
    assert turned.size_m == pytest.approx(mall.SIZE_M, abs=1e-3)
    north = import_level(archive, "0", 0.0)
    assert north.size_m[0] > turned.size_m[0]
    assert north.drawing.shapes.keys() >= {mall.uid("unit/hall")}


def test_names_come_in_the_language_asked_for(tmp_path: Path) -> None:
    found = import_level(read_archive(mall.write_folder(tmp_path)), "G", language="pt-PT")
    assert found.name == "Piso térreo"
    assert found.drawing.shapes[mall.uid("unit/hall")].label == "Átrio"
    assert label({"de": "Halle"}, "pt") == "Halle"
    assert label(None, "en") == ""


@pytest.mark.parametrize("name", ["g", "f1"])
@pytest.mark.parametrize("packed", [True, False])
def test_the_twin_goes_out_and_comes_back_to_the_millimetre(tmp_path: Path, name: str, packed: bool) -> None:
    floor = load_site(GALLERIA).floor(name)
    drawn = read_drawing(GALLERIA.with_name(f"{name}.geojson"))
    whose = ExportedFloor("galleria", name, floor.name, floor.size_m)
    frame = frame_about(-9.15, 38.7, 31.0, floor.size_m)
    path = tmp_path / ("out.zip" if packed else "out")
    write_archive(path, export_level(drawn, whose, frame, created=CREATED))
    found = import_level(read_archive(path))
    assert to_geojson(found.drawing) == to_geojson(drawn)
    assert (found.size_m, found.name, found.remarks) == (floor.size_m, floor.name, ())


COORDINATE = st.integers(0, 300_000).map(lambda millimetres: millimetres / 1000)
TENANT = st.builds(
    Tenancy,
    st.text("abc", min_size=1, max_size=3),
    st.text("xyz", max_size=3),
    st.sampled_from(["", "dining", "fashion", "toys"]),
    st.none() | st.dates(date(1990, 1, 1)),
    st.none() | st.dates(date(1990, 1, 1), date(9990, 1, 1)),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(
    ring=st.lists(st.tuples(COORDINATE, COORDINATE), min_size=3, max_size=6, unique=True),
    tenants=st.lists(TENANT, max_size=3),
    place=st.tuples(st.floats(-179.9, 179.9), st.floats(-80, 80), st.floats(-180, 180)),
)
def test_any_zone_with_any_tenants_comes_back(
    tmp_path: Path, ring: list[Any], tenants: list[Tenancy], place: tuple[float, float, float]
) -> None:
    drawn = Drawing({"z": zone_of("z", ring, name="Z", category="toys", tenants=tenants)})
    size = (300.0, 300.0)
    frame = frame_about(*place, size)
    write_archive(tmp_path / "a", export_level(drawn, ExportedFloor("s", "f", "", size), frame, created=CREATED))
    assert to_geojson(import_level(read_archive(tmp_path / "a")).drawing) == to_geojson(drawn)


def test_exports_are_the_same_every_time_and_follow_the_standard(tmp_path: Path) -> None:
    drawn = read_drawing(GALLERIA.with_name("g.geojson"))
    frame = frame_about(-9.15, 38.7, 0.0, FLOOR.size_m)
    files = export_level(drawn, FLOOR, frame, created=CREATED)
    assert files == export_level(drawn, FLOOR, frame, created=CREATED)
    write_archive(tmp_path / "a.zip", files)
    with zipfile.ZipFile(tmp_path / "a.zip") as packed:
        units = json.loads(packed.read("unit.geojson"))["features"]
        level = json.loads(packed.read("level.geojson"))["features"][0]
        manifest = json.loads(packed.read("manifest.json"))
    assert manifest["version"] == "1.0.0"
    assert manifest["created"] == CREATED
    assert {unit["feature_type"] for unit in units} == {"unit"}
    assert all(len(unit["id"]) == 36 and unit["properties"]["level_id"] == level["id"] for unit in units)
    names = {unit["properties"]["name"]["en"]: unit["properties"]["category"] for unit in units}
    assert names["Linho"] == "room"
    assert names["Ground floor hall"] == "walkway"


def test_plain_geojson_in_degrees(ground: Imported) -> None:
    features = json.loads(to_degrees_geojson(ground.drawing, ground.frame))["features"]
    hall = next(one for one in features if one["id"] == mall.uid("unit/hall"))
    away = np.abs(np.array(hall["geometry"]["coordinates"][0]) - mall.degrees([[0, 18]])).max(1)
    assert away.min() < 1e-8


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda files: files.pop("unit.geojson"), "no unit.geojson"),
        (lambda files: files["unit.geojson"]["features"].append(files["unit.geojson"]["features"][0]), "stands twice"),
        (lambda files: files["unit.geojson"].update(features=[]), "no unit that shoppers enter"),
        (lambda files: files["level.geojson"].update(features=[]), "has no level"),
        (lambda files: files["level.geojson"].update(features=3), "correct that field"),
        (
            lambda files: files["unit.geojson"]["features"][0]["geometry"].update(
                coordinates=[[[485000.0, 4288000.0], [485100.0, 4288000.0], [485100.0, 4288100.0]]]
            ),
            "degrees of WGS 84",
        ),
        (
            lambda files: files["level.geojson"]["features"][0]["geometry"].update(
                coordinates=[[[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 0.0]]]
            ),
            "not a mall",
        ),
        (
            lambda files: files["occupant.geojson"]["features"][0]["properties"].update(validity={"start": "March"}),
            "validity",
        ),
        (lambda files: files["opening.geojson"]["features"][0].update(geometry=None), "must be a LineString"),
    ],
)
def test_a_wrong_archive_is_named(tmp_path: Path, change: Any, words: str) -> None:
    files = mall.archive()
    change(files)
    with pytest.raises(BadInputError, match=words):
        import_level(read_archive(mall.write_folder(tmp_path / "venue", files)), "G")


def test_a_level_that_does_not_exist_names_those_that_do(tmp_path: Path) -> None:
    archive = read_archive(mall.write_folder(tmp_path))
    there = r"G \(Ground floor, ordinal 0\), 1 \(First floor, ordinal 1\)"
    with pytest.raises(BadInputError, match=f"no level 'attic'; it has {there}"):
        import_level(archive, "attic")
    with pytest.raises(BadInputError, match=f"choose one with --level: {there}"):
        import_level(archive)


def test_a_zip_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\x03\x04 no")
    with pytest.raises(BadInputError, match=r"no sound \.zip"):
        read_archive(path)
    with pytest.raises(BadInputError, match="no such folder"):
        read_archive(tmp_path / "none")
    mall.write_zip(path, within="a/")
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("b/unit.geojson", "{}")
    with pytest.raises(BadInputError, match="is in it twice"):
        read_archive(path)
    monkeypatch.setattr(archives, "MOST_BYTES", 1000)
    with pytest.raises(BadInputError, match="no mall's map"):
        read_archive(mall.write_zip(path))
    with pytest.raises(AtriumError, match="no folder can be made"):
        write_archive(path / "inside", {})


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-179.9, 179.9), st.floats(-80, 80), st.floats(-180, 180), st.floats(-3000, 3000), st.floats(-3000, 3000)
)
def test_degrees_and_metres_are_each_others_inverse(
    longitude: float, latitude: float, turn: float, x: float, y: float
) -> None:
    frame = Frame(longitude, latitude, turn, (-50.0, 20.0))
    there = frame.to_degrees(np.array([[x, y]]))
    assert frame.to_floor(there)[0] == pytest.approx((x, y), abs=1e-6)


@pytest.mark.parametrize("latitude", [0.0, 38.7, 60.0, 78.0])
def test_metres_are_those_of_the_ellipsoid(latitude: float) -> None:
    """Arcs of meridian and parallel by their own formulas (Snyder, Map Projections, 1987, eq. 4-18 and 4-21)."""
    frame = Frame(10.0, latitude)
    step = 0.001
    squared = (1 / 298.257223563) * (2 - 1 / 298.257223563)
    root = np.sqrt(1 - squared * np.sin(np.radians(latitude)) ** 2)
    north = 6378137.0 * (1 - squared) / root**3 * np.radians(2 * step)
    east = 6378137.0 / root * np.cos(np.radians(latitude)) * np.radians(2 * step)
    placed = frame.to_floor(
        np.array([[10, latitude - step], [10, latitude + step], [10 - step, latitude], [10 + step, latitude]])
    )
    assert np.linalg.norm(placed[1] - placed[0]) == pytest.approx(north, abs=1e-4)
    assert np.linalg.norm(placed[3] - placed[2]) == pytest.approx(east, abs=1e-4)


@given(st.floats(-44, 44), st.floats(5, 300), st.floats(5, 300))
def test_a_turned_rectangle_is_turned_back(turn: float, width: float, height: float) -> None:
    frame = frame_about(-9.0, 38.0, turn, (width, height))
    ring = frame.to_degrees(np.array([(0, 0), (width, 0), (width, height), (0, height)]))
    assert turn_of([ring]) == pytest.approx(turn, abs=1e-3)
    assert frame_of([ring], turn)[1] == pytest.approx((width, height), abs=2e-3)


DAY = st.none() | st.dates(date(1950, 1, 1), date(9990, 1, 1))


@given(DAY, DAY)
def test_days_go_into_the_standards_times_and_back(start: date | None, to: date | None) -> None:
    assert interval(temporality(start, to)) == (start, to)


def test_categories_fall_back_to_their_family() -> None:
    assert unit_category("restroom.female.wheelchair") == "service"
    assert unit_category("theater") == "theater"
    assert occupant_category("italian.roman") == "dining"
    assert occupant_category("kiosk.food") == "dining"
    assert occupant_category("museum.art") == "museum_art"
