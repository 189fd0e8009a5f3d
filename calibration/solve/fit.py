"""The camera that pairs, other evidence and what is known of lenses make likeliest: Levenberg and Marquardt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from calibration.camera import Camera, Floats
from calibration.lens import WIDEST
from calibration.solve.kernels import believed, descend, solved, weighed
from calibration.solve.pairs import Pairs
from calibration.solve.terms import (
    LENS,
    STEP,
    TERMS,
    columns,
    flattened,
    floor_slopes,
    full_distortion,
    projected,
    shifted,
    spreads,
    values,
)

CLICK_PX = 1.0
PLAN_M = 0.02
"""Standard deviations we expect of a click, pixels, and of a measured point on the plan, metres."""
TRUST = 1.0
"""The expected noise counts as much as so many coordinates when the real one is estimated."""
HIDDEN_PX = 1e3
"""Misfit of a point that a trial camera does not see at all."""
ROUNDS = 40


class Evidence(Protocol):
    """Something besides pairs that a camera must agree with: straight lines, upright posts, a known height.

    Where it has ``terms``, it depends on no others.
    """

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
    off = projected(camera, pairs.floor_m)[0] - pairs.pixel_px
    return np.asarray(np.where(np.isfinite(off), off, HIDDEN_PX), np.float64)


def fit(
    camera: Camera, problem: Problem, terms: tuple[str, ...], rounds: int = ROUNDS, tolerance: float = np.inf
) -> tuple[Camera, float]:
    """The best camera near one, with these terms free, and its cost: squared misfits in standard deviations.

    With a finite ``tolerance``, standard deviations, pairs that are off by well more do not pull.
    """
    scale = expected_px(camera, problem.pairs.floor_m)
    if problem.evidence:
        return _stepped(camera, problem, terms, scale, rounds, tolerance)
    off = values(camera)
    sharp = np.where([term in problem.known for term in LENS], 0.0, spreads(camera.lens) ** -2)
    pairs, weight = problem.pairs, problem.weights / (scale * problem.noise) ** 2
    rotation, centre, matrix, lens, cost = descend(
        *flattened(camera), WIDEST, pairs.floor_m, pairs.pixel_px, weight, columns(terms), off, sharp,
        HIDDEN_PX, tolerance, rounds,
    )  # fmt: skip
    distortion = lens[: len(full_distortion(camera))]
    return replace(
        camera, matrix=matrix, distortion=distortion, rotation=rotation, translation=-rotation @ centre
    ), cost


def _stepped(  # noqa: PLR0917 - as fit, and the scale
    camera: Camera, problem: Problem, terms: tuple[str, ...], scale: Floats, rounds: int, tolerance: float
) -> tuple[Camera, float]:
    """As `kernels.descend`, step by step, as evidence other than pairs is not compiled."""
    cost, normal, slope = _normal(camera, problem, terms, scale, tolerance)
    damping = 1e-3
    for _ in range(rounds):
        step = np.zeros(len(terms))
        while True:
            better = np.inf
            if solved(normal, slope, damping, step):
                trial = shifted(camera, terms, np.clip(step, -0.5, 0.5))
                better = _normal(trial, problem, terms, scale, tolerance, is_whole=False)[0]
            if better < cost or damping > 1e8:
                break
            damping *= 8
        if not better < cost:
            break
        done = cost - better < 1e-9 * (1 + cost)
        camera, cost, damping = trial, better, max(damping / 5, 1e-9)
        if done:
            break
        _, normal, slope = _normal(camera, problem, terms, scale, tolerance)
    return camera, cost


def information(camera: Camera, problem: Problem, terms: tuple[str, ...]) -> Floats:
    """(T, T) inverse covariance of the terms."""
    return _normal(camera, problem, terms, expected_px(camera, problem.pairs.floor_m))[1]


def squares(camera: Camera, problem: Problem) -> float:
    """Squared misfits of the pairs, in units of the expected noise."""
    scale = expected_px(camera, problem.pairs.floor_m)
    off = misfits(camera, problem.pairs) / scale[:, None]
    return float((problem.weights[:, None] * off**2).sum())


def _normal(
    camera: Camera,
    problem: Problem,
    terms: tuple[str, ...],
    scale: Floats,
    tolerance: float = np.inf,
    *,
    is_whole: bool = True,
) -> tuple[float, Floats, Floats]:
    """Cost, J^T W J and -J^T W r, priors included; of the evidence only the cost where not ``is_whole``."""
    pairs = problem.pairs
    uv, slopes = projected(camera, pairs.floor_m)
    weight = problem.weights / (scale * problem.noise) ** 2
    cost, normal, slope = weighed(uv, slopes, pairs.pixel_px, weight, columns(terms), HIDDEN_PX, tolerance)
    for each in problem.evidence:
        miss = each.residuals(camera)
        cost += float(miss @ miss)
        if not is_whole:
            continue
        moves = getattr(each, "terms", TERMS)
        lean = np.zeros((len(miss), len(terms)))
        for k, term in enumerate(terms):
            if term in moves:
                lean[:, k] = (each.residuals(shifted(camera, (term,), np.array([STEP[term]]))) - miss) / STEP[term]
        normal += lean.T @ lean
        slope -= lean.T @ miss
    sharp = np.where([term in problem.known for term in LENS], 0.0, spreads(camera.lens) ** -2)
    cost += believed(values(camera), sharp, columns(terms), normal, slope)
    return cost, normal, slope
