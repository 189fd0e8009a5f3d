"""Hamming distances to probabilities."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

STEPS = 50
RIDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Likelihood:
    """How much a distance speaks for one person, as natural logarithm of the likelihood ratio: a straight line.

    Attributes:
        even: share of bits that differ at which it speaks neither for nor against,
        slope: and how much it says for each whole unit of share less; positive.
        most: it never says more than this, for or against: beyond, too few pairs were seen to know.
    """

    even: float
    slope: float
    most: float = 4.0

    def evidence(self, share: float) -> float:
        """Logarithm of the likelihood ratio, same person to two people, at a share of differing bits, 0 to 1."""
        return min(self.most, max(-self.most, self.slope * (self.even - share)))

    def probability(self, share: float, prior: float) -> float:
        """That two codes are of one person.

        Args:
            share: of the bits that differ, 0 to 1.
            prior: the probability before the codes were compared, above 0 and below 1; one over the number of people
                who could have come, for somebody who must be one of them.

        Raises:
            ValueError: the prior is none.
        """
        if not 0 < prior < 1:
            raise ValueError(f"a prior lies between 0 and 1, not at {prior}")
        return 1 / (1 + math.exp(-self.evidence(share) - math.log(prior / (1 - prior))))


LIKELIHOODS: dict[tuple[str, int], Likelihood] = {
    ("osnet_x0_25_msmt17", 256): Likelihood(0.390, 23.7),
    ("osnet_x0_25_msmt17", 512): Likelihood(0.400, 25.4),
    ("person-reidentification-retail-0248", 256): Likelihood(0.383, 25.7),
    ("person-reidentification-retail-0248", 512): Likelihood(0.381, 26.8),
    ("person-reidentification-retail-0287", 256): Likelihood(0.395, 22.2),
    ("person-reidentification-retail-0287", 512): Likelihood(0.394, 23.9),
    ("person-reidentification-retail-0288", 256): Likelihood(0.368, 17.2),
    ("person-reidentification-retail-0288", 512): Likelihood(0.365, 17.5),
}
"""By model and bits, as `python -m benchmarks.reid` fits them: pairs of crops from two of MultiviewX' cameras, of every
second of its 26 people and five keys (27 November 2026). On the other people what is told is off by 0.09 in the mean,
log loss 0.41 to 0.52 (0.69 would say nothing). A drawn scene and thirteen people: fit anew for a real site."""


def fit(same: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> Likelihood:
    """The line that explains shares of differing bits best, by logistic regression in which both kinds weigh alike.

    Args:
        same: (N,) of pairs of one person, 0 to 1.
        other: (M,) of pairs of two people.

    Raises:
        ValueError: there are none of a kind, or the first are not the nearer ones.
    """
    if not (len(same) and len(other)) or same.mean() >= other.mean():
        raise ValueError("needs pairs of one person and of two, and the first nearer")
    shares = np.concatenate([same, other])
    truth = np.repeat([1.0, 0.0], [len(same), len(other)])
    weight = np.repeat([0.5 / len(same), 0.5 / len(other)], [len(same), len(other)])
    columns = np.column_stack([np.ones_like(shares), shares])
    line = np.zeros(2)
    for _ in range(STEPS):
        told = 1 / (1 + np.exp(-np.clip(columns @ line, -30, 30)))
        gradient = columns.T @ (weight * (truth - told)) - RIDGE * line
        curvature = (columns * (weight * told * (1 - told))[:, None]).T @ columns + RIDGE * np.eye(2)
        line += np.linalg.solve(curvature, gradient)
    return Likelihood(float(-line[0] / line[1]), float(-line[1]))
