"""Skipping: pictures that come late, or that the box has no time for, are thrown away undecoded.

A decoding thread that has fallen behind cannot catch up by decoding. It catches up by throwing packets away, which
costs next to nothing, until a key picture comes in time: nothing is ever decoded from the middle. Under a load that
lasts, the box asks cameras in turns to decode their key pictures only: see ``edge.capture.shedding``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# A packet this much later than its stream's undelayed ones is behind: three pictures at eight a second, and far from
# the jitter of a radio link.
BEHIND_S = 0.4
# A picture that is this late, or has waited for us until it is, is not begun with.
STALE_S = 0.55
# And this late nothing may be made of it any more: with the interval for which FFmpeg's parser holds every picture
# until the next begins, it is almost a second old.
EXPIRED_S = 0.8
# Skipping costs what is left until the next key picture. Where that may be longer than this, every picture is decoded:
# a camera would be blind for too long, and one that refreshes without key pictures for ever.
KEY_INTERVAL_S = 2.5


@dataclass(slots=True)
class Skipping:
    """Which of a stream's packets are decoded.

    Attributes:
        asked: whether the box would have no more than key pictures decoded.
        skipped: packets thrown away so far.
    """

    asked: bool = False
    skipped: int = 0
    _broken: bool = False
    _key_media_s: float = math.nan
    _key_interval_s: float = math.inf

    def passes(self, is_key: bool, media_s: float | None, late_s: float) -> bool:
        """Whether the next packet is to be decoded; packets have to come in the stream's order.

        Args:
            is_key: whether it needs no packet before it.
            media_s: its time in the stream, seconds; None where it bears none.
            late_s: how late it is, seconds.
        """
        if is_key:
            self._hear_key(media_s)
        may_skip = self._key_interval_s <= KEY_INTERVAL_S
        behind = late_s > BEHIND_S or self.asked
        if is_key:
            passes = not (may_skip and late_s > STALE_S)
            # what depends on a picture in time may be decoded; whether it is, its own lateness says
            self._broken = not passes or (may_skip and behind)
        else:
            self._broken |= may_skip and behind
            passes = not self._broken
        self.skipped += not passes
        return passes

    def restart(self) -> None:
        """The connection is a new one."""
        self._broken = False
        self._key_media_s, self._key_interval_s = math.nan, math.inf

    def _hear_key(self, media_s: float | None) -> None:
        """By media time, for arrivals say nothing about the stream when they are late."""
        media_s = math.nan if media_s is None else media_s
        interval_s = media_s - self._key_media_s
        self._key_interval_s = interval_s if interval_s > 0.0 else math.inf
        self._key_media_s = media_s
