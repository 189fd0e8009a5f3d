"""What a box runs for its cameras, from pictures to tracks: the one place that knows how the rooms of `edge` compose.

The plain way has no floor, and a floor needs a calibrated site; so both ways are measured from capture to tracks.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.streams.footage import FPS, SIZE, Clip
from benchmarks.streams.spent import Stopwatch
from benchmarks.streams.streamed import StreamedClip
from edge.app import MOST_DETECTORS
from edge.capture.frame import Frame, Image
from edge.detect.detector import Detector
from edge.detect.eye import DetectSettings
from edge.detect.stage import DetectStage
from edge.track.tracker import Tracker
from edge.track.tracks import Tracks
from models.registry import resolve

STAGES = (
    ("edge/capture/convert.py", "luma", "gate"),
    ("edge/capture/convert.py", "", "convert"),
    ("edge/capture/frame.py", "luma", "gate"),
    ("edge/capture/frame.py", "", "convert"),
    ("edge/capture/", "", "decode"),
    ("streams/streamed.py", "", "decode"),
    ("edge/detect/gate", "", "gate"),
    ("edge/detect/pace.py", "", "schedule"),
    ("edge/detect/regions.py", "", "schedule"),
    ("edge/detect/eye.py", "", "schedule"),
    ("edge/detect/stage.py", "", "schedule"),
    ("edge/detect/letterbox.py", "", "letterbox"),
    ("edge/detect/sizing.py", "", "letterbox"),
    ("edge/detect/detector.py", "_finish", "decode boxes"),
    ("edge/detect/detector.py", "_detections", "decode boxes"),
    ("edge/detect/detector.py", "detect_regions", "decode boxes"),
    ("edge/detect/detector.py", "", "inference"),
    ("edge/detect/bound_run.py", "", "inference"),
    ("edge/detect/heads", "", "decode boxes"),
    ("edge/reid/", "", "looks"),
    ("edge/track/", "", "track"),
)
"""Part of a path, function or "" for all, stage; see `StageSampler`. What no row names shows under its file's name."""
REHEARSED = 24
"""Frames looked at before anything is timed."""


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

    def __init__(self, model: str | Path | None = None, detectors: int = 1) -> None:
        """Loads a model, by its name on the shelf or its path; None takes the default.

        Args:
            model: the box's.
            detectors: pictures looked at side by side.
        """
        cv2.setNumThreads(1)
        self.stage = DetectStage(
            [Detector(model_path(model)) for _ in range(detectors)], settings=DetectSettings(usual_interval_s=1.0 / FPS)
        )
        self._trackers: dict[str, Tracker] = {}

    def update(
        self,
        now: float,
        frames: Mapping[str, Frame],
        *,
        go_on: Callable[[], bool] | None = None,
        spent: Stopwatch | None = None,
    ) -> dict[str, Seen]:
        """Tracks by camera of whatever frames the stage took on.

        Args:
            now: box time, seconds.
            frames: at most one a camera.
            go_on: says when pictures that are left have to wait; None looks at all of them.
            spent: takes the CPU time of both stages, where given.
        """
        spent = spent or Stopwatch()
        with spent("detect"):
            found = self.stage.update(now, list(frames.values()), go_on)
        seen = {}
        with spent("track"):
            for name, people in found.items():
                if time.monotonic() > frames[name].expires_at:  # as edge.runtime does
                    continue
                tracker = self._trackers.get(name)
                if tracker is None:
                    tracker = self._trackers[name] = Tracker()
                at = frames[name].captured_at
                tracks = tracker.update(at, people, SIZE)
                seen[name] = Seen(at, tracks, tracker.hypotheses()[0])
        return seen


class AtriumWay:
    """Clips through a box's stages, as fast as the machine goes: the next frame of every camera a tick.

    Attributes:
        spent: CPU time by stage.
    """

    name = "atrium"

    def __init__(self, clips: Sequence[Clip], model: str | Path | None = None, doors: int = 0) -> None:
        """Opens the clips.

        Args:
            clips: one a camera.
            model: the box's; None takes the default.
            doors: so many of the cameras see a tripwire, and are never asked to rest.
        """
        self._atrium = Atrium(model)
        self._sources = [StreamedClip(clip, f"camera{number}") for number, clip in enumerate(clips)]
        self._doors = {source.camera for source in self._sources[:doors]}
        self._tick = 0
        self.spent = Stopwatch()
        names = [source.camera for source in self._sources]
        self._followed: dict[str, list[tuple[float, ...]]] = {name: [] for name in names}
        self._people: dict[str, set[int]] = {name: set() for name in names}
        self._last: dict[str, Tracks] = {}

    def tick(self) -> None:
        """The next frame of every camera."""
        frames: dict[str, Frame] = {}
        now = self._sources[0].due_at
        with self.spent("capture"):
            for source in self._sources:
                source.rest(source.camera not in self._doors and self._atrium.stage.resting(source.camera, now))
                frame = source.arrive()
                if frame is not None:
                    frames[source.camera] = frame
        for name, seen in self._atrium.update(now, frames, spent=self.spent).items():
            self._last[name] = seen.followed
            self._people[name].update(seen.tracks.id.tolist())
        # where nothing new is told, what was told last is what whoever listens has
        for name, followed in self._last.items():
            boxes = zip(followed.id.tolist(), followed.box_px.tolist(), strict=True)
            self._followed[name] += [(self._tick, float(identity), *box) for identity, box in boxes]
        self._tick += 1

    @property
    def counts(self) -> tuple[int, int, int]:
        """Frames that came so far, those of them decoded, and those that the model looked at."""
        return (
            self._tick * len(self._sources),
            sum(source.decoded for source in self._sources),
            self._atrium.stage.analysed,
        )

    @property
    def rows(self) -> list[list[tuple[float, ...]]]:
        """By camera, tracks of people: tick, id, x1, y1, x2, y2.

        Somebody reported late is there from birth, as `Tracks.past` tells it.
        """
        return [[r for r in rows if int(r[1]) in self._people[name]] for name, rows in self._followed.items()]

    @property
    def followed_rows(self) -> list[list[tuple[float, ...]]]:
        """Tracks of everything followed, also of what never moved."""
        return list(self._followed.values())


def rehearse(atrium: Atrium, clip: Clip) -> None:
    """Compiles and allocates before anything is timed: some seconds of a camera that nobody measures."""
    source = StreamedClip(clip, "rehearsal")
    for _ in range(REHEARSED):
        frame = source.arrive()
        if frame is not None:
            atrium.update(frame.captured_at, {frame.camera: frame})


def box_detectors() -> int:
    """Pictures that a box looks at side by side on this machine."""
    return min(MOST_DETECTORS, os.cpu_count() or 1)


def scoring_detector(
    model: str | Path | None, score_min: float
) -> Callable[[Image], tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """The detector alone, down to low scores: a picture to boxes (N, 4) and scores (N,)."""
    detector = Detector(model_path(model), score_min=score_min)

    def detect(image: Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        (found,) = detector.detect([image])
        return np.asarray(found.xyxy, np.float32), np.asarray(found.confidence, np.float32)

    return detect


def model_path(model: str | Path | None) -> Path:
    """The file of a model on the shelf or at a path; None is the default."""
    return resolve().path if model is None else resolve(model).path
