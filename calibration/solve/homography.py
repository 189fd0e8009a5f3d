"""Plane to plane: the normalised direct linear transform, many at once, and the one that most pairs agree with."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from calibration.solve.kernels import exact_homographies

Floats = NDArray[np.float64]
SAMPLE = 4
MOST_SAMPLES = 1500
MOST_TURNED = 24
"""Points whose triangles are looked at."""
AGREE = 0.65
"""This share of the pairs decides how good a sample is: a quarter may be wrong, and one or two more be unlucky."""


def homographies(source: Floats, target: Floats) -> Floats:
    """(S, 3, 3) maps of (S, N, 2) points to (S, N, 2): normalised DLT (Hartley and Zisserman 2004, algorithm 4.2)."""
    (a, from_norm), (b, to_norm) = _normalised(source), _normalised(target)
    zero, one = np.zeros_like(a[..., 0]), np.ones_like(a[..., 0])
    x, y, u, v = a[..., 0], a[..., 1], b[..., 0], b[..., 1]
    rows = np.concatenate(
        [
            np.stack([x, y, one, zero, zero, zero, -u * x, -u * y, -u], -1),
            np.stack([zero, zero, zero, x, y, one, -v * x, -v * y, -v], -1),
        ],
        axis=-2,
    )
    _, _, right = np.linalg.svd(rows, full_matrices=True)
    found = right[..., -1, :].reshape(*right.shape[:-2], 3, 3)
    return np.asarray(np.linalg.inv(to_norm) @ found @ from_norm, np.float64)


def mapped(homography: Floats, points: Floats) -> Floats:
    """(..., N, 2) images of (N, 2) points; NaN where they lie on the other side of the line at infinity than most."""
    ahead = np.concatenate([points, np.ones((len(points), 1))], 1) @ np.swapaxes(homography, -1, -2)
    depth = ahead[..., 2:]
    depth = depth * np.where(np.median(depth, axis=-2, keepdims=True) < 0, -1.0, 1.0)
    signs = np.where(np.median(ahead[..., 2:], axis=-2, keepdims=True) < 0, -1.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(depth > 0, ahead[..., :2] * signs / depth, np.nan), np.float64)


def agreed(source: Floats, target: Floats, rng: np.random.Generator, most: int = 3) -> list[tuple[Floats, Floats]]:
    """Homographies that most pairs agree with, and (N,) how far off each is in the target, infinite for impossible.

    The best first, and then the best that rest on samples with at most two points of those before.

    Least quantile of squares (Rousseeuw 1984) over all samples of four, or over ``MOST_SAMPLES`` of them.
    """
    count = len(source)
    if comb(count, SAMPLE) <= MOST_SAMPLES:
        samples = np.array(list(combinations(range(count), SAMPLE)), np.int64)
    else:
        samples = np.argpartition(rng.random((MOST_SAMPLES, count)), SAMPLE, axis=1)[:, :SAMPLE]
    found = exact_homographies(np.ascontiguousarray(source), np.ascontiguousarray(target), samples)
    off = np.linalg.norm(mapped(found, source) - target, axis=-1)
    off = np.where(np.isfinite(off), off, np.inf)
    rank = max(min(count, SAMPLE + 1), int(np.ceil(AGREE * count))) - 1
    worst = np.partition(off, rank, axis=1)[:, rank]
    order = np.argsort(worst) if np.isfinite(worst).any() else np.argsort(np.isinf(off).sum(1))
    kept: list[int] = []
    for k in order.tolist():
        if all(len(set(samples[k].tolist()) & set(samples[other].tolist())) < 3 for other in kept):
            kept.append(k)
        if len(kept) == most:
            break
    return [(found[k], off[k]) for k in kept]


def turning(source: Floats, target: Floats) -> float:
    """Whether triangles of points keep their sense from one plane to the other: 1 all do, -1 none does.

    A picture of points before the camera keeps or turns all of them (oriented projective geometry, Stolfi 1991), so
    their vote stands although some points be wrong. Larger triangles count for more.
    """
    some = np.array(list(combinations(range(min(len(source), MOST_TURNED)), 3)), np.int64)
    areas = [_areas(points[some]) / max(float(np.ptp(points)) ** 2, 1e-12) for points in (source, target)]
    weight = np.minimum(np.abs(areas[0]), np.abs(areas[1]))
    return float((np.sign(areas[0] * areas[1]) * weight).sum() / max(weight.sum(), 1e-12))


def _areas(triangles: Floats) -> Floats:
    one, other = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    return np.asarray(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0], np.float64)


def _normalised(points: Floats) -> tuple[Floats, Floats]:
    """Points about their mean at a mean distance of the root of two, and the (..., 3, 3) map there."""
    mean = points.mean(-2, keepdims=True)
    scale = np.sqrt(2) / np.maximum(np.linalg.norm(points - mean, axis=-1).mean(-1), 1e-12)
    transform = np.zeros((*points.shape[:-2], 3, 3))
    transform[..., 0, 0] = transform[..., 1, 1] = scale
    transform[..., :2, 2] = -scale[..., None] * mean[..., 0, :]
    transform[..., 2, 2] = 1.0
    return (points - mean) * scale[..., None, None], transform
