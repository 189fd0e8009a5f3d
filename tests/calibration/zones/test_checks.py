"""Checks: each fault is found, named with its place and mend, and a sound floor has none."""

from __future__ import annotations

from datetime import date

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point

from calibration.camera import Camera
from calibration.geometry import Wall
from calibration.site import load_site
from calibration.zones.checks import check_drawing
from calibration.zones.drawing import Drawing, Shape, line_of, wall_of, zone_of
from calibration.zones.findings import Finding
from calibration.zones.geojson import read_drawing
from calibration.zones.scale_checks import check_picture, check_size
from calibration.zones.sight import SEEN_FROM_M, shadow_of, sight_of_zones
from calibration.zones.tenants import Tenancy
from simulator.scene import GALLERIA

SIZE_M = (20.0, 12.0)
HALL = zone_of("hall", [(0, 0), (20, 0), (20, 4), (0, 4)], name="Hall", category="corridor")
SHOP = zone_of("shop", [(0, 4), (8, 4), (8, 12), (0, 12)], name="Shop", category="fashion")
CAFE = zone_of("cafe", [(8, 4), (20, 4), (20, 12), (8, 12)], name="Cafe", category="dining")
DOOR = line_of("door", [(2, 4), (4, 4)], "shop", name="Door")
WALL = wall_of("front", [(0, 4), (2, 4)])


def box(name: str, /, left: float, low: float, right: float, high: float, **own: object) -> Shape:
    return zone_of(name, [(left, low), (right, low), (right, high), (left, high)], category="c", **own)


def found(*shapes: Shape, without: tuple[str, ...] = (), size: tuple[float, float] = SIZE_M) -> list[Finding]:
    plain = {shape.id: shape for shape in (HALL, SHOP, CAFE, DOOR, WALL) if shape.id not in without}
    return check_drawing(Drawing(plain | {shape.id: shape for shape in shapes}), size).findings


def only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, [finding.message for finding in findings]
    return findings[0]


def test_a_sound_floor_has_no_findings() -> None:
    assert found() == []


def test_the_twins_floors_have_no_errors_with_their_cameras() -> None:
    site = load_site(GALLERIA)
    for name, floor in site.floors.items():
        verdict = check_drawing(read_drawing(GALLERIA.with_name(f"{name}.geojson")), floor.size_m, floor.cameras)
        assert verdict.errors == 0
        assert [finding.code for finding in verdict.findings] == ["partly-unseen"]
        assert all(sight.seen > 0.75 for sight in verdict.sights.values())


def test_a_zone_that_crosses_itself_is_told_with_the_place() -> None:
    one = only(found(zone_of("shop", [(0, 4), (8, 4), (0, 12), (8, 12)], name="Shop", category="c")))
    assert (one.code, one.severity, one.features) == ("self-crossing", "error", ("shop",))
    assert one.place_m == (4, 8)
    assert "Shop crosses itself at x 4.0 m, y 8.0 m" in one.message


@pytest.mark.parametrize(
    ("shapes", "code", "severity", "words"),
    [
        ([box("dot", 8, 4, 8.5, 4.5)], "too-small", "error", "0.25 m2"),
        ([box("strip", 8, 4, 8.4, 12)], "too-thin", "error", "nowhere wider than 0.40 m"),
        ([zone_of("cafe", CAFE.rings_m[0])], "no-category", "warning", "cafe has no category"),
        ([box("cafe", 8, 4, 20, 12, name="SHOP ")], "doubled-name", "warning", "cafe"),
        ([box("cafe", 8, 4, 23, 12)], "off-plan", "error", "24.0 m2 beyond the plan of 20 x 12 m"),
        ([box("cafe", 7, 4, 20, 12)], "overlap", "error", "overlap by 8.00 m2 at x 7.5 m, y 8.0 m"),
        ([box("cafe", 7.9, 4, 20, 12)], "overlap", "warning", "snap"),
        ([box("kiosk", 10, 1, 12, 3)], "overlap", "error", "kiosk lies within Hall: cut its outline out as a hole"),
        ([box("cafe", 8.2, 4, 20, 12)], "slit", "warning", "a slit of 1.60 m2 lies between Hall and Shop and cafe"),
        ([wall_of("party", [(3, 4), (3, 12)])], "across-wall", "error", "wall party runs 7.7 m through zone Shop"),
        ([wall_of("front", [(0, 4), (2, 4), (2, 5.5)])], "across-wall", "error", "runs 1.3 m through zone Shop"),
        ([wall_of("shelf", [(3, 7), (5, 7)])], "wall-within", "warning", "stands free"),
        ([line_of("door", [(2, 4), (4, 4)], "gone")], "no-zone", "error", "zone 'gone', which is not on this floor"),
        ([line_of("door", [(2, 5), (4, 5)], "shop")], "off-border", "error", "up to 1.0 m from the border"),
        ([line_of("door", [(2, 4), (2.3, 4)], "shop")], "short", "error", "0.30 m long"),
        ([line_of("door", [(2, 4), (3, 4), (4, 4)], "shop")], "crooked", "error", "straight"),
        ([line_of("door", [(0.5, 4), (2.5, 4)], "shop")], "walled-up", "error", "along a wall for 80%"),
    ],
)
def test_each_fault_is_named(shapes: list[Shape], code: str, severity: str, words: str) -> None:
    findings = found(*shapes, without=("cafe",) if shapes[0].id in {"dot", "strip"} else ())
    one = only(findings)
    assert (one.code, one.severity) == (code, severity)
    assert words in one.message


def test_a_hole_makes_room_for_a_zone_and_a_wall_makes_a_slit_right() -> None:
    hall = zone_of("hall", HALL.rings_m[0], [(10, 1), (12, 1), (12, 3), (10, 3)], name="Hall", category="corridor")
    assert found(hall, box("kiosk", 10, 1, 12, 3)) == []
    assert found(box("cafe", 8.2, 4, 20, 12), wall_of("party", [(8.1, 4), (8.1, 12)])) == []


def test_tenancies_that_do_not_fit_are_findings() -> None:
    both = [Tenancy("a", "A", "c"), Tenancy("b", "B", "c", date(2026, 1, 1))]
    one = only(found(box("cafe", 8, 4, 20, 12, tenants=both)))
    assert one.code == "tenant-overlap"
    assert "A and B both have it from 2026-01-01 to ever" in one.message


@pytest.mark.parametrize(("unit", "length"), [("feet", 0.3048), ("millimetres", 0.001), ("centimetres", 0.01)])
def test_other_units_for_metres_are_recognised(unit: str, length: float) -> None:
    scaled = {
        shape.id: Shape(shape.own, tuple(ring / length for ring in shape.rings_m))
        for shape in (HALL, SHOP, CAFE, DOOR, WALL)
    }
    codes = {one.code: one for one in check_drawing(Drawing(scaled), SIZE_M).findings}
    assert f"{unit} for metres" in codes["wrong-unit"].message


def test_doors_tell_a_floor_in_feet_where_plan_and_drawing_agree() -> None:
    feet = 1 / 0.3048
    doors = [line_of(f"d{place}", np.array([(2, 4), (4.2, 4)]) * feet, "shop") for place in range(3)]
    shapes = [Shape(zone.own, (zone.rings_m[0] * feet,)) for zone in (HALL, SHOP, CAFE)]
    drawn = Drawing({shape.id: shape for shape in (*shapes, *doors)})
    one = only(check_drawing(drawn, (20 * feet, 12 * feet)).findings)
    assert one.code == "doors-in-feet"
    assert "7.2 m wide: in feet that is 2.2 m" in one.message


def test_floors_and_pictures_of_impossible_size() -> None:
    assert only(list(check_size((2400.0, 900.0)))).code == "floor-too-large"
    assert "feet" in only(list(check_size((2400.0, 900.0)))).message
    assert only(list(check_size((0.6, 0.4)))).code == "floor-too-small"
    assert list(check_picture((2000, 1210), (20, 12))) == []
    assert "1.0 cm across and 1.2 cm up" in only(list(check_picture((2000, 1000), SIZE_M))).message


def hung(x: float, y: float, height: float, towards: tuple[float, float]) -> Camera:
    """A camera of 90 degrees that looks at a place on the floor."""
    centre = np.array([x, y, height], np.float64)
    ahead = np.array([*towards, 0]) - centre
    ahead /= np.linalg.norm(ahead)
    right = np.cross(ahead, [0, 0, 1])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(ahead, right), ahead])
    matrix = np.array([[640, 0, 640], [0, 640, 360], [0, 0, 1]], np.float64)
    return Camera("c", 1280, 720, matrix, np.empty(0), rotation, -rotation @ centre)


def test_zones_that_no_camera_sees_or_two_do() -> None:
    cameras = {"west": hung(0.5, 2, 3.5, (12, 2)), "east": hung(19.5, 2, 3.5, (8, 2))}
    front = wall_of("front", [(0, 4), (20, 4)], height_m=3.4)
    drawn = Drawing({shape.id: shape for shape in (HALL, SHOP, CAFE, front)})
    verdict = check_drawing(drawn, SIZE_M, cameras)
    unseen = {one.features[0]: one for one in verdict.findings if one.code == "unseen"}
    assert unseen.keys() == {"shop", "cafe"}
    assert "no camera sees zone Shop" in unseen["shop"].message
    hall = verdict.sights["hall"]
    assert hall.seen > 0.9
    assert hall.shared["west", "east"] > 0.6
    assert verdict.sights["shop"].by_camera == {}
    low = wall_of("front", [(0, 4), (20, 4)], height_m=1.0)
    seen = check_drawing(Drawing({shape.id: shape for shape in (HALL, SHOP, CAFE, low)}), SIZE_M, cameras)
    assert seen.sights["cafe"].seen > 0.5


def test_a_camera_drawn_behind_its_wall_is_told_and_still_sees() -> None:
    back = wall_of("back", [(0.5, 0), (0.5, 4)], height_m=4.0)
    drawn = Drawing({shape.id: shape for shape in (HALL, back)})
    behind = check_drawing(drawn, SIZE_M, {"west": hung(0.45, 2, 3.5, (12, 2))})
    assert "camera-behind-wall" in [one.code for one in behind.findings]
    assert behind.sights["hall"].seen > 0.7
    before = check_drawing(drawn, SIZE_M, {"west": hung(0.55, 2, 3.5, (12, 2))})
    assert "camera-behind-wall" not in [one.code for one in before.findings]


def ray_is_blocked(eye: np.ndarray, place: np.ndarray, wall: Wall) -> bool:
    """The same in three dimensions, slowly: does the straight line to a head meet the wall below its top?"""
    for share in np.linspace(0, 1, 4001):
        x, y, z = eye + share * (np.array([*place, SEEN_FROM_M]) - eye)
        near = Point(x, y).distance(LineString(wall.path_m)) < 0.004
        if near and z < wall.height_m:
            return True
    return False


@settings(max_examples=15, deadline=None)
@given(st.floats(1.3, 6), st.floats(1.3, 6), st.tuples(st.floats(-8, 8), st.floats(1, 12)), st.floats(-4, 4))
def test_shadows_are_what_lines_of_sight_say(
    height: float, wall_height: float, place: tuple[float, float], shift: float
) -> None:
    eye = np.array([shift, -3.0, height])
    wall = Wall("w", np.array([(-2.0, 0.5), (2.0, 0.5)]), wall_height)
    shadow = shadow_of(eye, [wall])
    if shadow.boundary.distance(Point(place)) > 0.05:
        assert shadow.contains(Point(place)) == ray_is_blocked(eye, np.array(place), wall)


def test_shares_are_shares_of_area() -> None:
    camera = hung(0, 0, 3, (10, 10))
    area = Point(6, 6).buffer(3)
    wall = Wall("w", np.array([(2.0, 2.0), (9.0, 2.0)]), 4.0)
    found = sight_of_zones({"z": area}, [wall], {"c": camera}, 24.0)["z"]
    free = area.difference(shadow_of(camera.centre_m, [wall])).area / area.area
    assert 0.2 < free < 0.9
    assert found.seen == pytest.approx(free, abs=0.01)
    assert cv2.pointPolygonTest(np.array(area.exterior.coords, np.float32), found.unseen_m, measureDist=False) > 0
