"""Detection as a stage: all cameras share one model, and nothing is spent on pictures that show nothing new."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from edge.capture.frame import Canvas, Frame, Image
from edge.detect.closer import LooksAtParts, look_again, region_around
from edge.detect.eye import DetectSettings, Eye, Job, Worth
from edge.detect.mask import PrivacyMask
from edge.reid.looks import LOOK
from edge.reid.stripes import describe
from edge.track.seen import Boxes, Seen


class FindsPeople(LooksAtParts, Protocol):
    """A detector, as far as the stage needs it.

    Attributes:
        per_aspect: whether a smaller picture is less work; parts of a picture are looked at only then.
    """

    per_aspect: bool

    def detect(self, images: Sequence[Image]) -> Sequence[Seen]:
        """People in each picture."""
        ...

    def whole_scale(self, size: tuple[int, int]) -> float:
        """At which scale a picture of (width, height) is looked at as a whole."""
        ...


class DetectStage:
    """All cameras of a box.

    Attributes:
        seen: pictures given so far.
        analysed: of them, pictures the model has looked at, in whole or in part.
        put_off: of them, pictures that would have been looked at had there been time.
    """

    def __init__(
        self,
        detectors: FindsPeople | Sequence[FindsPeople],
        masks: Mapping[str, PrivacyMask] | None = None,
        settings: DetectSettings | None = None,
        gated: bool = True,
    ) -> None:
        """Composes.

        Args:
            detectors: shared by all cameras; each is used by one thread at a time, and several work side by side.
            masks: privacy masks by camera.
            settings: how much is looked at.
            gated: False analyses every picture as a whole, as benchmarks want.
        """
        self._detectors = list(detectors) if isinstance(detectors, Sequence) else [detectors]
        self._canvases = [Canvas() for _ in self._detectors]
        self._pool = ThreadPoolExecutor(len(self._detectors)) if len(self._detectors) > 1 else None
        self._masks = dict(masks or {})
        self._settings = settings or DetectSettings()
        self._gated = gated
        self._eyes: dict[str, Eye] = {}
        self.seen = self.analysed = self.put_off = 0

    def update(
        self,
        now: float,  # noqa: ARG002 - as all stages; gates go by the frames' own times
        frames: Sequence[Frame],
        go_on: Callable[[], bool] | None = None,
    ) -> dict[str, Boxes]:
        """People in each frame, by camera.

        Where a picture shows nothing new, those of the last analysed one. A camera is left out where its picture comes
        too soon for its pace, or where time is up: the tracker bridges that.

        Args:
            now: unix seconds.
            frames: at most one of each camera. Masked pixels of their images are black from here on.
            go_on: asked before each picture; once it says no, the rest is put off. Who has waited longest by its own
                pace comes first, so that overload slows all cameras evenly.

        Returns:
            By camera, as ``Detector.detect`` gives them; ``data[LOOK]`` says how they look,
            ``data[STIR]`` how much of each stirred: not a number where that cannot be told, as of all that is repeated.
        """
        self.seen += len(frames)
        answers: dict[str, Boxes] = {}
        jobs: list[Job] = []
        for frame in frames:
            eye = self._eye_of(frame.camera)
            worth, job = eye.consider(frame, self._detectors[0].whole_scale(frame.size))
            if not self._gated:
                worth, job = Worth.LOOK, Job(frame, [], 0.0)
            if job is not None:
                jobs.append(job)
            elif worth is Worth.REPEAT:
                answers[frame.camera] = eye.last.copied()
        jobs.sort(key=lambda job: -job.late)
        for job, found in self._work(jobs, go_on):
            answers[job.frame.camera] = self._eye_of(job.frame.camera).take(job, found)
        return answers

    def resting(self, camera: str, now: float) -> bool:
        """Whether a camera has shown nothing for so long that decoding all of its pictures is a waste."""
        eye = self._eyes.get(camera)
        return self._gated and eye is not None and eye.resting(now)

    def close(self) -> None:
        """Ends the threads."""
        if self._pool is not None:
            self._pool.shutdown()

    def _work(self, jobs: list[Job], go_on: Callable[[], bool] | None) -> list[tuple[Job, Boxes]]:
        """Looks at as many pictures as time allows, from the first on."""
        waiting = deque(jobs)
        done: list[tuple[Job, Boxes]] = []
        lock = threading.Lock()

        def work(detector: FindsPeople, canvas: Canvas) -> None:
            while True:
                with lock:
                    if not waiting or not (go_on is None or go_on()):
                        return
                    job = waiting.popleft()
                found = _look(detector, job, canvas, self._eye_of(job.frame.camera) if self._gated else None)
                with lock:
                    done.append((job, found))

        if self._pool is None or len(jobs) < 2:
            work(self._detectors[0], self._canvases[0])
        else:
            pairs = zip(self._detectors, self._canvases, strict=True)
            for future in [self._pool.submit(work, detector, canvas) for detector, canvas in pairs]:
                future.result()
        self.analysed += len(done)
        self.put_off += len(waiting)
        return done

    def _eye_of(self, camera: str) -> Eye:
        eye = self._eyes.get(camera)
        if eye is None:
            parts_pay = all(detector.per_aspect for detector in self._detectors)
            eye = self._eyes[camera] = Eye(self._settings, self._masks.get(camera), parts_pay)
        return eye


def _look(detector: FindsPeople, job: Job, canvas: Canvas, eye: Eye | None) -> Boxes:
    regions = [part.region for part in job.parts]
    image = job.frame.drawn(canvas, regions)
    if job.parts:
        seen = detector.detect_regions(image, regions, [part.scale for part in job.parts])
    else:
        (seen,) = detector.detect([image])
    found = Boxes.of(seen)
    found.data[LOOK] = describe(image, found.xyxy)
    if eye is not None:
        _look_closer(detector, job, canvas, eye, found)
    return found


def _look_closer(detector: FindsPeople, job: Job, canvas: Canvas, eye: Eye, found: Boxes) -> None:
    """Gives whom one look left in doubt the mean of two, where that is more or they stay."""
    closer = eye.closer
    if closer is None:
        return
    frame, now = job.frame, job.frame.captured_at
    boxes, scores = found.xyxy, found.confidence
    for j in closer.doubts(now, boxes, scores):
        scale = job.scale_at(boxes[j], detector.whole_scale(frame.size))
        if scale * (boxes[j, 3] - boxes[j, 1]) > closer.settings.tallest_px:
            continue
        region = region_around(boxes[j], frame.size, scale, closer.settings)
        again = look_again(detector, frame.drawn(canvas, [region]), region, boxes[j], scale, closer.settings)
        stays = eye.stays(boxes[j], frame.size)
        scores[j] = closer.judge(now, boxes[j], float(scores[j]), again, stays=stays)
