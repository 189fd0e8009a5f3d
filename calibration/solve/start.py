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
from calibration.solve.terms import LENS, POSE, plain_camera, projected, shifted
from contract.errors import BadInputError

STARTS: dict[Kind, tuple[tuple[float, float], ...]] = {
    "brown": ((0.45, -0.2), (0.6, 0.0), (1.0, 0.0), (2.0, 0.0)),
    "fisheye": ((0.25, 0.0), (0.35, 0.0), (0.5, 0.0)),
}
"""Focal lengths, picture widths, and the distortion k1 to start from."""
LAST = 6.0
"""Expected noises beyond which a pair no longer pulls, in the end."""
KEPT, ALIKE = 3, 1.0
"""So many starts are followed; two whose costs differ by less are one."""


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


def starts(task: Task, kind: Kind) -> list[Camera]:
    """Robust fits of pose and lens, best first, no two alike.

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
    for share, bent in STARTS[kind] if task.known is None else ((1.0, 0.0),):
        lens = _lens(task, kind, share, bent)
        flat = lens.plane_from_pixels(task.pairs.pixel_px)
        seen = np.isfinite(flat).all(1)
        if seen.sum() < 4:
            continue
        for homography, _ in agreed(floor[seen], flat[seen], rng):
            posed = (_posed(each, homography, floor[seen]) for each in (lens, *_own_focal(lens, homography)))
            found += [_robust(each, task) for each in posed if each is not None and _sees(each, floor) >= 4]
    if not found:
        raise BadInputError(f"{task.source}: no camera above the floor sees these points so; check pixels and metres")
    found.sort(key=lambda each: each[0])
    kept: list[tuple[float, Camera]] = []
    for cost, camera in found:
        if all(cost - other > ALIKE for other, _ in kept):
            kept.append((cost, camera))
    return [camera for _, camera in kept[:KEPT]]


def _lens(task: Task, kind: Kind, share: float, bent: float) -> Camera:
    still, ahead = np.eye(3), np.array([0.0, 0.0, 1.0])
    if task.known is None:
        camera = plain_camera(task.name, task.size, share * task.size[0], kind, still, ahead)
        return shifted(camera, ("k1", "k2"), np.array([bent, bent**2]))  # the square keeps the lens from folding
    own = task.known
    return Camera(task.name, *own.size, own.matrix, own.distortion, still, ahead, own.lens).scaled(*task.size)


def _own_focal(lens: Camera, homography: Floats) -> list[Camera]:
    """The lens with the focal length that makes the floor's axes square to each other and alike, where one does.

    Zhang 2000, section 3.1, of one view; the homography leads to the plane before ``lens``.
    """
    if lens.lens == "fisheye" or lens.distortion.any():
        return []
    (a, b, _), (c, d, _), (e, f, _) = homography
    with np.errstate(divide="ignore", invalid="ignore"):
        square = np.array([-(a * b + c * d) / (e * f), (a * a + c * c - b * b - d * d) / (f * f - e * e)])
    return [shifted(lens, ("focal",), np.array([0.5 * np.log(each)])) for each in square.tolist() if 0.1 < each < 10.0]


def _sees(camera: Camera, floor_m: Floats) -> int:
    return int(np.isfinite(projected(camera, floor_m)[0]).all(1).sum())


def _typical(camera: Camera, task: Task) -> float:
    """Expected noises that three pairs of five are off by at most."""
    off = np.hypot(*misfits(camera, task.pairs).T) / expected_px(camera, task.pairs.floor_m)
    middle = len(off) * 6 // 10
    return float(np.partition(off, middle)[middle])


def _posed(lens: Camera, homography: Floats, floor_m: Floats) -> Camera | None:
    """The camera nearest to a map from floor to the plane before it; None where it would hang below the floor."""
    scale = np.linalg.norm(homography[:, :2], axis=0).mean()
    if not (np.isfinite(homography).all() and scale > 0):
        return None
    columns = homography / scale
    if np.median(np.column_stack([floor_m, np.ones(len(floor_m))]) @ columns[2]) < 0:
        columns = -columns
    left, _, right = np.linalg.svd(np.column_stack([columns[:, :2], np.cross(columns[:, 0], columns[:, 1])]))
    rotation = left @ np.diag([1.0, 1.0, np.linalg.det(left @ right)]) @ right
    camera = replace(lens, rotation=rotation, translation=columns[:, 2].copy())
    return camera if camera.centre_m[2] > 0 else None


def _robust(camera: Camera, task: Task) -> tuple[float, Camera]:
    """Pose and lens with ever less patience for what is off (Geman and McClure 1987): the cost, and the camera."""
    terms = POSE if task.known is not None else (*POSE, *LENS)
    problem = Problem(task.pairs, np.ones(len(task.pairs)), (), 1.0, task.given)  # other evidence comes in from here on
    tolerance = max(LAST, 3 * _typical(camera, task))
    while True:
        camera, cost = fit(camera, problem, terms, 6, tolerance)
        if tolerance <= LAST:
            return cost, camera
        tolerance = max(LAST, tolerance / 2)
