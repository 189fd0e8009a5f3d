"""What a box runs for its cameras, from pictures to tracks: the one place that knows how the rooms of `edge` compose.

The plain way has no floor, and a floor needs a calibrated site; so both ways are measured from capture to tracks.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.streams.footage import FPS, SIZE, Clip
from benchmarks.streams.spent import Stopwatch
from edge.capture.frame import Frame, Image
from edge.capture.live import LiveCamera
from edge.capture.source import open_recording
from edge.detect.detector import Detector
from edge.detect.stage import DetectStage
from edge.track.tracker import Tracker
from edge.track.tracks import Tracks
from models.registry import resolve

STAGES = (
    ("edge/capture/convert.py", "luma", "gate"),
    ("edge/capture/convert.py", "", "convert"),
    ("edge/capture/recording.py", "to_bgr", "convert"),
    ("edge/capture/live.py", "newest", "convert"),
    ("edge/capture/frame.py", "luma", "gate"),
    ("edge/capture/frame.py", "", "convert"),
    ("edge/capture/recording.py", "", "decode"),
    ("edge/capture/live.py", "", "decode"),
    ("edge/detect/gate.py", "", "gate"),
    ("edge/detect/letterbox.py", "", "letterbox"),
    ("edge/detect/detector.py", "_finish", "decode boxes"),
    ("edge/detect/detector.py", "", "inference"),
    ("edge/reid/stripes.py", "", "looks"),
    ("edge/reid/looks.py", "", "looks"),
    ("edge/detect/heads", "", "decode boxes"),
    ("edge/detect/stage.py", "", "schedule"),
    ("edge/track/", "", "track"),
)
"""Part of a path, function or "" for all, stage; see `StageSampler`. What no row names shows under its file's name."""
REHEARSED = 24
"""Frames looked at before anything is timed."""
ORIGIN_S = 1_700_000_000.0
"""Box time at which recordings begin; any moment would do."""


class Camera(Protocol):
    """A live source, as far as a box needs it."""

    camera: str

    def newest(self) -> Frame | None:
        """The newest frame, once."""
        ...

    def close(self) -> None:
        """Ends it."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What a box made of one camera's frame.

    Attributes:
        captured_at: when the frame was taken, seconds.
        tracks: people, as they are reported.
        followed: everything the tracker follows: people, newborn, and what never moved.
    """

    captured_at: float
    tracks: Tracks
    followed: Tracks


class Atrium:
    """Detection and trackers of a box's cameras."""

    def __init__(self, model: str | Path | None = None) -> None:
        """Loads a model, by its name on the shelf or its path; None takes the default."""
        cv2.setNumThreads(1)
        self.detector = Detector(_path(model))
        self._stage = DetectStage(self.detector)
        self._trackers: dict[str, Tracker] = {}

    def update(self, now: float, frames: Mapping[str, Frame], spent: Stopwatch | None = None) -> dict[str, Seen]:
        """Tracks by camera of whatever frames the stage took on.

        Args:
            now: box time, seconds.
            frames: at most one a camera.
            spent: takes the CPU time of both stages, where given.
        """
        spent = spent or Stopwatch()
        with spent("detect"):
            found = self._stage.update(now, list(frames.values()))
        seen = {}
        with spent("track"):
            for name, people in found.items():
                tracker = self._trackers.setdefault(name, Tracker())
                at = frames[name].captured_at
                tracks = tracker.update(at, people, SIZE)
                seen[name] = Seen(at, tracks, tracker.hypotheses()[0])
        return seen

    @property
    def counts(self) -> tuple[int, int]:
        """Frames so far, and those of them that the model looked at."""
        return self._stage.seen, self._stage.analysed


def looped(clip: Clip, camera: str, start_at: float = ORIGIN_S) -> Iterator[Frame]:
    """The clip's frames for ever, from its starting frame, taken from ``start_at`` on; read as a box reads recordings."""
    recording = open_recording(clip.path, camera)
    start, at = clip.start, start_at - clip.start / FPS
    while True:
        yield from recording.frames(start_frame=start, start_at=at)
        start, at = 0, at + clip.frames / FPS


class AtriumWay:
    """Clips through a box's stages, as fast as the machine goes: the next frame of every camera a tick.

    Attributes:
        spent: CPU time by stage.
        rows: by camera, tracks of people so far, each from its first detection on: tick, id, x1, y1, x2, y2.
    """

    name = "atrium"

    def __init__(self, clips: Sequence[Clip], model: str | Path | None = None) -> None:
        names = [f"camera{number}" for number in range(len(clips))]
        self.atrium = Atrium(model)
        self._sources = {name: looped(clip, name) for name, clip in zip(names, clips, strict=True)}
        self._tick = 0
        self.spent = Stopwatch()
        self._followed: dict[str, list[tuple[float, ...]]] = {name: [] for name in names}
        self._people: dict[str, set[int]] = {name: set() for name in names}
        self._last: dict[str, Tracks] = {}

    def tick(self) -> None:
        """The next frame of every camera."""
        with self.spent("capture"):
            frames = {name: next(source) for name, source in self._sources.items()}
        now = max(frame.captured_at for frame in frames.values())
        for name, seen in self.atrium.update(now, frames, self.spent).items():
            self._last[name] = seen.followed
            self._people[name].update(seen.tracks.id.tolist())
        # a frame that was not looked at shows what was reported last: so whoever listens has it, too
        for name, followed in self._last.items():
            boxes = zip(followed.id.tolist(), followed.box_px.tolist(), strict=True)
            self._followed[name] += [(self._tick, float(identity), *box) for identity, box in boxes]
        self._tick += 1

    @property
    def rows(self) -> list[list[tuple[float, ...]]]:
        """Tracks of people; somebody reported late is there from birth, as `Tracks.past` tells it."""
        return [[r for r in rows if int(r[1]) in self._people[name]] for name, rows in self._followed.items()]

    @property
    def followed_rows(self) -> list[list[tuple[float, ...]]]:
        """Tracks of everything followed, also of what never moved."""
        return list(self._followed.values())


class PacedFile:
    """A clip as a live camera where no RTSP server is at hand: frames come due by the clock, the newest wins."""

    def __init__(self, clip: Clip, camera: str, start_at: float) -> None:
        self.camera = camera
        self._frames = looped(clip, camera, start_at)
        self._next = next(self._frames)

    def newest(self) -> Frame | None:
        """Decodes all that is due by now; gives the last of it."""
        now = time.time()
        newest = None
        while self._next.captured_at <= now:
            newest, self._next = self._next, next(self._frames)
        return newest

    def close(self) -> None:
        """Nothing is open."""


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
        dropped: frames that arrived and were overtaken by newer ones.
        waiting: cameras that had a frame ready at the latest step.
    """

    def __init__(self, cameras: Sequence[Camera], atrium: Atrium) -> None:
        self._cameras = {camera.camera: camera for camera in cameras}
        self._atrium = atrium
        self._due = time.monotonic()
        self._index: dict[str, int] = {}
        self.dropped = 0
        self.waiting = 0

    def step(self) -> list[Done]:
        """Waits for the next step and works on every camera's newest frame."""
        time.sleep(max(0.0, self._due - time.monotonic()))
        self._due = max(self._due + 1.0 / FPS, time.monotonic())
        frames = {}
        for name, camera in self._cameras.items():
            frame = camera.newest()
            if frame is not None:
                frames[name] = frame
                self.dropped += max(0, frame.index - self._index.get(name, frame.index) - 1)
                self._index[name] = frame.index
        self.waiting = len(frames)
        seen = self._atrium.update(time.time(), frames) if frames else {}
        done_at = time.time()
        return [Done(name, each.captured_at, done_at) for name, each in seen.items()]

    def close(self) -> None:
        """Ends every camera."""
        for camera in self._cameras.values():
            camera.close()


def rtsp_camera(url: str, camera: str) -> LiveCamera:
    """A live camera, started."""
    return LiveCamera(url, camera, rng=random.Random(camera), size=SIZE).start()  # noqa: S311 - jitter


def rehearse(atrium: Atrium, clip: Clip) -> None:
    """Compiles and allocates before anything is timed: some seconds of a camera that nobody measures."""
    for frame in islice(looped(clip, "rehearsal"), REHEARSED):
        atrium.update(frame.captured_at, {frame.camera: frame})


def scoring_detector(
    model: str | Path | None, score_min: float
) -> Callable[[Image], tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """The detector alone, down to low scores: a picture to boxes (N, 4) and scores (N,)."""
    detector = Detector(_path(model), score_min=score_min)

    def detect(image: Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        (found,) = detector.detect([image])
        return np.asarray(found.xyxy, np.float32), np.asarray(found.confidence, np.float32)

    return detect


def _path(model: str | Path | None) -> Path:
    return resolve().path if model is None else resolve(model).path
