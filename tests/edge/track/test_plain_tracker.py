"""The compiled tracker equals a plain one, field by field, whatever people do before it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.track.kernels import CONFIDENT, FAINT, LEFT_OVER, bring_back, step, take, takes_part
from edge.track.life.kernels import give_birth, outlived, remember, settle, settle_at
from edge.track.motion.kernels import go_on_as
from edge.track.recording.kernels import follow
from edge.track.records import CONFIRMED, FURNITURE, TENTATIVE, TRACK, TRAIL, compiled
from tests.edge.track.plain import CONFIG, PlainTracker, Somebody

SEEDS = st.integers(0, 2**31)
SIZE = (640, 360)
WORDS = {
    "id": "id", "state": "state", "hits": "hits", "det": "det", "hidden": "hidden", "firm": "firm", "away": "away",
    "h": "h", "w": "w", "hpp": "tall_var", "score": "score", "best": "best", "born_at": "born_at",
    "seen_at": "seen_at", "away_at": "away_at", "home_at": "home_at", "home_foot": "home_foot",
}  # fmt: skip
"""Fields of a record, and what the plain one calls them; places and covariances are told apart below."""


def row_of(somebody):
    """All that a record should say of a plain track."""
    s = somebody
    row = {name: getattr(s, word) for name, word in WORDS.items()}
    row |= {"fx": s.across[0], "fy": s.down[0], "vx": s.across[1], "vy": s.down[1]}
    row |= {"last_x": s.last[0], "last_y": s.last[1], "born_x": s.born[0], "born_y": s.born[1]}
    for axis, cov in (("x", s.across_cov), ("y", s.down_cov)):
        row |= {axis + "pp": cov[0, 0], axis + "pv": cov[0, 1], axis + "vv": cov[1, 1]}
    for name, box in (("home", s.home), ("place", s.place)):
        row |= {f"{name}_{edge}": value for edge, value in zip(("x1", "y1", "x2", "y2"), box, strict=True)}
    return row | {"trail_length": len(s.trail)}


def compare(record, somebody):
    expected = row_of(somebody)
    assert set(expected) == set(TRACK.names) - {"trail"}
    got = [float(record[name]) for name in expected]
    np.testing.assert_allclose(got, list(expected.values()), rtol=1e-6, atol=1e-6, err_msg=str(list(expected)))
    np.testing.assert_allclose(record["trail"][: len(somebody.trail)], np.array(somebody.trail).reshape(-1, 3))


def record_of(somebody):
    """A plain track as the kernels take it."""
    record = np.zeros(1, TRACK)
    for name, value in row_of(somebody).items():
        record[name] = value
    record["trail"][0, : len(somebody.trail)] = np.array(somebody.trail).reshape(-1, 3)
    return record


def exact(box):
    """Pixels in sixteenths, of which sums are exact in 32 bits."""
    return np.round(np.asarray(box) * 16).astype(np.float32) / np.float32(16)


def street(seed, moments=70):  # noqa: C901 - all that people do, one line each
    """Yields (seconds, since the last, boxes, scores) of people who walk, stop, hide and are doubled, and of things."""
    rng = np.random.default_rng(seed)
    people = []
    for k in range(9):
        kind = ("walks", "stops", "stands", "walks", "faint", "thing moves", "half hidden", "leaves", "stops")[k]
        x, y, h = rng.uniform(60, 560), rng.uniform(120, 340), rng.uniform(40, 90)
        speed = rng.uniform(0.4, 1.4) * h * rng.choice([-1, 1])
        people.append((kind, x, y, h, speed, rng.uniform(1, 5)))
    now = 0.0
    for _ in range(moments):
        dt = float(rng.choice([0.125, 0.125, 0.125, 0.0625, 0.25, 0.75], p=[0.3, 0.3, 0.24, 0.08, 0.06, 0.02]))
        now += dt
        rows = []
        for kind, x, y, h, speed, turn in people:
            place, score, tall = x + speed * now, rng.uniform(0.55, 0.98), h
            if kind in {"stands", "thing moves"}:
                place = x + (0.07 * h * (now - 4.5) if kind == "thing moves" and now > 4.5 else 0.0)
            elif kind == "stops":  # and is not seen for a moment
                place = x + speed * min(now, turn)
                if turn < now < turn + 0.7:
                    continue
            elif kind == "leaves":
                place = x + 4 * speed * max(0.0, now - turn)
            if kind == "faint" and int(now) % 2:
                score = rng.uniform(0.12, 0.48)
            hidden = 0.35 * h if kind == "half hidden" and turn < now < turn + 1.5 else 0.0
            shake = rng.normal(0, 0.015, 4) * h
            rows.append([place - 0.2 * h, y - tall, place + 0.2 * h, y - hidden, score])
            rows[-1][:4] += shake
            if rng.random() < 0.12:  # a second box: nearly the same, with the rack behind, or faint
                off = rng.normal(0, (0.04, 0.2)[int(rng.integers(2))], 4) * h
                rows.append([*(np.array(rows[-1][:4]) + off), rng.uniform(0.12, score)])
        rows = [row for row in rows if rng.random() > 0.08 and row[0] < SIZE[0] and row[2] > 0]
        if rng.random() < 0.2:
            corner = rng.uniform(0, 300, 2)
            rows.append([*corner, *(corner + rng.uniform(8, 60, 2)), rng.uniform(0.05, 0.9)])
        table = np.array(rows).reshape(-1, 5)
        scores = np.round(table[:, 4] * 1024).astype(np.float32) / np.float32(1024)
        _, first = np.unique(scores, return_index=True)  # of equal ones either may come first
        boxes = exact(table[:, :4])[np.sort(first)]
        whole = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        yield now, dt, boxes[whole], scores[np.sort(first)][whole]


def walk_both(seed, moments=70):
    """Steps both trackers side by side; gives what happened."""
    plain = PlainTracker(SIZE)
    bank, count, next_id = np.zeros(400, TRACK), 0, 1
    params = compiled(CONFIG)
    params["image_w"], params["image_h"] = SIZE
    for k, (now, dt, boxes, scores) in enumerate(street(seed, moments)):
        count, next_id = step(bank, count, next_id, now, dt, boxes, scores, params)
        plain.step(now, dt, boxes, scores)
        assert bank["id"][:count].tolist() == [t.id for t in plain.tracks]
        assert next_id == plain.next_id
        if k % 4 == 3 or k == moments - 1:  # what is wrong once stays wrong
            for record, somebody in zip(bank[:count], plain.tracks, strict=True):
                compare(record, somebody)
    return plain.happened


@settings(max_examples=6, deadline=None)
@given(SEEDS)
def test_every_step_is_the_plain_one(seed):
    walk_both(seed)


def test_the_street_has_all_that_the_rules_are_for():
    happened = set().union(*(walk_both(seed) for seed in range(8)))
    assert happened >= {
        "duplicate", "shadow", "repeat", "came back",
        ("became", TENTATIVE, CONFIRMED), ("became", TENTATIVE, FURNITURE), ("became", FURNITURE, CONFIRMED),
        ("buried", TENTATIVE), ("buried", CONFIRMED),
        ("matched", CONFIRMED, True, False), ("matched", CONFIRMED, False, True), ("matched", FURNITURE, False, False),
    }  # fmt: skip


PARAMS = compiled(CONFIG)[0]


def somebody(rng, state=None, identity=1):
    """Somebody in the middle of any life, who was last seen at second 7."""
    h = rng.uniform(30, 90)
    corner = rng.uniform(0, 300, 2)
    box = exact([*corner, corner[0] + 0.4 * h, corner[1] + h]).astype(float)
    s = Somebody(identity, box, -1, float(rng.choice([0.3, 0.8])), now=rng.uniform(1, 6.9))
    s.state = int(rng.choice([TENTATIVE, CONFIRMED, FURNITURE])) if state is None else state
    s.hits, s.firm, s.away = (int(rng.integers(low, 12)) for low in (1, 0, 0))
    s.best = float(rng.choice([0.3, 0.9]))
    s.seen_at, s.home_at, s.away_at = 7.0, rng.uniform(3, 7), rng.uniform(6, 7)
    s.place, s.home = box + rng.normal(0, 0.1, 4) * h, box + rng.normal(0, 0.1, 4) * h
    s.across[1], s.down[1] = rng.choice([0.02, 0.5]) * h * rng.normal(size=2)
    s.home_foot = s.down[0] + rng.normal(0, 0.15) * h
    s.last = (s.across[0] + rng.normal(), s.down[0] + rng.normal())
    return s


@settings(max_examples=150, deadline=None)
@given(SEEDS, st.floats(0.05, 3.0))
def test_whether_somebody_moved_or_stayed_is_told_as_plainly(seed, gap):
    rng = np.random.default_rng(seed)
    plain = somebody(rng, int(rng.choice([TENTATIVE, FURNITURE])))
    box = exact(plain.home + rng.choice([0.02, 0.3]) * plain.h * rng.normal(size=4))
    record, now = record_of(plain), 7.0 + gap
    settle(record[0], box, now, gap, PARAMS)
    plain.settle(box.astype(float), now, gap)
    compare(record[0], plain)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(0, 2 * TRAIL))
def test_a_trail_keeps_the_latest_places(seed, moments):
    rng = np.random.default_rng(seed)
    plain = somebody(rng)
    record, now = record_of(plain), 7.0
    for _ in range(moments):
        now += rng.choice([0.05, 0.125, 0.3])
        plain.across[0] = record[0]["fx"] = rng.uniform(0, 300)
        remember(record[0], now)
        plain.remember(now)
    compare(record[0], plain)
    assert len(plain.trail) <= TRAIL


@settings(max_examples=150, deadline=None)
@given(SEEDS, st.floats(-1.0, 15.0), st.booleans())
def test_everybody_is_waited_for_as_long_as_their_kind_is(seed, unseen, known_size):
    rng = np.random.default_rng(seed)
    plain = somebody(rng)
    plain.across[0], plain.down[0] = rng.uniform(-60, 700), rng.uniform(-60, 500)
    params = compiled(CONFIG)
    if known_size:
        params["image_w"], params["image_h"] = SIZE
    waited_for = plain.is_waited_for(7.0 + unseen, SIZE if known_size else None)
    assert outlived(record_of(plain)[0], 7.0 + unseen, params[0]) == (not waited_for)


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_who_stopped_comes_back_as_plainly(seed):
    rng = np.random.default_rng(seed)
    plain = PlainTracker()
    plain.tracks = [somebody(rng, identity=k) for k in range(7)]
    plain.owner = [None] * 7
    middle = rng.uniform(100, 200, 2)
    for k, s in enumerate(plain.tracks):
        s.last = s.born = tuple(middle + rng.normal(0, 12, 2))
        s.h, s.away = rng.uniform(50, 60), int(rng.random() < 0.2)
        s.state = int(rng.choice([TENTATIVE, CONFIRMED]))
        s.born_at = rng.uniform(6.8, 7.4) if s.state == TENTATIVE else 1.0
        s.seen_at = 7.6 if s.state == TENTATIVE else rng.uniform(6.0, 7.2)
        if s.state == TENTATIVE or rng.random() < 0.2:
            s.det, plain.owner[k] = k, s
    bank = np.concatenate([record_of(s) for s in plain.tracks])
    taken = np.array([k if s is not None else -1 for k, s in enumerate(plain.owner)])
    bring_back(bank, 7, taken, 7.6, PARAMS)
    plain.bring_back(7.6)
    left = bank[np.isfinite(bank["seen_at"])]
    assert left["id"].tolist() == [s.id for s in plain.tracks]
    for record, s in zip(left, plain.tracks, strict=True):
        compare(record, s)
    assert [-1 if o is None else o.id for o in plain.owner] == taken.tolist()


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.floats(0.02, 2.0), st.sampled_from([0.3, 0.8]))
def test_a_life_begins_and_a_box_is_taken_as_plainly(seed, gap, score):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 300, 2)
    box = exact([*corner, *(corner + rng.uniform(1, 90, 2))])
    record = np.zeros(1, TRACK)
    give_birth(record[0], 5, 3, box, score, 2.0, PARAMS)
    plain = Somebody(5, box.astype(float), 3, score, 2.0)
    compare(record[0], plain)
    settle_at(record[0], box + 1, 2.5)
    plain.settle_here(box.astype(float) + 1, 2.5)
    compare(record[0], plain)

    plain = somebody(rng, CONFIRMED)
    record, plain.hidden = record_of(plain), 0
    take(record[0], 4, box, score, 7.0 + gap, PARAMS)
    plain.correct = lambda *_: None  # told of by itself
    plain.take(4, box.astype(float), score, 0, 7.0 + gap)
    compare(record[0], plain)


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_the_lost_go_on_as_the_newborn_and_stay_who_they_are(seed):
    rng = np.random.default_rng(seed)
    lost, newborn = somebody(rng, CONFIRMED, 1), somebody(rng, TENTATIVE, 2)
    newborn.det, newborn.hidden = 3, 1
    records = np.concatenate([record_of(lost), record_of(newborn)])
    go_on_as(records[0], records[1])
    lost.go_on_as(newborn)
    compare(records[0], lost)
    compare(records[1], newborn)


@pytest.mark.parametrize(
    ("turn", "state", "firm", "unseen", "has_part"),
    [
        (CONFIDENT, CONFIRMED, 0, 9.0, True),
        (CONFIDENT, FURNITURE, 0, 9.0, True),
        (CONFIDENT, TENTATIVE, 2, 0.4, True),
        (CONFIDENT, TENTATIVE, 1, 0.4, False),
        (CONFIDENT, TENTATIVE, 2, 0.6, False),
        (FAINT, CONFIRMED, 0, 0.4, True),
        (FAINT, CONFIRMED, 0, 0.6, False),
        (FAINT, FURNITURE, 0, 9.0, True),
        (FAINT, TENTATIVE, 9, 0.1, False),
        (LEFT_OVER, TENTATIVE, 0, 9.0, True),
        (LEFT_OVER, CONFIRMED, 9, 0.1, False),
        (LEFT_OVER, FURNITURE, 9, 0.1, False),
    ],
)
def test_who_takes_part_in_a_round(turn, state, firm, unseen, has_part):
    record = np.zeros(1, TRACK)
    record["state"], record["firm"], record["seen_at"] = state, firm, 7.0
    assert takes_part(record[0], turn, 0.5, 7.0 + unseen, PARAMS) == has_part


@settings(max_examples=4, deadline=None)
@given(SEEDS)
def test_a_recording_is_followed_step_by_step_also_where_the_bank_is_too_small(seed):
    frames = [(boxes, scores) for _, _, boxes, scores in street(seed, 40)]
    cuts = np.concatenate([[0], np.cumsum([len(boxes) for boxes, _ in frames])])
    boxes, scores = (np.concatenate([frame[part] for frame in frames]) for part in (0, 1))
    bank, rows, people = np.zeros(12, TRACK), np.full((len(boxes), 7), np.nan), np.zeros(len(boxes) + 1, np.bool_)
    frame, count, next_id, written = 0, 0, 1, 0
    while frame < len(frames):
        frame, count, next_id, written = follow(
            bank, count, next_id, frame, 8.0, boxes, scores, cuts, compiled(CONFIG), rows, written, people
        )
        bank = np.concatenate([bank, np.zeros(12, TRACK)])
    plain, expected, known = PlainTracker(), [], set()
    for k, (seen, sure) in enumerate(frames):
        plain.step(k / 8, 1 / 8 if k else 0.0, seen, sure)
        shown = [s for s in plain.tracks if s.det >= 0]
        expected += [[k, s.id, *seen[s.det], s.score] for s in shown]
        known |= {s.id for s in shown if s.state == CONFIRMED}
    np.testing.assert_array_equal(rows[:written], expected)
    assert set(np.flatnonzero(people).tolist()) == known
    assert (count, next_id) == (len(plain.tracks), plain.next_id)
