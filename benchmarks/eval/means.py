"""How alike means of several crops are, as boxes announce people: of who left by many, of who just came by few."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.eval.multiviewx import People
from benchmarks.eval.retrieval import auc
from edge.reid.codes import Coder
from edge.reid.likelihood import fit

MEANS_EACH = 3
"""Means drawn of each person and camera."""

Means = tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]
"""(N, D) means, (N,) whose, and (N,) of which camera."""


def means_of(embeddings: NDArray[np.float32], people: People, looks: int, random: np.random.Generator) -> Means:
    """Means of so many different crops of one person in one camera each; who has fewer there has none."""
    cells = [
        (person, camera, np.flatnonzero((people.person == person) & (people.camera == camera)))
        for person in np.unique(people.person)
        for camera in np.unique(people.camera)
    ]
    drawn = [
        (embeddings[random.choice(rows, looks, replace=False)].mean(0), person, camera)
        for person, camera, rows in cells
        if len(rows) >= looks
        for _ in range(MEANS_EACH)
    ]
    means, who, cameras = zip(*drawn, strict=True)
    return np.array(means, np.float32), np.array(who), np.array(cameras)


def mean_likelihood(
    embeddings: NDArray[np.float32], people: People, coders: Sequence[Coder], left: int, came: int
) -> dict[str, float]:
    """What the distance of two cameras' means says, all people and keys together.

    Args:
        embeddings: (N, D) of the people's crops.
        people: whose they are.
        coders: one of each key.
        left: crops in the mean of who left,
        came: and of who came.
    """
    found: dict[bool, list[NDArray[np.float64]]] = {True: [], False: []}
    for number, coder in enumerate(coders):
        random = np.random.default_rng(number)
        one, who, where = means_of(embeddings, people, left, random)
        other, whom, there = means_of(embeddings, people, came, random)
        bits = [
            np.unpackbits(coder.encode(means)[0].view(np.uint8), axis=1).astype(np.float32) for means in (one, other)
        ]
        signs = [2 * each - 1 for each in bits]
        shares = (1 - signs[0] @ signs[1].T / coder.bits) / 2
        apart = where[:, None] != there[None]
        same = who[:, None] == whom[None]
        for alike in (True, False):
            found[alike].append(shares[apart & (same == alike)].astype(np.float64))
    same_share, other_share = np.concatenate(found[True]), np.concatenate(found[False])
    line = fit(same_share, other_share)
    return {
        "pairs": len(same_share),
        "same": float(same_share.mean()),
        "strangers": float(np.median(other_share)),
        "auc": auc(-same_share, -other_share),
        "even": line.even,
        "slope": line.slope,
    }
