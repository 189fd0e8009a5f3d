"""The compiled kernels against plain numpy twins."""

from itertools import pairwise
from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from edge.track.config import TrackerConfig
from edge.track.desk.kernels import new_desk
from edge.track.kernels import FARTHEST, put_back, report, sound
from edge.track.life.kernels import went
from edge.track.matching.kernels import (
    FORBIDDEN,
    assign,
    drop_duplicates,
    drop_repeats,
    drop_shadows,
    iou_matrix,
    is_duplicate,
    is_shadow,
    overlaps,
    search,
)
from edge.track.motion.kernels import EDGE, HIDDEN_FOOT, correct, pair_cost, predict, stopped_apart
from edge.track.recording.kernels import fill_gaps
from edge.track.records import CONFIRMED, FURNITURE, TENTATIVE, TRACK, compiled
from tests.edge.track.plain import area
from tests.edge.track.plain import intersection as plain_intersection
from tests.edge.track.plain import is_duplicate as plain_is_duplicate
from tests.edge.track.plain import is_shadow as plain_is_shadow

CONFIG = TrackerConfig()
SEEDS = st.integers(0, 2**31)


def boxes_of(rng, k, room=100.0):
    """Boxes of whole pixels now and then, so that edges meet exactly."""
    corner = rng.uniform(0, room, (k, 2))
    made = np.column_stack([corner, corner + rng.uniform(1, 60, (k, 2))]).astype(np.float32)
    return np.round(made) if rng.random() < 0.3 else made


def people_of(rng, k, states=(TENTATIVE, CONFIRMED, FURNITURE)):
    tracks = np.zeros(k, TRACK)
    tracks["id"] = np.arange(1, k + 1)
    tracks["state"] = rng.choice(states, k)
    tracks["det"] = -1
    tracks["fx"], tracks["fy"] = rng.uniform(0, 150, (2, k))
    tracks["vx"], tracks["vy"] = rng.normal(0, 20, (2, k))
    tracks["h"] = rng.uniform(20, 80, k)
    tracks["w"] = 0.4 * tracks["h"]
    for axis in "xy":
        tracks[axis + "pp"] = rng.uniform(1, 60, k)
        tracks[axis + "vv"] = rng.uniform(1, 900, k)
        tracks[axis + "pv"] = rng.uniform(-1, 1, k) * np.sqrt(tracks[axis + "pp"] * tracks[axis + "vv"])
    tracks["hpp"] = rng.uniform(1, 30, k)
    return tracks


def plain_iou(a, b):
    inter = plain_intersection(a, b).prod(-1)
    return inter / (area(a)[:, None] + area(b)[None] - inter)


def plain_assign(cost, unmatched):
    """The least total cost by scipy, each row with a private column of cost `unmatched`."""
    n, m = cost.shape
    big = np.full((n, m + n), FORBIDDEN)
    big[:, :m] = np.where(cost < unmatched, cost, FORBIDDEN)
    big[np.arange(n), m + np.arange(n)] = unmatched
    rows, columns = linear_sum_assignment(big)
    return big[rows, columns].sum()


def edges_of(cost, unmatched):
    """A matrix of costs as `assign` takes it."""
    rows, columns = np.nonzero(cost < unmatched)
    return np.searchsorted(rows, np.arange(len(cost) + 1)), columns, cost[rows, columns]


def costs_of(rng, n, m):
    cost = rng.uniform(-12, 6, (n, m))
    cost[rng.random((n, m)) < rng.choice([0.2, 0.6, 0.9])] = FORBIDDEN
    return np.round(cost) if rng.random() < 0.3 else cost  # ties


@settings(deadline=None)  # the first call compiles
@given(st.integers(0, 8), st.integers(0, 8), SEEDS)
def test_overlap_equals_numpy(n, m, seed):
    rng = np.random.default_rng(seed)
    a, b = boxes_of(rng, n), boxes_of(rng, m)
    np.testing.assert_allclose(iou_matrix(a, b), plain_iou(a, b), atol=1e-5)


@settings(deadline=None)
@given(st.integers(0, 25), SEEDS)
def test_the_sweep_finds_every_pair_that_touches(m, seed):
    boxes = boxes_of(np.random.default_rng(seed), m)
    touch = (plain_intersection(boxes, boxes) > 0).all(2) & ~np.eye(m, dtype=bool)
    starts, others = overlaps(boxes, new_desk())
    assert [others[starts[j] : starts[j + 1]].tolist() for j in range(m)] == [
        np.nonzero(row)[0].tolist() for row in touch
    ]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 9), st.integers(0, 9), SEEDS)
def test_assignment_costs_as_little_as_scipys(n, m, seed):
    cost = costs_of(np.random.default_rng(seed), n, m)
    unmatched = 0.5
    starts, columns, costs = edges_of(cost, unmatched)
    match = assign(starts, columns, costs, m, unmatched, new_desk())
    kept = match >= 0
    assert ((match[kept] >= starts[:-1][kept]) & (match[kept] < starts[1:][kept])).all()
    taken = columns[match[kept]]
    assert len(set(taken.tolist())) == len(taken)
    total = costs[match[kept]].sum() + unmatched * (~kept).sum()
    assert total == pytest.approx(plain_assign(cost, unmatched) if n else 0.0)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 9), st.integers(1, 9), SEEDS)
def test_the_search_of_one_group_costs_as_little_as_scipys(n, m, seed):
    cost = costs_of(np.random.default_rng(seed), n, m)
    match = search(cost, 0.5, new_desk(0))
    kept = match >= 0
    assert len(set(match[kept].tolist())) == kept.sum()
    total = cost[kept, match[kept]].sum() + 0.5 * (~kept).sum()
    assert total == pytest.approx(plain_assign(cost, 0.5) if n else 0.0)


@settings(deadline=None)
@given(st.booleans(), SEEDS)
def test_second_boxes_are_told_as_by_numpy(faint, seed):
    rng = np.random.default_rng(seed)
    p = compiled(CONFIG)[0]
    a, b = boxes_of(rng, 12, 40.0), boxes_of(rng, 12, 40.0)
    for box, other in zip(a, b, strict=True):
        assert is_duplicate(box, other, p) == plain_is_duplicate(box, other)
        assert is_shadow(box, other, faint, p) == plain_is_shadow(box, other, faint)


@settings(deadline=None)
@given(st.integers(0, 14), SEEDS)
def test_second_boxes_are_dropped_as_if_every_pair_were_looked_at(m, seed):
    rng = np.random.default_rng(seed)
    p = compiled(CONFIG)[0]
    tracks = people_of(rng, 3)
    boxes, scores = boxes_of(rng, m, 60.0), rng.random(m).astype(np.float32)
    taken = rng.choice([-2, -1, -1, -1, 0, 1, 2], m)
    starts, others = overlaps(boxes, new_desk())
    states = [tracks["state"][t] if t >= 0 else -1 for t in taken]

    dropped = taken.copy()
    drop_duplicates(tracks, boxes, starts, others, dropped, p)
    people = [o for o in range(m) if states[o] in {TENTATIVE, CONFIRMED}]
    expected = [
        -2 if t == -1 and any(plain_is_duplicate(boxes[j], boxes[o]) for o in people) else t
        for j, t in enumerate(taken)
    ]
    assert dropped.tolist() == expected

    dropped = taken.copy()
    drop_shadows(tracks, boxes, scores, starts, others, dropped, p)
    people = [o for o in range(m) if states[o] == CONFIRMED]
    faint = scores < CONFIG.high_score
    expected = [
        -2 if t == -1 and any(plain_is_shadow(boxes[j], boxes[o], faint[j]) for o in people) else t
        for j, t in enumerate(taken)
    ]
    assert dropped.tolist() == expected

    dropped = taken.copy()
    order = np.argsort(-scores)
    drop_repeats(order, boxes, scores, starts, others, dropped, p, new_desk())
    expected = taken.copy()
    for a, j in enumerate(order):
        better = [o for o in order[:a] if expected[o] == -1]
        if expected[j] == -1 and any(
            plain_is_duplicate(boxes[j], boxes[o]) or plain_is_shadow(boxes[j], boxes[o], faint[j]) for o in better
        ):
            expected[j] = -2
    assert dropped.tolist() == expected.tolist()


@settings(max_examples=200, deadline=None)
@given(SEEDS)
def test_a_pair_costs_what_its_likelihood_says(seed):
    """Minus twice the logarithm of two normal densities, with the height's share and the way out by the head."""
    rng = np.random.default_rng(seed)
    t = people_of(rng, 1)[0]
    score = float(rng.random())
    x, y, h = t["fx"] + rng.normal(0, 8), t["fy"] + rng.normal(0, 12), t["h"] * exp(rng.normal(0, 0.2))
    box = np.array([x - 8, y - h, x + 8, y], np.float32)
    x, y, h = (float(v) for v in (0.5 * (box[0] + box[2]), box[3], box[3] - box[1]))
    noise = (CONFIG.noise * t["h"] * (1.5 - score)) ** 2
    sx, sy = t["xpp"] + noise, t["ypp"] + EDGE * noise
    faint = score < CONFIG.high_score
    ratio = (log(h / t["h"]) / CONFIG.shape_noise) ** 2
    side = (x - t["fx"]) ** 2 / sx
    down = (y - t["fy"]) ** 2 / sy
    may_hide = y - t["fy"] < HIDDEN_FOOT * t["h"] and not faint
    by_foot = down + (ratio if faint else min(ratio, CONFIG.shape_cap))
    by_head = np.inf
    if may_hide:
        head = box[1] - (t["fy"] - t["h"])
        by_head = head**2 / (sy + t["hpp"] + noise) + CONFIG.hidden_penalty
    fits = side + min(by_foot, by_head) <= (CONFIG.faint_gate if faint else CONFIG.gate)
    fits &= side <= CONFIG.gate and (down <= CONFIG.gate or may_hide)
    cost, hidden = pair_cost(t, box, score, compiled(CONFIG)[0])
    if not fits:
        assert cost == FORBIDDEN
        return
    assert cost == pytest.approx(side + min(by_foot, by_head) + log(sx * sy / t["h"] ** 4), rel=1e-4, abs=1e-4)
    assert hidden == (by_head < by_foot)


@settings(deadline=None)
@given(st.sampled_from(["x", "y"]), st.floats(0.03, 1.0), st.floats(0.1, 1.0), SEEDS)
def test_the_filter_equals_the_matrix_form(axis, dt, score, seed):
    """Bar-Shalom et al., Estimation with Applications to Tracking and Navigation, section 6.2.3, on both axes."""
    rng = np.random.default_rng(seed)
    p = compiled(CONFIG)[0]
    tracks = people_of(rng, 1, (CONFIRMED,))
    t = tracks[0]
    t["det"] = 0
    h = float(t["h"])
    x = np.array([t["f" + axis], t["v" + axis]], float)
    cov = np.array([[t[axis + "pp"], t[axis + "pv"]], [t[axis + "pv"], t[axis + "vv"]]], float)
    f = np.array([[1, dt], [0, 1]])
    q = (CONFIG.acceleration * h) ** 2 * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
    x, cov = f @ x, f @ cov @ f.T + q
    predict(tracks, 1, dt, p)
    cov[1, 1] = min(cov[1, 1], (2 * CONFIG.start_speed * h) ** 2)

    z = np.round([t["fx"] + 3, t["fy"] - 2])
    r = (CONFIG.noise * h * (1.5 - score)) ** 2 * (EDGE if axis == "y" else 1)
    gain = cov[:, 0] / (cov[0, 0] + r)
    x = x + gain * (z["xy".index(axis)] - x[0])
    cov = cov - np.outer(gain, cov[0])
    correct(t, np.array([z[0] - 10, z[1] - 60, z[0] + 10, z[1]], np.float32), score, 0, p)
    assert (t["f" + axis], t["v" + axis]) == pytest.approx(tuple(x))
    assert (t[axis + "pp"], t[axis + "pv"], t[axis + "vv"]) == pytest.approx((cov[0, 0], cov[0, 1], cov[1, 1]))


@settings(deadline=None)
@given(SEEDS)
def test_how_far_a_box_went_is_how_far_opposite_edges_went_together(seed):
    rng = np.random.default_rng(seed)
    home, box = boxes_of(rng, 2)
    t = np.zeros(1, TRACK)[0]
    for name, value in zip(("home_x1", "home_y1", "home_x2", "home_y2"), home, strict=True):
        t[name] = value
    by = (box - home) * [1, 2, 1, 1]
    across, along = (0 if a * b <= 0 else min(abs(a), abs(b)) for a, b in ((by[0], by[2]), (by[1], by[3])))
    assert went(t, *box.astype(float)) == pytest.approx(float(np.hypot(across, along)), abs=1e-4)


@settings(deadline=None)
@given(st.floats(-1, 3), SEEDS)
def test_who_stopped_is_looked_for_where_they_were_last_seen(unseen, seed):
    rng = np.random.default_rng(seed)
    lost, newborn = people_of(rng, 2)
    lost["last_x"], lost["last_y"], lost["seen_at"] = 100, 100, 7.0
    newborn["born_x"], newborn["born_y"], newborn["born_at"] = rng.uniform(60, 140), rng.uniform(60, 140), 7.0 + unseen
    apart = stopped_apart(lost, newborn, compiled(CONFIG)[0])
    since = float(newborn["born_at"]) - 7.0
    if not 0 < since <= CONFIG.comeback_s:
        assert apart == FORBIDDEN
        return
    reach = (CONFIG.comeback_reach + CONFIG.comeback_speed * since) * lost["h"]
    way = np.hypot(newborn["born_x"] - 100, newborn["born_y"] - 100)
    ratio = log(newborn["h"] / lost["h"]) / CONFIG.shape_noise
    assert apart == pytest.approx((way / reach) ** 2 + ratio**2 / CONFIG.gate)


@given(st.lists(st.tuples(*[st.floats(width=32) for _ in range(5)]), max_size=8))
@settings(deadline=None)
def test_only_sound_boxes_are_kept(rows):
    table = np.array(rows, np.float32).reshape(-1, 5)
    boxes, scores = table[:, :4], table[:, 4]
    with np.errstate(invalid="ignore"):
        good = np.isfinite(table).all(1) & (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        good &= (np.abs(boxes) < FARTHEST).all(1) & (scores >= 0) & (scores <= 1)
    assert sound(boxes, scores).tolist() == np.nonzero(good)[0].tolist()


def test_a_clock_put_back_changes_every_time_and_nothing_else():
    tracks = people_of(np.random.default_rng(0), 3)
    tracks["trail_length"], tracks["trail"] = 2, 5.0
    times = ("born_at", "seen_at", "away_at", "home_at")
    for name in times:
        tracks[name] = 9.0
    before = tracks.copy()
    put_back(tracks, 2, 1.5)
    for name in times:
        assert tracks[name].tolist() == [7.5, 7.5, 9.0]
        tracks[name] = 9.0
    assert tracks["trail"][:2, :2, 0].tolist() == [[3.5, 3.5]] * 2
    tracks["trail"] = 5.0
    assert tracks.tobytes() == before.tobytes()


@settings(deadline=None)
@given(st.integers(0, 6), st.booleans(), SEEDS)
def test_what_is_reported_is_what_the_records_say(n, people_only, seed):
    rng = np.random.default_rng(seed)
    tracks = people_of(rng, n)
    tracks["det"] = rng.choice([-1, 0, 1], n)
    tracks["seen_at"], tracks["born_at"], tracks["score"] = 4.0, 1.0, 0.7
    tracks["trail_length"] = rng.integers(0, 4, n)
    tracks["trail"] = rng.random(tracks["trail"].shape)
    boxes = boxes_of(rng, 2)
    told = tracks[(tracks["state"] == CONFIRMED) | (not people_only)]
    ids, values, flags, born_at, past = report(tracks, n, people_only, 6.0, boxes)
    assert ids.tolist() == told["id"].tolist()
    guess = np.column_stack(
        [told["fx"] - told["w"] / 2, told["fy"] - told["h"], told["fx"] + told["w"] / 2, told["fy"]]
    )
    box = np.where(told["det"][:, None] >= 0, boxes[told["det"]], guess)
    rest = np.column_stack([told[name] for name in ("fx", "fy", "vx", "vy", "born_x", "born_y", "score")])
    np.testing.assert_allclose(values, np.column_stack([box, rest, np.full(len(told), 2.0)]), rtol=1e-6)
    assert flags.tolist() == [[bool(t["det"] >= 0), bool(t["hidden"] == 1)] for t in told]
    assert born_at.tolist() == told["born_at"].tolist()
    trails = [[t["id"], *place] for t in told for place in t["trail"][: t["trail_length"]].tolist()]
    assert past.tolist() == trails


def plain_fill(table, longest):
    """The same by numpy, a track at a time."""
    made = []
    for name in np.unique(table[:, 1]):
        rows = table[table[:, 1] == name]
        for earlier, later in pairwise(rows):
            made.append(earlier)
            gap = int(later[0] - earlier[0])
            if 1 < gap <= longest:
                made += [earlier + (later - earlier) * g / gap for g in range(1, gap)]
        made.append(rows[-1])
    return np.array(made).reshape(-1, 7)


@settings(deadline=None)
@given(st.integers(0, 12), st.integers(0, 6), SEEDS)
def test_gaps_are_filled_along_a_straight_line_up_to_the_longest(n, longest, seed):
    rng = np.random.default_rng(seed)
    keys = np.unique(np.column_stack([rng.integers(1, 4, n), rng.integers(0, 15, n)]), axis=0)
    table = np.column_stack([keys[:, 1], keys[:, 0], rng.random((len(keys), 5))]).astype(float)
    np.testing.assert_allclose(fill_gaps(table, longest), plain_fill(table, longest), atol=1e-12)
