"""Whether two cameras' tracks are one person: log-likelihood ratios gathered while both are seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log, pi

import numpy as np

from edge.floor.kernels import mahalanobis
from edge.floor.visitors import Floats

TrackKey = tuple[str, int]
"""Camera and its track id."""


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """What one look at two tracks says.

    Attributes:
        slack_m: what two foot points of one person differ by besides, metres, one standard deviation.
        crowd_m: strangers are counted this far around, metres.
        alone: strangers to expect there when nobody else is seen.
        independent_s: looks closer in time than this repeat each other.
        best_look: most that one look can speak for one person, natural logarithm.
        worst_look: most that it can speak against.
        limit: evidence is not gathered beyond this, so that a change of mind stays possible.
        reach_m: farther apart the two are strangers without a look, metres.
    """

    slack_m: float = 0.1
    crowd_m: float = 3.0
    alone: float = 0.5
    independent_s: float = 0.5
    best_look: float = 3.0
    worst_look: float = -6.0
    limit: float = 10.0
    reach_m: float = 4.0


@dataclass(slots=True)
class PairEvidence:
    """Evidence for every pair of tracks of different cameras that came near each other."""

    settings: EvidenceSettings = field(default_factory=EvidenceSettings)
    _pairs: dict[tuple[TrackKey, TrackKey], float] = field(default_factory=dict, init=False, repr=False)

    def look(self, dt: float, tracks: list[TrackKey], position_m: Floats, covariance_m2: Floats) -> None:
        """Takes in where all tracks are at one moment, ``dt`` seconds after the last look.

        Args:
            dt: seconds.
            tracks: N tracks, sorted.
            position_m: (N, 2) metres.
            covariance_m2: (N, 2, 2) square metres.
        """
        if len(tracks) < 2:
            return
        own = self.settings
        squared, blur = mahalanobis(position_m, covariance_m2, position_m, covariance_m2, own.slack_m)
        apart = np.hypot(*(position_m[:, None] - position_m[None]).transpose(2, 0, 1))
        ratio = -0.5 * squared - np.log(2 * pi * blur * self._strangers_per_m2(tracks, apart))
        ratio = np.clip(ratio, own.worst_look, own.best_look)
        share = min(1.0, dt / own.independent_s)
        near = np.argwhere(np.triu(apart <= own.reach_m, 1))
        looked = {(tracks[i], tracks[j]): float(ratio[i, j]) for i, j in near.tolist() if tracks[i][0] != tracks[j][0]}
        row = {track: i for i, track in enumerate(tracks)}
        for pair in self._pairs:
            if pair not in looked and pair[0] in row and pair[1] in row:
                looked[pair] = own.worst_look
        for pair, value in looked.items():
            before = self._pairs.get(pair)
            after = value if before is None else before + share * value
            self._pairs[pair] = min(own.limit, max(-own.limit, after))
        self._pairs = {pair: value for pair, value in self._pairs.items() if value > -own.limit or pair in looked}

    def _strangers_per_m2(self, tracks: list[TrackKey], apart: Floats) -> Floats:
        """(N, N) how many of the other's camera stand about on a square metre, the other itself not counted."""
        names = sorted({camera for camera, _ in tracks})
        of_camera = np.array([[camera == name for name in names] for camera, _ in tracks], np.float64)
        near = (apart <= self.settings.crowd_m).astype(np.float64) @ of_camera
        column = [names.index(camera) for camera, _ in tracks]
        about = near[:, column]  # row's neighbours in the column's camera
        count = np.maximum(0.0, 0.5 * (about + about.T) - 1.0) + self.settings.alone
        return np.asarray(count / (pi * self.settings.crowd_m**2), np.float64)

    def of(self, one: TrackKey, other: TrackKey) -> float | None:
        """Evidence that two tracks are one person, natural logarithm; None where they were never seen together."""
        return self._pairs.get((one, other) if one < other else (other, one))

    def forget(self, ended: set[TrackKey]) -> None:
        """Drops what is known of tracks that ended."""
        self._pairs = {p: v for p, v in self._pairs.items() if p[0] not in ended and p[1] not in ended}

    def friends(self) -> list[tuple[TrackKey, TrackKey]]:
        """Pairs of tracks that look like one person, sorted."""
        return sorted(pair for pair, value in self._pairs.items() if value > 0)

    @property
    def strangers(self) -> float:
        """What two tracks that were never near each other count."""
        return self.settings.worst_look


def reunion(gap_m2: float, variance_m2: float, newcomers_per_m2: float) -> float:
    """Log-likelihood ratio that somebody new at a place is somebody lost before, rather than a newcomer.

    Args:
        gap_m2: squared distance from where the lost one is expected, square metres.
        variance_m2: of that expectation along each axis, square metres.
        newcomers_per_m2: how likely somebody new turns up on a square metre there.
    """
    return -0.5 * gap_m2 / variance_m2 - log(2 * pi * variance_m2 * newcomers_per_m2)
