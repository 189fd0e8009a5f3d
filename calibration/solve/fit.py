"""The camera that pairs, other evidence and what is known of lenses make likeliest: Levenberg and Marquardt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from calibration.camera import Camera, Floats
from calibration.solve.pairs import Pairs
from calibration.solve.terms import LENS, STEP, floor_slopes, pixel_slopes, shifted, spread, value

CLICK_PX = 1.0
PLAN_M = 0.02
"""Standard deviations we expect of a click, pixels, and of a measured point on the plan, metres."""
TRUST = 1.0
"""The expected noise counts as much as so many coordinates when the real one is estimated."""
HIDDEN_PX = 1e3
"""Misfit of a point that a trial camera does not see at all."""
ROUNDS = 40


class Evidence(Protocol):
    """Something besides pairs that a camera must agree with: a straight line, an upright post, a known height."""

    def residuals(self, camera: Camera) -> Floats:
        """(M,) misfits in standard deviations; the same M for every camera."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What a camera is fitted to.

    Attributes:
        pairs: see there.
        weights: (N,) 0..1 how far each pair is believed.
        evidence: everything else.
        noise: how many times the expected noise the real one is.
        known: lens terms that are given, and stay.
    """

    pairs: Pairs
    weights: Floats
    evidence: Sequence[Evidence] = ()
    noise: float = 1.0
    known: frozenset[str] = frozenset()


def expected_px(camera: Camera, floor_m: Floats) -> Floats:
    """(N,) expected noise of pairs in the picture: of the click, and of the plan seen through the camera; pixels."""
    slopes = floor_slopes(camera, floor_m)
    plan = PLAN_M * np.sqrt((np.nan_to_num(slopes) ** 2).sum((1, 2)) / 2)
    return np.asarray(np.hypot(CLICK_PX, plan), np.float64)


def misfits(camera: Camera, pairs: Pairs) -> Floats:
    """(N, 2) pixels by which the camera misses each pair."""
    off = camera.pixels_from_floor(pairs.floor_m) - pairs.pixel_px
    return np.asarray(np.where(np.isfinite(off), off, HIDDEN_PX), np.float64)


def fit(camera: Camera, problem: Problem, terms: tuple[str, ...], rounds: int = ROUNDS) -> tuple[Camera, float]:
    """The best camera near one, with these terms free, and its cost: squared misfits in standard deviations."""
    scale = expected_px(camera, problem.pairs.floor_m)
    cost = _cost(camera, problem, scale)
    damping = 1e-3
    for _ in range(rounds):
        normal, slope = _normal(camera, problem, terms, scale)
        while True:
            step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)) + 1e-12 * np.eye(len(terms)), slope)
            trial = shifted(camera, terms, np.clip(step, -0.5, 0.5))
            better = _cost(trial, problem, scale)
            if better < cost or damping > 1e8:
                break
            damping *= 8
        if not better < cost:
            break
        done = cost - better < 1e-9 * (1 + cost)
        camera, cost, damping = trial, better, max(damping / 5, 1e-9)
        if done:
            break
    return camera, cost


def information(camera: Camera, problem: Problem, terms: tuple[str, ...]) -> Floats:
    """(T, T) inverse covariance of the terms."""
    return _normal(camera, problem, terms, expected_px(camera, problem.pairs.floor_m))[0]


def squares(camera: Camera, problem: Problem) -> float:
    """Squared misfits of the pairs, in units of the expected noise."""
    scale = expected_px(camera, problem.pairs.floor_m)
    off = misfits(camera, problem.pairs) / scale[:, None]
    return float((problem.weights[:, None] * off**2).sum())


def _cost(camera: Camera, problem: Problem, scale: Floats) -> float:
    off = misfits(camera, problem.pairs) / (scale * problem.noise)[:, None]
    cost = float((problem.weights[:, None] * off**2).sum())
    for each in problem.evidence:
        cost += float((each.residuals(camera) ** 2).sum())
    return cost + sum((value(camera, t) / spread(t, camera.lens)) ** 2 for t in LENS if t not in problem.known)


def _normal(camera: Camera, problem: Problem, terms: tuple[str, ...], scale: Floats) -> tuple[Floats, Floats]:
    """J^T W J and -J^T W r, priors included."""
    slopes = np.nan_to_num(pixel_slopes(camera, terms, problem.pairs.floor_m))
    weight = problem.weights / (scale * problem.noise) ** 2
    off = misfits(camera, problem.pairs)
    normal = np.einsum("n,nit,niu->tu", weight, slopes, slopes)
    slope = -np.einsum("n,nit,ni->t", weight, slopes, off)
    for each in problem.evidence:
        miss = each.residuals(camera)
        lean = np.stack(
            [(each.residuals(shifted(camera, (t,), np.array([STEP[t]]))) - miss) / STEP[t] for t in terms],
            1,
        )
        normal += lean.T @ lean
        slope -= lean.T @ miss
    for k, term in enumerate(terms):
        if term in LENS:
            sharp = spread(term, camera.lens) ** -2
            normal[k, k] += sharp
            slope[k] -= sharp * value(camera, term)
    return np.asarray(normal, np.float64), np.asarray(slope, np.float64)
