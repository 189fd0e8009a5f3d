"""Drawings: editing, snapping, and files that read back as written."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from calibration.geometry import load_geometry
from calibration.zones import geojson
from calibration.zones.drawing import Drawing, Shape, canonical, line_of, signed_area, wall_of, zone_of
from calibration.zones.edit import (
    cut_hole,
    fill_hole,
    insert_vertex,
    join_zones,
    move_shape,
    move_vertex,
    remove_vertex,
    split_zone,
)
from calibration.zones.geojson import read_drawing, to_geojson, write_drawing
from calibration.zones.snap import snap
from calibration.zones.tenants import Tenancy
from contract.errors import AtriumError, BadInputError
from simulator.scene import GALLERIA

SHOP = [(0, 0), (6, 0), (6, 4), (0, 4)]
ROOM = zone_of("room", SHOP, name="Room")


def drawing(*shapes: Shape) -> Drawing:
    return Drawing({shape.id: shape for shape in shapes})


COORDINATE = st.integers(-50_000, 500_000).map(lambda millimetres: millimetres / 1000)
POINT = st.tuples(COORDINATE, COORDINATE)
TEXT = st.text('aZ é"\\\n', max_size=8)


@st.composite
def drawings(draw: st.DrawFn) -> Drawing:
    shapes: list[Shape] = []
    for place in range(draw(st.integers(0, 4))):
        ring = draw(st.lists(POINT, min_size=3, max_size=6, unique=True))
        tenants = [Tenancy("t", draw(TEXT), "", draw(st.none() | st.dates()), None)]
        shapes.append(zone_of(f"z{place}", ring, name=draw(TEXT), category=draw(TEXT), tenants=tenants))
    path = draw(st.lists(POINT, min_size=2, max_size=4, unique=True))
    shapes.append(wall_of("w", path, height_m=draw(st.floats(0.1, 9))))
    shapes.append(line_of("l", path[:2], "z0", in_side=draw(st.sampled_from(["left", "right", ""]))))
    return drawing(*draw(st.permutations(shapes)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(drawings())
def test_what_is_written_reads_back(tmp_path: Path, drawn: Drawing) -> None:
    path = tmp_path / "g.geojson"
    write_drawing(path, drawn)
    again = read_drawing(path)
    assert to_geojson(again) == path.read_bytes()
    for name, shape in drawn.shapes.items():
        assert again.shapes[name].own == shape.own
        for ring, other in zip(shape.rings_m, again.shapes[name].rings_m, strict=True):
            assert {tuple(point) for point in ring} == {tuple(point) for point in other}
            assert abs(signed_area(ring)) == pytest.approx(abs(signed_area(other)), abs=1e-6)


def test_the_twins_files_read_as_ever_and_as_drawings(tmp_path: Path) -> None:
    old, new = GALLERIA.with_name("g.geojson"), tmp_path / "g.geojson"
    write_drawing(new, read_drawing(old))
    (zones, lines, walls), (zones2, lines2, walls2) = load_geometry(old), load_geometry(new)
    assert zones.keys() == zones2.keys()
    assert all(zones[name].polygon.equals(zones2[name].polygon) for name in zones)
    assert all((lines[name].in_normal == lines2[name].in_normal).all() for name in lines)
    assert {wall.id: wall.height_m for wall in walls} == {wall.id: wall.height_m for wall in walls2}


def test_tenants_are_read_with_their_zone(tmp_path: Path) -> None:
    path = tmp_path / "g.geojson"
    write_drawing(path, drawing(zone_of("room", SHOP, tenants=[Tenancy("t", "T", "fashion")])))
    assert load_geometry(path)[0]["room"].tenants == (Tenancy("t", "T", "fashion"),)


def test_a_file_that_cannot_be_written_leaves_the_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "g.geojson"
    write_drawing(path, drawing(ROOM))
    before = path.read_bytes()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AtriumError, match="No space left"):
        geojson.write_drawing(path, drawing(move_shape(ROOM, (1, 1))))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["g.geojson"]


def test_what_collapses_in_millimetres_is_refused() -> None:
    with pytest.raises(BadInputError, match="at least 3 points"):
        canonical(drawing(zone_of("dot", [(0, 0), (0.0001, 0), (0, 0.0001)])))


def test_vertices_move_come_and_go() -> None:
    moved = move_vertex(ROOM, 0, 2, (7, 5))
    assert moved.rings_m[0][2].tolist() == [7, 5]
    assert ROOM.rings_m[0][2].tolist() == [6, 4]
    more = insert_vertex(ROOM, 0, 3, (0, 2))
    assert more.rings_m[0].tolist()[-1] == [0, 2]
    assert np.array_equal(remove_vertex(more, 0, 4).rings_m[0], ROOM.rings_m[0])
    with pytest.raises(BadInputError, match="delete it as a whole"):
        remove_vertex(remove_vertex(ROOM, 0, 0), 0, 0)
    with pytest.raises(BadInputError, match="no vertex 4"):
        move_vertex(ROOM, 0, 4, (0, 0))


def test_holes_are_cut_and_filled() -> None:
    hole = np.array([(2, 1), (3, 1), (3, 2), (2, 2)], np.float64)
    holed = cut_hole(ROOM, hole)
    assert holed.polygon.area == 23
    assert len(holed.rings_m) == 2
    assert fill_hole(holed, 1).polygon.area == 24
    assert len(remove_vertex(remove_vertex(holed, 1, 0), 1, 0).rings_m) == 1
    assert cut_hole(ROOM, np.add(hole, (3.5, 0))).polygon.area == 23.5
    with pytest.raises(BadInputError, match="outside it"):
        cut_hole(ROOM, np.add(hole, (20, 0)))
    with pytest.raises(BadInputError, match="one piece"):
        cut_hole(ROOM, np.array([(2, -1), (3, -1), (3, 9), (2, 9)], np.float64))


@given(st.floats(0.5, 5.5), st.floats(0.5, 5.5))
def test_split_and_join_are_each_others_inverse(low: float, high: float) -> None:
    first, second = split_zone(ROOM, np.array([(low, -1), (high, 5)], np.float64), "other")
    assert (first.id, second.id) == ("room", "other")
    assert first.polygon.area + second.polygon.area == pytest.approx(24)
    assert join_zones(first, second).polygon.symmetric_difference(ROOM.polygon).area < 1e-9


def test_a_cut_that_does_not_cut_and_a_join_of_strangers_are_refused() -> None:
    with pytest.raises(BadInputError, match="1 parts"):
        split_zone(ROOM, np.array([(1, -1), (1, 2)], np.float64), "other")
    with pytest.raises(BadInputError, match="move far up to it"):
        join_zones(ROOM, zone_of("far", np.array(SHOP) + 20))


def test_a_removed_zone_takes_its_tripwires() -> None:
    drawn = drawing(ROOM, line_of("door", [(1, 0), (2, 0)], "room"), wall_of("w", [(0, 0), (6, 0)]))
    assert list(drawn.without("room").shapes) == ["w"]
    with pytest.raises(BadInputError, match="no id"):
        drawn.having(zone_of("a/b", SHOP))


def test_points_snap_to_vertices_then_borders_then_right_angles() -> None:
    drawn = drawing(ROOM, wall_of("w", [(10, 0), (10, 8)]))
    assert snap((6.1, 4.1), drawn, 0.2).place_m == (6, 4)
    edge = snap((3, 4.1), drawn, 0.2)
    assert (edge.place_m, edge.to, edge.shape) == ((3, 4), "edge", "room")
    assert snap((9.9, 5), drawn, 0.2).to == "wall"
    straight = snap((8.0, 2.1), drawn, 0.2, from_m=(7, 2))
    assert (straight.place_m, straight.to) == ((8, 2), "axis")
    both = snap((9.9, 2.1), drawn, 0.2, from_m=(7, 2))
    assert (both.place_m, both.to) == ((10, 2), "wall")
    assert snap((8, 6), drawn, 0.2).to == "free"
    assert snap((6.1, 4.1), drawn, 0.2, besides={"room"}).to == "free"


@given(POINT, st.floats(0.01, 3), st.none() | POINT, st.tuples(st.integers(-9, 9), st.integers(-9, 9)))
def test_snapping_never_leads_far_and_moves_with_the_plan(
    place: tuple[float, float], within: float, before: tuple[float, float] | None, by: tuple[int, int]
) -> None:
    drawn = drawing(ROOM, wall_of("w", [(-3, 9), (9, 7)]))
    found = snap(place, drawn, within, from_m=before)
    assert math.dist(found.place_m, place) <= within + 1e-9
    if found.shape:
        shape = drawn.shapes[found.shape]
        border = shape.polygon.boundary if shape.own.kind == "zone" else shape.path
        assert border.distance(Point(found.place_m)) < 1e-6
    moved = drawing(*(move_shape(shape, by) for shape in drawn.shapes.values()))
    start = None if before is None else (before[0] + by[0], before[1] + by[1])
    again = snap((place[0] + by[0], place[1] + by[1]), moved, within, from_m=start)
    if again.to == found.to:  # at just the distance rounding may decide
        away = math.dist(again.place_m, (place[0] + by[0], place[1] + by[1]))
        assert away == pytest.approx(math.dist(found.place_m, place), abs=1e-6)
