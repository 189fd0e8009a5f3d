"""How late a box's messages come by its own clock: least delay of a minute, following the clock where it jumps."""

from __future__ import annotations

from collections import deque

JUMP_S = 2.0
"""A delay that differs by more is another clock, or a message that had to wait."""
WINDOW_S = 60.0
CONFIRM_S = 3.0
"""A clock that was set back shows as a steady delay for so long; a message that had to wait does not come steadily."""
CONFIRM_SAMPLES = 3
STEADY_S = 1.0
"""Between the least and the longest of steady delays."""


class LeastDelay:
    """The running minimum of ``heard - at``.

    No message arrives before it is sent, so the least delay is the clock's offset and the shortest way here. A smaller
    delay than ever is certain at once: the clock was set forward. A longer one may be a queue on the way; it is
    believed when it is steady.

    Attributes:
        value: seconds; None before the first message that may be believed.
        unproved: the least of the steady longer delays that are not believed yet, or None.
        heard: when the last message came, seconds since 1970.
    """

    __slots__ = ("_minima", "_pending", "heard", "unproved", "value")

    def __init__(self) -> None:
        self.value: float | None = None
        self.unproved: float | None = None
        self.heard = 0.0
        self._minima: deque[tuple[int, float]] = deque()
        self._pending: deque[tuple[float, float]] = deque()

    def hear(self, heard: float, delay: float) -> bool:
        """Whether the message agrees with ``value`` as it is afterwards; False leaves it in doubt."""
        least = 0.0 if self.value is None else self.value
        if delay < least - JUMP_S or (self.value is None and delay <= JUMP_S):
            self._begin(heard, delay)
        elif delay > least + JUMP_S:
            if not self._is_steady(heard, delay):
                return False
            self._begin(heard, min(late for _, late in self._pending))
        else:
            self._add(heard, delay)
        self._pending.clear()
        self.unproved = None
        self.heard = heard
        return True

    def _begin(self, heard: float, delay: float) -> None:
        self._minima.clear()
        self._minima.append((int(heard), delay))
        self.value = delay

    def _add(self, heard: float, delay: float) -> None:
        second, minima = int(heard), self._minima
        while minima and minima[0][0] < second - WINDOW_S:
            minima.popleft()
        while minima and minima[-1][1] >= delay:  # what is older and not smaller will never be the minimum again
            minima.pop()
        minima.append((second, delay))
        self.value = minima[0][1]

    def _is_steady(self, heard: float, delay: float) -> bool:
        self._pending.append((heard, delay))
        while self._pending and abs(self._pending[0][1] - delay) > STEADY_S:
            self._pending.popleft()
        self.unproved = min(late for _, late in self._pending)
        return len(self._pending) >= CONFIRM_SAMPLES and heard - self._pending[0][0] >= CONFIRM_S
