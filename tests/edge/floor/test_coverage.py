"""What is watched, and where people can come and go."""

from __future__ import annotations

import pickle

import numpy as np

from calibration.geometry import Zone
from edge.floor.coverage import CELL_M, RIM_CELLS, SURE_PERSON_PX, Coverage
from tests.edge.floor_scene import camera, floor, line, wall, zone


def test_a_place_in_the_picture_is_watched_by_that_camera():
    watched = Coverage(floor([camera("a", (0, 0), (8, 6)), camera("b", (20, 12), (12, 6))]))
    assert watched.watching(np.array([[8.0, 6.0]])).tolist() == [2]
    assert watched.watched_by("a", np.array([[0.0, 11.0]])).tolist() == [False]


def test_a_wall_hides_what_is_behind_it_and_a_low_one_does_not():
    cameras = [camera("a", (0, 0), (8, 6))]
    behind = np.array([[8.0, 6.0]])
    assert Coverage(floor(cameras)).watching(behind).tolist() == [1]
    assert Coverage(floor(cameras, walls=[wall("w", (6, 0), (6, 12))])).watching(behind).tolist() == [0]
    assert Coverage(floor(cameras, walls=[wall("w", (6, 0), (6, 12), height_m=1.0)])).watching(behind).tolist() == [1]


def test_too_small_to_be_found_is_not_watched():
    far = camera("a", (0, 0), (8, 6), focal_px=60.0)
    assert Coverage(floor([far])).watching(np.array([[12.0, 9.0]])).tolist() == [0]


def test_who_should_be_seen_stands_large_in_the_picture_and_not_behind_a_wall():
    cameras = [camera("a", (0, 0), (8, 6))]
    assert Coverage(floor(cameras)).should_see("a", (8.0, 6.0))
    assert not Coverage(floor(cameras)).should_see("a", (0.0, 11.0))
    assert not Coverage(floor(cameras, walls=[wall("w", (6, 0), (6, 12))])).should_see("a", (8.0, 6.0))
    assert not Coverage(floor([camera("a", (0, 0), (8, 6), focal_px=120.0)])).should_see("a", (12.0, 9.0))
    known = Coverage(floor(cameras))
    assert known.should_see("a", (8.0, 6.0)) == pickle.loads(pickle.dumps(known)).should_see("a", (8.0, 6.0))  # noqa: S301


def test_ways_out_are_doors_and_the_edge_of_sight():
    cameras = [camera("a", (0, 0), (8, 6)), camera("b", (20, 12), (12, 6))]
    shop = zone("shop", 7, 4, 9, 8)
    with_door = Coverage(floor(cameras, [shop], [line("door", "shop", (7, 4), (7, 8), (1, 0))]))
    without = Coverage(floor(cameras, [shop]))
    assert with_door.is_way_out((7.5, 6.0))
    assert not without.is_way_out((7.5, 6.0))
    assert without.is_way_out((0.5, 11.5))


def shop_with_a_blind_corner(category="shop", walls=True):
    """A shop of 8 by 6 metres in whose far corner, under the camera, nobody is seen; its door is at the left."""
    place = Zone("shop", "shop", category, (np.array([[8, 4], [16, 4], [16, 10], [8, 10]], float),))
    around = [wall("shop", (8, 6), (8, 4), (16, 4), (16, 10), (8, 10), (8, 8))] if walls else []
    door = line("door", "shop", (8, 6), (8, 8), (1, 0))
    return Coverage(floor([camera("a", (15.8, 9.8), (9, 6))], [place], [door], around))


def test_a_blind_corner_that_is_left_by_the_shops_door_alone_is_no_way_out():
    corner = (14.3, 8.7)
    assert shop_with_a_blind_corner().watching(np.array([[15.4, 9.4]])).tolist() == [0]
    assert not shop_with_a_blind_corner().is_way_out(corner)
    assert shop_with_a_blind_corner().is_way_out((8.5, 7.0))
    known = pickle.loads(pickle.dumps(shop_with_a_blind_corner()))  # noqa: S301
    assert not known.is_way_out(corner)


def test_a_blind_corner_is_a_way_out_where_people_change_floors_or_no_wall_shuts_it_in():
    assert shop_with_a_blind_corner("transit").is_way_out((14.3, 8.7))
    assert shop_with_a_blind_corner(walls=False).is_way_out((14.3, 8.7))


def test_what_a_camera_hardly_misses_is_remembered_in_no_more_room_than_the_plan_has():
    coverage = Coverage(floor([camera("a", (0, 0), (8, 6))]))
    rng = np.random.default_rng(1)
    room = []
    for places in (rng.uniform((-8, -8), (28, 20), (400, 2)), rng.uniform(-300, 300, (400, 2))):
        for x, y in [*places.tolist(), (8.0, 6.0), (400.0, -400.0)]:
            middle = (np.floor(np.array([[x, y]]) / CELL_M) + 0.5) * CELL_M
            tall = coverage.floor.cameras["a"].person_height_px(middle)[0]
            expected = bool(coverage.watched_by("a", middle)[0] and tall >= SURE_PERSON_PX)
            assert [coverage.would_see("a", (x, y)) for _ in range(2)] == [expected] * 2
        room.append(sum(len(cells) for cells in coverage._cells.values()))
    assert room[0] == room[1] == (80 + 2 * RIM_CELLS) * (48 + 2 * RIM_CELLS)
    assert coverage.would_see("a", (8.0, 6.0))


def test_a_wall_or_a_line_parts_two_places_and_a_gap_does_not():
    coverage = shop_with_a_blind_corner()
    assert coverage.parts((10, 3), (10, 5))
    assert coverage.parts((7, 7), (9, 7))
    assert not coverage.parts((9, 7), (12, 8))
