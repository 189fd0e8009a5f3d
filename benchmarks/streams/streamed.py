"""Clips that arrive packet by packet, as a live stream does, without a network between."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import av

from benchmarks.streams.footage import FPS, SIZE, Clip
from edge.capture.convert import Converter, Decoded
from edge.capture.frame import Frame
from edge.capture.rest import Resting

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
        self._converter = Converter(SIZE, reuse=True)
        self._resting: Resting[Any] = Resting()

    @property
    def due_at(self) -> float:
        """When the next frame is taken."""
        return self._start_at + self._arrived / FPS

    def arrive(self) -> Frame | None:
        """Takes the next packet; the frame it shows, or None where the camera rests."""
        now, index, packet = self.due_at, self._arrived, next(self._packets)
        self._arrived += 1
        picture = None
        for each in self._resting.offer(packet, packet.size, packet.is_keyframe, now):
            for shown in each.decode():
                picture = shown
                self.decoded += 1
        if picture is None:
            return None
        return Frame(self.camera, now, index, Decoded(picture, self._converter))

    def rest(self, asked: bool) -> None:
        """Asks for no more than key pictures while nothing moves."""
        self._resting.asked = asked


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
    """A clip as a live camera where no RTSP server is at hand: frames come due by the clock, the newest wins."""

    def __init__(self, clip: Clip, camera: str, start_at: float) -> None:
        self.camera = camera
        self._source = StreamedClip(clip, camera, start_at)

    def newest(self) -> Frame | None:
        """Takes all that is due by now; gives the last of it."""
        newest = None
        while self._source.due_at <= time.time():
            newest = self._source.arrive() or newest
        return newest

    def rest(self, asked: bool) -> None:
        """Asks for no more than key pictures while nothing moves."""
        self._source.rest(asked)

    def close(self) -> None:
        """Nothing is open."""
