"""Box time: the system's time without its jumps, so that a visit's seconds are seconds whatever the clock does."""

from __future__ import annotations

import threading
from collections.abc import Callable

SLEW = 0.005
"""Box time follows small corrections at this many seconds a second: too little to show in a visit's length."""
JUMP_S = 10.0
"""A difference beyond this is no drift: somebody set the clock, as happens at boot or after days without a network."""
JUMP_LASTS_S = 5.0
"""And it must last so long; a clock that jumps back again at once was never believed."""


class SteadyClock:
    """Advances with the monotonic clock and leans towards the system's. Safe to read from several threads.

    A jump of the system's clock is not followed; :meth:`jumped` tells, and :meth:`follow` accepts it once open visits
    have been closed.
    """

    def __init__(self, wall: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._read_at = monotonic()
        self._now = wall()
        self._apart_since: float | None = None

    def now(self) -> float:
        """Seconds since 1970; never less than before."""
        with self._lock:
            moment = self._monotonic()
            elapsed = max(0.0, moment - self._read_at)
            self._read_at = moment
            self._now += elapsed
            offset = self._wall() - self._now
            if abs(offset) > JUMP_S:
                self._apart_since = moment if self._apart_since is None else self._apart_since
            else:
                self._apart_since = None
                self._now += max(-SLEW * elapsed, min(SLEW * elapsed, offset))
            return self._now

    @property
    def offset_s(self) -> float:
        """Box time minus system time, seconds."""
        return self.now() - self._wall()

    @property
    def jumped(self) -> bool:
        """Whether the system's clock has been set to another time, for long enough to mean it."""
        with self._lock:
            return self._apart_since is not None and self._monotonic() - self._apart_since >= JUMP_LASTS_S

    def follow(self) -> None:
        """Accept the system's time as it is now."""
        with self._lock:
            self._now = self._wall()
            self._read_at = self._monotonic()
            self._apart_since = None
