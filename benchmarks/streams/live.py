"""A box's eyes on live cameras, at the pace of the clock."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from benchmarks.streams.atrium import Atrium
from benchmarks.streams.footage import FPS, SIZE
from edge.capture.frame import Frame
from edge.capture.live import LiveCamera
from edge.capture.shedding import Shedding
from edge.drive import DETECT_SHARE, looking_ends


class Camera(Protocol):
    """A live source, as far as a box needs it.

    Attributes:
        camera: its name.
    """

    camera: str

    @property
    def late_s(self) -> float:
        """How late its newest packet came, seconds."""
        ...

    def newest(self) -> Frame | None:
        """The newest frame, once."""
        ...

    def rest(self, asked: bool) -> None:
        """Asks it to decode no more than it must."""
        ...

    def shed(self, asked: bool) -> None:
        """Asks it for key pictures only."""
        ...

    def close(self) -> None:
        """Ends it."""
        ...


@dataclass(frozen=True, slots=True)
class Done:
    """A frame whose tracks are known.

    Attributes:
        camera: whose it was.
        captured_at: when it was taken, unix seconds.
        done_at: when its tracks were there, unix seconds.
    """

    camera: str
    captured_at: float
    done_at: float


class LiveAtrium:
    """A box watching live sources, ``FPS`` times a second, as `edge.drive.LiveDrive` does.

    Attributes:
        dropped: frames that arrived and were overtaken by newer ones, or thrown away undecoded for want of time.
        waiting: cameras that had a frame ready at the latest step.
    """

    def __init__(self, cameras: Sequence[Camera], atrium: Atrium) -> None:
        self._cameras = {camera.camera: camera for camera in cameras}
        self._atrium = atrium
        self._shedding = Shedding(list(self._cameras), 1.0 / FPS)
        self._due = time.monotonic()
        self._index: dict[str, int] = {}
        self.dropped = 0
        self.waiting = 0

    @property
    def names(self) -> list[str]:
        """The cameras."""
        return list(self._cameras)

    @property
    def put_off(self) -> int:
        """Frames whose turn to be looked at did not come in time."""
        return self._atrium.stage.put_off

    def step(self) -> list[Done]:
        """Waits for the next step and works on every camera's newest frame."""
        time.sleep(max(0.0, self._due - time.monotonic()))
        began = time.monotonic()
        self._due = max(self._due + 1.0 / FPS, began)
        frames = {}
        rests = {name for name in self._cameras if self._atrium.stage.resting(name, time.time())}
        busy = {name: camera.late_s for name, camera in self._cameras.items() if name not in rests}
        shed = self._shedding.update(began, busy)
        for name, camera in self._cameras.items():
            camera.rest(name in rests)
            camera.shed(name in shed)
            frame = camera.newest()
            if frame is not None:
                frames[name] = frame
                if name not in rests:  # frames that nobody decoded were overtaken by nobody
                    self.dropped += max(0, frame.index - self._index.get(name, frame.index) - 1)
                self._index[name] = frame.index
        self.waiting = len(frames)
        up = looking_ends(began + DETECT_SHARE / FPS, frames.values())
        seen = self._atrium.update(time.time(), frames, go_on=lambda: time.monotonic() < up)
        done_at = time.time()
        return [Done(name, each.captured_at, done_at) for name, each in seen.items()]

    def close(self) -> None:
        """Ends every camera, and the stage's threads."""
        for camera in self._cameras.values():
            camera.close()
        self._atrium.stage.close()


def rtsp_camera(url: str, camera: str) -> LiveCamera:
    """A live camera, started."""
    return LiveCamera(url, camera, rng=random.Random(camera), size=SIZE).start()  # noqa: S311 - jitter
