"""The filter of one person: prediction, what a box says for them, correction, smoothing."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

from edge.floor.joint.body.kernels import TALL, VARIED, box_noise, expect, innovation, invert
from edge.floor.joint.records import Record

Floats = NDArray[np.float64]

LOG_2PI_3 = 1.5 * log(2 * np.pi)
MOST_SCORE = 2.0
"""What a box's score may say at most, for or against."""


@njit(cache=True)
def move(mean: Floats, cov: Floats, dt: float, acceleration: float, height_walk: float) -> None:
    """Lets somebody walk on for `dt` seconds: constant speed, white acceleration (Bar-Shalom et al. 2001, 6.2.2)."""
    q = acceleration * acceleration
    mean[0] += mean[2] * dt
    mean[1] += mean[3] * dt
    for a in range(5):
        cov[0, a] += dt * cov[2, a]
        cov[1, a] += dt * cov[3, a]
    for a in range(5):
        cov[a, 0] += dt * cov[a, 2]
        cov[a, 1] += dt * cov[a, 3]
    for k in range(2):
        cov[k, k] += q * dt**3 / 3
        cov[k, k + 2] += q * dt * dt / 2
        cov[k + 2, k] += q * dt * dt / 2
        cov[k + 2, k + 2] += q * dt
    cov[4, 4] += height_walk * height_walk * dt


@njit(cache=True)
def score_evidence(score: float, rules: Record) -> float:
    """What a detector's score says for somebody, capped."""
    s = min(max(score, 1e-3), 1 - 1e-3)
    return float(min(max(log(s / (1 - s)) - rules.score_middle, -MOST_SCORE), MOST_SCORE))


@njit(cache=True)
def reach(person_cov: Floats, jacobian: Floats, tall_px: float, rules: Record, out: Floats) -> None:
    """Writes (3,) how far a box's middle, top and foot may be off, pixels, before it is surely outside the gate.

    A squared Mahalanobis distance is at least that of any one coordinate alone.
    """
    for e in range(3):
        share = rules.side_noise if e == 0 else (rules.top_noise if e == 1 else rules.foot_noise)
        spread = ((share * tall_px) ** 2 + rules.noise_px**2) * rules.cut_noise**2
        for a in VARIED:
            for b in VARIED:
                spread += jacobian[e, a] * person_cov[a, b] * jacobian[e, b]
        out[e] = sqrt(rules.gate * spread)


@njit(cache=True)
def evidence(  # noqa: PLR0917 - compiled, takes no keywords
    person_cov: Floats,
    camera: Record,
    expected: Floats,
    jacobian: Floats,
    box: Floats,
    score: float,
    rules: Record,
    noise: Floats,
    spread: Floats,
    inverse: Floats,
    gain: Floats,
) -> float:
    """Log-likelihood ratio of a box being this person's against clutter; -inf outside the gate.

    Args:
        person_cov: (5, 5).
        camera: a record of `CAMERA`.
        expected: (5,) their box, see `body.expect`.
        jacobian: (3, 5).
        box: (4,) pixels.
        score: 0..1.
        rules: a record of `RULES`.
        noise: (3,) scratch, as are
        spread: (3, 3),
        inverse: (3, 3) and
        gain: (5, 3).
    """
    tall = expected[TALL]
    y0, y1, y2 = (box[0] + box[2]) / 2 - expected[0], box[1] - expected[1], box[3] - expected[2]
    if not (abs(y0) < 3 * tall and abs(y1) < 3 * tall and abs(y2) < 3 * tall):
        return -np.inf
    box_noise(camera, box, tall, rules, noise)
    innovation(person_cov, jacobian, noise, spread, gain)
    det = invert(spread, inverse)
    if not det > 0:
        return -np.inf
    far = (
        y0 * (inverse[0, 0] * y0 + inverse[0, 1] * y1 + inverse[0, 2] * y2)
        + y1 * (inverse[1, 0] * y0 + inverse[1, 1] * y1 + inverse[1, 2] * y2)
        + y2 * (inverse[2, 0] * y0 + inverse[2, 1] * y1 + inverse[2, 2] * y2)
    )
    if far > rules.gate:
        return -np.inf
    honest = (1 - rules.wild_share) + rules.wild_share / 27 * exp(
        far * 4 / 9
    )  # the wild ones scatter three times as far
    density = log(honest) - 0.5 * far - 0.5 * (log(det) - 6 * log(tall)) - LOG_2PI_3
    found: float = log(rules.detection_rate) + density - log(rules.clutter) + score_evidence(score, rules)
    return found


@njit(cache=True)
def correct(mean: Floats, cov: Floats, camera: Record, box: Floats, rules: Record) -> None:
    """Corrects somebody's state by their box, in place; one that is far off is believed less, the farther the less.

    The noise is raised as for a heavy-tailed error (Huber 1981): half hidden people and boxes around two are common.
    """
    expected, scratch, noise, miss = np.empty(5), np.empty(5), np.empty(3), np.empty(3)
    jacobian, spread, inverse, gain = np.zeros((3, 5)), np.empty((3, 3)), np.empty((3, 3)), np.empty((5, 3))
    if not expect(camera, mean, rules.radius_m, expected, jacobian, scratch):
        return
    box_noise(camera, box, expected[TALL], rules, noise)
    innovation(cov, jacobian, noise, spread, gain)
    if not invert(spread, inverse) > 0:
        return
    miss[0], miss[1], miss[2] = (box[0] + box[2]) / 2 - expected[0], box[1] - expected[1], box[3] - expected[2]
    far = 0.0
    for e in range(3):
        for f in range(3):
            far += miss[e] * inverse[e, f] * miss[f]
    if far > rules.doubt_above:
        for e in range(3):
            noise[e] *= far / rules.doubt_above
        innovation(cov, jacobian, noise, spread, gain)
        if not invert(spread, inverse) > 0:
            return
    for a in range(5):
        for e in range(3):
            for f in range(3):
                mean[a] += gain[a, e] * inverse[e, f] * miss[f]
    weighed = np.empty((5, 3))
    for a in range(5):
        for f in range(3):
            weighed[a, f] = gain[a, 0] * inverse[0, f] + gain[a, 1] * inverse[1, f] + gain[a, 2] * inverse[2, f]
    for a in range(5):
        for b in range(5):
            cov[a, b] -= weighed[a, 0] * gain[b, 0] + weighed[a, 1] * gain[b, 1] + weighed[a, 2] * gain[b, 2]
    mean[4] = min(max(mean[4], rules.shortest_m), rules.tallest_m)


@njit(cache=True)
def smooth(means: Floats, covs: Floats, dts: Floats, acceleration: float, height_walk: float) -> Floats:
    """(5,) the first state of a row of L given all of them: Rauch, Tung and Striebel 1965.

    Args:
        means: (L, 5) filtered.
        covs: (L, 5, 5).
        dts: (L,) seconds from each to the next; the last is not used.
        acceleration: see `move`.
        height_walk: see `move`.
    """
    later: Floats = means[len(means) - 1].copy()
    forward = np.eye(5)
    for r in range(len(means) - 2, -1, -1):
        ahead, spread = means[r].copy(), covs[r].copy()
        move(ahead, spread, dts[r], acceleration, height_walk)
        forward[0, 2] = forward[1, 3] = dts[r]
        back = np.linalg.solve(spread, forward @ covs[r]).T
        later = means[r] + back @ (later - ahead)
    return later
