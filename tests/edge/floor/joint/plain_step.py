"""One step of the joint tracker in plain Python, from its definition: every hypothesis has records of its own.

What the filter of one person says (where they are expected, what a box is worth, how it corrects) is taken from the
kernels of `body` and `motion`, which have twins of their own. All that is decided about many people, boxes and
hypotheses is written anew here: ways are found by trying all, newcomers are weighed anew after every birth.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from math import log

import numpy as np

from edge.floor.joint.body.kernels import FOOT, INSIDE, MIDDLE, TALL, TOP, expect, stand
from edge.floor.joint.ground import Ground, in_sight
from edge.floor.joint.kernels import SIDEWAYS
from edge.floor.joint.life.kernels import FIRST_WORTH, age, lose, recall
from edge.floor.joint.motion.kernels import correct, evidence, move, score_evidence
from edge.floor.joint.records import PERSON


@dataclass
class Believed:
    """One hypothesis: each one's record (1,), which box of which camera they took, and how likely it all is."""

    people: list
    took: list
    weight: float = 0.0
    root: int = -1
    ways: list = field(default_factory=list)

    def copied(self):
        return Believed([one.copy() for one in self.people], [t.copy() for t in self.took], self.weight, self.root)


@dataclass
class Pictures:
    """What the cameras of a floor showed at one moment: where each one's boxes begin, all boxes, all scores."""

    cameras: np.ndarray
    ground: Ground
    first: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray
    rules: np.void

    def of(self, c):
        """The rows of a camera's boxes."""
        return range(self.first[c], self.first[c + 1])

    def expected(self, c, mean):
        """What a camera should show of somebody, and how that depends on their state; None where they are behind it."""
        box, scratch, jacobian = np.empty(5), np.empty(5), np.zeros((3, 5))
        is_ahead = expect(self.cameras[c], mean, self.rules["radius_m"], box, jacobian, scratch)
        return (box, jacobian) if is_ahead else None

    def looked_for(self, c, mean):
        """The same, and what having no box costs; None where that camera is not asked about them."""
        found = self.expected(c, mean)
        share = 0.0 if found is None else found[0][INSIDE] * in_sight(self.ground, c, mean[0], mean[1])
        if found is None or share < self.rules["in_sight"]:
            return None
        return (*found, log(1 - self.rules["detection_rate"]) if share >= self.rules["in_view"] else 0.0)

    def worth(self, c, cov, found, j):
        """What box `j` says for somebody of whom camera `c` should show `found`, whatever its place."""
        spare = np.empty(3), np.empty((3, 3)), np.empty((3, 3)), np.empty((5, 3))
        return evidence(cov, self.cameras[c], *found, self.boxes[j], self.scores[j], self.rules, *spare)

    def rule(self, planned, unplanned):
        """One of two settings: with a plan of the floor, or without."""
        return self.rules[planned if self.ground.sight.shape[1] > 0 else unplanned]


def plain_weigh(people, pictures, c):
    """(N, M) what everybody gains by each box, (N,) what having none costs: every pair is weighed."""
    mine = pictures.of(c)
    gains, miss = np.full((len(people), len(mine)), -np.inf), np.zeros(len(people))
    for r, (one,) in enumerate(people):
        sought = pictures.looked_for(c, one["mean"]) if np.isnan(one["lost_at"]) else None
        if sought is not None:
            miss[r] = sought[2]
            gains[r] = [pictures.worth(c, one["cov"], sought[:2], j) - miss[r] for j in mine]
    return gains, miss


def plain_ways(gains, most, margin):
    """The best way to give out boxes and the next best that lack one of its pairs: boxes (-1: none), what each loses.

    A pair that nobody else wants anything of is in all of them.
    """
    free = [[-1, *np.flatnonzero(row > 0).tolist()] for row in gains]
    legal = [way for way in itertools.product(*free) if len({j for j in way if j >= 0}) == sum(j >= 0 for j in way)]
    worth = {way: sum(gains[a, j] for a, j in enumerate(way) if j >= 0) for way in legal}
    best = max(worth, key=worth.__getitem__)
    others = set()
    for a, j in enumerate(best):
        if j >= 0 and ((gains[a] > 0).sum() > 1 or (gains[:, j] > 0).sum() > 1):
            others.add(max((way for way in legal if way[a] != j), key=worth.__getitem__))
    near = sorted((worth[best] - worth[way], way) for way in others if worth[best] - worth[way] <= margin)
    return [(0.0, best), *near][:most], worth[best]


def plain_meet(believed, pictures, c, fresh, most):
    """The best children of all hypotheses after one camera's picture."""
    children, rules = [], pictures.rules
    for k, own in enumerate(believed):
        gains, miss = plain_weigh(own.people, pictures, c)
        ways, total = plain_ways(gains, int(rules["branches"]), SIDEWAYS)
        for loss, way in ways:
            child = own.copied()
            child.weight, child.ways = own.weight + miss.sum() + total - loss, [k, *way]
            for a, j in enumerate(way):
                (one,) = child.people[a]
                one["due"] += miss[a] < 0
                said = miss[a]
                if j >= 0:
                    correct(one["mean"], one["cov"], pictures.cameras[c], pictures.boxes[pictures.of(c)[j]], rules)
                    one["views"] += 1
                    child.took[a][c] = pictures.of(c)[j]
                    said += gains[a, j]
                one["evidence"] += fresh * said
            children.append(child)
    children.sort(key=lambda child: -child.weight)
    return [child for child in children if child.weight >= children[0].weight - rules["margin"]][:most]


def plain_part_doubles(own, now, near):
    """Of two in one place whom no camera sees apart the older goes on; the other is lost, or forgotten."""
    gone = set()
    for a, b in itertools.combinations(range(len(own.people)), 2):
        (s,), (t,) = own.people[a], own.people[b]
        if {a, b} & gone or not (np.isnan(s["lost_at"]) and np.isnan(t["lost_at"])):
            continue
        if (np.abs(s["mean"][:2] - t["mean"][:2]) > near).any():
            continue
        if ((own.took[a] >= 0) & (own.took[b] >= 0)).any():
            continue
        loser = b if t["born_at"] >= s["born_at"] else a
        if own.people[loser][0]["sure"] == 1:
            lose(own.people[loser][0], now)
            own.took[loser][:] = -1
        else:
            gone.add(loser)
    own.people = [one for a, one in enumerate(own.people) if a not in gone]
    own.took = [one for a, one in enumerate(own.took) if a not in gone]


def plain_gather(seed, pictures, free):
    """What speaks for somebody new behind a box, their state, and the box of each camera that shows them."""
    cameras, rules = pictures.cameras, pictures.rules
    mean, cov, group = np.empty(5), np.empty((5, 5)), np.full(len(cameras), -1)
    (own,) = (c for c in range(len(cameras)) if seed in pictures.of(c))
    if not stand(cameras[own], pictures.boxes[seed], rules, mean, cov):
        return -np.inf, mean, cov, group
    group[own] = seed
    worth = score_evidence(pictures.scores[seed], rules) + FIRST_WORTH
    for c, camera in enumerate(cameras):
        sought = None if c == own else pictures.looked_for(c, mean)
        if sought is None:
            continue
        mine = [j for j in pictures.of(c) if free[j]]
        said = [pictures.worth(c, cov, sought[:2], j) for j in mine]
        if said and max(said) > sought[2]:
            group[c] = mine[int(np.argmax(said))]
            correct(mean, cov, camera, pictures.boxes[group[c]], rules)
        worth += max([sought[2], *said])
    return worth, mean, cov, group


def plain_give_birth(own, pictures, now, next_id, room):
    """Adds whoever is behind boxes that nobody took, the surest first; all that is left is weighed anew each time."""
    rules, free = pictures.rules, np.ones(len(pictures.boxes), bool)
    for took in own.took:
        free[took[took >= 0]] = False
    seeds = np.flatnonzero(free & (pictures.scores >= pictures.rule("clear_score", "seed_score"))).tolist()
    while len(own.people) < room:
        seeds = [j for j in seeds if free[j]]
        found = [(*plain_gather(j, pictures, free), j) for j in seeds]
        best = max(found, key=lambda one: one[0], default=None)
        if best is None or best[0] <= rules["newborn"]:
            return
        worth, mean, cov, group, seed = best
        together = np.concatenate([*own.people, np.zeros(1, PERSON)])
        who = recall(together, np.arange(len(together)), len(own.people), mean, cov, rules)
        new = np.zeros(1, PERSON) if who < 0 else own.people[who].copy()
        (one,) = new
        if who < 0:
            one["id"], one["born_at"], one["hits"] = next_id + seed, now, 1
        else:
            one["hits"] += 1
            one["found"] = 1
        one["mean"], one["cov"], one["lost_at"], one["seen_at"] = mean, cov, np.nan, now
        one["evidence"] = min(worth, rules["most_evidence"])
        one["views"] = one["due"] = (group >= 0).sum()
        if who < 0:
            own.people.append(new)
            own.took.append(group)
        else:
            own.people[who], own.took[who] = new, group
        free[group[group >= 0]] = False
        own.weight += worth - rules["newborn"]


def plain_learn_bias(own, pictures):
    """What boxes are off by, in information form: P^-1 + x x' / r, and the step r^-1 P x off (Ljung 1999, 11.2)."""
    rules = pictures.rules
    for (one,), took in zip(own.people, own.took, strict=True):
        for c in np.flatnonzero(took >= 0) if one["sure"] == 1 else ():
            camera, box, found = pictures.cameras[c], pictures.boxes[took[c]], pictures.expected(c, one["mean"])
            if found is None:
                continue
            expected, tall, border = found[0], found[0][TALL], rules["border"] * found[0][TALL]
            x = np.array([1, 2 * expected[MIDDLE] / camera["width"] - 1, 2 * expected[FOOT] / camera["height"] - 1])
            left, top, right, foot = box
            edges = {
                MIDDLE: ((left + right) / 2, left < border or right > camera["width"] - border, rules["side_noise"]),
                TOP: (top, top < border, rules["top_noise"]),
                FOOT: (foot, foot > camera["height"] - border, rules["foot_noise"]),
            }
            for e, (at, is_cut, share) in edges.items():
                if is_cut:
                    continue
                off = np.clip((at - expected[e]) / tall, -3 * share, 3 * share)
                sharper = np.linalg.inv(np.linalg.inv(camera["bias_cov"][e]) + np.outer(x, x) / (10 * share**2))
                camera["bias"][e] += sharper @ x / (10 * share**2) * off
                camera["bias_cov"][e] = sharper + rules["bias_drift"] * np.eye(3)


def is_like(own, other, alike_m):
    """Whether two hypotheses have the same people, lost or not, in the same places."""
    theirs = {int(one["id"][0]): one[0] for one in other.people}
    pairs = [(one[0], theirs.get(int(one["id"][0]))) for one in own.people]
    return len(own.people) == len(other.people) and all(
        t is not None
        and np.isnan(s["lost_at"]) == np.isnan(t["lost_at"])
        and (np.abs(s["mean"][:2] - t["mean"][:2]) <= alike_m).all()
        for s, t in pairs
    )


def plain_step(believed, pictures, present, *, now, dt, next_id, room, most):
    """One whole step; gives the hypotheses that go on, best first, and changes the cameras' bias."""
    believed, rules = [own.copied() for own in believed], pictures.rules
    for k, own in enumerate(believed):
        own.root = k
        for (one,), took in zip(own.people, own.took, strict=True):
            if np.isnan(one["lost_at"]):
                move(one["mean"], one["cov"], dt, rules["acceleration"], rules["height_walk"])
            else:
                one["cov"][:2, :2] += np.eye(2) * rules["wander"] ** 2 * dt
            one["views"] = one["due"] = one["found"] = 0
            took[:] = -1
    fresh = min(1.0, dt / rules["memory_s"])
    for c in np.flatnonzero(present):
        believed = plain_meet(believed, pictures, c, fresh, most)
    for own in believed:
        kept = np.empty(1, bool)
        stays = [(age(one, 1, now, rules, kept), bool(kept[0]))[1] for one in own.people]
        own.people = [one for one, stay in zip(own.people, stays, strict=True) if stay]
        own.took = [one for one, stay in zip(own.took, stays, strict=True) if stay]
        plain_part_doubles(own, now, pictures.rule("beside_m", "one_body_m"))
        plain_give_birth(own, pictures, now, next_id, room)
    believed.sort(key=lambda own: -own.weight)
    top, chosen = believed[0].weight, []
    for own in believed:
        if not any(is_like(own, other, rules["alike_m"]) for other in chosen):
            own.weight -= top
            chosen.append(own)
    plain_learn_bias(chosen[0], pictures)
    return chosen
