"""Which boxes of a camera are the walker: what moves, followed from picture to picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from calibration.camera import Floats
from calibration.walk.observations import Sightings

STANDS_IOU = 0.6
STANDS_SHARE = 0.2
"""What is found in the same place in more than this share of all pictures stands there: a mannequin, a poster."""
STANDS_LEAST = 8
GAP_S = 1.0
"""A walk through the view may miss boxes for so long."""
SLACK_HEIGHTS = 0.3
FASTEST_HEIGHTS_PER_S = 1.8
"""Nobody gets further than this between two boxes, box heights: 3 m/s for somebody of 1.7 m."""
FEWEST = 4
LEAST_WAY_HEIGHTS = 0.6
"""Boxes that never get this far from where they began are nobody who walks."""
SURE_SCORE, OTHERS_WAY_HEIGHTS = 0.6, 1.5
"""Whoever is counted as somebody else is sure to be a person, and gets so far."""
CHUNK = 512


@dataclass(frozen=True, slots=True, eq=False)
class Passages:
    """Everything that walked through one camera's view.

    Attributes:
        seen: N boxes in time order.
        passage: (N,) number of the passage that each belongs to, from 0.
        weight: (P,) scores of each passage, added up.
    """

    seen: Sightings
    passage: NDArray[np.int64]
    weight: Floats


def passages(seen: Sightings) -> Passages:
    """Boxes that move, linked from picture to picture; what stands still is left out."""
    seen = seen.only(~_stands(seen))
    track = _link(seen)
    names = np.full(len(seen), -1, np.int64)
    weights: list[float] = []
    for each in np.unique(track):
        rows = np.flatnonzero(track == each)
        if len(rows) >= FEWEST and _way_heights(seen.box_px[rows]) >= LEAST_WAY_HEIGHTS:
            names[rows] = len(weights)
            weights.append(float(seen.score[rows].sum()))
    kept = names >= 0
    return Passages(seen.only(kept), names[kept], np.array(weights))


def one_walker(found: Passages, likely: NDArray[np.bool_] | None = None) -> tuple[Sightings, float]:
    """The boxes taken for the walker, and for how many seconds somebody else walked through the view besides.

    Where two passages go on at the same moment, the one with more boxes of better score is taken.

    Args:
        found: what walked.
        likely: (P,) passages known to fit the walk; others only count as somebody else.
    """
    times = found.seen.time_s
    taken = np.zeros(len(times), np.bool_)
    busy: list[tuple[float, float]] = []
    for each in np.argsort(-found.weight, kind="stable").tolist():
        rows = np.flatnonzero(found.passage == each)
        if likely is None or likely[each]:
            free = np.ones(len(rows), np.bool_)
            for start, end in busy:
                free &= (times[rows] < start) | (times[rows] > end)
            taken[rows[free]] = True
            busy.append((float(times[rows[0]]), float(times[rows[-1]])))
    return found.seen.only(taken), _others_s(found, taken)


def _others_s(found: Passages, taken: NDArray[np.bool_]) -> float:
    """Seconds of passages of somebody who is surely a person and surely apart from the walker."""
    times, walker = found.seen.time_s, np.flatnonzero(taken)
    total = 0.0
    for each in range(len(found.weight)):
        rows = np.flatnonzero((found.passage == each) & ~taken)
        if len(rows) < FEWEST or found.seen.score[rows].mean() < SURE_SCORE:
            continue
        if _way_heights(found.seen.box_px[rows]) < OTHERS_WAY_HEIGHTS:
            continue
        # a second box on the walker, a half one mostly, is nobody else
        nearest = walker[np.abs(times[rows][:, None] - times[walker][None]).argmin(1)] if len(walker) else rows
        box, own = found.seen.box_px[rows], found.seen.box_px[nearest]
        touches = (np.minimum(box[:, 2:], own[:, 2:]) > np.maximum(box[:, :2], own[:, :2])).all(1)
        touches &= (np.abs(times[rows] - times[nearest]) < GAP_S) & (nearest != rows)
        total += float(np.diff(times[rows])[~touches[1:]].clip(max=GAP_S).sum())
    return total


def _stands(seen: Sightings) -> NDArray[np.bool_]:
    """(N,) boxes that are found again in the same place all the time."""
    frames = max(1, len(np.unique(seen.time_s)))
    count = np.zeros(len(seen))
    for start in range(0, len(seen), CHUNK):
        count[start : start + CHUNK] = (_iou(seen.box_px[start : start + CHUNK], seen.box_px) > STANDS_IOU).sum(1)
    return np.asarray(count > max(STANDS_LEAST, STANDS_SHARE * frames), np.bool_)


def _iou(one: Floats, other: Floats) -> Floats:
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    both = np.clip(high - low, 0, None).prod(2)
    area = [(boxes[:, 2:] - boxes[:, :2]).prod(1) for boxes in (one, other)]
    return np.asarray(both / (area[0][:, None] + area[1][None] - both), np.float64)


def _link(seen: Sightings) -> NDArray[np.int64]:
    """(N,) number of the chain of boxes that each box belongs to."""
    track = np.full(len(seen), -1, np.int64)
    spot = np.column_stack([(seen.box_px[:, 0] + seen.box_px[:, 2]) / 2, seen.box_px[:, 3]])
    tall = seen.box_px[:, 3] - seen.box_px[:, 1]
    alive: list[int] = []
    chains = 0
    starts = np.flatnonzero(np.diff(seen.time_s, prepend=-np.inf) > 0)
    for rows in np.split(np.arange(len(seen)), starts[1:]) if len(seen) else []:
        now = seen.time_s[rows[0]]
        alive = [row for row in alive if now - seen.time_s[row] <= GAP_S]
        ends = np.array(alive, np.int64)
        left = set(rows.tolist())
        if len(ends):
            size = np.maximum(tall[ends][:, None], tall[rows][None])
            gone = np.linalg.norm(spot[ends][:, None] - spot[rows][None], axis=2) / size
            most = SLACK_HEIGHTS + FASTEST_HEIGHTS_PER_S * (now - seen.time_s[ends])[:, None]
            shrunk = np.abs(np.log(tall[ends][:, None] / tall[rows][None]))
            cost = np.where(gone <= most, gone / most + shrunk, 1e3)
            for end, row in zip(*linear_sum_assignment(cost), strict=True):
                if cost[end, row] < 1e3:
                    track[rows[row]] = track[ends[end]]
                    alive[end] = int(rows[row])
                    left.discard(int(rows[row]))
        for row in sorted(left):
            track[row] = chains
            chains += 1
            alive.append(row)
    return track


def _way_heights(box_px: Floats) -> float:
    """How far boxes get from where they begin, as a share of their height."""
    spot = np.column_stack([(box_px[:, 0] + box_px[:, 2]) / 2, box_px[:, 3]])
    tall = float(np.median(box_px[:, 3] - box_px[:, 1]))
    return float(np.linalg.norm(spot - np.median(spot[:3], axis=0), axis=1).max()) / tall
