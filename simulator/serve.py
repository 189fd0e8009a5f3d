"""Serves video files, a test pattern or sound alone over RTSP: what the capture tests and a bench on a desk talk to.

``python -m simulator.serve FILE... [--once] [--stall-after S] [--pattern] [--audio] [--port P]`` prints the addresses
and serves until interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np

from contract.errors import AtriumError, BadInputError
from simulator.encode import Encoder, Picture
from simulator.rtsp import RtspServer

PATTERN_SIZE = (320, 240)
PATTERN_FPS = 25.0


def file_pictures(path: Path, *, loop: bool) -> Iterator[tuple[float, Picture]]:
    """Frame rate and (H, W, 3) BGR picture of every frame of the file, again and again where ``loop``.

    Raises:
        BadInputError: where the file is no video.
    """
    while True:
        try:
            with av.open(str(path)) as container:
                if not container.streams.video:
                    raise BadInputError(f"{path}: has no video stream; serve another file")
                stream = container.streams.video[0]
                fps = float(stream.average_rate or PATTERN_FPS)
                for frame in container.decode(stream):
                    image = frame.to_ndarray(format="bgr24")
                    yield fps, np.ascontiguousarray(image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2])
        except (av.error.FFmpegError, OSError) as error:
            raise BadInputError(f"{path}: cannot be decoded ({error}); serve another file") from None
        if not loop:
            return


def pattern_pictures(fps: float = PATTERN_FPS) -> Iterator[tuple[float, Picture]]:
    """An endless test pattern: a bar that moves two pixels a frame, and the frame's number written on it."""
    width, height = PATTERN_SIZE
    ramp = np.linspace(30, 220, width).astype(np.uint8)
    ground = np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (height, width, 3)))
    number = 0
    while True:
        image = ground.copy()
        left = 2 * number % width
        cv2.rectangle(image, (left, 60), (left + 20, 200), (40, 200, 40), -1)
        cv2.putText(image, str(number), (10, 40), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (255, 255, 255), 2)
        yield fps, np.asarray(image, np.uint8)
        number += 1


class Feeder(threading.Thread):
    """Feeds one mount at the pace of its pictures; stops pushing after ``stall_after_s`` but keeps the stream open."""

    def __init__(
        self,
        server: RtspServer,
        name: str,
        pictures: Iterator[tuple[float, Picture]],
        stall_after_s: float | None = None,
    ) -> None:
        super().__init__(name=f"feed-{name}", daemon=True)
        self._server, self._mount, self._pictures, self._stall_after_s = server, name, pictures, stall_after_s
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Ends the thread."""
        self._stopping.set()
        self.join(5)

    def run(self) -> None:
        """Encodes and pushes until told to stop, the pictures end or the server dies."""
        start_ns = time.time_ns()
        encoder: Encoder | None = None
        taken_s = 0.0
        with contextlib.suppress(AtriumError):
            for fps, image in self._pictures:
                if encoder is None:
                    encoder = Encoder(image.shape[1], image.shape[0], fps)
                if self._stall_after_s is not None and taken_s >= self._stall_after_s:
                    self._stopping.wait()
                late_s = (time.time_ns() - start_ns) / 1e9 - taken_s
                if self._stopping.wait(max(0.0, -late_s)):
                    return
                self._server.push(self._mount, encoder.encode(image), start_ns + round(taken_s * 1e9))
                taken_s += 1 / fps
            self._server.end(self._mount)


@contextlib.contextmanager
def serving(  # noqa: D417
    files: dict[str, Path] | None = None,
    *,
    pattern: str = "",
    audio: str = "",
    loop: bool = True,
    stall_after_s: float | None = None,
    port: int = 0,
) -> Iterator[RtspServer]:
    """A server with every file, the test pattern and the sound under the names given; ``server.url(name)`` to watch.

    Args:
        loop: whether files start again at their end (otherwise clients see end of file).
        stall_after_s: seconds after which pictures stop coming while the connection stays.
    """
    files = files or {}
    names = [*files, *([pattern] if pattern else [])]
    with RtspServer(names, audio=[audio] if audio else [], port=port) as server:
        feeders = [Feeder(server, name, file_pictures(path, loop=loop), stall_after_s) for name, path in files.items()]
        if pattern:
            feeders.append(Feeder(server, pattern, pattern_pictures(), stall_after_s))
        for feeder in feeders:
            feeder.start()
        try:
            yield server
        finally:
            for feeder in feeders:
                feeder.stop()


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="serve video files over RTSP")
    parser.add_argument("files", nargs="*", type=Path, help="video files, each served under its stem")
    parser.add_argument("--once", action="store_true", help="end each stream with its file instead of looping")
    parser.add_argument("--stall-after", type=float, help="seconds after which pictures stop coming")
    parser.add_argument("--pattern", action="store_true", help="serve a test pattern as /pattern")
    parser.add_argument("--audio", action="store_true", help="serve a tone without picture as /audio")
    parser.add_argument("--port", type=int, default=8554, help="TCP port")
    wanted = parser.parse_args()
    try:
        with serving(
            {path.stem: path for path in wanted.files},
            pattern="pattern" if wanted.pattern else "",
            audio="audio" if wanted.audio else "",
            loop=not wanted.once,
            stall_after_s=wanted.stall_after,
            port=wanted.port,
        ) as server:
            for name in [path.stem for path in wanted.files] + ["pattern"] * wanted.pattern + ["audio"] * wanted.audio:
                sys.stdout.write(server.url(name) + "\n")
            sys.stdout.flush()
            threading.Event().wait()
    except AtriumError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
