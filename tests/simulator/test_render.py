"""Pictures and boxes agree with the camera's geometry, and with themselves."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.body import SIT, WALK
from simulator.installer import hang_camera
from simulator.looks import LOOK, random_look
from simulator.random_scenes import random_people, random_room, random_shots
from simulator.render import Renderer, Sensor
from simulator.state import PeopleState
from simulator.still import StillBuilder, hidden_behind

CAMERA = hang_camera("c", (0.4, 0.4, 3.4), (5.0, 5.5, 0.8), 85)


def room(*, wall=None, mannequins=()):
    build = StillBuilder(np.random.default_rng(1))
    build.floor((0, 0), (10, 10), build.texture("tiles", np.array([0.75, 0.8, 0.82])), 1.2, 0.1)
    plain = build.texture("plain", np.full(3, 0.85))
    for start, end in (((0, 10), (10, 10)), ((10, 0), (10, 10))):
        build.wall(start, end, 4.0, plain)
    if wall:
        build.wall(*wall, 4.0, plain)
    for at in mannequins:
        build.mannequin(at, -2.0)
    build.lamp(5, 5, 3.8, 3.0)
    return build.build(0.5)


def people(*places, speed=0.0, sitting=0.0, phase=0.0):
    count = len(places)
    looks = np.zeros(count, LOOK)
    for i in range(count):
        looks[i] = random_look(np.random.default_rng(i))
        looks[i]["pushchair"] = 0
    full = np.full(count, 1.0)
    return PeopleState(
        0.0, np.arange(1, count + 1), np.array(places, float).reshape(-1, 2), full * -2.0, full * speed, full * phase,
        np.full(count, SIT if sitting else WALK), full * 0, full * sitting, looks,
    )  # fmt: skip


@pytest.fixture(scope="module")
def empty_room():
    return Renderer(room(), CAMERA, Sensor(), seed=1, oversample=1)


def test_the_box_ends_where_the_feet_touch_the_floor(empty_room):
    places = [(3.0, 3.0), (5.0, 4.0), (4.0, 7.0), (7.0, 5.5)]
    boxes = empty_room.shoot(people(*places)).boxes
    feet = CAMERA.pixels_from_floor(np.array(places))
    assert boxes.ids.tolist() == [1, 2, 3, 4]
    # shoes reach a little nearer to the camera than the middle of the person: a sixth of a metre at most
    near = CAMERA.person_height_px(np.array(places), 1.0)
    assert (np.abs(boxes.full_px[:, 3] - feet[:, 1]) < 0.17 * near + 1).all()
    assert (np.abs(boxes.full_px[:, [0, 2]].mean(1) - feet[:, 0]) < 0.25 * near).all()


def test_the_box_is_as_high_as_the_person(empty_room):
    state = people((4.0, 4.0), (6.0, 6.0))
    boxes = empty_room.shoot(state).boxes
    heads = CAMERA.pixels_from_world(np.column_stack([state.xy_m, state.looks["height"]]))
    tall = boxes.full_px[:, 3] - boxes.full_px[:, 1]
    assert (np.abs(boxes.full_px[:, 1] - heads[:, 1]) < 0.12 * tall).all()


def test_every_changed_pixel_of_a_body_lies_in_its_box():
    still = room()
    renderer = Renderer(still, CAMERA, Sensor(noise=0, blur_px=0), oversample=1)
    before, shot = renderer.render(people()), renderer.shoot(people((4.5, 4.5), speed=1.2, phase=0.4))
    changed = np.abs(shot.image.astype(int) - before).max(2) > 60
    ys, xs = np.nonzero(changed)
    x0, y0, x1, y1 = shot.boxes.xyxy_px[0]
    inside = (xs >= x0 - 1) & (xs <= x1 + 1) & (ys >= y0 - 1) & (ys <= y1 + 1)
    assert changed.sum() > 300
    assert inside.mean() > 0.97  # what is left is a carried bag


def test_who_stands_in_front_hides_who_stands_behind(empty_room):
    towards = np.array([5.0, 5.5]) - CAMERA.centre_m[:2]
    towards /= np.linalg.norm(towards)
    near, far = CAMERA.centre_m[:2] + 4 * towards, CAMERA.centre_m[:2] + 4.6 * towards
    alone = empty_room.shoot(people(far)).boxes.visible
    both = empty_room.shoot(people(far, near)).boxes
    assert alone[0] > 0.99
    assert both.visible[0] < 0.6 < both.visible[1]


def test_who_leaves_the_picture_is_clipped_and_less_visible(empty_room):
    boxes = empty_room.shoot(people((2.2, 0.9))).boxes
    assert (boxes.full_px[0] != boxes.xyxy_px[0]).any()
    assert 0 < boxes.visible[0] < 0.9
    assert (boxes.xyxy_px >= 0).all()
    assert (boxes.xyxy_px <= [640, 360, 640, 360]).all()


def test_nobody_behind_a_wall_is_in_the_truth():
    wall = ((3.0, 8.0), (8.0, 3.0))
    renderer = Renderer(room(wall=wall), CAMERA, Sensor(), oversample=1)
    assert renderer.shoot(people((7.0, 7.0), (3.0, 3.0))).boxes.ids.tolist() == [2]


def test_a_wall_hides_only_who_is_wholly_behind_it():
    screens = np.array([[-1.0, 2.0, 1.0, 2.0, 4.0]])
    eye = np.array([0.0, 0.0, 3.0])
    at = np.array([[0.0, 6.0], [5.5, 6.0], [0.0, 1.9], [0.0, -5.0]])
    assert hidden_behind(screens * [2, 1, 2, 1, 1], eye, at).tolist() == [True, False, False, False]
    assert not hidden_behind(screens * [2, 1, 2, 1, 0.5], eye, at).any()


def test_mannequins_are_seen_and_are_nobody():
    with_dummies = Renderer(room(mannequins=[(4.0, 4.0), (6.0, 4.0)]), CAMERA, Sensor(noise=0), oversample=1).shoot(
        people()
    )
    without = Renderer(room(), CAMERA, Sensor(noise=0), oversample=1).shoot(people())
    assert len(with_dummies.boxes.ids) == 0
    assert (np.abs(with_dummies.image.astype(int) - without.image).max(2) > 40).sum() > 500


def test_boxes_of_what_is_seen_end_where_the_person_does(empty_room):
    state = people((5.0, 5.0), (5.6, 6.2))
    shot = empty_room.shoot(state, seen_only=True)
    bare = empty_room.shoot(people())
    changed = np.abs(shot.image.astype(int) - bare.image).max(2) > 60
    for box, whole in zip(shot.boxes.xyxy_px, empty_room.shoot(state).boxes.xyxy_px, strict=True):
        assert (box[:2] >= whole[:2] - 1.5).all()
        assert (box[2:] <= whole[2:] + 1.5).all()
        x1, y1, x2, y2 = box.astype(int)
        for edge in (changed[y1 : y1 + 3, x1:x2], changed[y1:y2, x1 : x1 + 3], changed[y1:y2, x2 - 3 : x2]):
            assert edge.any()


def test_who_stands_behind_a_table_is_boxed_above_it():
    build = StillBuilder(np.random.default_rng(0))
    build.floor((0, 0), (10, 10), build.texture("plain", np.full(3, 0.5)), 2.0, 0.0)
    build.box((5.0, 4.0), (4.0, 0.3, 0.9), 0.0, build.texture("plain", np.full(3, 0.8)))
    camera = hang_camera("c", (5.0, 0.3, 1.9), (5.0, 6.0, 1.0), 70.0, (640, 360), (0.0, 0.0, 0.0, 0.0, 0.0), 0.0)
    renderer = Renderer(build.build(0.6), camera, Sensor(), 1, 1)
    whole, part = (renderer.shoot(people((5.0, 5.2)), seen_only=asked).boxes.xyxy_px[0] for asked in (False, True))
    assert part[3] - part[1] < 0.75 * (whole[3] - whole[1])
    assert abs(part[1] - whole[1]) < 2.5


def test_sitting_people_are_lower(empty_room):
    standing = empty_room.shoot(people((5.0, 5.0))).boxes.full_px[0]
    seated = empty_room.shoot(people((5.0, 5.0), sitting=1.0)).boxes.full_px[0]
    assert seated[1] - standing[1] > 0.12 * (standing[3] - standing[1])  # the head is lower


def test_the_same_seed_gives_the_same_bytes():
    state = people((4.0, 4.0), (6.0, 5.0), speed=1.0)
    first, again, other = (
        Renderer(room(), CAMERA, Sensor(), seed=seed, oversample=1).render(state) for seed in (5, 5, 6)
    )
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_chairs_stand_where_they_were_put_and_block_the_way():
    still, outlines, seats = random_room(np.random.default_rng(3), (9.0, 8.0), 3.0, 1.0)
    assert len(seats) > 8
    assert all(np.linalg.norm(still.places_m - seat[:2], axis=1).min() < 1e-9 for seat in seats)
    assert sum(np.hypot(*(outline.mean(0) - seats[:, :2]).T).min() < 1e-6 for outline in outlines) >= len(seats)


def test_people_sit_on_chairs_and_face_as_they_do():
    seats = np.array([(3.0, 3.0, 0.5), (5.0, 4.0, -2.0)])
    seen = set()
    for seed in range(30):
        found = random_people(np.random.default_rng(seed), (9.0, 8.0), [], 0.0, seats=seats)
        for seat in seats:
            for k in np.flatnonzero((found.xy_m == seat[:2]).all(1)):
                assert found.pose[k] == SIT
                assert found.heading[k] == seat[2]
                seen.add(float(seat[2]))
    assert seen == {0.5, -2.0}


def test_random_rooms_are_labelled_and_repeatable():
    shots, again = (list(random_shots(11, 3, (320, 180))) for _ in range(2))
    assert sum(len(shot.boxes.ids) for shot in shots) > 0
    for shot, same in zip(shots, again, strict=True):
        assert shot.image.shape == (180, 320, 3)
        assert shot.image.tobytes() == same.image.tobytes()
        assert (shot.boxes.visible >= 0).all()
        assert (shot.boxes.visible <= 1).all()
        assert (shot.boxes.xyxy_px[:, 2] > shot.boxes.xyxy_px[:, 0]).all()
