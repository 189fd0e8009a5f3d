"""Which pairs to believe: the consensus set that explains all of them best, the wrong ones as clicks anywhere.

A pair is either right, off by a normal error of unknown size, or wrong, and then it may lie anywhere near. Each set of
right pairs is weighed by its marginal likelihood: how well its best camera fits, and how much of a camera's freedom was
needed for that (Laplace's approximation; MacKay 2003, chapter 28). So neither does one wrong pair hide behind the noise
it makes itself, nor is a lens bent to suit three of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, Floats
from calibration.solve.fit import HIDDEN_PX, expected_px, fit, information
from calibration.solve.kernels import FLOOR
from calibration.solve.start import Task
from calibration.solve.terms import LENS, POSE, columns, projected, spreads, value

ANYWHERE = 0.1
"""A wrong pair lies within about this share of the picture's width of where it should."""
SUSPECTED = 0.2
"""Share of the pairs expected to be wrong, before anything is known."""
NOISES = np.geomspace(0.7, 12.0, 18)
"""How many times the expected noise the real one may be;"""
NOISE_SPREAD = 0.8
"""standard deviation of its logarithm, before anything is known."""
RARE = float(np.log(4.0))
"""Ordinary lenses are that much likelier than fisheyes, before anything is known (four to one)."""
POSE_SPREAD = np.array([0.5, 0.5, 0.5, 5.0, 5.0, 5.0])
"""How far a camera's pose might be from any, radians and metres."""
MOST_WRONG = 0.4
"""Share of the pairs that may be wrong."""
GROSS_M, GROSS_PX = 0.3, 12.0
"""Nobody deletes a pair that is less off than both of these: feet are not found better, and it does little harm."""
DOUBT = 2e-3
"""A right pair is so rarely off by more than is allowed: three and a half deviations, were the noise known;"""
BELIEVED_SPARE = 2.0
"""which what we believe of it beforehand tells as well as so many coordinates."""
TRIED = 4
"""So many pairs are tried for a change of mind at a time."""
PASSES = 20


@dataclass(frozen=True, slots=True, eq=False)
class Consensus:
    """A set of pairs and its camera.

    Attributes:
        camera: the likeliest, all lens terms free within what lenses are like.
        used: (N,) pairs believed.
        noise: how many times the expected noise theirs is.
        loss: minus the logarithm of the marginal likelihood of all pairs, less a constant.
    """

    camera: Camera
    used: NDArray[np.bool_]
    noise: float
    loss: float


def consensus(camera: Camera, task: Task) -> Consensus:
    """The best set of pairs near a camera, found by changing one's mind about one or two pairs at a time."""
    best = _first(camera, task)
    for _ in range(PASSES):
        gains = _gains(best, task)
        ordered = np.argsort(-gains)
        ordered = ordered[np.isfinite(gains[ordered])][:TRIED].tolist()
        found = _better(best, task, [[k] for k in ordered])
        if found is None:
            found = _better(best, task, [[a, b] for n, a in enumerate(ordered) for b in ordered[:n]])
        if found is None:
            break
        best = found
    return _pardoned(best, task)


def fewest(count: int) -> int:
    """So many of ``count`` pairs must be right."""
    return max(4, count - int(MOST_WRONG * count))


def _better(best: Consensus, task: Task, changes: list[list[int]]) -> Consensus | None:
    """The best of some changes of mind, where one is better than none."""
    found = None
    for change in changes:
        used = best.used.copy()
        used[change] = ~used[change]
        if used.sum() < fewest(len(used)):
            continue
        trial = weighed_up(best.camera, task, used, best.noise)
        if trial.loss < (found or best).loss - 1e-6:
            found = trial
    return found


def _first(camera: Camera, task: Task) -> Consensus:
    off = _off(camera, task)
    ranked = np.argsort(off)
    typical = max(1.0, float(off[ranked[len(off) * 6 // 10]]))
    used = off <= 3.5 * typical
    used[ranked[: fewest(len(off))]] = True
    return weighed_up(camera, task, used, typical)


def weighed_up(camera: Camera, task: Task, used: NDArray[np.bool_], noise: float) -> Consensus:
    """What a set of pairs says, and how likely that makes all of them; starts at a camera and a noise."""
    terms = terms_of(task)
    for _ in range(2):
        camera, _ = fit(camera, task.problem(used.astype(np.float64), noise), terms, 15)
        noise, loss = _likeliest_noise(camera, task, used, terms)
    return Consensus(camera, used, noise, loss)


def terms_of(task: Task) -> tuple[str, ...]:
    """Terms of a camera that the pairs have to tell."""
    return POSE if task.known is not None else (*POSE, *LENS)


def _likeliest_noise(
    camera: Camera, task: Task, used: NDArray[np.bool_], terms: tuple[str, ...]
) -> tuple[float, float]:
    scale = expected_px(camera, task.pairs.floor_m)
    off = _off(camera, task)
    slopes = np.nan_to_num(projected(camera, task.pairs.floor_m)[1][:, :, columns(terms)])
    lean = (slopes / scale[:, None, None])[used].reshape(-1, len(terms)) * _prior(camera, terms)
    shares = np.linalg.eigvalsh(lean.T @ lean).clip(0.0)
    count = int(used.sum())
    squares = float((off[used] ** 2).sum())
    known = sum((value(camera, term) / spreads(camera.lens)[k]) ** 2 for k, term in enumerate(LENS) if term in terms)
    known += sum(float((each.residuals(camera) ** 2).sum()) for each in task.evidence)
    losses = (
        squares / (2 * NOISES**2)
        + 2 * count * np.log(NOISES)
        + 2 * float(np.log(scale[used]).sum())
        + 0.5 * np.log1p(shares[:, None] / NOISES**2).sum(0)
        + 0.5 * (np.log(NOISES) / NOISE_SPREAD) ** 2
        + 0.5 * known
        + (len(used) - count) * _anywhere(camera)
        + RARE * (camera.lens == "fisheye")
    )
    best = int(np.argmin(losses))
    return float(NOISES[best]), float(losses[best])


@dataclass(frozen=True, slots=True, eq=False)
class _Others:
    """What all other believed pairs say of each: how far off it is, squared standard deviations, and the like.

    Attributes:
        far: (N,) squared Mahalanobis distance.
        cost: (N,) what the pair adds to the loss when it is believed.
        gross: (N,) whether it is worth deleting.
        spare: coordinates that were not used up by fitting.
    """

    far: Floats
    cost: Floats
    gross: NDArray[np.bool_]
    spare: float


def _others(found: Consensus, task: Task) -> _Others:
    camera, pairs, used, terms = found.camera, task.pairs, found.used, terms_of(task)
    scale = expected_px(camera, pairs.floor_m) * found.noise
    uv, slopes = projected(camera, pairs.floor_m)
    off = np.where(np.isfinite(uv), uv - pairs.pixel_px, HIDDEN_PX)
    lean = np.nan_to_num(slopes[:, :, columns(terms)]) / scale[:, None, None]
    whole = information(camera, task.problem(used.astype(np.float64), found.noise), terms)
    covariance = np.linalg.inv(whole + np.diag([0.0 if t in LENS else 1.0 for t in terms] / _prior(camera, terms) ** 2))
    unsure = lean @ covariance @ np.swapaxes(lean, 1, 2)
    sign = np.where(used, -1.0, 1.0)
    spread = np.eye(2) + sign[:, None, None] * unsure
    lever = np.linalg.pinv(spread, hermitian=True)
    far = np.einsum("ni,nij,nj->n", off, lever, off) / scale**2
    cost = 0.5 * far + 0.5 * sign * np.log(np.maximum(np.linalg.det(spread), 1e-9)) + 2 * np.log(scale)
    told = np.einsum("nij,nj->ni", np.where(used[:, None, None], lever, np.eye(2)), off)
    apart = np.einsum("nij,nj->ni", np.linalg.pinv(np.nan_to_num(slopes[:, :, FLOOR:])), told)
    gross = (np.hypot(*apart.T) >= GROSS_M) | (np.hypot(*told.T) >= GROSS_PX) | np.isnan(uv[:, 0])
    spare = 2 * float(used.sum()) - float(np.trace(unsure[used], axis1=1, axis2=2).sum())
    return _Others(far, cost, gross, spare)


def _gains(found: Consensus, task: Task) -> Floats:
    """(N,) by about how much the loss falls when one's mind is changed about each pair; -inf where it may not be."""
    others = _others(found, task)
    gains = np.where(found.used, 1.0, -1.0) * (others.cost - _anywhere(found.camera))
    return np.asarray(np.where(found.used & ~others.gross, -np.inf, gains), np.float64)


def _pardoned(found: Consensus, task: Task) -> Consensus:
    """The set with pairs that are wrong for all one knows, but might be right for all one can prove.

    Of few pairs the best set fits too well. A pair stays out only where its distance is beyond what Student's t allows
    for so few spare coordinates, or nobody would call it a long tail.
    """
    others = _others(found, task)
    spare = others.spare + BELIEVED_SPARE
    allowed = spare * (DOUBT ** (-2.0 / spare) - 1)
    back = ~found.used & (~others.gross | (others.far < allowed))
    return weighed_up(found.camera, task, found.used | back, found.noise) if back.any() else found


def _anywhere(camera: Camera) -> float:
    """What a pair adds to the loss that is taken for wrong."""
    return float(2 * np.log(ANYWHERE * camera.width) - np.log(2 * np.pi) - np.log(SUSPECTED / (1 - SUSPECTED)))


def _off(camera: Camera, task: Task) -> Floats:
    """(N,) distance of each pair from the camera's, in units of the expected noise."""
    off = projected(camera, task.pairs.floor_m)[0] - task.pairs.pixel_px
    off = np.where(np.isfinite(off), off, HIDDEN_PX)
    return np.asarray(np.hypot(*off.T) / expected_px(camera, task.pairs.floor_m), np.float64)


def _prior(camera: Camera, terms: tuple[str, ...]) -> Floats:
    """(T,) standard deviations of the terms before anything is measured."""
    return np.concatenate([POSE_SPREAD, spreads(camera.lens)])[columns(terms)]
