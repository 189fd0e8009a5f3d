"""People's boxes in pictures, through ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from contract.errors import BadInputError
from edge.capture.frame import Image
from edge.detect.bound_run import BoundRun
from edge.detect.heads import Head, recognise_head
from edge.detect.heads.graph import as_floats
from edge.detect.heads.person import LevelsHead
from edge.detect.kernels import discount, settle, suppress
from edge.detect.letterbox import Fit, InputBatch
from edge.detect.sizing import AREA_MAX, choose_size, multiple_of
from edge.track.seen import Boxes

# Low scores stay: the tracker's second association lives on them.
DEFAULT_SCORE_MIN = 0.1
DEFAULT_IOU_MAX = 0.5
DEFAULT_MAX_BATCH = 8
CPU = "CPUExecutionProvider"
Provider = str | tuple[str, dict[str, str]]
"""As ONNX Runtime takes it: a name, or a name and its options."""
# Only errors: exporters leave hundreds of harmless warnings in some models.
ORT_SEVERITY_ERROR = 3


class Detector:
    """One model, loaded once. Not shared between threads; the run itself releases the GIL.

    Attributes:
        head: how its answer is read.
        batch: most pictures a run.
        size: (height, width) of the input; the working size where every picture gets one of its own aspect.
        per_aspect: whether it does.
    """

    def __init__(  # noqa: PLR0917 - the first five are older than the rest
        self,
        model: Path,
        score_min: float = DEFAULT_SCORE_MIN,
        iou_max: float = DEFAULT_IOU_MAX,
        threads: int = 1,
        max_batch: int = DEFAULT_MAX_BATCH,
        size: tuple[int, int] | None = None,
        providers: Sequence[Provider] = (CPU,),
    ) -> None:
        """Loads the model and recognises its head with one trial run.

        Args:
            model: an ONNX file, with a sidecar MODEL.toml beside it where the file alone does not say enough.
            score_min: detections below it are dropped; lower gives the tracker more to hold on to, and more ghosts.
            iou_max: two boxes that overlap more are told as one person; higher keeps people apart who stand close,
                and more doubles.
            threads: of ONNX Runtime.
            max_batch: pictures a run; models with a fixed batch of one take one.
            size: (height, width) for models of free size, in place of the file's own; a larger one sees farther and
                costs more. Atrium's own models take it as an area, and choose by each picture's aspect.
            providers: of ONNX Runtime, fastest first (see ``models.providers``).

        Raises:
            BadInputError: where the file is missing, broken or has an unknown head, or its size is fixed and another.
        """
        self.model = Path(model)
        self.score_min = score_min
        self.iou_max = iou_max
        self._session = open_session(self.model, threads, providers)
        head, graph = recognise_head(self._session, self.model, size)
        if size is not None and tuple(size) != graph.size:
            raise BadInputError(
                f"{self.model}: takes pictures of {graph.size[1]}x{graph.size[0]}, not {size[1]}x{size[0]}; leave the "
                "size out, or export the model with a free one"
            )
        self.head: Head = head
        self.size = graph.size
        self.per_aspect = isinstance(head, LevelsHead) and not graph.fixed
        self.batch = max(1, max_batch) if graph.batch is None else 1
        sidecar = graph.sidecar
        self._overlaps = head.overlaps if sidecar.suppress is None else sidecar.suppress
        room = (self.size[0], -(-int(AREA_MAX * self.size[1] * self.size[0]) // self.size[0]))
        self._input = InputBatch(
            graph.layout,
            graph.dtype,
            head.preprocessing.changed_by(sidecar),
            self.batch,
            room if self.per_aspect else self.size,
        )
        self._name = graph.picture.name
        self._sizes = None if graph.sizes is None else graph.sizes.name
        self._bound: BoundRun | None = None
        if self.per_aspect and isinstance(head, LevelsHead):
            outputs = head.grids(self._session.get_outputs(), graph.sample)
            self._bound = BoundRun(self._session, self._name, outputs, self.batch, room[0] * room[1])

    def detect(self, images: Sequence[Image]) -> list[Boxes]:
        """People in each picture, best first.

        Args:
            images: (H, W, 3) uint8 BGR each, of any sizes.

        Returns:
            For each picture ``xyxy`` (N, 4) float32 in its own pixels, cut at its edge, and ``confidence`` (N,)
            float32, the model's score, lowered where a box lies on a surer one; `supervision` gets them by
            ``detections()``.
        """
        return [self._told(rows) for rows in self._boxes_of(images, [None] * len(images))]

    def whole_scale(self, size: tuple[int, int]) -> float:
        """At which scale a picture of (width, height) is looked at as a whole, at most 1."""
        rows, columns = self._size_for((size[1], size[0]), None)[0]
        return min(1.0, rows / size[1], columns / size[0])

    def detect_regions(
        self, image: Image, regions_xyxy: Sequence[Sequence[int]], scales: Sequence[float] | None = None
    ) -> Boxes:
        """People in parts of a picture, each part an input of its own and never enlarged; costs as the parts' areas do.

        Args:
            image: (H, W, 3) uint8 BGR.
            regions_xyxy: x1, y1, x2, y2 in whole pixels each; what lies outside the picture is cut off.
            scales: for each, input pixels for one of the picture, at most 1; None shrinks as little as can be.

        Returns:
            As ``detect`` for the picture, but only of what lies in the regions. Who is seen in two of them is told once
            if the boxes overlap enough; who stands at a region's edge is cut there.
        """
        height, width = image.shape[:2]
        cut = [
            (max(0, int(x1)), max(0, int(y1)), min(width, int(x2)), min(height, int(y2)), scale)
            for (x1, y1, x2, y2), scale in zip(regions_xyxy, scales or [1.0] * len(regions_xyxy), strict=True)
        ]
        there = [part for part in cut if part[2] > part[0] and part[3] > part[1]]
        parts = self._boxes_of([image[y1:y2, x1:x2] for x1, y1, x2, y2, _ in there], [scale for *_, scale in there])
        for (x, y, *_), boxes in zip(there, parts, strict=True):
            boxes[:, :4] += np.array((x, y, x, y), np.float32)
        found = np.concatenate([_NOBODY, *parts])
        # A person in two regions is told twice even by heads that tell each once; one cut at an edge must not count.
        kept, _ = suppress(found, self.iou_max)
        return self._told(found[kept])

    def feed(self, images: Sequence[Image]) -> dict[str, npt.NDArray[Any]]:
        """What the model is fed for pictures of one size, at most a batch: copies, to measure or calibrate with.

        Args:
            images: (H, W, 3) uint8 BGR, all of one size.
        """
        if not 0 < len(images) <= self.batch:
            raise ValueError(f"1 to {self.batch} pictures, not {len(images)}")
        size, bound = self._size_for(images[0].shape[:2], None)
        for slot, image in enumerate(images):
            self._input.put(slot, image, size, bound)
        return {name: values.copy() for name, values in self._feed(len(images), size).items()}

    def _size_for(self, shape: tuple[int, ...], scale: float | None) -> tuple[tuple[int, int], float]:
        """Input (height, width) for a picture (height, width), and the scale that it is shown at, at most."""
        if not self.per_aspect:
            return self.size, np.inf if scale is None else scale
        if scale is not None:
            size = multiple_of(shape[0] * scale), multiple_of(shape[1] * scale)
            if size[0] * size[1] <= AREA_MAX * self.size[0] * self.size[1]:
                return size, scale
        return choose_size((shape[0], shape[1]), self.size, scale)

    def _boxes_of(self, images: Sequence[Image], scales: Sequence[float | None]) -> list[npt.NDArray[np.float32]]:
        """(N, 5) boxes and scores for each picture; those of equal input size run together."""
        together: dict[tuple[int, int], list[tuple[int, float]]] = {}
        for i, image in enumerate(images):
            size, bound = self._size_for(image.shape, scales[i])
            together.setdefault(size, []).append((i, bound))
        results: list[npt.NDArray[np.float32]] = [_NOBODY] * len(images)
        for size, members in together.items():
            for start in range(0, len(members), self.batch):
                chunk = members[start : start + self.batch]
                fits = [self._input.put(slot, images[i], size, bound) for slot, (i, bound) in enumerate(chunk)]
                outputs = self._run(len(chunk), size)
                for slot, ((i, _), fit) in enumerate(zip(chunk, fits, strict=True)):
                    results[i] = self._finish(outputs, slot, size, fit)
        return results

    def _feed(self, count: int, size: tuple[int, int]) -> dict[str, npt.NDArray[Any]]:
        feed: dict[str, npt.NDArray[Any]] = {self._name: self._input.blob(count, size)}
        if self._sizes is not None:
            feed[self._sizes] = np.tile(np.array([[size[1], size[0]]], np.int64), (count, 1))
        return feed

    def _run(self, count: int, size: tuple[int, int]) -> Sequence[npt.NDArray[Any]]:
        if self._bound is not None:
            return self._bound(self._input.blob(count, size))
        return as_floats(self._session.run(None, self._feed(count, size)))

    def _finish(
        self, outputs: Sequence[npt.NDArray[Any]], slot: int, size: tuple[int, int], fit: Fit
    ) -> npt.NDArray[np.float32]:
        found = self.head.read(outputs, slot, size, self.score_min)
        height, width = fit.image_size
        offset = (float(fit.offset[0]), float(fit.offset[1]))
        iou_max = self.iou_max if self._overlaps else np.inf
        return settle(found, iou_max, fit.scale, offset, (float(width), float(height)))

    def _told(self, rows: npt.NDArray[np.float32]) -> Boxes:
        if self._overlaps:
            rows = rows[: discount(rows, self.score_min)]
        return Boxes(np.ascontiguousarray(rows[:, :4]), np.ascontiguousarray(rows[:, 4]))


_NOBODY = np.empty((0, 5), np.float32)


def session_options(threads: int) -> ort.SessionOptions:
    """Options of every detector's session."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = ORT_SEVERITY_ERROR
    # spinning threads would burn the cores that decode the cameras
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def open_session(model: Path, threads: int, providers: Sequence[Provider]) -> Any:
    """An ``onnxruntime.InferenceSession`` of a model.

    Raises:
        BadInputError: the file is missing, or no model that the runtime takes.
    """
    if not model.is_file():
        raise BadInputError(f"{model}: no such model file; correct the path, or see `atrium models list`")
    try:
        return ort.InferenceSession(str(model), session_options(threads), providers=list(providers))
    except Exception as error:  # noqa: BLE001 - the runtime raises many kinds, none of them public
        line = str(error).strip().splitlines()[0]
        raise BadInputError(f"{model}: not a usable ONNX model ({line}); export or download it again") from None
