"""Who appears, who is lost and found again, and who are one, in small scenes."""

from __future__ import annotations

import numpy as np
import pytest

from edge.floor.joint.life.kernels import age, give_birth, lose, part_doubles, recall
from tests.edge.floor.joint.joint_scene import (
    OPEN,
    corner_cameras,
    cut,
    people_of,
    records_of,
    rules_of,
    share_inside,
    whole_boxes,
)

CAMERAS = corner_cameras()
RECORDS = records_of(CAMERAS)
RULES = rules_of()[0]
NOBODY = np.full((64, 4), -1, np.int64)


def standing(x, y, tall=1.7):
    return [x, y, 0.0, 0.0, tall]


def lost_at(people, k, at, seen_at=None):
    people[k]["lost_at"] = at
    people[k]["seen_at"] = at if seen_at is None else seen_at


def row_of(*rows, room=16):
    return np.array([*rows, *[0] * (room - len(rows))], np.int64)


def aged(people, count, now):
    keep = np.empty(count, np.bool_)
    age(people, count, now, RULES, keep)
    return keep.tolist()


def test_somebody_seen_counts_once_evidence_and_steps_suffice():
    people = people_of(standing(5, 4), standing(3, 3), standing(7, 3))
    people["sure"], people["hits"], people["views"] = 0, 1, 1
    people["evidence"][:3] = 30.0, 14.5, 13.5
    assert aged(people, 3, 2.0) == [True, True, True]
    assert people["sure"][:3].tolist() == [1, 1, 0]
    assert people["evidence"][:3].tolist() == [18.0, 14.5, 13.5]  # no more is saved up
    assert people["seen_at"][:3].tolist() == [2.0, 2.0, 2.0]
    assert people["hits"][:3].tolist() == [2, 2, 2]


def test_whoever_nobody_believes_in_any_more_is_lost_and_forgotten_where_they_never_counted():
    people = people_of(standing(5, 4), standing(3, 3), standing(7, 3))
    people["evidence"][:3], people["seen_at"][:3] = [-0.1, -0.1, 5.0], 1.0
    people["sure"][1] = 0
    assert aged(people, 3, 2.0) == [True, False, True]
    assert people["lost_at"][0] == 2.0
    assert np.isnan(people["lost_at"][2])


def test_whoever_is_unseen_for_long_is_lost_and_in_the_end_forgotten():
    people = people_of([5.0, 4.0, 1.0, 1.0, 1.7])
    people["seen_at"][0] = 1.0
    aged(people, 1, 4.9)
    assert np.isnan(people["lost_at"][0])
    blur = people["cov"][0, 0, 0]
    assert aged(people, 1, 5.1) == [True]
    assert people["lost_at"][0] == 5.1
    assert people["mean"][0].tolist() == [5.0, 4.0, 0.0, 0.0, 1.7]  # they may turn
    assert people["cov"][0, 0, 0] > blur
    assert aged(people, 1, 10.9) == [True]
    assert aged(people, 1, 11.1) == [False]


def doubled(people, took, n=2):
    row = row_of(*range(n))
    count, left = part_doubles(people, took, n, row, n, 5.0, OPEN, RULES)
    return count, row[:left].tolist()


def test_two_in_one_place_whom_no_camera_sees_apart_are_one():
    people = people_of(standing(5, 4), standing(5.1, 4.05))
    people["born_at"][:2] = 1.0, 2.0
    took = NOBODY.copy()
    took[0, 0], took[1, 1] = 3, 5
    before = people[:2].tobytes()
    count, row = doubled(people, took)
    assert (count, row) == (3, [0, 2])
    assert people["id"][2] == 2
    assert people["lost_at"][2] == 5.0
    assert people[:2].tobytes() == before  # other hypotheses share these
    assert (took[2] == -1).all()


def test_of_two_in_one_place_the_older_goes_on():
    people = people_of(standing(5, 4), standing(5.1, 4.05))
    people["born_at"][:2] = 2.0, 1.0
    _, row = doubled(people, NOBODY.copy())
    assert [int(people["id"][r]) for r in row if np.isnan(people["lost_at"][r])] == [2]


def test_of_two_in_one_place_one_who_never_counted_is_forgotten():
    people = people_of(standing(5, 4), standing(5.1, 4.05))
    people["born_at"][:2], people["sure"][1] = [1.0, 2.0], 0
    assert doubled(people, NOBODY.copy()) == (2, [0])


@pytest.mark.parametrize("case", ["seen apart", "far apart", "one is lost"])
def test_two_who_are_not_one_go_on(case):
    people, took = people_of(standing(5, 4), standing(5.1, 4.05)), NOBODY.copy()
    if case == "seen apart":
        took[0, 2], took[1, 2] = 3, 4
    elif case == "far apart":
        people["mean"][1, 0] = 5.4
    else:
        lost_at(people, 1, 3.0)
    assert doubled(people, took) == (2, [0, 1])


def test_where_somebody_lost_is_grows_uncertain():
    people = people_of(standing(5, 4))
    lose(people[0], 1.0)
    assert people["cov"][0, 0, 0] == pytest.approx(0.12)
    assert people["cov"][0, 1, 1] == pytest.approx(0.12)


def recalled(people, n, state):
    return recall(people, row_of(*range(n)), n, np.array(state, float), np.diag([0.02, 0.02, 0.1, 0.1, 0.003]), RULES)


def test_somebody_lost_is_found_where_they_were_lost():
    people = people_of(standing(3, 3), standing(7, 5))
    for k in range(2):
        lost_at(people, k, 1.0)
    assert recalled(people, 2, standing(3.2, 2.9)) == 0
    assert recalled(people, 2, standing(6.9, 5.2)) == 1
    assert recalled(people, 2, standing(5, 1)) == -1


def test_somebody_who_is_followed_is_not_found():
    people = people_of(standing(3, 3))
    assert recalled(people, 1, standing(3, 3)) == -1
    lost_at(people, 0, 1.0)
    assert recalled(people, 1, standing(3, 3)) == 0


def test_of_two_lost_in_one_place_the_one_of_that_height_is_found():
    people = people_of(standing(3, 3, 1.55), standing(3.1, 3, 1.9))
    people["cov"][:2, 4, 4] = 0.0005
    for k in range(2):
        lost_at(people, k, 1.0)
    assert recalled(people, 2, standing(3.05, 3, 1.58)) == 0
    assert recalled(people, 2, standing(3.05, 3, 1.87)) == 1


def shown(*places, cameras=tuple(CAMERAS), score=0.9):
    """Boxes of people at (x, y) in given cameras: where each camera's begin, boxes, scores."""
    first, boxes = [0], []
    for name, cam in CAMERAS.items():
        whole = whole_boxes(cam, places, 1.7)
        mine = cut(cam, whole)[share_inside(cam, whole) > 0.5] if name in cameras else np.empty((0, 4))
        boxes.append(mine)
        first.append(first[-1] + len(mine))
    return np.array(first, np.int64), np.concatenate(boxes), np.full(first[-1], score)


def born(people, pictures, took=None, row=None, n=0, **changes):
    """The hypothesis's people afterwards, their boxes, what its weight changes by, and the records in use."""
    took = NOBODY.copy() if took is None else took
    row = row_of() if row is None else row
    count, n, change = give_birth(people, took, n, row, n, 9.0, 100, RECORDS, OPEN, *pictures, rules_of(**changes)[0])
    return [people[r].copy() for r in row[:n]], took[row[:n]], change, count


def test_four_boxes_of_one_person_are_one_birth():
    pictures = shown((5.0, 4.0))
    assert len(pictures[1]) == 4
    (one,), took, change, count = born(people_of(), pictures)
    assert one["mean"][:2] == pytest.approx((5.0, 4.0), abs=0.02)
    assert one["mean"][4] == pytest.approx(1.7, abs=0.01)
    assert sorted(took[0].tolist()) == [0, 1, 2, 3]
    assert one["id"] in {100, 101, 102, 103}
    assert (one["views"], one["due"], one["hits"], one["sure"], one["found"]) == (4, 4, 1, 0, 0)
    assert (one["born_at"], one["seen_at"], count) == (9.0, 9.0, 1)
    assert np.isnan(one["lost_at"])
    assert change > 0


def test_as_many_are_born_as_there_are_people():
    places = [(3.0, 3.0), (7.0, 3.0), (5.0, 6.0)]
    new, took, _, count = born(people_of(), shown(*places))
    assert count == 3
    assert len({int(each["id"]) for each in new}) == 3
    found = sorted(each["mean"][:2].round(1).tolist() for each in new)
    assert found == [[3.0, 3.0], [5.0, 6.0], [7.0, 3.0]]
    taken = took[took >= 0].tolist()
    assert len(set(taken)) == len(taken)


def test_a_box_that_others_should_confirm_and_do_not_is_nobody():
    sharp = 0.97
    assert born(people_of(), shown((5.0, 4.0), cameras=["sw"], score=sharp))[3] == 0
    assert born(people_of(), shown((5.0, 4.0), cameras=["sw", "ne", "nw"], score=sharp))[3] == 1


@pytest.mark.parametrize(("score", "births"), [(0.91, 0), (0.93, 1)])
def test_a_sharp_box_suffices_where_no_other_camera_looks(score, births):
    first, boxes, scores = shown((5.0, 4.0), cameras=["sw"], score=score)
    took, row = NOBODY[:, :1].copy(), row_of()
    count, n, _ = give_birth(people_of(), took, 0, row, 0, 9.0, 100, RECORDS[:1], OPEN, first[:2], boxes, scores, RULES)
    assert (count, n) == (births, births)


def test_a_box_that_somebody_took_confirms_nobody_else():
    people, took = people_of(standing(5, 4)), NOBODY.copy()
    took[0, 1:] = 1, 2, 3
    assert born(people, shown((5.0, 4.0)), took, row_of(0), 1)[3] == 1


def test_nobody_is_born_twice_from_one_box():
    new, _, _, _ = born(people_of(), shown((5.0, 4.0)), newborn=-20.0)
    assert len(new) == 1


@pytest.mark.parametrize("seed", range(10))
def test_in_a_crowd_no_box_is_two_peoples(seed):
    places = np.random.default_rng(seed).uniform((4.2, 3.4), (5.8, 4.6), (5, 2))
    new, took, _, _ = born(people_of(), shown(*places))
    taken = took[took >= 0].tolist()
    assert len(set(taken)) == len(taken)
    assert len(new) >= 3


def test_boxes_of_low_score_are_nobody():
    assert born(people_of(), shown((5.0, 4.0), score=0.39))[3] == 0
    assert born(people_of(), shown((5.0, 4.0), score=0.6))[3] == 1


def test_boxes_that_are_taken_make_nobody():
    people, took = people_of(standing(5, 4)), NOBODY.copy()
    took[0] = range(4)
    new, _, change, count = born(people, shown((5.0, 4.0)), took, row_of(0), 1)
    assert ([int(each["id"]) for each in new], change, count) == ([1], 0.0, 1)


def test_somebody_lost_is_found_instead_of_born():
    people = people_of(standing(5.1, 4.05), standing(2, 6))
    lost_at(people, 0, 8.0)
    before = people[0].copy()
    new, took, _, count = born(people, shown((5.0, 4.0)), None, row_of(0, 1), 2)
    assert [int(each["id"]) for each in new] == [1, 2]
    assert count == 3
    assert people[0].tobytes() == before.tobytes()  # other hypotheses share it
    assert new[0]["found"] == 1
    assert np.isnan(new[0]["lost_at"])
    assert new[0]["mean"][:2] == pytest.approx((5.0, 4.0), abs=0.02)
    assert sorted(took[0].tolist()) == [0, 1, 2, 3]


def test_no_more_are_born_than_there_is_room_for():
    pictures = shown((3.0, 3.0), (7.0, 3.0), (5.0, 6.0))
    new, _, _, count = born(people_of(), pictures, row=row_of(room=2))
    assert (len(new), count) == (2, 2)
    new, _, _, count = born(people_of(room=1), pictures)
    assert (len(new), count) == (1, 1)
