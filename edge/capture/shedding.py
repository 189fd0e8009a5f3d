"""Shedding: when a box cannot decode all it is sent, its cameras decode key pictures only, in turns.

Inference sheds by itself: it looks at as much as time allows. Decoding has no such choice, for every picture needs the
one before it. So where packets come late on many cameras at once, or the box's ticks take twice their time, a share of
the cameras is asked to decode key pictures only. The share grows while the box is behind and shrinks slowly when it is
not, and the turn goes round, so that overload lowers the cadence of all cameras alike.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

# A camera whose packets are so late is not keeping up: well before it has to skip on its own account.
LATE_S = 0.25
# So many of the cameras late at once are no matter of their own networks.
LATE_SHARE = 0.1
# Ticks that take so many times their period are no longer those of a box that only has much to look at.
OVERRUN = 2.0
# How often the share is reviewed. What one step does shows at once, for packets are skipped from the next on.
REVIEW_S = 1.0
# Of the ticks since the last review, so many have to have been behind for the share to grow.
BEHIND_SHARE = 0.3
GROW = 0.2
SHRINK = 0.04
# A turn. Cameras send a key picture a second: long enough that most of it is spared, and short enough to be bridged.
TURN_S = 2.0


@dataclass(slots=True)
class _Ring:
    """Cameras that take turns, in a fixed order."""

    names: list[str]
    first: int = 0

    def turn(self, count: int, of: Collection[str]) -> list[str]:
        """The next ``count`` of them that are among ``of``; the ring stays as it is."""
        ordered = self.names[self.first :] + self.names[: self.first]
        return [name for name in ordered if name in of][:count]

    def pass_on(self, last: str) -> None:
        """The next turn begins behind ``last``."""
        self.first = (self.names.index(last) + 1) % len(self.names)


class Shedding:
    """Who decodes key pictures only; plain state, and time is an argument.

    Attributes:
        share: of the cameras that is asked to shed, 0 to 1.
    """

    def __init__(self, cameras: Sequence[str], period_s: float, last: Collection[str] = ()) -> None:
        """Begins with nothing shed.

        Args:
            cameras: all of the box's.
            period_s: a tick's.
            last: those of them that shed only when all others do: they see a door.
        """
        self.share = 0.0
        self._rings = [
            _Ring([name for name in cameras if name not in last]),
            _Ring([name for name in cameras if name in last]),
        ]
        self._period_s = period_s
        self._ticked_at: float | None = None
        self._reviewed_at: float | None = None
        self._turned_at = 0.0
        self._ticks = self._behind = 0
        self._shed: frozenset[str] = frozenset()

    def update(self, now: float, late_s: Mapping[str, float]) -> frozenset[str]:
        """The cameras that are to decode key pictures only until the next tick.

        Args:
            now: of this tick, seconds on a clock that never jumps.
            late_s: of the cameras that would decode every picture, how late their newest packet was. Those that rest
                are left out: they spare what they can already.
        """
        overran = self._ticked_at is not None and now - self._ticked_at > OVERRUN * self._period_s
        late = sum(each > LATE_S for each in late_s.values())
        self._ticked_at = now
        self._ticks += 1
        # one camera on a bad network is not the box's fault, however few the others are
        self._behind += overran or late > max(1.0, LATE_SHARE * len(late_s))
        if self._reviewed_at is None:
            self._reviewed_at = now
        if now - self._reviewed_at >= REVIEW_S:
            self._review(now)
        self._take_turns(now, late_s)
        return self._shed

    def _review(self, now: float) -> None:
        if self._behind > BEHIND_SHARE * self._ticks:
            self.share = min(1.0, self.share + GROW)
        elif not self._behind:
            self.share = max(0.0, self.share - SHRINK)
            if self.share < SHRINK / 2:
                self.share = 0.0
        self._reviewed_at = now
        self._ticks = self._behind = 0

    def _take_turns(self, now: float, busy: Collection[str]) -> None:
        """Within a turn those who shed go on shedding, and others join or are let go as the share changes."""
        if now - self._turned_at >= TURN_S:
            self._turned_at = now
            for ring in self._rings:
                done = [name for name in ring.turn(len(ring.names), ring.names) if name in self._shed]
                if done:
                    ring.pass_on(done[-1])
        count = round(self.share * len(busy))
        shed: list[str] = []
        for ring in self._rings:
            shed += ring.turn(count - len(shed), busy)
        self._shed = frozenset(shed)
