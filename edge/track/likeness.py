"""How the tracks of one camera look, and what that says against a box being somebody's."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge.track.config import TrackerConfig

Floats = NDArray[np.float64]
NOTHING_KNOWN = np.empty((0, 0))


@dataclass(slots=True)
class Likeness:
    """The looks of every track of a camera.

    Colours speak against only: who looks alike may still be two, and a box far off is nobody's for its colours.

    Attributes:
        config: see there.
    """

    config: TrackerConfig = field(default_factory=TrackerConfig)
    _ids: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64), repr=False)
    _looks: Floats = field(default_factory=lambda: NOTHING_KNOWN, repr=False)
    _count: Floats = field(default_factory=lambda: np.empty(0), repr=False)

    def __getstate__(self) -> TrackerConfig:
        """The settings alone: how people look is never stored."""
        return self.config

    def __setstate__(self, state: TrackerConfig) -> None:
        """Starts anew with them."""
        self.config = state
        self._ids, self._looks, self._count = np.empty(0, np.int64), NOTHING_KNOWN, np.empty(0)

    def costs(self, looks: Floats | None) -> Floats:
        """What looks add to the cost of a box being a track.

        Args:
            looks: (M, D) of the boxes, not a number where a box does not say; None where no box does.

        Returns:
            (N, M) for the tracks of which it last learnt, in their order; (0, 0) where nothing is known.
        """
        if looks is None or not len(looks) or not self._count.any():
            return NOTHING_KNOWN
        own = self.config
        squares = (self._looks**2).sum(1)[:, None] + (looks**2).sum(1)[None] - 2 * self._looks @ looks.T
        apart = np.sqrt(np.maximum(squares, 0.0))
        against = np.clip(own.unlike_slope * (apart - own.unlike_from), 0.0, own.unlike_most)
        against[self._count == 0] = 0.0
        return np.nan_to_num(against)

    def learn(self, ids: NDArray[np.int64], rows: NDArray[np.int64], looks: Floats | None, scores: Floats) -> None:
        """Takes in how the tracks looked in a picture, and forgets all others.

        Args:
            ids: (N,) of all tracks, rising.
            rows: (N,) each track's box, -1 for none.
            looks: (M, D) as above.
            scores: (M,) of the boxes; faint ones show somebody half hidden, or two at once.
        """
        size = self._looks.shape[1] if looks is None else looks.shape[1]
        mean, count = np.zeros((len(ids), size)), np.zeros(len(ids))
        if len(self._ids) and self._looks.shape[1] == size:
            before = np.minimum(np.searchsorted(self._ids, ids), len(self._ids) - 1)
            known = self._ids[before] == ids
            mean[known], count[known] = self._looks[before[known]], self._count[before[known]]
        if looks is not None:
            seen = np.flatnonzero(rows >= 0)
            seen = seen[np.isfinite(looks[rows[seen]]).all(1) & (scores[rows[seen]] >= self.config.high_score)]
            count[seen] = np.minimum(count[seen] + 1, self.config.looks_kept)
            mean[seen] += (looks[rows[seen]] - mean[seen]) / count[seen][:, None]
        self._ids, self._looks, self._count = ids.copy(), mean, count
