"""Whether two cameras' tracks are one person: log-likelihood ratios gathered while both are seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log, pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
        limit: evidence is not gathered beyond this, so that a change of mind stays possible,
        limit_against: nor beyond this against: a tracker that swapped two people must be found out soon.
        reach_m: farther apart the two are strangers without a look, metres.
    """

    slack_m: float = 0.1
    crowd_m: float = 3.0
    alone: float = 0.5
    independent_s: float = 0.5
    best_look: float = 3.0
    worst_look: float = -5.0
    limit: float = 10.0
    limit_against: float = 5.0
    reach_m: float = 4.0


@dataclass(slots=True)
class PairEvidence:
    """Evidence for every pair of tracks of different cameras that came near each other.

    Every track has a row of its own in a square of float32, not a number where two tracks were never seen together.
    """

    settings: EvidenceSettings = field(default_factory=EvidenceSettings)
    _row: dict[TrackKey, int] = field(default_factory=dict, init=False, repr=False)
    _spare: list[int] = field(default_factory=list, init=False, repr=False)
    _value: NDArray[np.float32] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Starts with no row."""
        self._value = np.empty((0, 0), np.float32)

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
        square = np.ix_(*[[self._row_of(track) for track in tracks]] * 2)
        cameras = {name: i for i, name in enumerate(sorted({track[0] for track in tracks}))}
        camera = np.array([cameras[track[0]] for track in tracks])
        squared, blur = mahalanobis(position_m, covariance_m2, position_m, covariance_m2, own.slack_m)
        apart = np.hypot(*(position_m[:, None] - position_m[None]).transpose(2, 0, 1))
        ratio = -0.5 * squared - np.log(2 * pi * blur * self._strangers_per_m2(camera, apart))
        near = (apart <= own.reach_m) & (camera[:, None] != camera)
        look = np.where(near, np.clip(ratio, own.worst_look, own.best_look), own.worst_look)
        before = self._value[square]
        known = ~np.isnan(before)
        after = np.where(known, before + min(1.0, dt / own.independent_s) * look, look)
        after = np.clip(after, -own.limit_against, own.limit)
        after[~near & (~known | (after <= -own.limit_against))] = np.nan
        self._value[square] = after

    def _row_of(self, track: TrackKey) -> int:
        """A track's row, a fresh one where it has none."""
        if track not in self._row:
            if not self._spare:
                size = len(self._value)
                self._spare = list(range(max(16, 2 * size) - 1, size - 1, -1))
                grown = np.full((max(16, 2 * size),) * 2, np.nan, np.float32)
                grown[:size, :size] = self._value
                self._value = grown
            self._row[track] = self._spare.pop()
        return self._row[track]

    def _strangers_per_m2(self, camera: NDArray[np.int64], apart: Floats) -> Floats:
        """(N, N) how many of the other's camera stand about on a square metre, the other itself not counted."""
        of_camera = (camera[:, None] == np.arange(camera.max() + 1)).astype(np.float64)
        near = (apart <= self.settings.crowd_m).astype(np.float64) @ of_camera
        about = near[:, camera]  # the row's neighbours in the column's camera
        count = np.maximum(0.0, 0.5 * (about + about.T) - 1.0) + self.settings.alone
        return np.asarray(count / (pi * self.settings.crowd_m**2), np.float64)

    def between(self, ones: list[TrackKey], others: list[TrackKey]) -> Floats:
        """(N, M) evidence that two tracks are one person, natural logarithm.

        Two that were never near each other count as strangers seen once.
        """
        found = np.full((len(ones), len(others)), np.nan)
        rows = [(i, self._row[track]) for i, track in enumerate(ones) if track in self._row]
        columns = [(i, self._row[track]) for i, track in enumerate(others) if track in self._row]
        if rows and columns:
            places, sources = (list(side) for side in zip(*rows, strict=True))
            other_places, other_sources = (list(side) for side in zip(*columns, strict=True))
            found[np.ix_(places, other_places)] = self._value[np.ix_(sources, other_sources)]
        return np.asarray(np.where(np.isnan(found), self.settings.worst_look, found), np.float64)

    def forget(self, ended: set[TrackKey]) -> None:
        """Drops what is known of tracks that ended."""
        for track in sorted(ended & self._row.keys()):
            row = self._row.pop(track)
            self._value[row] = self._value[:, row] = np.nan
            self._spare.append(row)

    def friends(self) -> list[tuple[TrackKey, TrackKey]]:
        """Pairs of tracks that look like one person, sorted."""
        track = {row: track for track, row in self._row.items()}
        pairs = np.argwhere(np.triu(self._value > 0)).tolist()
        return sorted((min(track[i], track[j]), max(track[i], track[j])) for i, j in pairs)

    def __getstate__(self) -> dict[str, Any]:
        """The numbers alone: most pairs never met."""
        places = np.flatnonzero(~np.isnan(self._value))
        numbers = (len(self._value), places, self._value.ravel()[places])
        return {"settings": self.settings, "row": self._row, "spare": self._spare, "numbers": numbers}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Lays the square out again."""
        self.settings, self._row, self._spare = state["settings"], state["row"], state["spare"]
        size, places, numbers = state["numbers"]
        self._value = np.full((size, size), np.nan, np.float32)
        self._value.ravel()[places] = numbers


def reunion(gap_m2: float, variance_m2: float, newcomers_per_m2: float) -> float:
    """Log-likelihood ratio that somebody new at a place is somebody lost before, rather than a newcomer.

    Args:
        gap_m2: squared distance from where the lost one is expected, square metres.
        variance_m2: of that expectation along each axis, square metres.
        newcomers_per_m2: how likely somebody new turns up on a square metre there.
    """
    return -0.5 * gap_m2 / variance_m2 - log(2 * pi * variance_m2 * newcomers_per_m2)
