"""What a plan tells the joint tracker: sight lines against walls, and what that changes."""

from __future__ import annotations

import numpy as np
import pytest
import supervision as sv

from edge.floor.joint.ground import (
    CELL_M,
    RIM_M,
    ground_of,
    in_sight,
    is_planned,
    open_ground,
    share_in_sight,
)
from edge.floor.joint.kernels import weigh
from edge.floor.joint.settings import JointSettings
from edge.floor.joint.tracker import JointTracker
from tests.edge.floor.joint.joint_scene import (
    CORNERS,
    ROOM_M,
    Room,
    corner_cameras,
    follow,
    names_of,
    people_of,
    records_of,
    rules_of,
)
from tests.edge.floor_scene import along, floor, wall

CAMERAS = corner_cameras()
RULES = rules_of()[0]
ACROSS = wall("across", (5.0, 0.0), (5.0, 5.0))
"""A wall that leaves a way at the upper end of the room."""


def planned(*walls, cameras=CAMERAS):
    return ground_of(floor(list(cameras.values()), walls=walls, size_m=ROOM_M), cameras)


def test_a_wall_hides_whoever_stands_behind_it_from_the_cameras_on_the_other_side():
    ground = planned(ACROSS)
    west = [in_sight(ground, c, 2.0, 2.0) for c in range(4)]
    assert west == pytest.approx([1.0, 0.0, 0.0, 1.0])  # sw, se, ne, nw
    assert in_sight(ground, 0, 8.0, 2.0) == 0.0
    assert in_sight(ground, 0, 8.0, 7.0) == 0.0
    assert in_sight(ground, 3, 8.0, 6.5) == 1.0  # past its end


def test_whoever_stands_in_the_shadow_of_an_end_is_seen_in_part():
    shares = share_in_sight(CAMERAS["sw"], [ACROSS], np.column_stack([np.full(81, 6.0), np.linspace(4.0, 8.0, 81)]))
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert (np.diff(shares) >= -1e-9).all()
    assert {0.4, 0.6} <= {round(share, 6) for share in shares.tolist()}


def test_over_a_low_wall_a_camera_sees_what_is_higher_than_the_line_that_grazes_it():
    low = wall("low", (5.0, 0.0), (5.0, 8.0), height_m=1.2)
    camera = CAMERAS["sw"]  # at 2.6 m
    near, far = share_in_sight(camera, [low], np.array([[5.5, 1.0], [7.5, 1.0]]))
    assert near == pytest.approx(1 - (2.6 - 1.4 * 5.5 / 5.0) / 1.7, abs=0.02)
    assert far == pytest.approx(1 - (2.6 - 1.4 * 7.5 / 5.0) / 1.7, abs=0.02)
    assert 0 < near < far


def test_whoever_looks_too_small_to_be_found_reliably_is_not_seen():
    places = np.array([[5.0, 4.0], [13.0, 11.0], [40.0, 30.0]])
    assert CAMERAS["sw"].person_height_px(places) == pytest.approx([77, 30, 11], abs=12)
    shares = share_in_sight(CAMERAS["sw"], [], places)
    assert shares.tolist() == [1.0, 0.5, 0.0]


def test_without_a_plan_every_camera_sees_everywhere():
    ground = open_ground(3)
    assert not is_planned(ground)
    assert [in_sight(ground, c, x, y) for c, x, y in ((0, 0.0, 0.0), (1, -50.0, 9.0), (2, 1e6, -1e6))] == [1.0] * 3


def test_beyond_the_plan_nobody_is_seen():
    ground = planned()
    assert is_planned(ground)
    assert in_sight(ground, 0, -RIM_M - CELL_M, 1.0) == 0.0
    assert in_sight(ground, 0, 1.0, ROOM_M[1] + RIM_M + CELL_M) == 0.0


def test_a_camera_that_cannot_see_somebody_says_nothing_about_them():
    people = people_of([2.0, 2.0, 0.0, 0.0, 1.7])
    record = records_of(CAMERAS)[2]  # in the opposite corner
    for ground, costs in ((planned(), True), (planned(ACROSS), False)):
        miss = np.empty(1)
        weigh(people, 1, 2, record, ground, np.empty((0, 4)), np.empty(0), RULES, miss)
        assert (miss[0] < 0) == costs


class Walled(Room):
    """A room with a cross of walls: each corner's camera sees whoever is in its quarter."""

    def seen_by(self, name, now, rng):
        everybody = self.walkers
        east, north = CORNERS[name][0] > 0, CORNERS[name][1] > 0
        self.walkers = [w for w in everybody if (w.where(now)[0] > 5.0) == east and (w.where(now)[1] > 4.0) == north]
        found = super().seen_by(name, now, rng)
        self.walkers = everybody
        return sv.Detections(found.xyxy, confidence=np.full(len(found), 0.95, np.float32))


def test_people_whom_walls_hide_from_all_cameras_but_one_are_followed_with_the_plan_alone():
    walls = wall("across", (5.0, 0.0), (5.0, 8.0)), wall("along", (0.0, 4.0), (10.0, 4.0))
    walkers = [along([(2, 1.5), (4, 3.5), (2, 1.5)], 0.0, 0.7), along([(8, 6.5), (6, 4.5), (8, 6.5)], 0.0, 0.7)]
    followed = {}
    for name, ground in (("plan", planned(*walls)), ("open", None)):
        room = Walled(walkers, heights_m=(1.65, 1.8), cameras=CAMERAS, tremble=0.02, seed=3)
        names, followed[name], nobody = names_of(
            follow(JointTracker(CAMERAS, ground=ground), room.pictures(7.0)), walkers
        )
        if name == "plan":
            assert [len(each) for each in names] == [1, 1]
            assert nobody == 0
    assert followed["plan"] >= 0.9
    assert followed["open"] < 0.5


def test_without_a_plan_its_settings_change_nothing():
    walkers = [along([(2, 3), (7, 5), (2, 3)], 0.0), along([(7, 3.4), (2, 5), (7, 3)], 0.0)]
    told = [
        follow(JointTracker(CAMERAS, settings), Room(walkers, cameras=CAMERAS, seed=4).pictures(4.0))
        for settings in (JointSettings(), JointSettings(beside_m=3.0, clear_score=0.99))
    ]
    assert len(told[0]) == len(told[1]) > 0
    for one, other in zip(*told, strict=True):
        assert one.id.tolist() == other.id.tolist()
        assert one.position_m.tolist() == other.position_m.tolist()


def test_ground_of_other_cameras_is_refused():
    with pytest.raises(ValueError, match="ground of 2 cameras for 4"):
        JointTracker(CAMERAS, ground=open_ground(2))


def test_a_place_is_looked_up_in_the_cell_that_holds_it():
    rng = np.random.default_rng(5)
    ground = open_ground(2)._replace(sight=rng.random((2, 7, 9)))
    assert is_planned(ground)
    edges_x, edges_y = (CELL_M * np.arange(count + 1) - RIM_M for count in (9, 7))
    for camera, x, y in zip(rng.integers(0, 2, 400), *rng.uniform(-3, 4, (2, 400)), strict=True):
        column, row = np.searchsorted(edges_x, x, "right") - 1, np.searchsorted(edges_y, y, "right") - 1
        inside = 0 <= row < 7 and 0 <= column < 9
        assert in_sight(ground, camera, x, y) == (ground.sight[camera, row, column] if inside else 0.0)
