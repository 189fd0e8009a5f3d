"""Looking back along the best hypothesis against a plain twin, in pasts made of chance."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.floor.joint.past.kernels import tell
from edge.floor.joint.records import PERSON
from tests.edge.floor.joint.joint_scene import rules_of

SEEDS = st.integers(0, 2**32 - 1)
HYPOTHESES, NAMES = 3, 5


def past_of_chance(rng, ring):
    """A ring of steps: records, each hypothesis's rows, how many, which hypothesis each comes from, when.

    Whom a hypothesis forgot does not come back in those that come from it; newcomers have new names.
    """
    people = np.zeros((ring, HYPOTHESES * NAMES), PERSON)
    rows, counts = np.zeros((ring, HYPOTHESES, NAMES), np.int64), np.zeros((ring, HYPOTHESES), np.int64)
    roots = rng.integers(0, HYPOTHESES, (ring, HYPOTHESES))
    names = [list(range(1, NAMES)) for _ in range(HYPOTHESES)]
    for step in range(ring):
        names = [[name for name in names[root] if rng.random() < 0.9] for root in roots[step]]
        for k, own in enumerate(names):
            if len(own) < NAMES and rng.random() < 0.4:
                own.append(NAMES + step)
            rows[step, k] = k * NAMES + rng.permutation(NAMES)
            counts[step, k] = len(own)
            people[step]["id"][rows[step, k, : len(own)]] = rng.permutation(own)
        for one in people[step]:
            root = 0.3 * rng.normal(size=(5, 5))
            one["mean"], one["cov"] = [*rng.normal(0, 3, 4), rng.uniform(1.5, 1.9)], root @ root.T + 0.05 * np.eye(5)
            one["lost_at"] = 1.0 if rng.random() < 0.1 else np.nan
            one["found"], one["sure"] = rng.random(2) < (0.1, 0.4)
            one["due"] = rng.integers(0, 5)
            one["views"] = rng.integers(0, one["due"] + 1)
    return people, rows, counts, roots, np.cumsum(rng.uniform(0.02, 0.3, ring))


def smoothed(states, times, rules):
    """The first of some states (mean, covariance) given all: Rauch, Tung and Striebel 1965, in matrix form."""
    later = states[-1][0]
    for (mean, cov), dt in reversed(list(zip(states[:-1], np.diff(times), strict=True))):
        forward, noise = np.eye(5), np.zeros((5, 5))
        forward[0, 2] = forward[1, 3] = dt
        for k in range(2):
            noise[np.ix_([k, k + 2], [k, k + 2])] = rules["acceleration"] ** 2 * np.array(
                [[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]]
            )
        noise[4, 4] = rules["height_walk"] ** 2 * dt
        back = cov @ forward.T @ np.linalg.inv(forward @ cov @ forward.T + noise)
        later = mean + back @ (later - forward @ mean)
    return later


def plain_tell(steps, rules):
    """Who was where at the first of some steps: each step a time and, by name, the records of the way that won."""
    told = []
    for name, t in steps[0][1].items():
        if not np.isnan(t["lost_at"]):
            continue
        seen = [(at, by[name]) for at, by in steps if name in by]
        followed = seen[:1]
        for at, one in seen[1:]:
            if one["found"] == 1 or not np.isnan(one["lost_at"]):
                break
            followed.append((at, one))
        views, due = (sum(int(one[what]) for _, one in followed) for what in ("views", "due"))
        if not any(one["sure"] == 1 for _, one in followed) or views == 0 or views < rules["vouched"] * due:
            continue
        times = [at for at, _ in followed]
        x, y, vx, vy, _ = smoothed([(one["mean"], one["cov"]) for _, one in followed], times, rules)
        cov = t["cov"]
        told.append((name, [x, y, vx, vy, cov[0, 0], cov[0, 1], cov[1, 1]], int(t["views"])))
    return told


@settings(max_examples=80, deadline=None)
@given(SEEDS, st.integers(1, 7))
def test_what_was_is_told_as_plainly(seed, ring):
    rng = np.random.default_rng(seed)
    people, rows, counts, roots, at = past_of_chance(rng, ring)
    newest, back, rules = ring - 1, int(rng.integers(0, ring)), rules_of()
    way = [0]
    for step in range(newest, newest - back - 1, -1):
        way.append(int(roots[step, way[-1]]))
    way = way[-2::-1]
    steps = []
    for step, k in zip(range(newest - back, newest + 1), way, strict=True):
        own = people[step][rows[step, k, : counts[step, k]]]
        steps.append((at[step], {int(one["id"]): one for one in own}))
    turn = int(rng.integers(0, ring))  # the same steps, beginning elsewhere in the ring
    turned = [np.roll(part, turn, 0) for part in (people, rows, counts, roots, at)]
    ids, values, views = tell(*turned, (newest + turn) % ring, back, rules)
    expected = plain_tell(steps, rules[0])
    assert ids.tolist() == [name for name, _, _ in expected]
    assert views.tolist() == [cameras for _, _, cameras in expected]
    np.testing.assert_allclose(values, np.array([each for _, each, _ in expected]).reshape(-1, 7), rtol=1e-6, atol=1e-8)
