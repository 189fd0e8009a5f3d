"""Embeddings to keyed binary codes: cancelable templates in the sense of ISO/IEC 24745.

A code is the signs of an embedding's whitened components along directions that the site's key of the day chose; where
directions overlap in what tells people apart, signs take each other into account. Another key gives another code that
says nothing about the first; what a thief of codes, keys or both can do is tried in the tests and told in
docs/decisions/0008.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

import numpy as np
import numpy.typing as npt

from contract.errors import BadInputError
from edge.reid.kernels import settle_signs
from edge.reid.keys import SiteKey, rotations
from edge.reid.whitening import Whitening

Words = npt.NDArray[np.uint64]
Bits = Literal[256, 512]
DEFAULT_BITS: Bits = 512
WORD = 64
PULL, SWEEPS = 2.0, 3
"""How much signs make up for what the others say too much or too little of, in the directions that count, and how often
each is looked at. Chosen on photographs and a twin. Points of rank-1 that 512 bits lose to the float cosine in a twin
that chose nothing (seed 77, ten keys), in one frame and in others, before (all directions alike, pull 0.16) and now:
OSNet x0.25 -0.5 and 1.6, -0.5 and 1.0; person-reidentification-retail-0248 0.8 and 3.7, 0.1 and 2.9; 0287 2.0 and 1.6,
1.3 and 1.5; 0288 -3.5 and -3.9, -3.4 and -4.5."""
GAIN = math.sqrt(2 / math.pi)
"""How long a sign is in the mean along a component of unit variance."""
HANDOFF_S = 120.0
"""No handoff lives longer, seconds."""


class Coder:
    """Makes the codes of one key. Holds no person's data.

    Attributes:
        bits: length of its codes, 256 or 512.
    """

    def __init__(self, key: SiteKey, whitening: Whitening, bits: Bits = DEFAULT_BITS) -> None:
        """Draws the directions: 0.1 s for 512 numbers.

        Args:
            key: of the day.
            whitening: of the embedder (see ``learn_whitening``); the same in every box of the site.
            bits: 512 lose half of what 256 lose, and cost twice as much to compare.
        """
        self.bits = bits
        self.dimension = len(whitening.mean)
        drawn = rotations(key, self.dimension, bits)
        counting = drawn @ whitening.counts
        overlaps = counting @ drawn.T
        np.fill_diagonal(overlaps, 0)
        self._overlaps = overlaps.astype(np.float32)
        self._pull = PULL * _worth(self.dimension, bits)
        # what is to be said, and beside it what is to be made up for
        self._directions, self._offsets = _seen_from(whitening, drawn)
        self._wanted, self._wanted_offsets = _seen_from(whitening, drawn + PULL * counting)

    def __reduce__(self) -> NoReturn:
        """Is never stored, for its directions are as good as the key.

        Raises:
            TypeError: always.
        """
        raise TypeError("a coder is never stored: it holds the day's key")

    def encode(self, embeddings: npt.NDArray[np.float32]) -> tuple[Words, npt.NDArray[np.bool_]]:
        """Codes of embeddings (N, D).

        Returns:
            (N, bits / 64) words, and (N,) whether a row is a code: it is not where the embedding is not a number or all
            zeros; its words are 0 then.

        Raises:
            ValueError: the embeddings have another length than the whitening.
        """
        if embeddings.ndim != 2 or embeddings.shape[1] != self.dimension:
            raise ValueError(f"embeddings of {self.dimension} numbers each, not of shape {embeddings.shape}")
        usable = np.isfinite(embeddings).all(1) & (embeddings != 0).any(1)
        rows = np.where(usable[:, None], embeddings, np.float32(0)).astype(np.float32)
        along = rows @ self._directions - self._offsets
        wanted = rows @ self._wanted - self._wanted_offsets
        wanted /= np.sqrt((along * along).mean(1, keepdims=True)) + np.finfo(np.float32).tiny
        signs = np.empty_like(wanted)
        settle_signs(wanted, self._overlaps, self._pull, SWEEPS, signs)
        words = np.packbits(signs > 0, axis=1, bitorder="little").view("<u8").astype(np.uint64)
        words[~usable] = 0
        return words, usable

    def likeness(self, codes: Words, embeddings: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """How alike codes and embeddings are: only one side is rounded to bits, so less is lost than between codes.

        For a box that gets somebody's code and still has its own visitors' embeddings at hand (asymmetric distance,
        Gordo et al. 2014, doi:10.1109/TPAMI.2013.101, section 3).

        Args:
            codes: (M, W) of this coder's key.
            embeddings: (N, D).

        Returns:
            (M, N), -1 to 1; not a number where an embedding is none.
        """
        rows = embeddings @ self._directions - self._offsets
        with np.errstate(invalid="ignore", divide="ignore"):
            rows /= np.abs(rows).sum(1, keepdims=True)
        bits = np.unpackbits(codes.astype("<u8").view(np.uint8), axis=1, bitorder="little")
        return np.asarray((2 * bits.astype(np.float32) - 1) @ rows.T, np.float32)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Code:
    """One person's code until it expires. Does not show, compare equal, or go into a file.

    Attributes:
        words: (W,) uint64, 256 or 512 bits.
        expires_at: seconds, on the clock of whoever made it.
    """

    words: Words
    expires_at: float

    def __repr__(self) -> str:
        return "Code(hidden)"

    def __reduce__(self) -> NoReturn:
        """Is never stored.

        Raises:
            TypeError: always.
        """
        raise TypeError("a code is never stored")

    def __deepcopy__(self, memo: dict[int, Any]) -> NoReturn:
        """Is never copied.

        Raises:
            TypeError: always.
        """
        raise TypeError("a code is never copied")

    @classmethod
    def issue(cls, words: Words, now: float, life_s: float = HANDOFF_S) -> Code:
        """A code to hand on.

        Args:
            words: (4,) or (8,) uint64.
            now: seconds.
            life_s: more than 0 and at most 120.

        Raises:
            ValueError: it is of another length, or would live longer.
        """
        if words.dtype != np.uint64 or words.shape not in {(4,), (8,)}:
            raise ValueError("a code has 256 or 512 bits in words of 64")
        if not 0 < life_s <= HANDOFF_S:
            raise ValueError(f"a handoff lives {HANDOFF_S:.0f} s at most, not {life_s} s")
        if not math.isfinite(now):
            raise ValueError(f"a code begins at a time, not at {now}")
        return cls(words.copy(), now + life_s)

    @classmethod
    def read(cls, text: str, left_at: float, now: float) -> Code | None:
        """A code as a handoff carries it; None where it has expired.

        Args:
            text: 64 or 128 hexadecimal digits.
            left_at: when its owner left, seconds; what lies in the future counts as now.
            now: seconds.

        Raises:
            BadInputError: the text is no code. It does not show the text.
        """
        try:
            raw = bytes.fromhex(text)
        except ValueError:
            raw = b""
        if len(raw) not in {32, 64}:
            raise BadInputError("handoff: code is not 64 or 128 hexadecimal digits; drop the message")
        code = cls.issue(np.frombuffer(raw, "<u8").astype(np.uint64), min(left_at, now))
        return code if code.lives(now) else None

    def lives(self, now: float) -> bool:
        """Whether it may still be used; never again once it has expired, nor before it can have been made."""
        return 0 < self.expires_at - now <= HANDOFF_S

    def text(self, now: float) -> str | None:
        """As a handoff carries it: 64 or 128 hexadecimal digits; None once it has expired."""
        return self.words.astype("<u8").tobytes().hex() if self.lives(now) else None


def _seen_from(
    whitening: Whitening, directions: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Directions (bits, D) of whitened vectors as matrix (D, bits) and offsets (bits,) for embeddings as they come."""
    raw = directions @ whitening.matrix.T
    return raw.T.astype(np.float32), (raw @ whitening.mean).astype(np.float32)


def _worth(dimension: int, bits: int) -> float:
    """What a sign stands for where ``bits`` of them together add up to a vector neither too long nor too short."""
    return 1 / (GAIN * max(1.0, bits / dimension))
