"""What of a figure about people may leave central: a threshold, and noise that is tied to people and to times.

Two rules, both published and in use; ``docs/privacy-method.md`` tells them with an example and with their limits.

- **k-suppression**: no figure about fewer than k different people is told at all. Neither is one whose count the noise
  takes below k, so that a withheld figure does not prove that there were fewer than k.
- **Sticky noise**. A count is off by the sum of layers, each two-sided geometric (Ghosh, Roughgarden and Sundararajan,
  2009), each drawn from a keyed hash, so that asking again gives the same again:

  - a layer by the *people themselves*: everybody has a secret random number, a figure's people add up to its cell
    key, and the cell key decides (Fraser and Wooton, 2005; Thompson, Broadfoot and Elazar, 2013, for the Australian
    Bureau of Statistics' TableBuilder). One person more or less gives other noise.
  - a layer for each *end of the window* (of the present: for its day and its quarter of an hour), by figure and
    instant. Cell keys alone fall to averaging (Asghar and Kaafar, 2020): ask for the windows from many starts to b and
    to b + 15 minutes, and the mean difference is how many came in these 15 minutes. An instant's own noise is the same
    in all of them and stays.

The noise has no bound, only a scale: with a bound, the extremes would prove the truth.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Names = str | Sequence[str] | Keys
Marks = Sequence[float] | Sequence[npt.NDArray[np.float64]]

LEAST_K = 3
DEFAULT_K = 5
EPSILON = 1.25
"""Each layer's noise is e ** 1.25 = 3.5 times less likely with every further step: a count is off by 1.8 (standard
deviation) for k = 5 and below, and by more, in proportion, for larger k."""
SURE = 0.95
MOST_REPEATS = 4
"""Of one person's visits to a zone, or crossings of a line, a window counts the first and so many more."""
REPEATS_NOISE = 2
"""Repeats are off by so many times the noise of the number of people who repeat."""

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)
_S11 = np.uint64(11)
_TAIL = 20.0
_FIGURE = "\0figure "
"""No visitor's id begins so: names of figures never share a number with somebody."""
_DAY_S, _QUARTER_S = 86_400.0, 900.0


def around(at: float) -> tuple[float, float]:
    """Marks of a figure about an instant: the day and the quarter of an hour (UTC) that hold it.

    Noise by people alone changes whenever anybody moves, and whoever watches for a minute can average it; these two
    layers stay.

    >>> around(1_000_000.0)
    (950400.0, 999900.0)
    """
    return at // _DAY_S * _DAY_S, at // _QUARTER_S * _QUARTER_S


@dataclass(frozen=True, slots=True)
class People:
    """A number of people as it may be shown; ``count`` None says "fewer than ``k``", none at all included."""

    count: int | None
    k: int

    def __str__(self) -> str:
        return f"< {self.k}" if self.count is None else str(self.count)


class Suppression:
    """The two rules with their parameters.

    Args:
        k: fewest people a figure may be about, at least 3.
        key: 32 secret bytes of this installation.

    Attributes:
        k: the same.
        decay: how much less likely each further step of a layer's noise is.
        most_off: by how much a published count is off at most, 95 times in 100.
        deviation: standard deviation of a published count's noise.
        events_off: by how much a published count of events is.
    """

    def __init__(self, k: int, key: bytes) -> None:
        if k < LEAST_K:
            raise ValueError(f"k is {k}, at least {LEAST_K} is allowed")
        self.k = k
        self.decay = math.exp(-EPSILON * min(1.0, (DEFAULT_K - 1) / (k - 1)))
        self.most_off = _reach(self.decay)
        self.deviation = math.sqrt(3 * 2 * self.decay) / (1 - self.decay)
        self.events_off = math.ceil(self.most_off * math.hypot(1, REPEATS_NOISE))
        self._key = key

    def record_key(self, visitor: str) -> int:
        """A visitor's secret number, 64 bits: keyed BLAKE2b of the id."""
        return int.from_bytes(hashlib.blake2b(visitor.encode(), digest_size=8, key=self._key).digest(), "little")

    def record_keys(self, visitors: Iterable[str]) -> Keys:
        """(N,) the same for many."""
        return np.fromiter((self.record_key(visitor) for visitor in visitors), np.uint64)

    def figure_keys(self, figures: Names) -> Keys:
        """(N,) the secret numbers of figures' names, such as ``visitors g/nordic``; () for one; numbers are kept."""
        if isinstance(figures, np.ndarray):
            return figures
        if isinstance(figures, str):
            return np.asarray(self.record_key(_FIGURE + figures), np.uint64)
        return self.record_keys(_FIGURE + figure for figure in figures)

    def noise(self, cell_keys: npt.ArrayLike, figures: Names = "", marks: Marks = ()) -> npt.NDArray[np.int64]:
        """How far the counts with these cell keys are off, same shape.

        Args:
            cell_keys: sums of the different people's numbers modulo 2^64.
            figures: what the counts are of, one name for all or one each; the same name for the same question.
            marks: start and end of the window asked about, seconds since 1970, for all or one each; of an instant,
                what is ``around`` it.
        """
        keys = np.asarray(cell_keys, np.uint64)
        off = _geometric(keys, self.decay)
        if marks:
            named = self.figure_keys(figures)
            with np.errstate(over="ignore"):
                for place, mark in enumerate(marks):
                    instant = np.rint(np.asarray(mark, np.float64)).astype(np.int64).astype(np.uint64)
                    at = instant * np.uint64(2) + np.uint64(place)
                    off = off + _geometric(_mixed(named) + at, self.decay)
        return off

    def published(
        self,
        counts: npt.ArrayLike,
        cell_keys: npt.ArrayLike,
        figures: Names = "",
        marks: Marks = (),
    ) -> npt.NDArray[np.int64]:
        """The counts as they may be told, 0 where they may not; same shape.

        Args:
            counts: different people of every figure.
            cell_keys: their cell keys.
            figures: see ``noise``.
            marks: see ``noise``.
        """
        true = np.asarray(counts, np.int64)
        noisy = true + self.noise(cell_keys, figures, marks)
        return np.where((true >= self.k) & (noisy >= self.k), noisy, 0)

    def events(  # noqa: PLR0917 - three counts, and what names them
        self,
        people: npt.ArrayLike,
        repeats: npt.ArrayLike,
        repeaters: npt.ArrayLike,
        repeaters_keys: npt.ArrayLike,
        figures: Names = "",
        marks: Marks = (),
    ) -> npt.NDArray[np.int64]:
        """Counts of events, such as visits, as they may be told; 0 where they may not.

        Their people's published count, and on top the events beyond each one's first, but only where at least k people
        had more than one, and then off by twice the noise of their count. What the difference of events and people
        tells is so again a noisy figure about at least k people.

        Args:
            people: published counts of the people who did it.
            repeats: events beyond each person's first, each person's capped at ``MOST_REPEATS``.
            repeaters: different people who did it more than once.
            repeaters_keys: their cell keys.
            figures: see ``noise``.
            marks: see ``noise``.
        """
        told, some = np.asarray(people, np.int64), np.asarray(repeaters, np.int64)
        again = self.published(some, repeaters_keys, figures, marks)
        more = np.where(again > 0, np.asarray(repeats, np.int64) + REPEATS_NOISE * (again - some), 0)
        return np.where(told > 0, told + np.maximum(more, 0), 0)

    def count(self, visitors: Iterable[str], figure: str = "", marks: Marks = ()) -> int | None:
        """Different people among the visitors, as it may be told; None where it may not."""
        different = set(visitors)
        if len(different) < self.k:
            return None
        with np.errstate(over="ignore"):
            cell_key = self.record_keys(different).sum(dtype=np.uint64)
        return int(self.published(len(different), cell_key, figure, marks)) or None


def _geometric(keys: Keys, decay: float) -> npt.NDArray[np.int64]:
    """Whole numbers with P(n) proportional to ``decay ** |n|``, one for each key."""
    mixed = _mixed(keys)
    uniform = ((mixed >> _S11) + np.uint64(1)).astype(np.float64) * 2.0**-53
    size = np.floor(np.log(uniform * (1 + decay) / 2) / math.log(decay)).astype(np.int64)
    return np.asarray(np.maximum(size, 0) * np.where(mixed & np.uint64(1), 1, -1), np.int64)


def _reach(decay: float) -> int:
    """The smallest m that the sum of all layers exceeds, either way, less than 5 times in 100."""
    widest = math.ceil(-_TAIL / math.log(decay))
    steps = np.arange(-widest, widest + 1)
    one = (1 - decay) / (1 + decay) * decay ** np.abs(steps)
    chances = np.convolve(np.convolve(one, one), one)
    away = np.abs(np.arange(len(chances)) - len(chances) // 2)
    return next(m for m in range(len(chances)) if chances[away > m].sum() < 1 - SURE)


def _mixed(keys: Keys) -> Any:
    """SplitMix64 (Steele, Lea and Flood, 2014), so that neighbouring sums give unrelated noise."""
    with np.errstate(over="ignore"):
        mixed = keys + _GAMMA
        mixed = (mixed ^ (mixed >> _S30)) * _MIX_1
        mixed = (mixed ^ (mixed >> _S27)) * _MIX_2
        return mixed ^ (mixed >> _S31)
