"""The codes of who is here: found in a moment, gone with the visit, in no file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.reid.codes import DEFAULT_BITS, WORD, Bits, Words
from edge.reid.kernels import nearest

LIFE_S = 24 * 3600.0
"""No code lives longer, whatever becomes of its visit."""
MOST_VISITORS = 100_000
FIRST_ROWS = 256


@dataclass(frozen=True, slots=True)
class Match:
    """Somebody who may be meant.

    Attributes:
        visitor: whose code is near.
        share: of the bits that differ, 0 to 1.
    """

    visitor: int
    share: float


class CodeGallery:
    """One code for each visitor, the newest, in one block of memory that is overwritten when it goes."""

    def __init__(self, bits: Bits = DEFAULT_BITS, life_s: float = LIFE_S, most: int = MOST_VISITORS) -> None:
        """Begins empty.

        Args:
            bits: length of the codes, 256 or 512.
            life_s: codes of visits that do not end are dropped after so many seconds, at most 24 hours.
            most: with more visitors, the oldest code goes.

        Raises:
            ValueError: codes would live longer than 24 hours.
        """
        if not 0 < life_s <= LIFE_S:
            raise ValueError(f"a code lives {LIFE_S:.0f} s at most, not {life_s} s")
        self.bits = bits
        self.life_s = life_s
        self.most = most
        self._clear()

    def __len__(self) -> int:
        """How many visitors have a code."""
        return len(self._rows)

    def __repr__(self) -> str:
        return f"CodeGallery({len(self)} hidden)"

    def __getstate__(self) -> dict[str, Any]:
        """The settings alone: codes are never stored."""
        return {"bits": self.bits, "life_s": self.life_s, "most": self.most}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Starts anew with them."""
        self.bits, self.life_s, self.most = state["bits"], state["life_s"], state["most"]
        self._clear()

    def put(self, visitor: int, words: Words, now: float) -> None:
        """A visitor's code, in place of an older one; its life counts from the first.

        Raises:
            ValueError: the code is of another length.
        """
        if words.shape != (self.bits // WORD,):
            raise ValueError(f"a code of {self.bits} bits has {self.bits // WORD} words, not shape {words.shape}")
        row = self._rows.get(visitor)
        if row is None:
            if len(self._rows) >= self.most:
                self.end([next(iter(self._rows))])
            row = len(self._rows)
            if row == len(self._words):
                self._grow()
            self._rows[visitor] = row
            self._visitor[row], self._since[row] = visitor, now
        self._words[row] = words

    def end(self, visitors: Iterable[int]) -> None:
        """These visits ended: their codes are overwritten. Who is not known is passed over."""
        for visitor in visitors:
            row = self._rows.pop(visitor, None)
            if row is None:
                continue
            last = len(self._rows)
            if row != last:
                self._words[row], self._since[row] = self._words[last], self._since[last]
                self._visitor[row] = self._visitor[last]
                self._rows[int(self._visitor[row])] = row
            self._words[last] = 0

    def update(self, now: float) -> list[int]:
        """Drops codes that have lived long enough, or come from a future that a clock stepped back from.

        Returns:
            Whose they were.
        """
        age = now - self._since[: len(self)]
        old = [int(one) for one in self._visitor[: len(self)][np.abs(age) > self.life_s]]
        self.end(old)
        return old

    def match(self, queries: Words, most: int) -> list[list[Match]]:
        """Who is nearest to each code.

        Args:
            queries: (M, W) uint64.
            most: matches a query.

        Returns:
            For each query at most so many, nearest first.
        """
        count = len(self)
        rows = np.empty((len(queries), min(most, count)), np.int64)
        apart = np.empty_like(rows)
        nearest(np.ascontiguousarray(queries), self._words[:count], rows, apart)
        return [
            [Match(int(self._visitor[row]), bits / self.bits) for row, bits in zip(of, far, strict=True)]
            for of, far in zip(rows.tolist(), apart.tolist(), strict=True)
        ]

    def _clear(self) -> None:
        self._rows: dict[int, int] = {}
        self._words: Words = np.zeros((FIRST_ROWS, self.bits // WORD), np.uint64)
        self._visitor: npt.NDArray[np.int64] = np.zeros(FIRST_ROWS, np.int64)
        self._since: npt.NDArray[np.float64] = np.zeros(FIRST_ROWS)

    def _grow(self) -> None:
        old = self._words
        self._words = np.concatenate([old, np.zeros_like(old)])
        old[:] = 0
        self._visitor = np.concatenate([self._visitor, np.zeros_like(self._visitor)])
        self._since = np.concatenate([self._since, np.zeros_like(self._since)])
