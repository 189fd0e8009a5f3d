"""Where somebody was, from all boxes that are theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Floats
from edge.floor.joint.body.kernels import expect, stand
from edge.floor.joint.motion.kernels import correct, evidence, move

Integers = NDArray[np.int64]
LOST_STEPS = 3
"""After so many steps whose boxes are all far off, whoever is followed is looked for under the next box."""


@dataclass(frozen=True, slots=True)
class Way:
    """Filtered states of one person at L moments.

    Attributes:
        at: (L,) seconds, rising.
        mean: (L, 5) states after the boxes up to each moment, see `records.STATE`.
        cov: (L, 5, 5).
    """

    at: Floats
    mean: Floats
    cov: Floats


def walk_along(
    at: Floats, boxes: list[Floats], took: Integers, views: NDArray[Any], rules: NDArray[Any], *, backward: bool = False
) -> Way | None:
    """Follows somebody through their boxes.

    Args:
        at: (L,) seconds, rising.
        boxes: of each moment (M, 4) pixels without distortion.
        took: (L, C) theirs, -1 for none.
        views: (C,) records of `CAMERA`.
        rules: (1,) record of `RULES`.
        backward: from the last box to the first; speeds are still those of time running forward.

    Returns:
        None where no box can be somebody's.
    """
    rule = rules[0]
    order = range(len(at) - 1, -1, -1) if backward else range(len(at))
    mean, cov = np.empty(5), np.empty((5, 5))
    means: list[Floats] = []
    covs: list[Floats] = []
    ats: list[float] = []
    strange = 0
    for step in order:
        theirs = [(views[c], boxes[step][took[step, c]]) for c in np.flatnonzero(took[step] >= 0).tolist()]
        if means:
            mean, cov = mean.copy(), cov.copy()
            move(mean, cov, abs(at[step] - ats[-1]), float(rule["acceleration"]), float(rule["height_walk"]))
            near = [(view, box) for view, box in theirs if is_near(mean, cov, view, box, rule)]
            strange = 0 if near else strange + 1
            if strange >= LOST_STEPS and stand(theirs[0][0], theirs[0][1], rule, mean, cov):
                near = theirs[1:]
                strange = 0
        elif stand(theirs[0][0], theirs[0][1], rule, mean, cov):
            near = theirs[1:]
        else:
            continue
        for view, box in near:
            correct(mean, cov, view, box, rule)
        ats.append(float(at[step]))
        means.append(mean)
        covs.append(cov)
    if not means:
        return None
    way = Way(np.array(ats), np.array(means), np.array(covs))
    if backward:
        flip = np.diag([1.0, 1.0, -1.0, -1.0, 1.0])
        way = Way(way.at[::-1], (way.mean @ flip)[::-1], (flip @ way.cov @ flip)[::-1])
    return way


def is_near(mean: Floats, cov: Floats, view: Any, box: Floats, rule: Any) -> bool:
    """Whether a box can be that of somebody in this state."""
    expected, jacobian = np.empty(5), np.zeros((3, 5))
    if not expect(view, mean, float(rule["radius_m"]), expected, jacobian, np.empty(5)):
        return False
    scratch = np.empty(3), np.empty((3, 3)), np.empty((3, 3)), np.empty((5, 3))
    return bool(np.isfinite(evidence(cov, view, expected, jacobian, box, 0.5, rule, *scratch)))


def smoothed(way: Way, acceleration: float, height_walk: float) -> Floats:
    """(L, 5) states given all boxes, before and after: Rauch, Tung and Striebel 1965."""
    best = way.mean.copy()
    forward = np.eye(5)
    for row in range(len(best) - 2, -1, -1):
        ahead, spread = way.mean[row].copy(), way.cov[row].copy()
        dt = way.at[row + 1] - way.at[row]
        move(ahead, spread, dt, acceleration, height_walk)
        forward[0, 2] = forward[1, 3] = dt
        back = np.linalg.solve(spread, forward @ way.cov[row]).T
        best[row] += back @ (best[row + 1] - ahead)
    return best
