"""Made-up embeddings, as spread as those of a re-identification network: about fifty directions count."""

from __future__ import annotations

import numpy as np

from edge.reid.embedder import unit

DIMENSION = 256
COUNTING = 50.0
"""(sum of variances)^2 / sum of their squares, as measured for person-reidentification-retail-0248 and 0287."""


def variances(dimension=DIMENSION):
    """Falling variances whose participation ratio is about `COUNTING`."""
    return np.exp(-np.arange(dimension) / (COUNTING / 2))


def people(count, seed, dimension=DIMENSION):
    """Embeddings (count, D) of as many people."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(count, dimension)) * np.sqrt(variances(dimension))
    return unit((rows @ axes(dimension)).astype(np.float32))


def seen_again(rows, seed, cosine=0.6):
    """The same people from another camera: so alike, in the mean."""
    other = people(len(rows), seed + 1_000_003, rows.shape[1])
    return unit(cosine * rows + np.sqrt(1 - cosine**2) * other)


def axes(dimension):
    """Axes that no coordinate lies along, always the same ones."""
    return np.linalg.qr(np.random.default_rng(99).normal(size=(dimension, dimension)))[0]
