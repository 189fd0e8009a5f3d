"""What fusion says about everybody on a floor at one instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """A visitor was seen standing somewhere.

    Attributes:
        key: the visitor.
        at: seconds.
        x: metres.
        y: metres.
        blur_m: one standard deviation of the place, metres.
    """

    key: int
    at: float
    x: float
    y: float
    blur_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Visitors:
    """N visitors of one floor at one instant, sorted by key; nobody here is still doubtful.

    Attributes:
        at: seconds.
        key: (N,) int64, unique for the life of the fusion.
        token: the random name each goes by outside, N of them.
        position_m: (N, 2) metres.
        velocity_mps: (N, 2) metres a second.
        covariance_m2: (N, 2, 2) of the position, square metres.
        seen_at: (N,) seconds, when last seen.
        cameras: (N,) int64 how many cameras see each now.
        confidence: (N,) 0 to 1.
        samples: every sighting since the last update in order of time for each visitor; somebody just recognised as
            a person, or found again, brings sightings of earlier moments.
        split: keys of those who are new only because they were taken for somebody else.
        gone: keys of those who left or were lost, last seen at the time of their last sample.
        merged: (key, key it turned out to be) of those who were somebody else.
        doubts: evidence that two of them are one person after all, natural logarithm, by the keys of both, the smaller
            first; who is left out never stood near the other.
    """

    at: float
    key: NDArray[np.int64]
    token: tuple[str, ...]
    position_m: Floats
    velocity_mps: Floats
    covariance_m2: Floats
    seen_at: Floats
    cameras: NDArray[np.int64]
    confidence: Floats
    samples: tuple[Sample, ...]
    split: tuple[int, ...]
    gone: tuple[int, ...]
    merged: tuple[tuple[int, int], ...]
    doubts: Mapping[tuple[int, int], float] = field(default_factory=dict)

    def __len__(self) -> int:
        """Number of visitors."""
        return len(self.key)
