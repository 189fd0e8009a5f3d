"""A step of the joint tracker and its parts against plain twins, in small crowded rooms made of chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.floor.joint.ground import Ground
from edge.floor.joint.kernels import learn_bias, meet, step, weigh
from edge.floor.joint.life.kernels import gather, give_birth, part_doubles
from edge.floor.joint.records import PERSON
from tests.edge.floor.joint.joint_scene import OPEN, corner_cameras, people_of, records_of, rules_of, whole_boxes
from tests.edge.floor.joint.plain_step import (
    Believed,
    Pictures,
    plain_gather,
    plain_give_birth,
    plain_learn_bias,
    plain_meet,
    plain_part_doubles,
    plain_step,
    plain_weigh,
)

SEEDS = st.integers(0, 2**32 - 1)
CAMERAS = corner_cameras()
MOST, ROOM = 5, 12
"""Hypotheses, and people in each."""


def ground_of_chance(rng):
    """Nothing known of the floor, or a plan on which chance says who sees what."""
    return OPEN if rng.random() < 0.5 else Ground(rng.choice([0.0, 0.3, 1.0, 1.0, 1.0], (4, 48, 56)))


def crowd(rng, people):
    """Two records of each of so many near each other: followed or lost, sure or not."""
    states = [[*rng.normal((5, 4), 0.8), *rng.normal(0, 0.5, 2), rng.uniform(1.5, 1.9)] for _ in range(people)]
    some = people_of(*[np.array(s) + rng.normal(0, 0.1, 5) * [1, 1, 0, 0, 0.2] for s in states for _ in range(2)])
    used = some[: 2 * people]
    used["id"] = np.repeat(np.arange(people) + 1, 2)
    used["lost_at"] = np.where(rng.random(2 * people) < 0.25, rng.uniform(4, 9, 2 * people), np.nan)
    used["seen_at"], used["born_at"] = rng.uniform(5, 9, 2 * people), rng.uniform(0, 4, 2 * people)
    used["evidence"] = rng.uniform(-1, 18, 2 * people)
    used["sure"], used["hits"] = rng.random(2 * people) < 0.8, rng.integers(1, 9, 2 * people)
    return some


def seen_of(rng, places, cameras):
    """Where each camera's boxes begin, trembling boxes of those at (N, 2) metres and some of nobody, and scores."""
    first, boxes = [0], []
    for cam in cameras.values():
        whole = whole_boxes(cam, places, 1.7)
        whole = whole[np.isfinite(whole).all(1) & (rng.random(len(whole)) < 0.8)]
        whole += rng.normal(0, 0.03, whole.shape) * (whole[:, 3:] - whole[:, 1:2])
        corner = rng.uniform((0, 0), (600, 250), (rng.integers(0, 2), 2))
        mine = np.concatenate([whole, np.column_stack([corner, corner + np.array([40, 110])])])
        boxes.append(np.clip(mine, 0, [640, 360, 640, 360]))
        first.append(first[-1] + len(mine))
    return np.array(first, np.int64), np.concatenate(boxes), rng.uniform(0.3, 0.99, first[-1])


def places_of(rng, people, strangers):
    """(N, 2) where those in a crowd stand, and some who are not in it."""
    return np.concatenate([people["mean"][::2, :2], rng.normal((5, 4), 1.2, (strangers, 2))])


def banks(people, believed_rows, rng):
    """What the kernel holds of hypotheses that are rows of records, and the same in plain."""
    took = np.full((2 * MOST * ROOM, 4), -1)
    records = np.zeros(len(took), PERSON)
    records[: len(people)] = people
    rows, counts = np.zeros((MOST, ROOM), np.int64), np.zeros(MOST, np.int64)
    weights = np.sort(np.append(0.0, -rng.uniform(0, 6, MOST - 1)))[::-1].copy()
    for k, row in enumerate(believed_rows):
        rows[k, : len(row)], counts[k] = row, len(row)
    plain = [
        Believed([records[r : r + 1].copy() for r in row], [took[r].copy() for r in row], weights[k], 10 + k)
        for k, row in enumerate(believed_rows)
    ]
    return (records, took, rows, counts, weights, np.arange(MOST) + 10), plain


def hypotheses_of(rng, people):
    """Rows of some hypotheses that share records: each person is there in one of their two records, or not at all."""
    every = [[2 * one + rng.integers(2) for one in rng.permutation(people)] for _ in range(rng.integers(1, 4))]
    return [[int(r) for r in row if rng.random() < 0.8] for row in every]


def spare_of(bank):
    return tuple(np.zeros_like(part) for part in bank)


def are_the_same(records, took, rows, counts, plain):
    """Holds what the kernel says against plain hypotheses: everybody's record and boxes, in order."""
    for k, own in enumerate(plain):
        assert counts[k] == len(own.people)
        for r, (one,), boxes in zip(rows[k, : counts[k]], own.people, own.took, strict=True):
            assert took[r].tolist() == boxes.tolist()
            for name in PERSON.names:
                np.testing.assert_allclose(records[r][name], one[name], rtol=1e-7, atol=1e-9, err_msg=name)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(0, 5), st.integers(0, 3))
def test_everybody_is_weighed_against_every_box(seed, count, strangers):
    rng = np.random.default_rng(seed)
    people, records, ground = crowd(rng, count), records_of(CAMERAS), ground_of_chance(rng)
    records["bias"] = rng.normal(0, 0.02, records["bias"].shape)
    first, boxes, scores = seen_of(rng, places_of(rng, people[: 2 * count], strangers), CAMERAS)
    rules, own = rules_of()[0], [people[r : r + 1] for r in range(2 * count)]
    for c in range(4):
        mine, miss = slice(first[c], first[c + 1]), np.full(2 * count, np.nan)
        gains = weigh(people, 2 * count, c, records[c], ground, boxes[mine], scores[mine], rules, miss)
        expected = plain_weigh(own, Pictures(records, ground, first, boxes, scores, rules), c)
        np.testing.assert_allclose(gains, expected[0], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(miss, expected[1])


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(0, 4), st.integers(0, 2), st.sampled_from([2.0, 5.0]))
def test_the_best_ways_of_all_hypotheses_go_on(seed, count, strangers, branches):
    rng = np.random.default_rng(seed)
    people, ground, rules = crowd(rng, count), ground_of_chance(rng), rules_of(branches=branches)[0]
    rows = hypotheses_of(rng, count)
    bank, plain = banks(people[: 2 * count], rows, rng)
    first, boxes, scores = seen_of(rng, places_of(rng, people[: 2 * count], strangers), CAMERAS)
    to, cameras, c = spare_of(bank), records_of(CAMERAS), int(rng.integers(4))
    mine = slice(first[c], first[c + 1])
    made, kept = meet(
        *bank[:2], 2 * count, *bank[2:], len(rows), *to,
        c, cameras[c], ground, first[c], boxes[mine], scores[mine], 0.4, rules,
    )  # fmt: skip
    children = plain_meet(plain, Pictures(cameras, ground, first, boxes, scores, rules), c, 0.4, MOST)
    assert kept == len(children)
    are_the_same(*to[:4], children)
    assert to[4][:kept] == pytest.approx([child.weight for child in children])
    assert to[5][:kept].tolist() == [child.root for child in children]
    shared = {(rows[child.ways[0]][a], j) for child in children for a, j in enumerate(child.ways[1:])}
    assert made == len(shared) == len({int(r) for k in range(kept) for r in to[2][k, : to[3][k]]})


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(0, 6))
def test_of_two_in_one_place_one_stays_as_plainly(seed, count):
    rng = np.random.default_rng(seed)
    people, rules = crowd(rng, count), rules_of()[0]
    people["mean"][: 2 * count, :2] = rng.normal(0, 0.25, (2 * count, 2))
    bank, (plain,) = banks(people[: 2 * count], [rng.permutation(2 * count).tolist()], rng)
    took = bank[1]
    took[: 2 * count] = np.where(rng.random((2 * count, 4)) < 0.25, 3, -1)
    plain.took = [took[r].copy() for r in bank[2][0, : 2 * count]]
    ground, row = ground_of_chance(rng), bank[2][0]
    before = bank[0][: 2 * count].tobytes()
    used, left = part_doubles(bank[0], took, 2 * count, row, 2 * count, 9.0, ground, rules)
    plain_part_doubles(plain, 9.0, 0.2 if ground is OPEN else 0.4)
    are_the_same(bank[0], took, bank[2], np.array([left]), [plain])
    assert bank[0][: 2 * count].tobytes() == before  # other hypotheses share these
    assert used - 2 * count == sum(t["lost_at"][0] == 9.0 for t in plain.people)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 4))
def test_boxes_are_gathered_behind_a_newcomer_as_plainly(seed, strangers):
    rng = np.random.default_rng(seed)
    ground, cameras, rules = ground_of_chance(rng), records_of(CAMERAS), rules_of()[0]
    first, boxes, scores = seen_of(rng, rng.normal((5, 4), 1.0, (strangers, 2)), CAMERAS)
    free = rng.random(len(boxes)) < 0.8
    for j in range(len(boxes)):
        mean, cov, group = np.empty(5), np.empty((5, 5)), np.empty(4, np.int64)
        worth = gather(j, cameras, ground, first, boxes, scores, free, rules, mean, cov, group)
        expected = plain_gather(j, Pictures(cameras, ground, first, boxes, scores, rules), free)
        assert worth == pytest.approx(expected[0])
        assert group.tolist() == expected[3].tolist()
        if worth > -np.inf:
            np.testing.assert_allclose(mean, expected[1], rtol=1e-9)
            np.testing.assert_allclose(cov, expected[2], rtol=1e-9)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(0, 3), st.integers(0, 4), st.sampled_from([3, ROOM]))
def test_who_is_behind_free_boxes_is_born_or_found_as_plainly(seed, count, strangers, room):
    rng = np.random.default_rng(seed)
    people, ground, cameras, rules = crowd(rng, count), ground_of_chance(rng), records_of(CAMERAS), rules_of()[0]
    people["lost_at"][: 2 * count] = np.where(rng.random(2 * count) < 0.7, 5.0, np.nan)
    first, boxes, scores = seen_of(rng, places_of(rng, people[: 2 * count], strangers), CAMERAS)
    bank, (plain,) = banks(people[: 2 * count], [list(range(0, 2 * count, 2))], rng)
    for a, r in enumerate(range(0, 2 * count, 2)):
        mine = [rng.integers(first[c], first[c + 1]) if first[c] < first[c + 1] else -1 for c in range(4)]
        plain.took[a] = np.where(rng.random(4) < 0.3, mine, -1)
        bank[1][r] = plain.took[a]
    weight = plain.weight
    row = bank[2][0, :room].copy()
    _, n, change = give_birth(
        bank[0], bank[1], 2 * count, row, count, 9.5, 40, cameras, ground, first, boxes, scores, rules
    )  # fmt: skip
    plain_give_birth(plain, Pictures(cameras, ground, first, boxes, scores, rules), 9.5, 40, room)
    are_the_same(bank[0], bank[1], row[None], np.array([n]), [plain])
    assert change == pytest.approx(plain.weight - weight)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 5))
def test_what_cameras_are_off_by_is_learned_as_in_information_form(seed, count):
    rng = np.random.default_rng(seed)
    people, records, rules = crowd(rng, count), records_of(CAMERAS), rules_of()[0]
    records["bias"] = rng.normal(0, 0.02, records["bias"].shape)
    first, boxes, scores = seen_of(rng, people["mean"][: 2 * count, :2], CAMERAS)
    bank, (plain,) = banks(people[: 2 * count], [list(range(2 * count))], rng)
    for r in range(2 * count):
        mine = [rng.integers(first[c], first[c + 1]) if first[c] < first[c + 1] else -1 for c in range(4)]
        bank[1][r] = plain.took[r] = np.where(rng.random(4) < 0.7, mine, -1)
    plainly = records.copy()
    learn_bias(records, bank[0], bank[1], bank[2][0], 2 * count, boxes, rules)
    plain_learn_bias(plain, Pictures(plainly, OPEN, first, boxes, scores, rules))
    np.testing.assert_allclose(records["bias"], plainly["bias"], rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(records["bias_cov"], plainly["bias_cov"], rtol=1e-7, atol=1e-10)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(0, 3), st.integers(0, 2), st.sampled_from([0.0, 0.1, 2.0]))
def test_a_whole_step_is_the_plain_one(seed, count, strangers, dt):
    rng = np.random.default_rng(seed)
    people, ground = crowd(rng, count), ground_of_chance(rng)
    cameras, rules = records_of(CAMERAS), rules_of()
    cameras["bias"] = rng.normal(0, 0.02, cameras["bias"].shape)
    rows = hypotheses_of(rng, count)
    bank, plain = banks(people[: 2 * count], rows, rng)
    first, boxes, scores = seen_of(rng, places_of(rng, people[: 2 * count], strangers), CAMERAS)
    present, plainly = rng.random(4) < 0.8, cameras.copy()
    for c in np.flatnonzero(~present):  # no picture, no boxes
        boxes, scores = (np.delete(part, slice(first[c], first[c + 1]), 0) for part in (boxes, scores))
        first[c + 1 :] -= first[c + 1] - first[c]
    made, kept = step(
        *bank[:2], 2 * count, *bank[2:], len(rows), *spare_of(bank),
        cameras, first, boxes, scores, present, 10.0, dt, 40, ground, rules,
    )  # fmt: skip
    pictures = Pictures(plainly, ground, first, boxes, scores, rules[0])
    chosen = plain_step(plain, pictures, present, now=10.0, dt=dt, next_id=40, room=ROOM, most=MOST)
    assert kept == len(chosen)
    are_the_same(*bank[:4], chosen)
    assert bank[4][:kept] == pytest.approx([own.weight for own in chosen], abs=1e-9)
    assert bank[5][:kept].tolist() == [own.root for own in chosen]
    assert {int(r) for k in range(kept) for r in bank[2][k, : bank[3][k]]} == set(range(made))
    np.testing.assert_allclose(cameras["bias"], plainly["bias"], rtol=1e-7, atol=1e-10)
