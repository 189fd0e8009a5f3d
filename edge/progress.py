"""Whether a box that watches streams gets anywhere: what its watchdog is fed by.

A process that lives proves nothing, and neither does a socket that is open. So a box gets somewhere while its main loop
takes steps, and

- a new picture of at least one camera is taken into a step every ``QUIET_S``, or
- every camera is known to be offline, and the thread of each comes round again to try it.

A camera that is dead, or all of them, costs no restart: there is nothing that a restart would mend. A main loop that
stands still does, for then nobody asks here; and so do capture threads that stand still in a decoder: no picture comes
of them, and they try nothing. One of those beside cameras that go on is only replaced (``hung``), as a restart would
take the others' seconds; but what it holds is lost to the process, and after ``MOST_REPLACED`` the box starts anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

QUIET_S = 30.0
"""Cameras with "smart" codecs send a key picture every 10 s, and a first picture may take 15 s."""
HUNG_S = 60.0
"""Connecting, reading and waiting between attempts have time limits; together they are at most half of this."""
MOST_REPLACED = 8


class Progress:
    """The rule; time is an argument.

    Attributes:
        hung: cameras to replace now: their threads stand still while others advance.
    """

    def __init__(self, cameras: Iterable[str]) -> None:
        self.hung: tuple[str, ...] = ()
        self._taken_at = dict.fromkeys(cameras, float("-inf"))
        self._replaced = 0

    def update(self, now: float, taken: Iterable[str], offline: Collection[str], turned: Mapping[str, float]) -> bool:
        """Whether the box gets somewhere, in every step of its main loop.

        Args:
            now: seconds on a clock that never jumps, as all of these.
            taken: cameras of which a new picture went into this step.
            offline: cameras that are known to deliver nothing.
            turned: by camera, when its thread last came round: heard a packet, began or ended an attempt.
        """
        for name in taken:
            self._taken_at[name] = now
        moves = any(now - at <= QUIET_S for at in self._taken_at.values())
        still = tuple(name for name, at in turned.items() if now - at > HUNG_S)
        waits = not still and all(name in offline for name in self._taken_at)
        advances = (moves or waits) and self._replaced < MOST_REPLACED
        self.hung = still if advances else ()
        self._replaced += len(self.hung)
        return advances
