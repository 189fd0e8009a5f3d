"""What of a figure about people may leave central: a threshold, and noise that is tied to the people themselves.

Two rules, both published and in use at statistics offices:

- **k-suppression**: no figure about fewer than k different people is told at all.
- **Cell keys** (Fraser and Wooton, 2005; Thompson, Broadfoot and Elazar, 2013, for the Australian Bureau of Statistics'
  TableBuilder; used for the census of England and Wales in 2021): every person has a secret random number, a figure's
  people add up to its cell key, and the cell key alone decides by how much the published count is off. The same people
  always give the same figure, so asking again averages nothing out; one person more or less gives other noise, so that
  the difference of two figures says nothing certain about them.

Noise is uniform over the whole numbers from -D to D with D = (k - 1) // 2, and never carries a count below k.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]

LEAST_K = 3
DEFAULT_K = 5

_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)


@dataclass(frozen=True, slots=True)
class People:
    """A number of people as it may be shown; ``count`` None says "fewer than ``k``", none at all included."""

    count: int | None
    k: int

    def __str__(self) -> str:
        return f"< {self.k}" if self.count is None else str(self.count)


def shown(people: int, k: int) -> People:
    """The number as it may be shown.

    >>> str(shown(4, 5)), str(shown(5, 5))
    ('< 5', '5')
    """
    return People(people if people >= k else None, k)


class Suppression:
    """The two rules with their parameters.

    Args:
        k: fewest people a figure may be about, at least 3.
        key: 32 secret bytes of this installation.

    Attributes:
        k: the same.
        most_off: D, by how much a published count is off at most.
    """

    def __init__(self, k: int, key: bytes) -> None:
        if k < LEAST_K:
            raise ValueError(f"k is {k}, at least {LEAST_K} is allowed")
        self.k = k
        self.most_off = (k - 1) // 2
        self._key = key

    def record_key(self, visitor: str) -> int:
        """A visitor's secret number, 64 bits: keyed BLAKE2b of the id."""
        return int.from_bytes(hashlib.blake2b(visitor.encode(), digest_size=8, key=self._key).digest(), "little")

    def record_keys(self, visitors: Iterable[str]) -> Keys:
        """(N,) the same for many."""
        return np.fromiter((self.record_key(visitor) for visitor in visitors), np.uint64)

    def noise(self, cell_keys: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """How far the counts with these cell keys are off, -D to D, same shape.

        A cell key is the sum of its different people's numbers modulo 2^64.
        """
        span = np.uint64(2 * self.most_off + 1)
        off: npt.NDArray[np.int64] = (_mixed(np.asarray(cell_keys, np.uint64)) % span).astype(np.int64)
        return off - self.most_off

    def published(self, counts: npt.ArrayLike, cell_keys: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """The counts as they may be told, 0 where they may not; same shape.

        Args:
            counts: different people of every figure.
            cell_keys: their cell keys.
        """
        true = np.asarray(counts, np.int64)
        return np.where(true >= self.k, np.maximum(true + self.noise(cell_keys), self.k), 0)

    def count(self, visitors: Iterable[str]) -> int | None:
        """Different people among the visitors, as it may be told; None where it may not."""
        different = set(visitors)
        if len(different) < self.k:
            return None
        with np.errstate(over="ignore"):
            cell_key = self.record_keys(different).sum(dtype=np.uint64)
        return int(self.published(len(different), cell_key))


def _mixed(keys: Keys) -> Any:
    """The finaliser of SplitMix64 (Steele, Lea and Flood, 2014), so that neighbouring sums give unrelated noise."""
    with np.errstate(over="ignore"):
        mixed = (keys ^ (keys >> _S30)) * _MIX_1
        mixed = (mixed ^ (mixed >> _S27)) * _MIX_2
        return mixed ^ (mixed >> _S31)
