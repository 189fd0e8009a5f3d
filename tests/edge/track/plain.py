"""The tracker of one camera once more, in plain numpy and scipy: slow, every pair looked at, every filter a matrix."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, log

import numpy as np
from scipy.optimize import linear_sum_assignment

from edge.track.config import TrackerConfig
from edge.track.life.kernels import TRAIL_STEP_S
from edge.track.matching.kernels import FORBIDDEN
from edge.track.motion.kernels import EDGE, HIDDEN_FOOT, MOST_NOISE
from edge.track.records import CONFIRMED, FURNITURE, TENTATIVE, TRAIL

CONFIG = TrackerConfig()


def intersection(a, b):
    """(N, M, 2) width and height of what boxes share."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    return np.clip(high - low, 0, None)


def area(boxes):
    return (boxes[..., 2:] - boxes[..., :2]).prod(-1)


def is_duplicate(box, other):
    box, other = box.astype(float), other.astype(float)
    w, h = intersection(box[None], other[None])[0, 0]
    if w <= 0 or h <= 0:
        return False
    same = w * h > CONFIG.duplicate_iou * (area(box) + area(other) - w * h)
    same |= w * h > CONFIG.duplicate_cover * area(box)
    feet = np.hypot((box[0] + box[2] - other[0] - other[2]) / 2, box[3] - other[3])
    return bool(same or feet < CONFIG.duplicate_foot * (other[3] - other[1]))


def is_shadow(box, other, faint):
    box, other = box.astype(float), other.astype(float)
    w, h = intersection(box[None], other[None])[0, 0]
    if w <= 0 or h <= 0:
        return False
    level = abs(box[3] - other[3]) < CONFIG.shadow_foot * (other[3] - other[1])
    beside = w > CONFIG.shadow_width * min(box[2] - box[0], other[2] - other[0])
    return bool((faint and w * h > CONFIG.shadow_cover * area(box)) or (level and beside))


def assignment(cost, unmatched):
    """Pairs of the least total cost, where every row may be left out at a price."""
    n, m = cost.shape
    padded = np.full((n, m + n), FORBIDDEN)
    padded[:, :m] = np.where(cost < unmatched, cost, FORBIDDEN)
    padded[np.arange(n), m + np.arange(n)] = unmatched
    return [(r, c) for r, c in zip(*linear_sum_assignment(padded), strict=True) if c < m]


def together(one, other):
    """How far two edges went in the same direction."""
    return min(abs(one), abs(other)) if one * other > 0 else 0.0


@dataclass
class Somebody:
    """A track: across and down are position and speed, with their covariances."""

    id: int
    box: np.ndarray
    det: int
    score: float
    now: float
    state: int = TENTATIVE
    hits: int = 1
    hidden: int = 0
    trail: list = field(default_factory=list)

    def __post_init__(self):
        self.h = max(self.box[3] - self.box[1], 4.0)
        self.w = self.box[2] - self.box[0]
        self.firm = int(self.score >= CONFIG.high_score)
        self.across, self.down = np.array([(self.box[0] + self.box[2]) / 2, 0.0]), np.array([self.box[3], 0.0])
        noise, speed = self.noise(self.score), (CONFIG.start_speed * self.h) ** 2
        self.across_cov, self.down_cov = np.diag([noise, speed]), np.diag([EDGE * noise, speed])
        self.tall_var = (CONFIG.height_noise * self.h) ** 2
        self.best, self.born_at, self.seen_at = self.score, self.now, self.now
        self.born = self.last = self.foot()
        self.settle_here(self.box, self.now)
        self.remember(self.now)

    def foot(self):
        return self.across[0], self.down[0]

    def noise(self, score):
        return (CONFIG.noise * self.h * (MOST_NOISE - score)) ** 2

    def settle_here(self, box, now):
        self.home, self.place, self.home_foot = box.copy(), box.copy(), self.down[0]
        self.home_at = self.away_at = now
        self.away = 0

    def remember(self, now):
        if not self.trail or now - self.trail[-1][0] >= TRAIL_STEP_S:
            self.trail = [*self.trail, (now, *self.foot())][-TRAIL:]

    def walk_on(self, dt):
        if self.state == FURNITURE:
            return
        fading = exp(-dt / CONFIG.damping_s) if self.det < 0 else 1.0
        f = np.array([[1, dt], [0, 1]])
        q = (CONFIG.acceleration * self.h) ** 2 * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
        for mean, cov in ((self.across, self.across_cov), (self.down, self.down_cov)):
            mean[1] *= fading
            mean[:] = f @ mean
            cov[:] = f @ cov @ f.T + q
            cov[1, 1] = min(cov[1, 1], (2 * CONFIG.start_speed * self.h) ** 2)
        self.tall_var = min(self.tall_var + (0.15 * self.h) ** 2 * dt, (0.3 * self.h) ** 2)

    def cost(self, box, score):
        """Cost of taking a box, and whether its foot is hidden."""
        faint, noise = score < CONFIG.high_score, self.noise(score)
        across_var, down_var = self.across_cov[0, 0] + noise, self.down_cov[0, 0] + EDGE * noise
        side = ((box[0] + box[2]) / 2 - self.across[0]) ** 2 / across_var
        above = box[3] - self.down[0]
        by_foot = above**2 / down_var
        may_hide = above < HIDDEN_FOOT * self.h and not faint
        if side > CONFIG.gate or (by_foot > CONFIG.gate and not may_hide):
            return FORBIDDEN, 0
        shape = (log((box[3] - box[1]) / self.h) / CONFIG.shape_noise) ** 2
        by_foot += shape if faint else min(shape, CONFIG.shape_cap)
        by_head = np.inf
        if may_hide:
            head = box[1] - (self.down[0] - self.h)
            by_head = head**2 / (down_var + self.tall_var + noise) + CONFIG.hidden_penalty
        worst = CONFIG.faint_gate if faint else CONFIG.gate
        if side + min(by_foot, by_head) > worst:
            return FORBIDDEN, 0
        cost = side + min(by_foot, by_head) + log(across_var * down_var / self.h**4)
        if self.state == FURNITURE and not faint:
            cost += CONFIG.furniture_penalty
        return cost, int(by_head < by_foot)

    def take(self, j, box, score, hidden, now):
        gap = now - self.seen_at
        if self.state != FURNITURE:
            self.correct(box, score, hidden)
        self.det, self.hits, self.last, self.seen_at = j, self.hits + 1, self.foot(), now
        self.score, self.best = score, max(self.best, score)
        if score >= CONFIG.high_score:
            self.firm += 1
            if self.firm == 1 and self.state == TENTATIVE:
                self.settle_here(box, now)
        if self.state != CONFIRMED:
            self.remember(now)
            self.settle(box, now, gap)

    def correct(self, box, score, hidden):
        noise = self.noise(score)
        measured, down_noise, tall_noise = box[3], EDGE * noise, (CONFIG.height_noise * self.h) ** 2
        if hidden:
            measured, down_noise, tall_noise = box[1] + self.h, down_noise + self.tall_var, 16 * tall_noise
        look = np.array([1.0, 0.0])
        for mean, cov, value, r in (
            (self.across, self.across_cov, (box[0] + box[2]) / 2, noise),
            (self.down, self.down_cov, measured, down_noise),
        ):
            gain = cov @ look / (look @ cov @ look + r)
            mean[:] = mean + gain * (value - mean[0])
            cov[:] = (np.eye(2) - np.outer(gain, look)) @ cov
        gain = self.tall_var / (self.tall_var + tall_noise)
        self.h = max(4.0, self.h + gain * np.clip(box[3] - box[1] - self.h, -0.3 * self.h, 0.3 * self.h))
        self.tall_var *= 1 - gain
        self.w += 0.3 * (box[2] - box[0] - self.w)
        self.hidden = hidden

    def went(self, box):
        off = box - self.home
        return np.hypot(together(off[0], off[2]), together(2 * off[1], off[3]))

    def settle(self, box, now, gap):
        share = max(1 / self.hits, min(1.0, gap / CONFIG.settled_s))
        self.place += share * (box - self.place)
        proven = self.firm >= CONFIG.firm_hits and self.best >= CONFIG.birth_score
        if self.state == FURNITURE:
            self.stand_still()
            if proven and self.went(self.place) > CONFIG.moved * self.h:
                self.state = CONFIRMED
            return
        whole = self.went(box) > CONFIG.moved * self.h
        if whole or abs(self.down[0] - self.home_foot) > CONFIG.moved_foot * self.h:
            self.away_at = now if self.away == 0 else self.away_at
            self.away += 1
            long_enough = now - self.away_at >= (CONFIG.moved_s if whole else CONFIG.moved_foot_s)
            if self.away >= CONFIG.moved_updates and long_enough and proven:
                self.state = CONFIRMED
            return
        self.away = 0
        if now - self.home_at <= CONFIG.settle_s:
            self.home = self.place.copy()
            self.home_foot += share * (self.down[0] - self.home_foot)
        slow = np.hypot(self.across[1], self.down[1]) < CONFIG.furniture_speed * self.h
        if now - self.home_at >= CONFIG.furniture_s and slow:
            self.state = FURNITURE
            self.stand_still()
            self.across[1] = self.down[1] = 0.0
            for cov in (self.across_cov, self.down_cov):
                cov[:] = np.diag([(CONFIG.noise * self.h) ** 2, (CONFIG.start_speed * self.h) ** 2])

    def stand_still(self):
        self.across[0], self.down[0] = (self.place[0] + self.place[2]) / 2, self.place[3]

    def apart_from(self, newborn):
        """How far somebody lost is from a newborn, 1 being too far."""
        unseen = newborn.born_at - self.seen_at
        if not 0 < unseen <= CONFIG.comeback_s:
            return np.inf
        way = np.hypot(newborn.born[0] - self.last[0], newborn.born[1] - self.last[1])
        reach = (CONFIG.comeback_reach + CONFIG.comeback_speed * unseen) * self.h
        return (way / reach) ** 2 + (log(newborn.h / self.h) / CONFIG.shape_noise) ** 2 / CONFIG.gate

    def go_on_as(self, newborn):
        for name in ("across", "down", "across_cov", "down_cov", "last", "h", "w", "tall_var"):
            setattr(self, name, getattr(newborn, name))
        for name in ("hidden", "det", "score", "seen_at"):
            setattr(self, name, getattr(newborn, name))

    def is_waited_for(self, now, size):
        unseen = now - self.seen_at
        x, y = self.foot()
        if unseen <= 0:
            return True
        if self.state == FURNITURE:
            return unseen <= min(CONFIG.furniture_keep_s, 2 * (self.seen_at - self.born_at))
        gone = size is not None and not (0 <= x <= size[0] and y >= 0 and y - self.h <= size[1])
        if self.state == TENTATIVE or gone:
            return unseen <= CONFIG.tentative_s
        speed = np.hypot(self.across[1], self.down[1]) / self.h
        stillness = max(0.0, 1 - speed / CONFIG.still_speed)
        return unseen <= (1 - stillness) * CONFIG.lost_s + stillness * CONFIG.still_lost_s


class PlainTracker:
    """Tracks of one camera; `happened` says which of the rules have had their way."""

    def __init__(self, size=None):
        self.size = size
        self.tracks = []
        self.next_id = 1
        self.happened = set()

    def step(self, now, dt, boxes, scores):  # noqa: C901 - the order of the rules
        boxes, scores = boxes.astype(float), scores.astype(float)
        states = {t.id: t.state for t in self.tracks}
        for t in self.tracks:
            t.walk_on(dt)
            t.det, t.hidden = -1, 0
            if t.state == CONFIRMED:
                t.trail = []
        self.owner = [None] * len(boxes)  # a track, or "dropped"
        faint, recent = scores < CONFIG.high_score, max(CONFIG.faint_s, 1.5 * dt)

        def in_sight(t):
            return now - t.seen_at <= recent

        def known(t):
            return t.state != TENTATIVE or (in_sight(t) and t.firm >= CONFIG.firm_hits)

        def seen_faintly(t):
            return t.state == FURNITURE or (t.state == CONFIRMED and in_sight(t))

        self.match(known, ~faint, now, boxes, scores)
        self.drop_seconds(boxes, faint)
        self.match(seen_faintly, faint & (scores >= CONFIG.low_score), now, boxes, scores)
        self.drop_seconds(boxes, faint)
        order = np.argsort(-scores).tolist()
        for place, j in enumerate(order):
            better = [o for o in order[:place] if self.owner[o] is None]
            self.drop(j, "repeat", [o for o in better if is_duplicate(boxes[j], boxes[o])])
            self.drop(j, "repeat", [o for o in better if is_shadow(boxes[j], boxes[o], faint[j])])
        self.match(lambda t: t.state == TENTATIVE, scores >= CONFIG.low_score, now, boxes, scores)
        self.bring_back(now)
        self.drop_duplicates(boxes)
        for j in order:
            if self.owner[j] is None and scores[j] >= CONFIG.low_score:
                self.owner[j] = Somebody(self.next_id, boxes[j], j, scores[j], now)
                self.tracks.append(self.owner[j])
                self.next_id += 1
        for t in self.tracks:
            if t.state != states.get(t.id, TENTATIVE):
                self.happened.add(("became", states.get(t.id, TENTATIVE), t.state))
        left = [t for t in self.tracks if t.is_waited_for(now, self.size)]
        self.happened.update(("buried", t.state) for t in self.tracks if t not in left)
        self.tracks = left

    def match(self, takes_part, wanted, now, boxes, scores):
        rows = [t for t in self.tracks if t.det < 0 and takes_part(t)]
        columns = [j for j in range(len(boxes)) if self.owner[j] is None and wanted[j]]
        if not rows or not columns:
            return
        costs = [[t.cost(boxes[j], scores[j]) for j in columns] for t in rows]
        for r, c in assignment(np.array([[cost for cost, _ in row] for row in costs]), CONFIG.clutter):
            j, hidden = columns[c], costs[r][c][1]
            hidden = hidden if rows[r].state != FURNITURE else 0
            self.happened.add(("matched", rows[r].state, bool(hidden), bool(scores[j] < CONFIG.high_score)))
            rows[r].take(j, boxes[j], scores[j], hidden, now)
            self.owner[j] = rows[r]

    def drop(self, j, why, because_of):
        if self.owner[j] is None and because_of:
            self.owner[j] = "dropped"
            self.happened.add(why)

    def owned(self, states):
        return [o for o, t in enumerate(self.owner) if isinstance(t, Somebody) and t.state in states]

    def drop_duplicates(self, boxes):
        people = self.owned((TENTATIVE, CONFIRMED))
        for j in range(len(boxes)):
            self.drop(j, "duplicate", [o for o in people if is_duplicate(boxes[j], boxes[o])])

    def drop_seconds(self, boxes, faint):
        self.drop_duplicates(boxes)
        people = self.owned((CONFIRMED,))
        for j in range(len(boxes)):
            self.drop(j, "shadow", [o for o in people if is_shadow(boxes[j], boxes[o], faint[j])])

    def bring_back(self, now):
        for newborn in [t for t in self.tracks if t.state == TENTATIVE and t.det >= 0]:
            is_due = now - newborn.born_at >= CONFIG.comeback_after_s and newborn.away == 0
            if not is_due or newborn.firm < CONFIG.firm_hits:
                continue
            lost = [t for t in self.tracks if t.state == CONFIRMED and t.det < 0 and t.apart_from(newborn) < 1]
            if lost:
                who = min(lost, key=lambda t: t.apart_from(newborn))
                who.go_on_as(newborn)
                self.owner[newborn.det] = who
                self.tracks = [t for t in self.tracks if t is not newborn]
                self.happened.add("came back")
