"""Where the search for a camera starts: from the homography that most pairs agree with, for several lenses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from calibration.camera import Camera, Floats
from calibration.lens import Kind
from calibration.solve.fit import Evidence, Problem, expected_px, fit, misfits
from calibration.solve.homography import agreed, turning
from calibration.solve.pairs import Pairs
from calibration.solve.terms import LENS, POSE, plain_camera
from contract.errors import BadInputError

FOCAL_STARTS: dict[Kind, tuple[float, ...]] = {"brown": (0.45, 0.8, 1.3, 2.2), "fisheye": (0.25, 0.35, 0.5)}
"""Focal lengths to start from, picture widths."""
ROUNDS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Intrinsics:
    """A lens known beforehand: a data sheet's, or measured with a board.

    Attributes:
        matrix: (3, 3) K, pixels.
        distortion: (D,) see `Camera`.
        lens: the model.
        size: width and height of the pictures it holds for.
    """

    matrix: Floats
    distortion: Floats
    lens: Kind
    size: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is asked for; see `solver.solve`."""

    pairs: Pairs
    size: tuple[int, int]
    name: str
    known: Intrinsics | None
    evidence: Sequence[Evidence]
    source: str

    @property
    def given(self) -> frozenset[str]:
        """Lens terms that stay as they are."""
        return frozenset(LENS) if self.known is not None else frozenset()

    def problem(self, weights: Floats, noise: float) -> Problem:
        """What a camera is fitted to when the pairs are believed so."""
        return Problem(self.pairs, weights, self.evidence, noise, self.given)


def start(task: Task, kind: Kind) -> Camera:
    """The best of several robust fits of pose and focal length.

    Raises:
        BadInputError: where the floor's axes are mirrored, or no camera above the floor can see the points so.
    """
    floor = task.pairs.floor_m
    if turning(floor, task.pairs.pixel_px) > 0:
        raise BadInputError(
            f"{task.source}: the floor looks mirrored: on the plan x must grow to the right and y upwards, seen from "
            "above; if y was measured downwards, subtract it from the plan's height"
        )
    rng = np.random.default_rng(0)
    found: list[tuple[float, Camera]] = []
    for share in FOCAL_STARTS[kind] if task.known is None else (1.0,):
        lens = _lens(task, kind, share)
        flat = lens.plane_from_pixels(task.pairs.pixel_px)
        seen = np.isfinite(flat).all(1)
        if seen.sum() < 4:
            continue
        homography, _ = agreed(floor[seen], flat[seen], rng)
        camera = _posed(lens, homography, floor[seen])
        if camera is not None:
            found.append(_robust(camera, task))
    if not found:
        raise BadInputError(f"{task.source}: no camera above the floor sees these points so; check pixels and metres")
    return min(found, key=lambda each: each[0])[1]


def _lens(task: Task, kind: Kind, share: float) -> Camera:
    still, ahead = np.eye(3), np.array([0.0, 0.0, 1.0])
    if task.known is None:
        return plain_camera(task.name, task.size, share * task.size[0], kind, still, ahead)
    own = task.known
    return Camera(task.name, *own.size, own.matrix, own.distortion, still, ahead, own.lens).scaled(*task.size)


def _posed(lens: Camera, homography: Floats, floor_m: Floats) -> Camera | None:
    """The camera nearest to a map from floor to the plane before it; None where it would hang below the floor."""
    scale = np.linalg.norm(homography[:, :2], axis=0).mean()
    columns = homography / scale
    if np.median(np.column_stack([floor_m, np.ones(len(floor_m))]) @ columns[2]) < 0:
        columns = -columns
    left, _, right = np.linalg.svd(np.column_stack([columns[:, :2], np.cross(columns[:, 0], columns[:, 1])]))
    rotation = left @ np.diag([1.0, 1.0, np.linalg.det(left @ right)]) @ right
    camera = replace(lens, rotation=rotation, translation=columns[:, 2].copy())
    return camera if camera.centre_m[2] > 0 else None


def _robust(camera: Camera, task: Task) -> tuple[float, Camera]:
    """Pose and focal length by reweighting (Cauchy): the cost, and the camera."""
    terms = POSE if task.known is not None else (*POSE, "focal")
    cost = np.inf
    for _ in range(ROUNDS):
        off = np.hypot(*misfits(camera, task.pairs).T) / expected_px(camera, task.pairs.floor_m)
        middle = len(off) * 3 // 5
        typical = max(1.0, 1.2 * float(np.partition(off, middle)[middle]))
        weights = 1.0 / (1.0 + (off / (2 * typical)) ** 2)
        camera, _ = fit(camera, task.problem(weights, typical), terms, 5)
        before, cost = cost, float(np.log1p((off / 3.0) ** 2).sum())
        if abs(before - cost) < 1e-3:
            break
    return cost, camera
