"""The parts of one step that are compiled together."""

from __future__ import annotations

import numpy as np
import pytest

from edge.floor.joint.kernels import are_alike, learn_bias, meet, walk_on, weigh
from edge.floor.joint.motion.kernels import move
from tests.edge.floor.joint.joint_scene import OPEN, corner_cameras, people_of, records_of, rules_of, whole_boxes

CAMERAS = corner_cameras()
RULES = rules_of()[0]


def test_the_followed_walk_on_and_the_lost_spread():
    people = people_of([5, 4, 1, 0.5, 1.7], [3, 3, 0, 0, 1.6])
    people["lost_at"][1] = 1.0
    people["views"], people["due"], people["found"] = 3, 4, 1
    took = np.full((64, 4), 2)
    mean, cov = people["mean"][0].copy(), people["cov"][0].copy()
    lost = people["cov"][1].copy()
    move(mean, cov, 0.5, 0.4, 0.003)
    walk_on(people, took, 2, 0.5, RULES)
    np.testing.assert_allclose(people["mean"][0], mean)
    np.testing.assert_allclose(people["cov"][0], cov)
    assert people["mean"][1].tolist() == [3, 3, 0, 0, 1.6]
    np.testing.assert_allclose(people["cov"][1] - lost, np.diag([0.32, 0.32, 0, 0, 0]))
    assert [people[name][:3].tolist() for name in ("views", "due", "found")] == [[0, 0, 3], [0, 0, 4], [0, 0, 1]]
    assert (took[:2] == -1).all()
    assert (took[2:] == 2).all()


def test_hypotheses_of_the_same_people_in_the_same_places_are_alike():
    people = people_of([5, 4, 0, 0, 1.7], [3, 3, 0, 0, 1.7], [5.05, 4.05, 0, 0, 1.7], [5.2, 4, 0, 0, 1.7])
    people["id"][:4] = 1, 2, 1, 1
    alike = lambda a, b: are_alike(people, np.array(a), np.array(b), len(a), 0.1)  # noqa: E731
    assert alike([0, 1], [1, 0])
    assert alike([0, 1], [1, 2])
    assert not alike([0, 1], [3, 1])  # elsewhere
    people["id"][2] = 7
    assert not alike([0, 1], [2, 1])  # somebody else
    people["id"][2], people["lost_at"][2] = 1, 3.0
    assert not alike([0, 1], [2, 1])  # lost


def test_everybody_wants_the_box_at_their_place_and_the_lost_want_none():
    people = people_of([5, 4, 0, 0, 1.7], [3, 3, 0, 0, 1.7], [5, 4, 0, 0, 1.7], [-3, -3, 0, 0, 1.7])
    people["lost_at"][2] = 1.0
    boxes = whole_boxes(CAMERAS["sw"], [(5, 4), (3, 3)], 1.7)
    miss = np.full(4, np.nan)
    camera = records_of(CAMERAS)[0]
    gains = weigh(people, 4, 0, camera, OPEN, boxes, np.array([0.9, 0.9]), RULES, miss)
    assert gains[0, 0] > 5 > gains[0, 1]
    assert gains[1, 1] > 5 > gains[1, 0]
    assert (gains[2:] == -np.inf).all()
    assert miss == pytest.approx([np.log(0.12), np.log(0.12), 0.0, 0.0])


def test_what_a_camera_is_off_by_is_learned_from_the_sure():
    rng = np.random.default_rng(2)
    cameras = records_of(CAMERAS)
    took = np.full((1, 4), -1)
    took[0, 1] = 0
    for _ in range(300):
        where = [rng.uniform(2, 8), rng.uniform(2, 7)]
        box = whole_boxes(CAMERAS["se"], [where], 1.7)
        high = box[0, 3] - box[0, 1]
        if box[0, 0] < 0 or box[0, 2] > 640 or box[0, 3] > 350:
            continue
        box += np.array([0.04, 0.03, 0.04, -0.02]) * high + rng.normal(0, 0.03, 4) * high
        people = people_of([*where, 0, 0, 1.7])
        learn_bias(cameras, people, took, np.zeros(1, np.int64), 1, box, RULES)
    assert cameras["bias"][1, :, 0] == pytest.approx([0.04, 0.03, -0.02], abs=0.012)
    assert np.abs(cameras["bias"][1, :, 1:]).max() < 0.02
    assert not cameras["bias"][[0, 2, 3]].any()


def test_nothing_is_learned_from_the_unsure_nor_from_edges_cut_at_the_border():
    cameras = records_of(CAMERAS)
    people = people_of([5, 4, 0, 0, 1.7])
    box = whole_boxes(CAMERAS["sw"], [(5, 4)], 1.7) + 4.0
    took = np.array([[0, -1, -1, -1]])
    people["sure"] = 0
    learn_bias(cameras, people, took, np.zeros(1, np.int64), 1, box, RULES)
    assert not cameras["bias"].any()
    people["sure"] = 1
    box[0, 3] = 360.0
    learn_bias(cameras, people, took, np.zeros(1, np.int64), 1, box, RULES)
    middle, top, foot = cameras["bias"][0]
    assert middle[0] > 0
    assert top[0] > 0
    assert not foot.any()


def met(people, boxes, **changes):
    """What becomes of one hypothesis of two people when one camera shows boxes: people, their boxes, rows, weights."""
    to_people, to_took = people_of(room=80), np.full((80, 4), -1)
    rows, counts = np.zeros((20, 4), np.int64), np.zeros(20, np.int64)
    rows[0, :2], counts[0] = [0, 1], 2
    to_rows, to_counts, to_weights, to_roots = rows * 0, counts * 0, np.zeros(20), counts - 1
    made, kept = meet(
        people, np.full((64, 4), -1), 2, rows, counts, np.zeros(20), np.full(20, 7), 1,
        to_people, to_took, to_rows, to_counts, to_weights, to_roots,
        0, records_of(CAMERAS)[0], OPEN, 5, boxes, np.full(len(boxes), 0.9), 0.25, rules_of(**changes)[0],
    )  # fmt: skip
    assert (to_counts[:kept] == 2).all()
    assert (to_roots[:kept] == 7).all()
    assert to_rows[:kept, :2].max() == made - 1
    return to_people, to_took[:, 0], to_rows[:kept, :2], to_weights[:kept]


def test_boxes_far_apart_leave_one_likely_hypothesis():
    people = people_of([3, 4, 0, 0, 1.7], [6, 4, 0, 0, 1.7])
    _, took, rows, weights = met(people, whole_boxes(CAMERAS["sw"], [(6, 4), (3, 4)], 1.7), margin=6.0)
    assert took[rows].tolist() == [[6, 5]]
    assert weights[0] > 10


def test_boxes_of_two_who_stand_together_make_hypotheses_of_who_is_who():
    people = people_of([5, 4, 0, 0, 1.7], [5.1, 3.9, 0, 0, 1.7])
    before = people[:2].tobytes()
    boxes = whole_boxes(CAMERAS["sw"], [(5.02, 3.98), (5.08, 3.92)], 1.7)
    to_people, took, rows, weights = met(people, boxes)
    assert people[:2].tobytes() == before
    assert took[rows[:2]].tolist() == [[5, 6], [6, 5]]
    miss = np.empty(2)
    gains = weigh(people, 2, 0, records_of(CAMERAS)[0], OPEN, boxes, np.full(2, 0.9), RULES, miss)
    assert weights[0] == pytest.approx(miss.sum() + gains[0, 0] + gains[1, 1])
    assert weights[1] == pytest.approx(miss.sum() + gains[0, 1] + gains[1, 0])
    assert weights.tolist() == sorted(weights, reverse=True)
    first = to_people[rows[0, 0]]
    assert (first["id"], first["views"], first["due"]) == (1, 1, 1)
    assert first["evidence"] == pytest.approx(18.0 + 0.25 * (miss[0] + gains[0, 0]))
    assert len(met(people, boxes, hypotheses=1.0, branches=1.0)[3]) == 1


def test_hypotheses_share_the_people_they_agree_about():
    people = people_of([5, 4, 0, 0, 1.7], [8, 6, 0, 0, 1.7])
    boxes = whole_boxes(CAMERAS["sw"], [(4.95, 4.05), (5.05, 3.95), (8, 6)], 1.7)
    _, took, rows, _ = met(people, boxes)
    assert took[rows[:2]].tolist() in ([[5, 7], [6, 7]], [[6, 7], [5, 7]])
    assert rows[0, 1] == rows[1, 1]
    assert rows[0, 0] != rows[1, 0]
