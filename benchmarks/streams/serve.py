"""Clips as live cameras over real RTSP: what was encoded once is sent again and again, so that sending costs little."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
from av.bitstream import BitStreamFilterContext

from benchmarks.streams.footage import FPS, KEY_EVERY, Clip
from contract.errors import AtriumError
from simulator.encode import AccessUnit
from simulator.rtsp import RtspServer


def access_units(path: Path) -> list[AccessUnit]:
    """The clip's pictures as they lie in the file, in Annex B form."""
    units = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        annex_b = BitStreamFilterContext("h264_mp4toannexb", stream)
        for packet in container.demux(stream):
            if packet.size:
                is_key = packet.is_keyframe  # asked first: filtering empties the packet
                units.append(AccessUnit(b"".join(bytes(part) for part in annex_b.filter(packet)), is_key))
    return units


class Pusher(threading.Thread):
    """Sends every camera's pictures as they come due.

    The cameras' moments are spread evenly over the interval, and their key pictures over the second between them: those
    of cameras that nobody synchronises do not all come at once.
    """

    def __init__(self, server: RtspServer, names: Sequence[str], clips: Sequence[Clip]) -> None:
        super().__init__(name="pusher", daemon=True)
        self._server, self._names = server, list(names)
        known = {clip.path: access_units(clip.path) for clip in clips}
        self._units = [known[clip.path] for clip in clips]
        # a camera's first picture has to be a key picture, or nobody can decode what follows
        self._first = [
            max(i for i in range(clip.start + 1) if units[i].is_key)
            for clip, units in zip(clips, self._units, strict=True)
        ]
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Ends the thread."""
        self._stopping.set()
        self.join(5)

    def run(self) -> None:
        """Sends until told to stop, or until the server dies."""
        began, sent = time.monotonic(), 0
        with contextlib.suppress(AtriumError):
            while True:
                due = began + sent / (FPS * len(self._names))
                if self._stopping.wait(max(0.0, due - time.monotonic())):
                    return
                number, camera = divmod(sent, len(self._names))
                sent += 1
                units = self._units[camera]
                number -= camera % KEY_EVERY
                if number >= 0:  # before that, this camera is not yet on
                    unit = units[(self._first[camera] + number) % len(units)]
                    self._server.push(self._names[camera], unit, time.time_ns())


@contextlib.contextmanager
def streaming(clips: Sequence[Clip]) -> Iterator[list[str]]:
    """Addresses at which the clips are being served, one a camera.

    Raises:
        AtriumError: where this machine has no RTSP server.
    """
    names = [f"camera{number}" for number in range(len(clips))]
    with RtspServer(names) as server:
        pusher = Pusher(server, names, clips)
        pusher.start()
        try:
            yield [server.url(name) for name in names]
        finally:
            pusher.stop()
