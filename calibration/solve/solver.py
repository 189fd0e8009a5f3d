"""Pairs to a camera: what can be carried by the data is decided by the data, and grossly wrong pairs are named.

The order of work: refuse what cannot be solved; find the homography that most pairs agree with (`homography`) for
ordinary and for very wide lenses; turn it into cameras; fit them robustly (`fit`); choose the lens terms by Schwarz's
criterion (1978); take out pairs that the others contradict; and say how sure all of that is (`solution`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, Floats
from calibration.lens import Kind
from calibration.solve.fit import TRUST, Evidence, Problem, expected_px, fit, information, misfits, squares
from calibration.solve.pairs import Pairs, refuse_bad_pairs
from calibration.solve.solution import Solution
from calibration.solve.start import Intrinsics, Task, start
from calibration.solve.terms import LENS, POSE, full_distortion, pixel_slopes, shifted, spread, trimmed, value
from contract.errors import BadInputError

MODELS: dict[Kind, tuple[tuple[str, ...], ...]] = {
    "brown": (
        ("focal",),
        ("focal", "k1"),
        ("focal", "k1", "k2"),
        ("focal", "across", "down"),
        ("focal", "across", "down", "k1"),
        ("focal", "across", "down", "k1", "k2"),
        ("focal", "across", "down", "k1", "k2", "k3"),
    ),
    "fisheye": (
        ("focal",),
        ("focal", "k1"),
        ("focal", "across", "down"),
        ("focal", "across", "down", "k1"),
        ("focal", "across", "down", "k1", "k2"),
    ),
}
"""Lens terms that are tried, fewest first."""
LENS_FROM = 8
"""Distortion and a shifted axis take so many pairs, or other evidence."""
FAR_OFF = 5.0
"""A pair that is so many standard deviations from what the others say is wrong;"""
BACK = 0.7
"""one that is less off than this share of it is right after all."""
GROSS_M, GROSS_PX = 0.1, 3.0
"""But nobody deletes a pair that is less off than both of these."""
MOST_WRONG = 0.4
"""Share of the pairs that may be wrong."""
PASSES = 12


def solve(
    pairs: Pairs,
    size: tuple[int, int],
    name: str = "camera",
    *,
    lens: Kind | None = None,
    known: Intrinsics | None = None,
    evidence: Sequence[Evidence] = (),
    source: str = "pairs",
    floor_size_m: tuple[float, float] | None = None,
) -> Solution:
    """The camera that pairs and evidence make likeliest.

    Args:
        pairs: four or more; a lens's distortion takes eight.
        size: width and height of the picture, pixels.
        name: the camera's id.
        lens: the model, where it is known; else the data choose.
        known: the lens, where it was measured before; only the pose is then sought.
        evidence: straight lines, posts, known heights.
        source: what the pairs came from, for messages.
        floor_size_m: the plan's, where known.

    Raises:
        BadInputError: where no camera can have seen these pairs, in words that an installer can act on.
    """
    refuse_bad_pairs(pairs, size, source, floor_size_m)
    task = Task(pairs, size, name, known, evidence, source)
    best = min((_settled(start(task, kind), task) for kind in _kinds(task, lens)), key=lambda each: each.criterion)
    if not best.camera.centre_m[2] > 0:
        raise BadInputError(f"{source}: the camera would hang below the floor; check pixels and metres")
    return _solution(best, task)


@dataclass(frozen=True, slots=True, eq=False)
class _Choice:
    """A camera with the lens terms it took, the pairs it believes, and how good that is."""

    camera: Camera
    free: tuple[str, ...]
    used: NDArray[np.bool_]
    noise: float
    criterion: float


def _kinds(task: Task, lens: Kind | None) -> list[Kind]:
    if task.known is not None:
        return [task.known.lens]
    if lens is not None:
        return [lens]
    return ["brown", "fisheye"] if len(task.pairs) >= LENS_FROM else ["brown"]


def _settled(camera: Camera, task: Task) -> _Choice:
    """Lens terms and believed pairs, decided in turns until neither changes."""
    off = np.hypot(*misfits(camera, task.pairs).T) / expected_px(camera, task.pairs.floor_m)
    used = off <= max(1.5 * FAR_OFF, 6 * float(np.median(off)))
    choice = _chosen(camera, task, used)
    least = max(4, len(off) - int(MOST_WRONG * len(off)))
    for _ in range(PASSES):
        far = _contradicted(choice, task)
        worst = int(np.argmax(np.where(used, far, -1.0)))
        back = ~used & (far < BACK * FAR_OFF)
        if used[worst] and far[worst] > FAR_OFF and used.sum() > least:
            used = used.copy()
            used[worst] = False
        elif back.any():
            used = used | back
        else:
            break
        choice = _chosen(choice.camera, task, used)
    return choice


def _chosen(camera: Camera, task: Task, used: NDArray[np.bool_]) -> _Choice:
    """The lens terms that the believed pairs can carry, by Schwarz's criterion."""
    models: tuple[tuple[str, ...], ...] = ((),) if task.known is not None else MODELS[camera.lens]
    if task.known is None and used.sum() < LENS_FROM and not task.evidence:
        models = (("focal",),)
    return min((_fitted(camera, task, used, free) for free in models), key=lambda each: each.criterion)


def _fitted(camera: Camera, task: Task, used: NDArray[np.bool_], free: tuple[str, ...]) -> _Choice:
    if task.known is None:
        camera = _without(camera, free)
    count, noise = 2 * int(used.sum()), 1.0
    problem = task.problem(used.astype(np.float64), noise)
    for _ in range(3):
        problem = replace(problem, noise=noise)
        camera, _ = fit(camera, problem, (*POSE, *free))
        noise = _noise(camera, problem, len(free) + len(POSE))
    likely = (squares(camera, problem) + TRUST) / (count + TRUST)
    believed = sum((value(camera, t) / spread(t, camera.lens)) ** 2 for t in free)
    believed += sum(float((each.residuals(camera) ** 2).sum()) for each in task.evidence)
    criterion = count * np.log(likely) + believed + len(free) * np.log(count)
    return _Choice(camera, free, used, noise, float(criterion))


def _without(camera: Camera, free: tuple[str, ...]) -> Camera:
    """The camera with lens terms that are not free put back to what is expected."""
    fixed = tuple(term for term in LENS if term not in free)
    camera = replace(camera, distortion=full_distortion(camera))
    return shifted(camera, fixed, -np.array([value(camera, term) for term in fixed]))


def _noise(camera: Camera, problem: Problem, free: int) -> float:
    """How many times the expected noise the real one is; the expected counts as ``TRUST`` coordinates."""
    count = 2 * float(problem.weights.sum())
    return float(np.sqrt((squares(camera, problem) + TRUST) / (max(1.0, count - free) + TRUST)))


def _contradicted(choice: _Choice, task: Task) -> Floats:
    """(N,) standard deviations by which each pair is off from what all the others say; 0 where it is a trifle."""
    far = np.zeros(len(task.pairs))
    for k in range(len(far)):
        others = choice.used.copy()
        others[k] = False
        if others.sum() < 3:
            continue
        problem = task.problem(others.astype(np.float64), choice.noise)
        is_bent = others.sum() >= LENS_FROM - 1 or task.known is not None or bool(task.evidence)
        terms = (*POSE, *(choice.free if is_bent else ("focal",)))
        camera = fit(choice.camera, problem, terms, 4)[0] if choice.used[k] else choice.camera
        own = task.pairs.only(np.array([k]))
        off = misfits(camera, own)[0]
        told = camera.floor_from_pixels(own.pixel_px)[0] - own.floor_m[0]
        if np.isfinite(told).all() and np.hypot(*told) < GROSS_M and np.hypot(*off) < GROSS_PX:
            continue
        noise = _noise(camera, problem, len(terms))
        unsure = np.linalg.inv(information(camera, replace(problem, noise=noise), terms))
        slopes = np.nan_to_num(pixel_slopes(camera, terms, own.floor_m))[0]
        covariance = slopes @ unsure @ slopes.T + np.eye(2) * (noise * expected_px(camera, own.floor_m)[0]) ** 2
        far[k] = float(np.sqrt(off @ np.linalg.solve(covariance, off)))
    return far


def _solution(choice: _Choice, task: Task) -> Solution:
    camera, pairs = choice.camera, task.pairs
    problem = task.problem(choice.used.astype(np.float64), choice.noise)
    terms = POSE if task.known is not None else (*POSE, *LENS)
    covariance = np.asarray(np.linalg.inv(information(camera, problem, terms)), np.float64)
    left_out = np.empty(len(pairs))
    for k in range(len(pairs)):
        weights = problem.weights.copy()
        weights[k] = 0.0
        other, _ = fit(camera, replace(problem, weights=weights), (*POSE, *choice.free), 6)
        told = other.floor_from_pixels(pairs.pixel_px[k : k + 1])[0]
        left_out[k] = float(np.hypot(*(told - pairs.floor_m[k]))) if np.isfinite(told).all() else np.inf
    residual = np.asarray(np.hypot(*misfits(camera, pairs).T), np.float64)
    return Solution(
        trimmed(camera), " ".join(choice.free) or "pose", pairs, choice.used, residual,
        left_out, choice.noise, terms, covariance,
    )  # fmt: skip
