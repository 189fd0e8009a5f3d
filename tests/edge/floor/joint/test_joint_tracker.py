"""People walking in a small room, as the joint tracker follows them."""

from __future__ import annotations

import numpy as np
import pytest
import supervision as sv

from edge.floor.joint.boxes import usable_boxes
from edge.floor.joint.settings import JointSettings
from edge.floor.joint.tracker import JointTracker, _Past
from tests.edge.floor.joint.joint_scene import Room, corner_cameras, follow, names_of, seen
from tests.edge.floor_scene import Walker, along


def circling(middle, radius, speed, phase=0.0, end=60.0):
    """Somebody who walks in a circle."""
    turn = speed / radius
    return Walker(
        0.0,
        end,
        lambda t: (middle[0] + radius * np.cos(turn * t + phase), middle[1] + radius * np.sin(turn * t + phase)),
    )


def standing(x, y, end=60.0):
    return Walker(0.0, end, lambda _: (x, y))


def followed(room, end, moments=None, tracker=None):
    return follow(tracker or JointTracker(room.cameras), room.pictures(end, moments=moments))


def assert_each_has_one_name(told, walkers, nobody=0, share=0.97):
    names, met, strangers = names_of(told, walkers)
    assert [len(each) for each in names] == [1] * len(walkers), names
    assert len(set.union(*names)) == len(walkers), names
    assert met >= share
    assert strangers <= nobody


def test_people_who_walk_and_cross_keep_one_name_each_for_a_minute():
    walkers = [
        circling((5.0, 4.0), 2.0, 1.0),
        circling((4.5, 4.0), 2.5, -1.2, phase=2.0),
        circling((5.5, 3.8), 1.2, 0.7, phase=4.0),
        standing(7.9, 6.3),
    ]
    room = Room(walkers, heights_m=(1.62, 1.7, 1.78, 1.85))
    told = followed(room, 60.0)
    assert_each_has_one_name(told, walkers)
    off = []
    for moment in told[20:]:
        places = np.array([walker.where(moment.at) for walker in walkers])
        off += np.hypot(*(places[:, None] - moment.position_m[None]).transpose(2, 0, 1)).min(0).tolist()
    assert np.sqrt(np.mean(np.square(off))) < 0.08


@pytest.mark.parametrize("turns_back", [False, True], ids=["and pass", "and turn back"])
def test_two_who_meet_at_arms_length_and_part_keep_their_names(turns_back):
    for_left = [(2.0, 4.3), (4.7, 4.3, 2.0), (2.0, 4.3) if turns_back else (8.0, 4.3)]
    for_right = [(8.0, 3.7), (5.2, 3.8, 2.0), (8.0, 3.7) if turns_back else (2.0, 3.7)]
    walkers = [along(for_left, 0.0), along(for_right, 0.0)]
    end = min(walker.end for walker in walkers)
    told = followed(Room(walkers), end)
    assert_each_has_one_name([moment for moment in told if moment.at < end], walkers)


@pytest.mark.parametrize("moves", [False, True], ids=["standing", "walking"])
def test_somebody_hidden_from_all_cameras_for_two_seconds_keeps_their_name(moves):
    one = circling((5.0, 4.0), 2.0, 0.8 if moves else 0.0, end=25.0)
    one.hidden.append((10.0, 12.0))
    other = standing(2.6, 2.6, end=25.0)
    told = followed(Room([one, other]), 25.0)
    assert_each_has_one_name(told, [one, other], share=0.9)


def test_somebody_who_leaves_is_not_told_of_afterwards():
    leaving, staying = standing(4.0, 4.0, end=10.0), standing(7.0, 4.0, end=30.0)
    told = followed(Room([leaving, staying]), 30.0)
    (name,), (stays,) = names_of(told, [leaving, staying])[0]
    told_of = [moment.at for moment in told if name in moment.id]
    assert 9.5 < max(told_of) < 11.0
    assert all(stays in moment.id for moment in told if moment.at > 2.0)
    assert all(len(moment) == 1 for moment in told if moment.at > 11.0)


def test_who_comes_back_much_later_has_another_name():
    first, second = standing(4.0, 4.0, end=10.0), standing(4.0, 4.0, end=45.0)
    second.start = 30.0
    told = followed(Room([first, second]), 45.0)
    assert_each_has_one_name(told, [first, second], nobody=10)


def test_a_box_that_only_one_camera_sees_is_nobody():
    rng = np.random.default_rng(3)
    tracker, room = JointTracker(corner_cameras()), Room([standing(3.5, 4.0, end=20.0)])
    told = []
    for now, boxes in room.pictures(20.0):
        clutter = np.array([420.0, 150.0, 460.0, 260.0]) + rng.normal(0, 2, 4)
        boxes["sw"] = sv.Detections.merge([boxes["sw"], seen([clutter])])
        told += tracker.update(now, boxes)
    told += tracker.close()
    assert_each_has_one_name(told, room.walkers)


def test_clutter_that_flickers_everywhere_is_nobody():
    rng = np.random.default_rng(4)
    tracker = JointTracker(corner_cameras())
    told = []
    for k in range(300):
        corners = rng.uniform((0, 0), (580, 250), (4, 2))
        boxes = np.hstack([corners, corners + rng.uniform((20, 50), (60, 110), (4, 2))])
        told += tracker.update(k / 10, {name: seen(boxes[[c]], 0.6) for c, name in enumerate(tracker.cameras)})
    assert sum(map(len, told)) <= 6


@pytest.mark.parametrize("tall", [1.52, 1.7, 1.88])
def test_heights_are_learned(tall):
    room = Room([circling((5.0, 4.0), 1.8, 0.9, end=20.0)], heights_m=(tall,))
    tracker = JointTracker(room.cameras)
    followed(room, 20.0, tracker=tracker)
    bank = tracker._banks[0]
    (one,) = bank.people[bank.rows[0, : bank.counts[0]]]
    assert one["mean"][4] == pytest.approx(tall, abs=0.03)
    assert np.sqrt(one["cov"][4, 4]) < 0.03


def test_a_camera_whose_calibration_is_off_is_learned():
    walkers = [circling((5.0, 4.0), 2.0, 1.0), circling((4.5, 4.0), 2.5, -1.2, phase=2.0)]
    room = Room(walkers, off={"ne": 0.03})
    tracker = JointTracker(room.cameras)
    told = followed(room, 60.0, tracker=tracker)
    assert_each_has_one_name(told, walkers)
    bias = dict(zip(tracker.cameras, tracker._views["bias"], strict=True))
    foot = bias["ne"][2, 0]
    others = np.mean([bias[name][2, 0] for name in ("sw", "se", "nw")])
    assert foot - others == pytest.approx(0.03, abs=0.01)


def test_irregular_intervals_do_not_matter():
    rng = np.random.default_rng(5)
    moments = np.cumsum(rng.uniform(0.03, 0.4, 130))
    walkers = [circling((5.0, 4.0), 2.0, 1.0), circling((4.5, 4.0), 2.5, -1.1, phase=2.0)]
    told = followed(Room(walkers), None, moments=moments)
    assert_each_has_one_name(told, walkers)
    assert [moment.at for moment in told] == moments.tolist()


def test_cameras_may_deliver_at_different_moments():
    walkers = [circling((5.0, 4.0), 2.0, 1.0, end=30.0), circling((4.5, 4.0), 2.5, -1.1, phase=2.0, end=30.0)]
    room = Room(walkers, fps=20.0)
    turns = [("sw",), ("se", "nw"), ("ne",), ()]
    pictures = (
        (now, {name: boxes[name] for name in turns[k % 4]}) for k, (now, boxes) in enumerate(room.pictures(30.0))
    )
    told = follow(JointTracker(room.cameras), pictures)
    assert_each_has_one_name(told, walkers, nobody=3)
    assert {int(count) for moment in told for count in moment.cameras} <= {0, 1, 2}


@pytest.mark.parametrize("fps", [2, 5, 25])
def test_any_frame_rate_will_do(fps):
    walkers = [circling((5.0, 4.0), 2.0, 1.0, end=15.0), standing(7.5, 6.0, end=15.0)]
    told = followed(Room(walkers, fps=fps), 15.0)
    assert_each_has_one_name(told, walkers, share=0.95)


def test_what_is_told_is_as_old_as_the_lag_in_order_and_each_moment_once():
    rng = np.random.default_rng(6)
    moments = np.cumsum(rng.uniform(0.02, 0.5, 80)).tolist()
    room = Room([standing(5.0, 4.0)])
    tracker = JointTracker(room.cameras)
    told = []
    for now, boxes in room.pictures(None, moments=moments):
        new = tracker.update(now, boxes)
        told += new
        assert all(moment.at <= now - 1.0 + 1e-6 for moment in new)
        waiting = [at for at in moments if now - 1.0 + 1e-6 < at <= now]
        assert [moment.at for moment in told] == [at for at in moments if at <= now and at not in waiting]
    rest = tracker.close()
    assert [moment.at for moment in rest] == [at for at in moments if at > moments[-1] - 1.0]
    assert [moment.at for moment in told + rest] == moments
    assert tracker.close() == []


def test_without_lag_everything_is_told_at_once():
    room = Room([standing(5.0, 4.0)])
    tracker = JointTracker(room.cameras, JointSettings(lag_s=0.0))
    for now, boxes in room.pictures(3.0):
        (moment,) = tracker.update(now, boxes)
        assert moment.at == now
    assert len(moment) == 1
    assert tracker.close() == []


def test_a_moment_says_where_somebody_is_how_fast_and_how_sure():
    room = Room([along([(2.0, 4.0), (8.0, 4.0)], 0.0, speed=1.0)], tremble=0.01, miss=0.0)
    told = followed(room, 6.0)
    moment = next(each for each in told if each.at == pytest.approx(3.0))
    assert moment.position_m[0] == pytest.approx((5.0, 4.0), abs=0.1)
    assert moment.velocity_mps[0] == pytest.approx((1.0, 0.0), abs=0.15)
    assert (np.linalg.eigvalsh(moment.covariance_m2[0]) > 0).all()
    assert np.sqrt(np.trace(moment.covariance_m2[0])) < 0.3
    assert moment.cameras.tolist() == [4]


def test_everybody_is_told_with_the_boxes_they_took_at_that_moment():
    walkers = [circling((5, 4), 0.8 + 0.3 * k, 1.0 - 0.4 * (k % 2), phase=k) for k in range(6)]
    room = Room(walkers, (1.6, 1.7, 1.8), corner_cameras(("sw", "ne")), tremble=0.04, miss=0.1)
    pictures = list(room.pictures(8.0))
    boxes = {round(now, 6): usable_boxes(room.cameras, seen) for now, seen in pictures}
    told = follow(JointTracker(room.cameras), iter(pictures))
    far, taken = [], 0
    for moment in told:
        xyxy, _, first = boxes[round(moment.at, 6)]
        for place, took, views in zip(moment.position_m, moment.boxes, moment.cameras, strict=True):
            assert (took >= 0).sum() == views
            taken += int(views)
            for c in np.flatnonzero(took >= 0).tolist():
                assert first[c] <= took[c] < first[c + 1]
                camera = list(room.cameras.values())[c]
                foot = np.array([[xyxy[took[c], [0, 2]].mean(), xyxy[took[c], 3]]])
                far.append(float(np.hypot(*(camera.floor_from_pixels(foot)[0] - place))))
    assert taken > 200
    assert np.median(far) < 0.4


def test_boxes_taken_are_those_of_the_history_that_won():
    """Two steps of two histories; the best of the second comes from the other of the first."""
    past = _Past.empty(4, 2, 2, 1)
    for step, taken in ((0, (10, 11, 12, 13)), (1, (20, 21, 22, 23))):
        past.people[step]["id"][:4] = [7, 3, 3, 7]
        past.took[step, :4, 0] = taken
        past.rows[step] = [[0, 1], [2, 3]]
        past.counts[step] = 2
    past.roots[1] = [1, 0]
    assert past.taken(1, 0, np.array([3, 7]))[:, 0].tolist() == [21, 20]
    assert past.taken(1, 1, np.array([3, 7]))[:, 0].tolist() == [12, 13]
    assert past.taken(1, 1, np.array([7]))[:, 0].tolist() == [13]
