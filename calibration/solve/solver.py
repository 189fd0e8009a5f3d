"""Pairs to a camera: what can be carried by the data is decided by the data, and grossly wrong pairs are named.

The order of work: refuse what cannot be solved; find the homography that most pairs agree with (`homography`) for
ordinary and for very wide lenses; turn it into cameras; fit them robustly (`fit`); decide which
pairs to believe (`consensus`); choose the lens terms by Schwarz's
criterion (1978); and say how sure all of that is (`solution`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera
from calibration.lens import Kind
from calibration.solve.consensus import Consensus, consensus, weighed_up
from calibration.solve.fit import TRUST, Evidence, Problem, fit, information, misfits, squares
from calibration.solve.pairs import Pairs, refuse_bad_pairs
from calibration.solve.solution import Solution
from calibration.solve.start import Intrinsics, Task, starts
from calibration.solve.terms import LENS, POSE, full_distortion, shifted, spread, trimmed, value
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
KIND_FROM = 6
"""Which kind of lens it is takes so many."""


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
    try:
        return _solved(task, _kinds(task, lens))
    except np.linalg.LinAlgError:
        raise BadInputError(
            f"{source}: these points leave the camera open; add some spread over the floor, near and far"
        ) from None


def _solved(task: Task, kinds: list[Kind]) -> Solution:
    agreed = min((consensus(camera, task) for camera in _every_start(task, kinds)), key=lambda each: each.loss)
    if not agreed.used.all():
        agreed = _afresh(agreed, task, kinds)
    best = _chosen(agreed.camera, task, agreed.used)
    if task.known is None and len(best.free) == 1 and best.used.sum() < LENS_FROM:
        # What the lens bends is not noise: of few pairs it is not told, but allowed for in what is expected.
        best = replace(best, noise=min(best.noise, agreed.noise))
    if not best.camera.centre_m[2] > 0:
        raise BadInputError(f"{task.source}: the camera would hang below the floor; check pixels and metres")
    if not np.isfinite(best.camera.pixels_from_floor(task.pairs.floor_m[best.used])).all():
        raise BadInputError(f"{task.source}: no camera above the floor sees these points so; check pixels and metres")
    return _solution(best, task)


def _afresh(agreed: Consensus, task: Task, kinds: list[Kind]) -> Consensus:
    """The camera that is found from the believed pairs alone, so that wrong ones leave no trace."""
    own = replace(task, pairs=task.pairs.only(agreed.used))
    found = [weighed_up(camera, task, agreed.used, 1.0) for camera in _every_start(own, kinds)]
    return min(found, key=lambda each: each.loss)


def _every_start(task: Task, kinds: list[Kind]) -> list[Camera]:
    """Where to start from for each kind of lens that can have seen the points.

    Raises:
        BadInputError: where none can.
    """
    found: list[Camera] = []
    for kind in kinds:
        try:
            found += starts(task, kind)
        except BadInputError:
            if not found and kind == kinds[-1]:
                raise
    return found


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
    return ["brown", "fisheye"] if len(task.pairs) >= KIND_FROM else ["brown"]


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
