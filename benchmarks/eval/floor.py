"""Scores of people on the floor plane, with the measures of boxes: likeness takes the place of overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.eval.clear import clear
from benchmarks.eval.frames import Frame, Sequence
from benchmarks.eval.hota import hota
from benchmarks.eval.identity import idf1

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FloorScore:
    """One result against the truth.

    Attributes:
        hota: with likeness 1 - distance / radius.
        idf1: see there.
        mota: see there.
        switches: of identity.
        count_error: mean absolute error of the number of people a frame.
    """

    hota: float
    idf1: float
    mota: float
    switches: int
    count_error: float


def inside(points_m: Floats, polygon_m: Floats) -> NDArray[np.bool_]:
    """(N,) which of (N, 2) points lie in a convex polygon (K, 2), counter-clockwise."""
    edge = np.roll(polygon_m, -1, 0) - polygon_m
    off = points_m[:, None] - polygon_m[None]
    return np.asarray((edge[None, :, 0] * off[..., 1] - edge[None, :, 1] * off[..., 0] >= 0).all(1), np.bool_)


def floor_score(truth: Floats, result: Floats, area_m: Floats, radius_m: float = 1.0) -> FloorScore:
    """Scores rows of frame (from 1), id, x, y.

    Args:
        truth: (R, 4).
        result: (Q, 4); rows outside the area and farther than the radius from everybody do not count.
        area_m: (K, 2) convex polygon, counter-clockwise, metres.
        radius_m: farther apart is no match, metres.
    """
    names, _ = np.unique(truth[:, 1], return_inverse=True)
    others = np.unique(result[:, 1])
    near, far, wrong = [], [], []
    for number in range(1, int(truth[:, 0].max()) + 1):
        g, k = truth[truth[:, 0] == number], result[result[:, 0] == number]
        apart = np.linalg.norm(g[:, None, 2:] - k[None, :, 2:], axis=2)
        counts = inside(k[:, 2:], area_m) | (apart <= radius_m).any(0)
        k, apart = k[counts], apart[:, counts]
        rows, columns = np.searchsorted(names, g[:, 1]), np.searchsorted(others, k[:, 1])
        near.append(Frame(rows, columns, np.maximum(0.0, 1 - apart / radius_m)))
        far.append(Frame(rows, columns, np.maximum(0.0, 1 - apart / (2 * radius_m))))  # a half is the radius
        wrong.append(abs(len(g) - len(k)))
    matched = Sequence(far, len(names), len(others))
    mot = clear(matched)
    return FloorScore(
        hota(Sequence(near, len(names), len(others))).hota,
        idf1(matched),
        mot.mota,
        mot.switches,
        float(np.mean(wrong)),
    )
