"""Clips that arrive packet by packet, as a live stream does, without a network between."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import av

from benchmarks.streams.footage import FPS, SIZE, Clip
from edge.capture.convert import Converter, Decoded
from edge.capture.frame import Frame
from edge.capture.rest import Resting
from edge.capture.skip import EXPIRED_S, STALE_S, Skipping

ORIGIN_S = 1_700_000_000.0
"""Box time at which recordings begin; any moment would do."""


class StreamedClip:
    """A clip for ever, packet by packet, decoded as `edge.capture.live` decodes a stream, resting included.

    Attributes:
        camera: the name its frames bear.
        decoded: frames decoded so far.
    """

    def __init__(self, clip: Clip, camera: str, start_at: float = ORIGIN_S) -> None:
        """Opens it; its first frame is taken at ``start_at``."""
        self.camera = camera
        self.decoded = 0
        self._start_at = start_at
        self._arrived = 0
        self._packets = _packets(clip)
        self._converter = Converter(SIZE)
        self._resting: Resting[Any] = Resting()
        self._skipping = Skipping()

    @property
    def due_at(self) -> float:
        """When the next frame is taken."""
        return self._start_at + self._arrived / FPS

    def arrive(self, late_s: float = 0.0, expires_at: float = math.inf) -> Frame | None:
        """Takes the next packet; the frame it shows, or None where it is not decoded.

        Args:
            late_s: how late the packet is, seconds.
            expires_at: when its frame is too old, monotonic seconds.
        """
        now, index, packet = self.due_at, self._arrived, next(self._packets)
        self._arrived += 1
        picture = None
        for each in self._resting.offer(packet, packet.size, packet.is_keyframe, now):
            if not self._skipping.passes(each.is_keyframe, now, late_s):
                continue
            for shown in each.decode():
                picture = shown
                self.decoded += 1
        if picture is None:
            return None
        return Frame(self.camera, now, index, Decoded(picture, self._converter), expires_at)

    def rest(self, asked: bool) -> None:
        """Asks for no more than key pictures while nothing moves."""
        self._resting.asked = asked

    def shed(self, asked: bool) -> None:
        """Asks for key pictures only."""
        self._skipping.asked = asked


def _packets(clip: Clip) -> Iterator[Any]:
    """The clip's packets from its starting frame on, which is a key picture, for ever."""
    skip = clip.start
    while True:
        with av.open(str(clip.path)) as container:
            stream = container.streams.video[0]
            stream.thread_count = 1
            packets = (packet for packet in container.demux(stream) if packet.size)
            yield from islice(packets, skip, None)
        skip = 0


class PacedFile:
    """A clip as a live camera where no RTSP server is at hand: frames come due by the clock, the newest wins.

    Attributes:
        camera: the name its frames bear.
        late_s: how late the newest packet was taken, seconds.
    """

    def __init__(self, clip: Clip, camera: str, start_at: float) -> None:
        self.camera = camera
        self.late_s = 0.0
        self._source = StreamedClip(clip, camera, start_at)

    def newest(self) -> Frame | None:
        """Takes all that is due by now; gives the last of it, unless it is too late for that."""
        newest = None
        while (late_s := time.time() - self._source.due_at) >= 0.0:
            self.late_s = late_s
            newest = self._source.arrive(late_s, time.monotonic() - late_s + EXPIRED_S) or newest
        if newest is None or time.monotonic() > newest.expires_at - EXPIRED_S + STALE_S:
            return None
        return newest

    def rest(self, asked: bool) -> None:
        """Asks for no more than key pictures while nothing moves."""
        self._source.rest(asked)

    def shed(self, asked: bool) -> None:
        """Asks for key pictures only."""
        self._source.shed(asked)

    def close(self) -> None:
        """Nothing is open."""
