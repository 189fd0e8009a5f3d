"""Whether central gets anywhere: what its watchdog is fed by, beside its event loop, which does the feeding.

Each part that works in a thread of its own says when it last came round. A part that has nothing to do comes round all
the same, and so does one that tries again what the world does not allow: a broker that is away, a full disk. None of
these is mended by a restart. A part that does not come round within its time stands still, and that is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

INGEST_S = 120.0
"""Attempts to connect, and a commit of one batch, take seconds at most, on a disk that is busy with a backup too."""
ROUND_S = 600.0
"""A night's reckoning takes seconds; what has piled up while central was off for weeks may take minutes."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of central.

    Attributes:
        turned: when it last came round, monotonic seconds.
        within_s: it has to, within so long.
    """

    turned: Callable[[], float]
    within_s: float


class Progress:
    """The rule; time is an argument.

    Args:
        parts: by the name that is told of one that stands still.
    """

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self._parts = dict(parts)

    def stuck(self, now: float) -> list[str]:
        """Parts that stand still at monotonic time ``now``; the watchdog is fed while there is none."""
        return [name for name, part in self._parts.items() if now - part.turned() > part.within_s]
