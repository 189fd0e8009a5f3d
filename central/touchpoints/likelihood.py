"""How well a visitor's stay at a place explains a touchpoint there: odds against somebody whom we did not see.

The numbers are what one expects of people, tills and cameras; none was fitted to the simulation that judges them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from central.touchpoints.nearby import Fixes

Floats = npt.NDArray[np.float64]

SEEN = 0.95
"""Share of people at a place whom the cameras see at that moment."""

TILL_SPREAD_M = 0.24
"""Standard deviation per axis of a payer's mean position against the till's spot: stance, calibration, tracking."""
TILL_BACKGROUND = 0.007
"""Stints of people who do not pay, per second and square metre around a spot: companions, who waits, who looks."""
LONG_STINT_S = 300.0
"""Nobody pays for so long; who stands there longer works there or waits for somebody."""
LONG_ODDS = 0.1

CODE_SPREADS_M = ((0.85, 0.6), (0.15, 2.0))
"""(share, standard deviation per axis) of who scans a code: half an arm from where one should stand, or from afar."""
KIOSK_SPREADS_M = ((0.95, 0.35), (0.05, 1.0))
POINT_BACKGROUND = 0.10
"""People per square metre who are just there."""
STILL_M_S = 0.4
STILL_ODDS, WALKING_ODDS = 2.0, 0.15
"""Who checks in stands still 19 times of 20, who is just there every second time."""
POINT_REACH_M = 6.0

PAID_AND_WENT = (0.80, -6.0, 5.0)
"""(share, mean, standard deviation, s) of a sale's time less the end of the payer's stint: bag packed, then gone."""
PAID_AND_WAITED = (0.12, 20.0)
"""(share, mean, s): who waits there for what they bought."""
BOOKED_LATE = (0.06, 40.0)
"""(share, mean, s): rung up after they left."""
ANY_TIME = (0.02, 240.0)
"""(share, range, s): whatever else."""

OFFSETS_S = np.arange(-40.0, 40.5, 2.0)
"""A till's clock against ours."""
OFFSET_SPREAD_S = 8.0
FORGETS = 0.98
"""A till's clock drifts: what its older sales told counts by so much less with each new one."""


def till_lag(late_s: Floats) -> Floats:
    """Density (1/s) of a sale's time less the end of the payer's stint, by an exact clock."""
    share, mean, spread = PAID_AND_WENT
    usual = share * np.exp(-0.5 * ((late_s - mean) / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
    before = np.minimum(late_s, 0.0)
    waited = np.where(late_s <= 0, PAID_AND_WAITED[0] / PAID_AND_WAITED[1] * np.exp(before / PAID_AND_WAITED[1]), 0.0)
    after = np.maximum(late_s, 0.0)
    booked = np.where(late_s > 0, BOOKED_LATE[0] / BOOKED_LATE[1] * np.exp(-after / BOOKED_LATE[1]), 0.0)
    return np.asarray(usual + waited + booked + ANY_TIME[0] / ANY_TIME[1])


class TillClock:
    """What a till's sales so far tell of its clock: weights over ``OFFSETS_S``."""

    def __init__(self) -> None:
        self._prior = np.exp(-0.5 * (OFFSETS_S / OFFSET_SPREAD_S) ** 2)
        self._prior /= self._prior.sum()
        self._log = np.zeros(len(OFFSETS_S))

    @property
    def weights(self) -> Floats:
        """Probability of each offset."""
        found = self._prior * np.exp(self._log - self._log.max())
        return np.asarray(found / found.sum())

    @property
    def offset_s(self) -> float:
        """By how much it goes ahead of ours, on average."""
        return float(self.weights @ OFFSETS_S)

    def density(self, late_s: Floats) -> Floats:
        """``till_lag`` for a clock known so well, of the same shape."""
        return np.asarray(till_lag(late_s[..., None] - OFFSETS_S) @ self.weights)

    def learn(self, late_s: Floats, closeness: Floats) -> None:
        """Take in a sale: its time less the ends of the stints that may be its, and how well each was at the spot."""
        if not len(late_s):
            return
        told = closeness @ till_lag(late_s[:, None] - OFFSETS_S) + TILL_BACKGROUND * 0.05
        self._log = FORGETS * self._log + np.log(told)


def gaussian(x: Floats, y: Floats, spread: float) -> Floats:
    """Density (1/m2) of a position off its place."""
    return np.asarray(np.exp(-0.5 * (x * x + y * y) / spread**2) / (2 * np.pi * spread**2))


def point_odds(fixes: Fixes, spreads: tuple[tuple[float, float], ...]) -> tuple[list[int], Floats, Floats, Floats]:
    """Visitors, their odds, metres off and seconds seen, of those near a place in the few seconds around a touchpoint.

    Args:
        fixes: of those seconds, relative to the place.
        spreads: (share, standard deviation) of where its users stand.
    """
    numbers, which = np.unique(fixes.number, return_inverse=True)
    if not len(numbers):
        return [], np.empty(0), np.empty(0), np.empty(0)
    seen = np.bincount(which)
    x, y = np.bincount(which, fixes.x) / seen, np.bincount(which, fixes.y) / seen
    at = np.bincount(which, fixes.at) / seen
    lapse = fixes.at - at[which]
    square = np.maximum(np.bincount(which, lapse * lapse), 1e-9)
    speed = np.hypot(np.bincount(which, lapse * fixes.x), np.bincount(which, lapse * fixes.y)) / square
    density = sum((share * gaussian(x, y, spread) for share, spread in spreads), np.zeros(len(numbers)))
    stands = np.where(speed < STILL_M_S, STILL_ODDS, WALKING_ODDS)
    odds = SEEN / (1 - SEEN) * density / POINT_BACKGROUND * stands
    enough = seen >= 2
    return numbers[enough].tolist(), odds[enough], np.hypot(x, y)[enough], seen[enough].astype(np.float64)


def till_closeness(x: Floats, y: Floats, length_s: Floats) -> Floats:
    """Density (1/m2) of a stint's place if it was the payer's, less where it was too long for one."""
    return np.asarray(gaussian(x, y, TILL_SPREAD_M) * np.where(length_s > LONG_STINT_S, LONG_ODDS, 1.0))


def till_odds(closeness: Floats, late_density: Floats) -> Floats:
    """(N, M) odds that sale i is stint j's: closeness (M,), and (N, M) density of its time."""
    return SEEN / (1 - SEEN) * closeness[None, :] * late_density / TILL_BACKGROUND
