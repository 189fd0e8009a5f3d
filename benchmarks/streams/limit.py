"""The limit that nothing passes that looks at every frame: decoding them, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import av

from benchmarks.streams.footage import Clip
from benchmarks.streams.spent import Stopwatch


class DecodeOnly:
    """Decodes every frame of every camera with FFmpeg on one thread; no conversion, nobody looks.

    Attributes:
        spent: CPU time by stage.
    """

    name = "decode only"

    def __init__(self, clips: Sequence[Clip]) -> None:
        self._pictures = [_decoded(clip) for clip in clips]
        self.spent = Stopwatch()

    def tick(self) -> None:
        """The next frame of every camera."""
        with self.spent("decode"):
            for pictures in self._pictures:
                next(pictures)


def _decoded(clip: Clip) -> Iterator[Any]:
    skip = clip.start
    while True:
        with av.open(str(clip.path)) as container:
            stream = container.streams.video[0]
            stream.thread_count = 1
            for number, picture in enumerate(container.decode(stream)):
                if number >= skip:
                    yield picture
        skip = 0
