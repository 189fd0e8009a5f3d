"""Who is seen, lost, forgotten and found again, and which hypotheses are alike, against plain numpy twins."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from edge.floor.joint.kernels import are_alike
from edge.floor.joint.life.kernels import HEIGHT_SLACK_M, LOST_VARIANCE_M2, age, lose, recall
from tests.edge.floor.joint.joint_scene import people_of, rules_of

SEEDS = st.integers(0, 2**32 - 1)
RULES = rules_of()[0]


def crowd(rng, count):
    """People in the middle of any life, near each other."""
    people = people_of(*[[*rng.normal(0, 0.7, 2), *rng.normal(0, 1, 2), rng.uniform(1.5, 1.9)] for _ in range(count)])
    some = people[:count]
    some["seen_at"] = rng.uniform(0, 9, count)
    some["lost_at"] = np.where(rng.random(count) < 0.4, rng.uniform(0, 9, count), np.nan)
    some["evidence"] = rng.uniform(-4, 25, count)
    some["hits"], some["sure"], some["views"] = rng.integers(0, 5, count), rng.integers(0, 2, count), rng.integers(0, 3)
    return people


@settings(max_examples=120, deadline=None)
@given(SEEDS, st.integers(0, 8))
def test_the_seen_the_lost_and_the_forgotten_are_told_as_plainly(seed, count):
    rng = np.random.default_rng(seed)
    people = crowd(rng, count)
    was, now = people[:count].copy(), 10.0
    keep = np.empty(count, np.bool_)
    age(people, count, now, RULES, keep)
    for t, before, kept in zip(people, was, keep, strict=False):
        if not np.isnan(before["lost_at"]):
            assert kept == (now - before["seen_at"] <= RULES["lost_s"])
            assert t.tobytes() == before.tobytes()
            continue
        is_seen = before["views"] > 0
        expected = before.copy()
        expected["seen_at"] = now if is_seen else before["seen_at"]
        expected["hits"] += is_seen
        expected["evidence"] = min(before["evidence"], RULES["most_evidence"])
        if expected["evidence"] > RULES["sure"] and expected["hits"] >= RULES["firm_hits"]:
            expected["sure"] = 1
        is_gone = expected["evidence"] < RULES["gone"] or now - expected["seen_at"] > RULES["unseen_s"]
        assert kept == (not is_gone or expected["sure"] == 1)
        if is_gone and expected["sure"] == 1:
            by_hand = expected.copy()
            lose(expected, now)
            by_hand["mean"][2:4] = 0.0
            by_hand["cov"] += np.diag([LOST_VARIANCE_M2] * 2 + [0] * 3)
            by_hand["lost_at"] = now
            assert expected.tobytes() == by_hand.tobytes()
        assert t.tobytes() == expected.tobytes()


@settings(max_examples=120, deadline=None)
@given(SEEDS, st.integers(0, 8))
def test_who_is_found_again_is_the_likeliest_against_a_newcomer(seed, count):
    rng = np.random.default_rng(seed)
    people = crowd(rng, count)
    root = 0.2 * rng.normal(size=(2, 2))
    cov = np.diag([0.02, 0.02, 0.1, 0.1, 0.003])
    cov[:2, :2] += root @ root.T
    mean = np.array([*rng.normal(0, 0.5, 2), 0, 0, rng.uniform(1.5, 1.9)])
    odds = []
    for t in people[:count]:
        where = multivariate_normal.logpdf(mean[:2], t["mean"][:2], t["cov"][:2, :2] + cov[:2, :2])
        tall = norm.logpdf(mean[4], t["mean"][4], np.sqrt(t["cov"][4, 4] + cov[4, 4] + HEIGHT_SLACK_M**2))
        room = np.log(RULES["newcomers_per_m2"]) - np.log(1.4 * RULES["height_spread_m"] * np.sqrt(2 * np.pi))
        odds.append(-np.inf if np.isnan(t["lost_at"]) else where + tall - room)
    best = int(np.argmax(odds)) if count and max(odds) > 0 else -1
    assert recall(people, np.arange(count), count, mean, cov, RULES) == best


@settings(max_examples=120, deadline=None)
@given(SEEDS, st.integers(0, 5))
def test_hypotheses_are_alike_where_everybody_has_a_counterpart(seed, count):
    rng = np.random.default_rng(seed)
    people = crowd(rng, 2 * count)
    people["id"][count : 2 * count] = people["id"][:count]
    people["mean"][count : 2 * count] = people["mean"][:count] + rng.normal(0, 0.04, (count, 5))
    same = rng.random(count) < 0.8
    people["lost_at"][count : 2 * count][same] = people["lost_at"][:count][same]
    row, other = np.arange(count), rng.permutation(np.where(rng.random(count) < 0.3, 0, count) + np.arange(count))
    expected = True
    for r in row:
        (s,) = [people[o] for o in other if people["id"][o] == people["id"][r]]
        t = people[r]
        near = (np.abs(s["mean"][:2] - t["mean"][:2]) <= 0.1).all()
        expected &= bool(near and np.isnan(s["lost_at"]) == np.isnan(t["lost_at"]))
    assert are_alike(people, row, other, count, 0.1) == expected
