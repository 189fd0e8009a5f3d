"""The plain way: what a competent engineer writes today from the well-known parts, every frame, one camera at a time.

OpenCV's capture, YOLOX-nano in fp32 at 416 on ONNX Runtime with one thread, ByteTrack of Roboflow's `trackers`, a zone
of supervision.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime as ort
import supervision as sv
from numpy.typing import NDArray

from benchmarks.streams.footage import FPS, SIZE, Clip
from benchmarks.streams.spent import Stopwatch
from contract.errors import AtriumError, BadInputError
from edge.capture.frame import Image

STRIDES_PX = (8, 16, 32)
PAD = 114
SCORE_MIN = 0.3
IOU_MAX = 0.5
PERSON = 0
Boxes = NDArray[np.float32]


class Yolox:
    """YOLOX-nano as its authors' demo runs it: letterbox, run, decode, suppress."""

    def __init__(self, model: Path) -> None:
        """Loads the model.

        Raises:
            BadInputError: where the file is missing.
        """
        if not model.is_file():
            raise BadInputError(f"{model}: the plain way's model is missing; give YOLOX-nano with --peer")
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session: Any = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        entry = self._session.get_inputs()[0]
        self._entry, self._side = entry.name, int(entry.shape[2])
        cells, strides = [], []
        for stride in STRIDES_PX:
            rows, columns = np.mgrid[: self._side // stride, : self._side // stride]
            cells.append(np.stack((columns, rows), -1).reshape(-1, 2))
            strides.append(np.full((columns.size, 1), stride))
        self._cells, self._strides = np.concatenate(cells), np.concatenate(strides)

    def letterbox(self, image: Image) -> tuple[NDArray[np.float32], float]:
        """The network's input, and input pixels per picture pixel."""
        scale = self._side / max(image.shape[:2])
        width, height = int(image.shape[1] * scale), int(image.shape[0] * scale)
        canvas = np.full((self._side, self._side, 3), PAD, np.uint8)
        canvas[:height, :width] = cv2.resize(image, (width, height))
        return np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], np.float32), scale

    def infer(self, entry: NDArray[np.float32]) -> NDArray[np.float32]:
        """The network's answer, (cells, 85)."""
        return np.asarray(self._session.run(None, {self._entry: entry})[0][0], np.float32)

    def decode(self, raw: NDArray[np.float32], scale: float, score_min: float) -> sv.Detections:
        """People's boxes in the picture's pixels."""
        score = raw[:, 4] * raw[:, 5]
        likely = score > score_min
        raw, score = raw[likely], score[likely]
        centre = (raw[:, :2] + self._cells[likely]) * self._strides[likely]
        half = np.exp(raw[:, 2:4]) * self._strides[likely] / 2
        boxes = np.concatenate((centre - half, centre + half), 1) / scale
        found = sv.Detections(boxes.astype(np.float32), confidence=score, class_id=np.full(len(score), PERSON))
        return found.with_nms(IOU_MAX)

    def detect(self, image: Image, score_min: float = SCORE_MIN) -> sv.Detections:
        """All of it."""
        entry, scale = self.letterbox(image)
        return self.decode(self.infer(entry), scale, score_min)


class PlainCamera:
    """One camera: its capture, tracker and zone."""

    def __init__(self, clip: Clip) -> None:
        from trackers import ByteTrackTracker  # noqa: PLC0415 - the peer is optional

        self._path = str(clip.path)
        self._capture = self._open()
        for _ in range(clip.start):
            self._capture.grab()
        self._tracker = ByteTrackTracker(frame_rate=FPS)
        width, height = SIZE
        self._zone = sv.PolygonZone(
            np.array([[width // 4, height // 4], [width * 3 // 4, height // 4], [width * 3 // 4, height], [0, height]])
        )

    def read(self) -> Image:
        """The next frame; the clip begins again at its end."""
        whole, image = self._capture.read()
        if not whole:
            self._capture.release()
            self._capture = self._open()
            whole, image = self._capture.read()
        if not whole:
            raise AtriumError(f"{self._path}: OpenCV cannot read it; remove it, so that it is made again")
        return np.asarray(image, np.uint8)

    def follow(self, found: sv.Detections) -> sv.Detections:
        """The frame's tracks, and who of them stands in the zone."""
        tracks = self._tracker.update(found)
        self._zone.trigger(tracks)
        return tracks

    def _open(self) -> cv2.VideoCapture:
        # one thread: it is what a core does that counts, and frame threads only add to that
        return cv2.VideoCapture(self._path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])


class PlainWay:
    """All cameras, every frame of each.

    Attributes:
        spent: CPU time by stage.
        rows: by camera, tracks so far: tick, id, x1, y1, x2, y2.
    """

    name = "plain way"

    def __init__(self, clips: Sequence[Clip], model: Path) -> None:
        warnings.filterwarnings("ignore", message="OpenCV", category=UserWarning)
        cv2.setNumThreads(1)
        self._detector = Yolox(model)
        self._cameras = [PlainCamera(clip) for clip in clips]
        self._tick = 0
        self.spent = Stopwatch()
        self.rows: list[list[tuple[float, ...]]] = [[] for _ in clips]

    def tick(self) -> None:
        """The next frame of every camera."""
        clock = self.spent
        for number, camera in enumerate(self._cameras):
            with clock("decode, convert"):
                image = camera.read()
            with clock("letterbox"):
                entry, scale = self._detector.letterbox(image)
            with clock("inference"):
                raw = self._detector.infer(entry)
            with clock("decode boxes"):
                found = self._detector.decode(raw, scale, SCORE_MIN)
            with clock("track, zone"):
                tracks = camera.follow(found)
            ids = np.empty(0, int) if tracks.tracker_id is None else tracks.tracker_id
            self.rows[number] += [
                (self._tick, float(identity), *map(float, box))
                for box, identity in zip(tracks.xyxy, ids, strict=True)
                if identity >= 0
            ]
        self._tick += 1
