"""A figure with the number of people it rests on and its interval, or the reason why it is withheld."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Z_95 = 1.959963984540054

Withheld = Literal["", "few", "silent", "young"]
"""Empty: the figure is told. ``few``: about fewer than k people. ``silent``: the boxes that would know are silent.
``young``: the time asked about has not been closed yet."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as it may leave central.

    Attributes:
        value: the figure, None where withheld.
        n: how many different people it rests on, as published (see ``suppression``); None where withheld.
        low: lower end of its 95 % interval; for counts, of what the noise allows.
        high: upper end.
        withheld: why there is none.
    """

    value: float | None
    n: int | None
    low: float | None
    high: float | None
    withheld: Withheld = ""


FEW = Figure(None, None, None, None, "few")
SILENT = Figure(None, None, None, None, "silent")


def count_figure(published: int, most_off: int) -> Figure:
    """A published count of people; 0 was withheld."""
    if published <= 0:
        return FEW
    return Figure(published, published, max(published - most_off, 0), published + most_off)


def share_figure(part: int, whole: int) -> Figure:
    """A proportion of published counts with Wilson's score interval (Wilson, 1927)."""
    if whole <= 0:
        return FEW
    part = min(max(part, 0), whole)
    low, high = wilson(part, whole)
    return Figure(round(part / whole, 4), whole, round(low, 4), round(high, 4))


def wilson(part: int, whole: int, z: float = Z_95) -> tuple[float, float]:
    """Wilson's score interval of ``part`` in ``whole``.

    >>> [round(end, 3) for end in wilson(5, 10)]
    [0.237, 0.763]
    """
    share = part / whole
    scale = 1 + z * z / whole
    middle = (share + z * z / (2 * whole)) / scale
    half = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole)) / scale
    return max(middle - half, 0.0), min(middle + half, 1.0)
