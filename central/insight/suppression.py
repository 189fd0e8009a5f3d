"""k-suppression: no figure about fewer than k different people leaves central."""

from __future__ import annotations

from dataclasses import dataclass

LEAST_K = 3
DEFAULT_K = 5


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
