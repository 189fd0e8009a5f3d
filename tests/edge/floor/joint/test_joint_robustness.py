"""What the joint tracker bears: bad boxes, bad clocks, crowds, long days, and being put away."""

from __future__ import annotations

import pickle
import tracemalloc

import numpy as np
import pytest
import supervision as sv

from edge.floor.joint.tracker import MOST_STEPS, JointTracker
from tests.edge.floor.joint.joint_scene import (
    Room,
    corner_cameras,
    cut,
    follow,
    names_of,
    seen,
    share_inside,
    whole_boxes,
)
from tests.edge.floor_scene import Walker


def standing(x, y, start=0.0, end=60.0):
    return Walker(start, end, lambda _: (x, y))


def walking_room(end=12.0):
    walkers = [
        Walker(0.0, end, lambda t: (5 + 2 * np.cos(0.5 * t), 4 + 2 * np.sin(0.5 * t))),
        Walker(0.0, end, lambda t: (5 + 1.5 * np.sin(0.7 * t), 4 - 1.5 * np.cos(0.7 * t))),
        Walker(3.0, end, lambda t: (3 + 0.3 * t, 5.5)),
    ]
    return Room(walkers, tremble=0.04, miss=0.15)


def everything(told):
    """All that was told, as bytes."""
    return [
        (m.at, *(part.tobytes() for part in (m.id, m.position_m, m.velocity_mps, m.covariance_m2, m.cameras)))
        for m in told
    ]


def with_more(detections, rows, scores):
    """The same with more boxes, also such as supervision itself would refuse."""
    more = sv.Detections(np.vstack([detections.xyxy, np.zeros((len(rows), 4), np.float32)]))
    more.xyxy[len(detections) :] = rows
    more.confidence = np.concatenate([detections.confidence, np.array(scores, np.float32)])
    return more


BAD = [
    [np.nan, 100, 140, 200],
    [np.inf, 100, np.inf, 200],
    [100, -np.inf, 140, 200],
    [100, 100, 100, 200],
    [100, 100, 140, 100],
    [140, 200, 100, 100],
    [100, 100, 140, 200],
    [-1e9, -1e9, 1e9, 1e9],
]
BAD_SCORES = [0.9] * 6 + [np.nan, 0.9]


def test_boxes_that_show_nothing_change_nothing():
    room = walking_room(6.0)
    plain = follow(JointTracker(room.cameras), room.pictures(6.0))
    tracker, told = JointTracker(room.cameras), []
    for now, boxes in room.pictures(6.0):
        bad = {name: with_more(each, BAD[:7], BAD_SCORES[:7]) for name, each in boxes.items()}
        told += tracker.update(now, bad)
    told += tracker.close()
    assert everything(told) == everything(plain)
    assert any(len(moment) for moment in told)


def test_a_box_as_large_as_the_world_is_nobody():
    tracker = JointTracker(corner_cameras())
    told = []
    for k in range(50):
        told += tracker.update(k / 10, dict.fromkeys(tracker.cameras, seen([BAD[7], [0, 0, 640, 360]])))
    told += tracker.close()
    assert len(told) == 50
    assert all(np.isfinite(moment.position_m).all() for moment in told)


@pytest.mark.parametrize("far", [1e9, 1e155, 1e308])
def test_boxes_far_outside_the_picture_are_nobody(far):
    tracker = JointTracker(corner_cameras())
    rows = np.array([[-far, -far, far, far], [far / 2, far / 2, far, far], [-far, -far, -far / 2, -far / 2]])
    boxes = sv.Detections(rows, confidence=np.full(3, 0.99))
    told = [moment for k in range(20) for moment in tracker.update(k / 2, dict.fromkeys(tracker.cameras, boxes))]
    assert len(told) == 18
    assert not any(map(len, told))


def test_boxes_without_scores_are_trusted():
    room = Room([standing(5.0, 4.0)])
    pictures = (
        (now, {name: sv.Detections(each.xyxy) for name, each in boxes.items()}) for now, boxes in room.pictures(5.0)
    )
    names, met, strangers = names_of(follow(JointTracker(room.cameras), pictures), room.walkers)
    assert (len(names[0]), strangers) == (1, 0)
    assert met > 0.97


def test_a_clock_that_goes_back_counts_as_the_same_moment():
    room = Room([standing(5.0, 4.0)])
    tracker, told = JointTracker(room.cameras), []
    clock = [k / 10 - (0.45 if 30 <= k < 34 else 0.0) for k in range(80)]
    for (_, boxes), now in zip(room.pictures(8.0), clock, strict=True):
        told += tracker.update(now, boxes)
    told += tracker.close()
    at = [moment.at for moment in told]
    assert at == np.maximum.accumulate(clock).tolist()
    assert {int(name) for moment in told for name in moment.id} == {int(told[-1].id[0])}
    assert all(len(moment) == 1 for moment in told[20:])


def test_a_clock_set_back_for_long_fills_no_memory_and_loses_no_moment():
    tracker = JointTracker(corner_cameras(("sw",)))
    clock = [*(k / 10 for k in range(20)), *(k / 10 - 100.0 for k in range(700)), *(2.0 + k / 10 for k in range(20))]
    told = [moment for now in clock for moment in tracker.update(now, {"sw": sv.Detections.empty()})]
    assert len(tracker._past.at) <= MOST_STEPS
    told += tracker.close()
    assert [moment.at for moment in told] == np.maximum.accumulate(clock).tolist()


def test_a_camera_that_is_not_ours_is_named():
    tracker = JointTracker(corner_cameras())
    with pytest.raises(KeyError, match="attic"):
        tracker.update(0.0, {"sw": sv.Detections.empty(), "attic": sv.Detections.empty()})
    assert tracker.update(0.1, {"sw": sv.Detections.empty()}) == []
    assert [moment.at for moment in tracker.close()] == [0.1]


def test_an_hour_without_anybody_is_told_as_such():
    tracker = JointTracker(corner_cameras())
    empty = dict.fromkeys(tracker.cameras, sv.Detections.empty())
    before = sizes(tracker)
    told = [moment for k in range(7200) for moment in tracker.update(k / 2, empty)] + tracker.close()
    assert [moment.at for moment in told] == [k / 2 for k in range(7200)]
    assert not any(map(len, told))
    assert sizes(tracker) == before


def test_somebody_who_comes_after_a_pause_of_an_hour_is_followed_at_once():
    room = Room([standing(5.0, 4.0), standing(5.0, 4.0, start=3605.0, end=3610.0)])
    room.walkers[0].end = 5.0
    tracker = JointTracker(room.cameras)
    told = [moment for now, boxes in room.pictures(5.0) for moment in tracker.update(now, boxes)]
    told += follow(tracker, room.pictures(3610.0, start=3605.0))
    names, met, _ = names_of(told, room.walkers)
    assert [len(each) for each in names] == [1, 1]
    assert not names[0] & names[1]
    assert met > 0.95


def sizes(tracker):
    """Bytes of all that a tracker holds in arrays."""
    held = [*tracker._banks, tracker._past]
    return [getattr(each, name).nbytes for each in held for name in each.__slots__] + [tracker._views.nbytes]


def test_a_burst_of_two_hundred_people_finds_room():
    cameras = corner_cameras(("sw",))
    rng = np.random.default_rng(1)
    tracker = JointTracker(cameras)
    told = [moment for k in range(4) for moment in tracker.update(k / 2, {"sw": sv.Detections.empty()})]
    before = sizes(tracker)
    whole = whole_boxes(cameras["sw"], rng.uniform((2, 2), (40, 40), (1500, 2)), 1.7)
    boxes = cut(cameras["sw"], whole[share_inside(cameras["sw"], whole) > 0.9])[:200]
    assert len(boxes) == 200
    for k in range(4, 12):
        told += tracker.update(k / 2, {"sw": seen(boxes + rng.normal(0, 0.3, boxes.shape), 0.97)})
    told += tracker.close()
    assert min(after / size for after, size in zip(sizes(tracker)[:3], before, strict=False)) >= 4
    assert [moment.at for moment in told] == [k / 2 for k in range(12)]
    for moment in told:
        assert len(set(moment.id.tolist())) == len(moment)
    assert [len(moment) for moment in told[:4]] == [0, 0, 0, 0]
    assert all(150 <= len(moment) <= 200 for moment in told[6:])


def test_a_tracker_put_away_and_taken_out_goes_on_alike():
    room = walking_room()
    plain, tracker, told = JointTracker(room.cameras), JointTracker(room.cameras), []
    for k, (now, boxes) in enumerate(room.pictures(12.0)):
        told.append((everything(plain.update(now, boxes)), everything(tracker.update(now, boxes))))
        if k % 17 == 5:
            tracker = pickle.loads(pickle.dumps(tracker))  # noqa: S301 - our own
    assert all(a == b for a, b in told)
    assert any(a for a, _ in told)
    assert everything(plain.close()) == everything(tracker.close())


def test_the_same_pictures_twice_say_the_same():
    room = walking_room()
    first, second = (everything(follow(JointTracker(room.cameras), room.pictures(12.0))) for _ in range(2))
    assert first == second


def test_names_are_new_and_nothing_grows_over_a_long_day():
    """20 000 moments half a second apart; somebody stays for 20 s, then nobody is there for 20 s."""
    cameras, rng = corner_cameras(("sw", "ne")), np.random.default_rng(9)
    shown = [
        {name: seen(whole_boxes(cam, [place], 1.7) + rng.normal(0, 1, 4)) for name, cam in cameras.items()}
        for place in np.repeat([(4.0, 4.0), (6.0, 4.5), (5.0, 3.0)], 40, axis=0)
    ]
    empty = dict.fromkeys(cameras, sv.Detections.empty())
    tracker, visits, size = JointTracker(cameras), {}, None
    for k in range(20_000):
        visit, second = divmod(k, 80)
        for moment in tracker.update(k / 2, shown[visit % 3 * 40 + second] if second < 40 else empty):
            for name in moment.id.tolist():
                visits.setdefault(name, set()).add(int(moment.at * 2) // 80)
        if k == 400:
            size = sizes(tracker)
    assert sizes(tracker) == size
    assert len(visits) == 250
    assert all(len(when) == 1 for when in visits.values())


def test_nothing_is_left_behind_from_one_moment_to_the_next():
    room = walking_room(40.0)
    pictures = list(room.pictures(40.0))
    tracker = JointTracker(room.cameras)
    for now, boxes in pictures[:200]:
        tracker.update(now, boxes)
    size = sizes(tracker)
    tracemalloc.start()
    held = np.zeros(200)
    for k, (now, boxes) in enumerate(pictures[200:]):
        tracker.update(now, boxes)
        held[k] = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert sizes(tracker) == size
    assert abs(np.median(held[-20:]) - np.median(held[20:40])) < 500  # bytes


@pytest.mark.parametrize("now", [np.nan, np.inf, -np.inf])
def test_a_time_that_is_no_number_is_refused_and_changes_nothing(now):
    room = walking_room()
    tracker, plain = JointTracker(room.cameras), JointTracker(room.cameras)
    with pytest.raises(ValueError, match="is no time"):
        tracker.update(now, {})
    assert everything(follow(tracker, room.pictures(6.0))) == everything(follow(plain, room.pictures(6.0)))


def test_a_floor_without_cameras_is_refused():
    with pytest.raises(ValueError, match="calibrate one"):
        JointTracker({})
