"""Births, losses, and two records that are one person, in every hypothesis."""

from __future__ import annotations

from math import log, nan

import numpy as np
from numba import njit
from numpy.typing import NDArray

from edge.floor.joint.body.kernels import INSIDE, expect, stand
from edge.floor.joint.ground import Ground, in_sight, is_planned
from edge.floor.joint.motion.kernels import correct, evidence, score_evidence
from edge.floor.joint.records import Record

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Records = NDArray[np.void]

LOST_VARIANCE_M2 = 0.1
"""Added to the place of somebody at the moment they are lost."""
HEIGHT_SLACK_M = 0.02
"""A height measured anew differs by at least this."""
FIRST_WORTH = 1.0
"""Evidence that the box which shows somebody for the first time carries besides its score."""


@njit(cache=True)
def lose(person: Record, now: float) -> None:
    """Stops following somebody: they are somewhere about."""
    person.lost_at = now
    person.mean[2] = person.mean[3] = 0.0
    person.cov[0, 0] += LOST_VARIANCE_M2
    person.cov[1, 1] += LOST_VARIANCE_M2


@njit(cache=True)
def age(people: Records, count: int, now: float, rules: Record, keep: NDArray[np.bool_]) -> None:
    """After all cameras: who was seen, who counts, who is lost, and writes to `keep` (R,) who is not yet forgotten."""
    for r in range(count):
        t = people[r]
        keep[r] = True
        if np.isnan(t.lost_at):
            if t.views > 0:
                t.seen_at = now
                t.hits += 1
            t.evidence = min(t.evidence, rules.most_evidence)
            if t.evidence > rules.sure and t.hits >= rules.firm_hits:
                t.sure = 1
            if t.evidence < rules.gone or now - t.seen_at > rules.unseen_s:
                if t.sure == 1:
                    lose(t, now)
                else:
                    keep[r] = False
        elif now - t.seen_at > rules.lost_s:
            keep[r] = False


@njit(cache=True)
def part_doubles(  # noqa: PLR0917 - compiled, takes no keywords
    people: Records, took: Integers, count: int, row: Integers, n: int, now: float, ground: Ground, rules: Record
) -> tuple[int, int]:
    """Keeps one of two who stand in one place and whom no camera sees apart, the older; the other is lost or forgotten.

    Returns:
        Records in use (changed ones are new, as other hypotheses may share the old), and people in the hypothesis.
    """
    gone = np.zeros(n, np.bool_)
    near = rules.beside_m if is_planned(ground) else rules.one_body_m
    for a in range(n):
        for b in range(a + 1, n):
            s, t = people[row[a]], people[row[b]]
            if gone[a] or gone[b] or not np.isnan(s.lost_at) or not np.isnan(t.lost_at):
                continue
            if abs(s.mean[0] - t.mean[0]) > near or abs(s.mean[1] - t.mean[1]) > near:
                continue
            is_apart = False
            for c in range(took.shape[1]):
                if took[row[a], c] >= 0 and took[row[b], c] >= 0:
                    is_apart = True
            if is_apart:
                continue
            loser = b if t.born_at >= s.born_at else a
            if people[row[loser]].sure == 1:
                people[count] = people[row[loser]]
                took[count] = -1
                lose(people[count], now)
                row[loser] = count
                count += 1
            else:
                gone[loser] = True
    kept = 0
    for a in range(n):
        if not gone[a]:
            row[kept] = row[a]
            kept += 1
    return count, kept


@njit(cache=True)
def gather(  # noqa: PLR0917 - compiled, takes no keywords
    seed: int,
    cameras: Records,
    ground: Ground,
    first: Integers,
    boxes: Floats,
    scores: Floats,
    free: NDArray[np.bool_],
    rules: Record,
    mean: Floats,
    cov: Floats,
    group: Integers,
) -> float:
    """Writes the state of somebody new shown by box `seed` and by free boxes of other cameras; gives the evidence."""
    own = np.searchsorted(first, seed, side="right") - 1
    group[:] = -1
    if not stand(cameras[own], boxes[seed], rules, mean, cov):
        return -np.inf
    group[own] = seed
    worth = score_evidence(scores[seed], rules) + FIRST_WORTH
    expected, scratch, jacobian = np.empty(5), np.empty(5), np.zeros((3, 5))
    noise, spread, inverse, gain = np.empty(3), np.empty((3, 3)), np.empty((3, 3)), np.empty((5, 3))
    for c in range(len(cameras)):
        if c == own or not expect(cameras[c], mean, rules.radius_m, expected, jacobian, scratch):
            continue
        share = expected[INSIDE] * in_sight(ground, c, mean[0], mean[1])
        if share < rules.in_sight:
            continue
        is_due = share >= rules.in_view
        best = log(1 - rules.detection_rate) if is_due else 0.0
        for j in range(first[c], first[c + 1]):
            if not free[j]:
                continue
            found = evidence(
                cov, cameras[c], expected, jacobian, boxes[j], scores[j], rules, noise, spread, inverse, gain
            )
            if found > best:
                best = found
                group[c] = j
        worth += best
        if group[c] >= 0:
            correct(mean, cov, cameras[c], boxes[group[c]], rules)
    return worth


@njit(cache=True)
def recall(  # noqa: PLR0917 - compiled, takes no keywords
    people: Records, row: Integers, n: int, mean: Floats, cov: Floats, rules: Record
) -> int:
    """Place in the hypothesis of the lost person who was found at that place, of that height; -1 for a newcomer."""
    who, most = -1, 0.0
    for a in range(n):
        t = people[row[a]]
        if np.isnan(t.lost_at):
            continue
        dx, dy = mean[0] - t.mean[0], mean[1] - t.mean[1]
        xx, yy, xy = t.cov[0, 0] + cov[0, 0], t.cov[1, 1] + cov[1, 1], t.cov[0, 1] + cov[0, 1]
        det = xx * yy - xy * xy
        far = (yy * dx * dx - 2 * xy * dx * dy + xx * dy * dy) / det
        tall = t.cov[4, 4] + cov[4, 4] + HEIGHT_SLACK_M**2
        taller = mean[4] - t.mean[4]
        odds = -0.5 * far - 0.5 * log(det) - log(2 * np.pi) - log(rules.newcomers_per_m2)
        odds += -0.5 * taller * taller / tall - 0.5 * log(tall) + log(1.4 * rules.height_spread_m)
        if odds > most:
            who, most = a, odds
    return who


@njit(cache=True)
def give_birth(  # noqa: PLR0917 - compiled, takes no keywords
    people: Records,
    took: Integers,
    count: int,
    row: Integers,
    n: int,
    now: float,
    next_id: int,
    cameras: Records,
    ground: Ground,
    first: Integers,
    boxes: Floats,
    scores: Floats,
    rules: Record,
) -> tuple[int, int, float]:
    """Finds somebody new, or lost before, behind the boxes nobody took.

    Args:
        people: records, `count` of them in use, with
        took: (R, C) the boxes each took in this step, -1 for none.
        count: see there.
        row: the hypothesis's people, `n` of them; takes more.
        n: see there.
        now: seconds.
        next_id: of who is born from the first box; others count on, so that hypotheses agree about names.
        cameras: (C,).
        ground: who sees which place.
        first: (C + 1,) where each camera's boxes begin.
        boxes: (M, 4) pixels.
        scores: (M,).
        rules: a record of `RULES`.

    Returns:
        Records in use, people in the hypothesis, and what its weight changes by.
    """
    m = len(boxes)
    free = np.ones(m, np.bool_)
    for a in range(n):
        for c in range(len(cameras)):
            if took[row[a], c] >= 0:
                free[took[row[a], c]] = False
    seeds = np.empty(m, np.int64)
    least = rules.clear_score if is_planned(ground) else rules.seed_score
    s = 0
    for j in range(m):
        if free[j] and scores[j] >= least:
            seeds[s] = j
            s += 1
    means, covs = np.empty((s, 5)), np.empty((s, 5, 5))
    groups, worth = np.empty((s, len(cameras)), np.int64), np.empty(s)
    for k in range(s):
        worth[k] = gather(seeds[k], cameras, ground, first, boxes, scores, free, rules, means[k], covs[k], groups[k])
    change = 0.0
    for _ in range(s):
        k = int(np.argmax(worth))
        if worth[k] <= rules.newborn or n == len(row) or count == len(people):
            break
        who = recall(people, row, n, means[k], covs[k], rules)
        t = people[count]
        if who < 0:
            t.id = next_id + seeds[k]
            t.born_at, t.hits, t.sure, t.found = now, 1, 0, 0
            row[n] = count
            n += 1
        else:
            people[count] = people[row[who]]
            t.hits += 1
            t.found = 1
            row[who] = count
        t.mean[:] = means[k]
        t.cov[:] = covs[k]
        t.evidence = min(worth[k], rules.most_evidence)
        t.seen_at, t.lost_at, t.views = now, nan, 0
        for c in range(len(cameras)):
            took[count, c] = groups[k, c]
            if groups[k, c] >= 0:
                free[groups[k, c]] = False
                t.views += 1
        t.due = t.views
        count += 1
        change += worth[k] - rules.newborn
        worth[k] = -np.inf
        for q in range(s):
            if worth[q] == -np.inf:
                continue
            if not free[seeds[q]]:
                worth[q] = -np.inf
                continue
            is_torn = False
            for c in range(len(cameras)):
                if groups[q, c] >= 0 and not free[groups[q, c]]:
                    is_torn = True
            if is_torn:
                worth[q] = gather(
                    seeds[q], cameras, ground, first, boxes, scores, free, rules, means[q], covs[q], groups[q]
                )
    return count, n, change
