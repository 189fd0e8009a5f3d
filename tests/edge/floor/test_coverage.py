"""What is watched, and where people can come and go."""

from __future__ import annotations

import pickle

import numpy as np

from edge.floor.coverage import Coverage
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
