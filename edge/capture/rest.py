"""Resting: over a still scene only key pictures are decoded, until the sizes of the others say that something moves.

An encoder spends bytes where pictures change. Over an empty hall its dependent pictures are small and alike; somebody
walking in makes them grow. So while a camera rests, packets between key pictures are kept, not decoded. When one is out
of line, all that were kept are decoded at once, and the picture is up to date: nothing is ever decoded from the middle.
Sizes are a hint (faint people drown in the noise of a bad picture); what is promised is the probe at each key picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Packet = TypeVar("Packet")

# A still scene is probed about once a second. Key pictures further apart do not: such a camera never rests.
KEY_INTERVAL_S = 1.25
# Sizes within so many mean deviations of their mean, and within this share and these bytes, are in line.
DEVIATIONS = 5.0
SHARE = 0.3
BYTES = 120.0
# Weight of the newest size in mean and deviation: some four seconds at eight pictures a second.
NEWEST = 0.03
# A packet out of line keeps a camera awake for so long; if something moves, the box then no longer asks it to rest.
AWAKE_S = 2.0
# So many sizes are heard before any is judged.
HEARD_LEAST = 12
# More kept packets than this are a stream without key pictures.
KEPT_MOST = 80


@dataclass(slots=True)
class Resting(Generic[Packet]):
    """One stream's packets while it rests and while it does not.

    Attributes:
        asked: whether the box would have this camera rest.
    """

    asked: bool = False
    _woken_at: float = -math.inf
    _kept: list[Packet] = field(default_factory=list)
    _key_at: float = -math.inf
    _key_interval_s: float = math.inf
    _mean: float = 0.0
    _deviation: float = 0.0
    _heard: int = 0

    def offer(self, packet: Packet, size: int, is_key: bool, now: float) -> list[Packet]:
        """What to decode now that a packet has come: nothing, the packet, or all that were kept and the packet.

        Args:
            packet: handed back when it is to be decoded.
            size: bytes.
            is_key: whether it needs no packet before it.
            now: of its arrival, seconds on a clock that never jumps.
        """
        if is_key:
            self._key_interval_s = now - self._key_at
            self._key_at = now
            self._kept.clear()
            return [packet]
        in_line = self._hear(size)
        if not in_line:
            self._woken_at = now
        held = self.at_rest(now) and now - self._key_at <= KEY_INTERVAL_S and len(self._kept) < KEPT_MOST
        self._kept.append(packet)
        if held:
            return []
        due, self._kept = self._kept, []
        return due

    def restart(self) -> None:
        """The connection is a new one: no packet before it counts, and sizes are learnt anew."""
        self._kept.clear()
        self._key_at, self._key_interval_s = -math.inf, math.inf
        self._mean = self._deviation = 0.0
        self._heard = 0

    def at_rest(self, now: float) -> bool:
        """Whether packets are being kept; a packet out of line ends that for a while."""
        return self.asked and now - self._woken_at > AWAKE_S and self._key_interval_s <= KEY_INTERVAL_S

    def _hear(self, size: int) -> bool:
        """Takes note of a dependent picture's size; whether it is in line with those before."""
        known = self._heard >= HEARD_LEAST
        share = NEWEST if known else 1.0 / (self._heard + 1)
        limit = self._mean + max(DEVIATIONS * self._deviation, SHARE * self._mean, BYTES)
        in_line = not known or size <= limit
        # what moves while the camera is awake must not become the measure of stillness too soon
        off = abs(size - self._mean)
        if known:
            off = min(off, 3.0 * self._deviation + BYTES)
        step = math.copysign(off, size - self._mean)
        self._mean += share * step
        self._deviation += share * (off - self._deviation)
        self._heard += 1
        return in_line
