"""How well a visitor's stay at a place explains a touchpoint there: odds against somebody whom we did not see.

The numbers are what one expects of people, tills and cameras; none was fitted to the simulation that judges them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from central.touchpoints.nearby import Fixes
from central.touchpoints.stints import REACH_M

Floats = npt.NDArray[np.float64]

SEEN = 0.95
"""Share of people at a place whom the cameras see at that moment."""

TILL_SPREAD_M = 0.3
"""Standard deviation per axis of a payer's mean position against the till's spot, before any is known: stance,
calibration, tracking; ``Stance`` learns it."""
LONG_STINT_S = 300.0
"""Nobody pays for so long; who stands there longer works there or waits for somebody."""
LONG_ODDS = 0.1

CODE_SPREAD_M, KIOSK_SPREAD_M = 0.6, 0.35
"""The same of who scans a code, half an arm from where one should stand, and of who uses a kiosk or pay machine."""
AFAR = (0.1, 2.0)
"""(share, standard deviation, m) of codes scanned from afar, and of kiosks reached past somebody."""
POINT_RADIUS_M = 6.0
STOOD_M = 0.8
"""Earlier seconds in which somebody stood at the same place count, too, for where they stand."""
UNKNOWN = 0.5
"""What is counted to people and stays who were there by chance before any is seen."""
BIAS_M = 0.15
"""Standard deviation of a place's own offset: the installer's mark, the calibration there."""
LEARNS_FROM = 20.0
"""What a spread is expected to be counts as much as so many touchpoints."""
STILL_M_S = 0.4
STILL_ODDS, WALKING_ODDS = 2.0, 0.15
"""Who checks in stands still 19 times of 20, who is just there every second time."""

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
        told = closeness @ till_lag(late_s[:, None] - OFFSETS_S) + 1e-4
        self._log = FORGETS * self._log + np.log(told)


class Stance:
    """Where the users of places of a kind stand, as learnt: the kind's spread, and each place's own offset.

    Args:
        spread_m: per axis, before any is known.
    """

    def __init__(self, spread_m: float) -> None:
        self._expected = spread_m
        self._count = 0.0
        self._square = 0.0
        self._of: dict[str, tuple[float, float, float]] = {}

    @property
    def spread_m(self) -> float:
        """Standard deviation per axis."""
        return float(np.sqrt((LEARNS_FROM * self._expected**2 + self._square) / (LEARNS_FROM + self._count)))

    def offset_m(self, place: str) -> tuple[float, float]:
        """Where a place's users stand on average, from its mark."""
        count, x, y = self._of.get(place, (0.0, 0.0, 0.0))
        held = count + (self.spread_m / BIAS_M) ** 2
        return x / held, y / held

    def learn(self, place: str, x: float, y: float, share: float) -> None:
        """Take in where somebody stood, who was the user with that probability; who was far off counts for nothing."""
        off_x, off_y = self.offset_m(place)
        square = ((x - off_x) ** 2 + (y - off_y) ** 2) / 2.0
        if place and square < (3.0 * self.spread_m) ** 2:
            count, sum_x, sum_y = self._of.get(place, (0.0, 0.0, 0.0))
            self._of[place] = (count + share, sum_x + share * x, sum_y + share * y)
            self._count, self._square = self._count + share, self._square + share * square


def gaussian(x: Floats, y: Floats, spread: float) -> Floats:
    """Density (1/m2) of a position off its place."""
    return np.asarray(np.exp(-0.5 * (x * x + y * y) / spread**2) / (2 * np.pi * spread**2))


@dataclass(frozen=True, slots=True)
class Standing:
    """Who was near a place in the few seconds around a touchpoint; (M,) each.

    Attributes:
        numbers: the visitors.
        x: mean position from the place, metres; with ``y``.
        seen_s: seconds with a position.
        odds: that it was them, against somebody whom we did not see.
    """

    numbers: list[int]
    x: Floats
    y: Floats
    seen_s: Floats
    odds: Floats


def point_odds(
    wide: Fixes, start: float, spread_m: float, offset_m: tuple[float, float], bustle: float = 0.0
) -> Standing:
    """Who it may have been of those seen within ``POINT_RADIUS_M`` of a place.

    How many are just there, is told from how many there are.

    Args:
        wide: of those seconds and some before, relative to the place.
        start: when those seconds begin.
        spread_m: of where its users stand.
        offset_m: where they stand on average.
        bustle: people per square metre who stood at the place itself of late.
    """
    fixes = wide.between(start, np.inf)
    numbers, which = np.unique(fixes.number, return_inverse=True)
    if not len(numbers):
        none = np.empty(0)
        return Standing([], none, none, none, none)
    seen = np.bincount(which)
    x, y = np.bincount(which, fixes.x) / seen, np.bincount(which, fixes.y) / seen
    at = np.bincount(which, fixes.at) / seen
    lapse = fixes.at - at[which]
    square = np.maximum(np.bincount(which, lapse * lapse), 1e-9)
    speed = np.hypot(np.bincount(which, lapse * fixes.x), np.bincount(which, lapse * fixes.y)) / square
    index = np.minimum(np.searchsorted(numbers, wide.number), len(numbers) - 1)
    stood = (numbers[index] == wide.number) & (np.hypot(wide.x - x[index], wide.y - y[index]) < STOOD_M)
    count = np.maximum(np.bincount(index[stood], minlength=len(numbers)), 1)
    still = speed < STILL_M_S
    x = np.where(still, np.bincount(index[stood], wide.x[stood], len(numbers)) / count, x)
    y = np.where(still, np.bincount(index[stood], wide.y[stood], len(numbers)) / count, y)
    share, afar_m = AFAR
    from_x, from_y = x - offset_m[0], y - offset_m[1]
    density = (1 - share) * gaussian(from_x, from_y, spread_m) + share * gaussian(from_x, from_y, afar_m)
    stands = np.where(still, STILL_ODDS, WALKING_ODDS)
    background = (UNKNOWN + len(numbers)) / (np.pi * POINT_RADIUS_M**2) + bustle
    odds = SEEN / (1 - SEEN) * density / background * stands
    enough = seen >= 2
    return Standing(numbers[enough].tolist(), x[enough], y[enough], seen[enough].astype(np.float64), odds[enough])


def till_closeness(x: Floats, y: Floats, length_s: Floats, spread_m: float, offset_m: tuple[float, float]) -> Floats:
    """Density (1/m2) of a stint's place if it was the payer's, less where it was too long for one."""
    near = gaussian(x - offset_m[0], y - offset_m[1], spread_m)
    return np.asarray(near * np.where(length_s > LONG_STINT_S, LONG_ODDS, 1.0))


def till_odds(closeness: Floats, late_density: Floats, sales: int, window_s: float) -> Floats:
    """(N, M) odds that sale i is stint j's: closeness (M,), and (N, M) density of its time.

    How many stints are no payer's, per second and square metre, is told from how many there are more than sales.
    """
    beside = max(len(closeness) - sales, 0) + UNKNOWN
    background = beside / (window_s * np.pi * REACH_M**2)
    return SEEN / (1 - SEEN) * closeness[None, :] * late_density / background
