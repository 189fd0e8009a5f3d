"""One step of the joint tracker, compiled: every hypothesis meets every camera's boxes, and the best go on.

A hypothesis says who everybody is; it is a row of indices into people's records, which hypotheses that agree about
somebody share. Multiple hypotheses after Reid (IEEE Trans. Automatic Control 24, 1979), cut to the best few.

Numba notices a change of this file only: after a change in `body`, `motion`, `choice`, `life` or `records`, touch it.
"""

from __future__ import annotations

from math import log

import numpy as np
from numba import njit
from numpy.typing import NDArray

from edge.floor.joint.body.kernels import FOOT, INSIDE, MIDDLE, TALL, TOP, expect
from edge.floor.joint.choice.kernels import find_wants, rank
from edge.floor.joint.ground import Ground, in_sight
from edge.floor.joint.life.kernels import age, give_birth, part_doubles
from edge.floor.joint.motion.kernels import correct, evidence, move, reach
from edge.floor.joint.records import Record

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Records = NDArray[np.void]

SIDEWAYS = 8.0
"""Ways to give out boxes that are less likely by this much are not tried."""


@njit(cache=True)
def walk_on(people: Records, took: Integers, count: int, dt: float, rules: Record) -> None:
    """Moves everybody to the time of the next pictures."""
    for r in range(count):
        t = people[r]
        if np.isnan(t.lost_at):
            move(t.mean, t.cov, dt, rules.acceleration, rules.height_walk)
        else:
            t.cov[0, 0] += rules.wander**2 * dt
            t.cov[1, 1] += rules.wander**2 * dt
        t.views = 0
        t.due = 0
        t.found = 0
        took[r] = -1


@njit(cache=True)
def weigh(  # noqa: PLR0917 - compiled, takes no keywords
    people: Records,
    count: int,
    c: int,
    camera: Record,
    ground: Ground,
    boxes: Floats,
    scores: Floats,
    rules: Record,
    miss: Floats,
) -> Floats:
    """(R, M) what everybody gains by each box of camera `c`; writes to `miss` (R,) what having none costs."""
    m = len(boxes)
    gains = np.full((count, m), -np.inf)
    expected, scratch, jacobian, most = np.empty(5), np.empty(5), np.zeros((3, 5)), np.empty(3)
    noise, spread, inverse, gain = np.empty(3), np.empty((3, 3)), np.empty((3, 3)), np.empty((5, 3))
    for r in range(count):
        t = people[r]
        miss[r] = 0.0
        if not np.isnan(t.lost_at) or not expect(camera, t.mean, rules.radius_m, expected, jacobian, scratch):
            continue
        share = expected[INSIDE] * in_sight(ground, c, t.mean[0], t.mean[1])
        if share < rules.in_sight:
            continue
        if share >= rules.in_view:
            miss[r] = log(1 - rules.detection_rate)
        reach(t.cov, jacobian, expected[TALL], rules, most)
        for j in range(m):
            if (
                abs((boxes[j, 0] + boxes[j, 2]) / 2 - expected[MIDDLE]) > most[MIDDLE]
                or abs(boxes[j, 1] - expected[TOP]) > most[TOP]
                or abs(boxes[j, 3] - expected[FOOT]) > most[FOOT]
            ):
                continue
            gains[r, j] = (
                evidence(t.cov, camera, expected, jacobian, boxes[j], scores[j], rules, noise, spread, inverse, gain)
                - miss[r]
            )
    return gains


@njit(cache=True)
def meet(  # noqa: PLR0917 - compiled, takes no keywords
    people: Records,
    took: Integers,
    count: int,
    rows: Integers,
    counts: Integers,
    weights: Floats,
    roots: Integers,
    alive: int,
    to_people: Records,
    to_took: Integers,
    to_rows: Integers,
    to_counts: Integers,
    to_weights: Floats,
    to_roots: Integers,
    c: int,
    camera: Record,
    ground: Ground,
    begin: int,
    boxes: Floats,
    scores: Floats,
    fresh: float,
    rules: Record,
) -> tuple[int, int]:
    """Every hypothesis gives out the boxes of camera `c` in its best ways; the best of all go on in the other bank.

    What pictures say of who is there counts `fresh`: those in quick succession err alike.

    Returns:
        Records and hypotheses in use there.
    """
    m = len(boxes)
    miss = np.empty(count)
    gains = weigh(people, count, c, camera, ground, boxes, scores, rules, miss)
    wants, wanted = find_wants(gains)
    branches = int(rules.branches)
    widest = 0
    for k in range(alive):
        widest = max(widest, counts[k])
    ways = np.empty((alive * branches, widest + 1), np.int64)
    worth, parent = np.empty(alive * branches), np.empty(alive * branches, np.int64)
    loss = np.empty(branches)
    found = 0
    for k in range(alive):
        n = counts[k]
        base = weights[k]
        for a in range(n):
            base += miss[rows[k, a]]
        some, total = rank(gains, wants, wanted, rows[k, :n], SIDEWAYS, ways[found : found + branches, : n + 1], loss)
        for way in range(some):
            worth[found + way] = base + total - loss[way]
            parent[found + way] = k
        found += some
    order = np.argsort(-worth[:found])
    child = np.full((count, m + 1), -1)
    made, kept = 0, 0
    for w in order:
        if kept == len(weights) or worth[w] < worth[order[0]] - rules.margin:
            break
        k = parent[w]
        for a in range(counts[k]):
            r = rows[k, a]
            j = ways[w, a]
            at = j if j >= 0 else m
            if child[r, at] < 0:
                to_people[made] = people[r]
                to_took[made] = took[r]
                t = to_people[made]
                t.due += 1 if miss[r] < 0.0 else 0
                if j >= 0:
                    correct(t.mean, t.cov, camera, boxes[j], rules)
                    t.evidence += fresh * (gains[r, j] + miss[r])
                    t.views += 1
                    to_took[made, c] = begin + j
                else:
                    t.evidence += fresh * miss[r]
                child[r, at] = made
                made += 1
            to_rows[kept, a] = child[r, at]
        to_counts[kept], to_weights[kept], to_roots[kept] = counts[k], worth[w], roots[k]
        kept += 1
    return made, kept


@njit(cache=True)
def are_alike(people: Records, row: Integers, other: Integers, n: int, alike_m: float) -> bool:
    """Whether two hypotheses have the same people, lost or not, in the same places."""
    for a in range(n):
        if row[a] == other[a]:
            continue
        s = people[row[a]]
        is_there = False
        for b in range(n):
            if row[a] == other[b]:
                is_there = True
                break
            t = people[other[b]]
            if s.id != t.id:
                continue
            is_there = np.isnan(s.lost_at) == np.isnan(t.lost_at)
            is_there &= abs(s.mean[0] - t.mean[0]) <= alike_m and abs(s.mean[1] - t.mean[1]) <= alike_m
            break
        if not is_there:
            return False
    return True


@njit(cache=True)
def learn_bias(  # noqa: PLR0917 - compiled, takes no keywords
    cameras: Records, people: Records, took: Integers, row: Integers, n: int, boxes: Floats, rules: Record
) -> None:
    """What each camera's boxes are off by, by recursive least squares from the best hypothesis (Ljung 1999, 11.2)."""
    expected, scratch, jacobian = np.empty(5), np.empty(5), np.zeros((3, 5))
    x, ax = np.empty(3), np.empty(3)
    for a in range(n):
        t = people[row[a]]
        if t.sure == 0:
            continue
        for c in range(len(cameras)):
            j = took[row[a], c]
            camera = cameras[c]
            if j < 0 or not expect(camera, t.mean, rules.radius_m, expected, jacobian, scratch):
                continue
            tall, box = expected[TALL], boxes[j]
            border = rules.border * tall
            x[0], x[1], x[2] = 1.0, 2 * expected[MIDDLE] / camera.width - 1, 2 * expected[FOOT] / camera.height - 1
            for e in range(3):
                if e == MIDDLE:
                    is_cut = box[0] < border or box[2] > camera.width - border
                    off, share = (box[0] + box[2]) / 2 - expected[MIDDLE], rules.side_noise
                elif e == TOP:
                    is_cut, off, share = box[1] < border, box[1] - expected[TOP], rules.top_noise
                else:
                    is_cut, off, share = box[3] > camera.height - border, box[3] - expected[FOOT], rules.foot_noise
                if is_cut:
                    continue
                off = min(max(off / tall, -3 * share), 3 * share)
                cov = camera.bias_cov[e]
                weight = 10 * share * share  # errors last for a second or two, so that one in ten is new
                for b in range(3):
                    ax[b] = cov[b, 0] * x[0] + cov[b, 1] * x[1] + cov[b, 2] * x[2]
                weight += x[0] * ax[0] + x[1] * ax[1] + x[2] * ax[2]
                for b in range(3):
                    camera.bias[e, b] += ax[b] / weight * off
                    for d in range(3):
                        cov[b, d] -= ax[b] * ax[d] / weight
                    cov[b, b] += rules.bias_drift


@njit(cache=True)
def step(  # noqa: PLR0917 - compiled, takes no keywords
    people: Records,
    took: Integers,
    count: int,
    rows: Integers,
    counts: Integers,
    weights: Floats,
    roots: Integers,
    alive: int,
    spare_people: Records,
    spare_took: Integers,
    spare_rows: Integers,
    spare_counts: Integers,
    spare_weights: Floats,
    spare_roots: Integers,
    cameras: Records,
    first: Integers,
    boxes: Floats,
    scores: Floats,
    present: NDArray[np.bool_],
    now: float,
    dt: float,
    next_id: int,
    ground: Ground,
    params: Records,
) -> tuple[int, int]:
    """One step in place: walk on, meet every camera's boxes, lose, find, be born; keep the best hypotheses.

    Args:
        people: (capacity,) records of `PERSON`, `count` in use.
        took: (capacity, C) row of the box that each took of each camera in this step, -1 for none.
        count: see there.
        rows: (B, N) each hypothesis's people.
        counts: (B,) how many.
        weights: (B,) log-likelihood less the best's.
        roots: (B,) takes which hypothesis of before each comes from.
        alive: hypotheses in use.
        spare_people: a second bank of the same sizes, as are the other spare ones.
        spare_took: see there.
        spare_rows: see there.
        spare_counts: see there.
        spare_weights: see there.
        spare_roots: see there.
        cameras: (C,) records of `CAMERA`; their bias is learned.
        first: (C + 1,) where each camera's boxes begin.
        boxes: (M, 4) left, top, right, bottom, pixels without distortion.
        scores: (M,).
        present: (C,) whether a camera delivered a picture.
        now: seconds.
        dt: seconds since the last step.
        next_id: of the first newborn; up to M names are used.
        ground: who sees which place.
        params: (1,) record of `RULES`.

    Returns:
        Records and hypotheses in use; the best hypothesis is the first.
    """
    rules = params[0]
    walk_on(people, took, count, dt, rules)
    fresh = min(1.0, dt / rules.memory_s)
    for k in range(alive):
        roots[k] = k
    a_people, a_took, a_rows, a_counts, a_weights, a_roots = people, took, rows, counts, weights, roots
    b_people, b_took, b_rows = spare_people, spare_took, spare_rows
    b_counts, b_weights, b_roots = spare_counts, spare_weights, spare_roots
    for c in range(len(cameras)):
        if not present[c]:
            continue
        count, alive = meet(
            a_people, a_took, count, a_rows, a_counts, a_weights, a_roots, alive,
            b_people, b_took, b_rows, b_counts, b_weights, b_roots,
            c, cameras[c], ground,
            first[c], boxes[first[c] : first[c + 1]], scores[first[c] : first[c + 1]], fresh, rules,
        )  # fmt: skip
        a_people, b_people = b_people, a_people
        a_took, b_took = b_took, a_took
        a_rows, b_rows = b_rows, a_rows
        a_counts, b_counts = b_counts, a_counts
        a_weights, b_weights = b_weights, a_weights
        a_roots, b_roots = b_roots, a_roots
    keep = np.empty(count, np.bool_)
    age(a_people, count, now, rules, keep)
    for k in range(alive):
        n = 0
        for a in range(a_counts[k]):
            if keep[a_rows[k, a]]:
                a_rows[k, n] = a_rows[k, a]
                n += 1
        count, n = part_doubles(a_people, a_took, count, a_rows[k], n, now, ground, rules)
        count, n, change = give_birth(
            a_people, a_took, count, a_rows[k], n, now, next_id, cameras, ground, first, boxes, scores, rules
        )
        a_counts[k] = n
        a_weights[k] += change
    # the best of those that differ, with their records only, to the other bank, and back where that is not ours
    order = np.argsort(-a_weights[:alive])
    top = a_weights[order[0]]
    moved = np.full(count, -1)
    made, kept = 0, 0
    chosen = np.empty(alive, np.int64)
    for k in order:
        is_new = True
        for q in range(kept):
            other = chosen[q]
            if a_counts[other] == a_counts[k] and are_alike(
                a_people, a_rows[k], a_rows[other], a_counts[k], rules.alike_m
            ):
                is_new = False
                break
        if not is_new:
            continue
        chosen[kept] = k
        for a in range(a_counts[k]):
            r = a_rows[k, a]
            if moved[r] < 0:
                b_people[made] = a_people[r]
                b_took[made] = a_took[r]
                moved[r] = made
                made += 1
            b_rows[kept, a] = moved[r]
        b_counts[kept], b_weights[kept], b_roots[kept] = a_counts[k], a_weights[k] - top, a_roots[k]
        kept += 1
    learn_bias(cameras, b_people, b_took, b_rows[0], b_counts[0], boxes, rules)
    people[:made] = b_people[:made]
    took[:made] = b_took[:made]
    rows[:kept] = b_rows[:kept]
    counts[:kept] = b_counts[:kept]
    weights[:kept] = b_weights[:kept]
    roots[:kept] = b_roots[:kept]
    return made, kept
