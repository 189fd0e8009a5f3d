"""Who is found again: rank-1 and mean average precision between cameras, and how well scores separate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Found:
    """Of all queries.

    Attributes:
        rank1: share whose best match is the same person.
        mean_ap: mean average precision.
        queries: how many.
    """

    rank1: float
    mean_ap: float
    queries: int


def find(similarity: Floats, person: NDArray[np.int64], camera: NDArray[np.int64], frame: NDArray[np.int64], *,
         same_frame: bool) -> Found:  # fmt: skip
    """Every crop asks every other camera; it counts where the person is there at all.

    Args:
        similarity: (N, N), larger is more alike; of equal ones either may come first, with equal chance.
        person: (N,).
        camera: (N,).
        frame: (N,).
        same_frame: whether the gallery is the other camera's same frame, or all of its other frames.
    """
    random = np.random.default_rng(0)
    hits, precisions = [], []
    for query in range(len(person)):
        for other in np.unique(camera):
            if other == camera[query]:
                continue
            there = (camera == other) & ((frame == frame[query]) == same_frame)
            rows = np.flatnonzero(there)
            right = person[rows] == person[query]
            if not right.any() or right.all():
                continue
            order = np.lexsort((random.random(len(rows)), -similarity[query, rows]))
            ranked = right[order]
            hits.append(bool(ranked[0]))
            places = np.flatnonzero(ranked) + 1
            precisions.append(float((np.arange(1, len(places) + 1) / places).mean()))
    return Found(float(np.mean(hits)), float(np.mean(precisions)), len(hits))


def pairs(similarity: Floats, person: NDArray[np.int64], camera: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Similarities of all pairs from two cameras: of one person, and of two."""
    upper = np.triu(camera[:, None] != camera[None, :])
    same = person[:, None] == person[None, :]
    return similarity[upper & same], similarity[upper & ~same]


def auc(same: Floats, other: Floats) -> float:
    """Share of pairs of scores in which the first kind's is larger; half of the equal ones count."""
    ordered = np.sort(other)
    below, upto = np.searchsorted(ordered, same, "left"), np.searchsorted(ordered, same, "right")
    return float((below + upto).sum() / (2 * len(same) * len(other)))


def accepted(same: Floats, other: Floats, false_share: float) -> float:
    """Share of the first kind above what a share of the second kind reaches."""
    return float((same > np.quantile(other, 1 - false_share)).mean())
