"""Films of a made room, told when they have ended."""

from __future__ import annotations

import numpy as np
import pytest

from edge.floor.joint.recording import fuse_recording
from edge.floor.joint.whole.film import fuse_whole
from tests.edge.floor.joint.joint_scene import Room, corner_cameras
from tests.edge.floor_scene import along

FPS = 5.0
SURE_SCORE = 0.97
"""Suffices to begin somebody where one camera alone looks."""


def frames_of(room, end):
    frames = {name: [] for name in room.cameras}
    for _, seen in room.pictures(end):
        for name, found in seen.items():
            found.confidence = np.full(len(found), SURE_SCORE, np.float32)
            frames[name].append(found)
    return frames


def names_at(rows, walker, near_m=0.7):
    """The names told within reach of somebody, and at how many frames."""
    found = [
        (int(name), frame) for frame, name, x, y in rows.tolist()
        if walker.visible(frame / FPS) and np.hypot(*np.subtract(walker.where(frame / FPS), (x, y))) < near_m
    ]  # fmt: skip
    return {name for name, _ in found}, len({frame for _, frame in found})


@pytest.fixture(scope="module")
def crossing():
    """Two people of other heights who walk past each other before one camera, one behind the other."""
    walkers = [along([(1.5, 4.0), (8.5, 4.6)], 0.0, speed=1.0), along([(8.5, 4.4), (1.5, 4.0)], 0.0, speed=1.0)]
    return Room(walkers, (1.6, 1.85), corner_cameras(("sw",)), FPS, tremble=0.02, seed=4)


def test_two_who_pass_each_other_have_one_name_each(crossing):
    rows = fuse_whole(crossing.cameras, frames_of(crossing, 7.0), FPS)
    apart = rows[(rows[:, 0] < 2.0 * FPS) | (rows[:, 0] > 5.0 * FPS)]
    names = [names_at(apart, walker, 1.2)[0] for walker in crossing.walkers]
    assert [len(each) for each in names] == [1, 1]
    assert names[0] != names[1]


def test_the_same_film_is_told_the_same_way_twice_and_in_order(crossing):
    frames = frames_of(crossing, 5.0)
    rows = fuse_whole(crossing.cameras, frames, FPS)
    assert np.array_equal(rows, fuse_whole(crossing.cameras, frames, FPS))
    assert np.array_equal(rows, rows[np.lexsort((rows[:, 1], rows[:, 0]))])
    _, first = np.unique(rows[:, 1], return_index=True)
    assert (np.diff(first) >= 0).all()
    assert sorted(set(rows[:, 1])) == list(range(1, len(first) + 1)) != []
    assert len({(frame, name) for frame, name in rows[:, :2].tolist()}) == len(rows)


def test_a_gap_of_a_second_is_one_way_and_filled_only_as_far_as_asked():
    walker = along([(1.5, 4.0), (8.5, 4.0)], 0.0, speed=0.8)
    room = Room([walker], (1.75,), corner_cameras(("sw", "ne")), FPS, tremble=0.02, miss=0.0)
    frames = frames_of(room, 8.0)
    for each in frames.values():
        for index in range(18, 23):
            each[index] = each[index][:0]
    rows = fuse_whole(room.cameras, frames, FPS)
    assert len(set(rows[:, 1])) == 1
    assert {18, 20, 22} <= set(rows[:, 0].astype(int))
    left = fuse_whole(room.cameras, frames, FPS, bridge_s=0.0)
    assert not {18, 20, 22} & set(left[:, 0].astype(int))
    assert names_at(rows, walker)[1] >= names_at(left, walker)[1] + 4


def test_who_is_there_at_once_is_told_from_the_first_picture():
    """The live tracker waits until it is sure of somebody; the film's end already knows."""
    walker = along([(3.0, 4.0), (7.0, 4.0)], 0.0, speed=0.5)
    room = Room([walker], (1.75,), corner_cameras(("sw", "ne")), FPS, tremble=0.02, miss=0.0)
    frames = frames_of(room, 6.0)
    for each in frames.values():
        for index in (1, 2, 4, 5):
            each[index] = each[index][:0]
    live, whole = fuse_recording(room.cameras, frames, FPS), fuse_whole(room.cameras, frames, FPS)
    assert whole[0, 0] == 0
    assert live[0, 0] >= whole[0, 0]


def test_films_without_anybody_or_anything_give_no_rows(crossing):
    empty = {"sw": [found[:0] for found in frames_of(crossing, 1.0)["sw"]]}
    assert fuse_whole(crossing.cameras, empty, FPS).shape == (0, 4)
    assert fuse_whole(crossing.cameras, {"sw": []}, FPS).shape == (0, 4)
