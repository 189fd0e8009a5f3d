"""People's boxes in pictures, through ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import supervision as sv

from contract.errors import BadInputError
from edge.capture.frame import Image
from edge.detect.heads import Head, recognise_head
from edge.detect.kernels import suppress
from edge.detect.letterbox import Fit, LetterboxBatch

# Low scores stay: the tracker's second association lives on them.
DEFAULT_SCORE_MIN = 0.1
DEFAULT_IOU_MAX = 0.6
DEFAULT_MAX_BATCH = 8
# Only errors: exporters leave hundreds of harmless warnings in some models.
ORT_SEVERITY_ERROR = 3


class Detector:
    """One model, loaded once. Not shared between threads; the run itself releases the GIL."""

    def __init__(
        self,
        model: Path,
        score_min: float = DEFAULT_SCORE_MIN,
        iou_max: float = DEFAULT_IOU_MAX,
        threads: int = 1,
        max_batch: int = DEFAULT_MAX_BATCH,
    ) -> None:
        """Loads the model and recognises its head with one trial run.

        Args:
            model: an ONNX file.
            score_min: detections below it are dropped; lower gives the tracker more to hold on to, and more ghosts.
            iou_max: of two boxes that overlap more, the better stays; higher keeps people apart who stand close, and
                more doubles.
            threads: of ONNX Runtime.
            max_batch: pictures a run; models with a fixed batch of one take one.

        Raises:
            BadInputError: where the file is missing, broken or has an unknown head.
        """
        self.model = Path(model)
        self.score_min = score_min
        self.iou_max = iou_max
        self._session = _load(self.model, threads)
        self._input = self._session.get_inputs()[0].name
        self.head: Head = recognise_head(self._session, self.model)
        free_batch = not isinstance(self._session.get_inputs()[0].shape[0], int)
        self.batch = max(1, max_batch) if free_batch else 1
        self._letterbox = LetterboxBatch(self.head.size, self.batch)

    def detect(self, images: Sequence[Image]) -> list[sv.Detections]:
        """People in each picture, best first.

        Args:
            images: (H, W, 3) uint8 BGR each, of any sizes.

        Returns:
            For each picture ``xyxy`` (N, 4) float32 in its own pixels, cut at its edge, ``confidence`` (N,)
            float32, and ``class_id`` all 0 (person).
        """
        results: list[sv.Detections] = []
        for start in range(0, len(images), self.batch):
            chunk = images[start : start + self.batch]
            fits = [self._letterbox.put(slot, image) for slot, image in enumerate(chunk)]
            raw = self._session.run(None, {self._input: self._letterbox.blob[: len(chunk)]})[0]
            results += [self._finish(raw[slot], fit) for slot, fit in enumerate(fits)]
        return results

    def _finish(self, raw: npt.NDArray[np.float32], fit: Fit) -> sv.Detections:
        found = self.head.read(raw, self.score_min)
        kept = found[suppress(found[:, :4], found[:, 4], self.iou_max)]
        boxes = fit.to_image(kept[:, :4])
        # what lies wholly in the padding is no person
        inside = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        boxes = boxes[inside]
        return sv.Detections(
            xyxy=boxes, confidence=np.ascontiguousarray(kept[inside, 4]), class_id=np.zeros(len(boxes), np.int64)
        )


def _load(model: Path, threads: int) -> Any:
    if not model.is_file():
        raise BadInputError(f"{model}: no such model file; correct the path, or see `atrium models list`")
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = ORT_SEVERITY_ERROR
    # spinning threads would burn the cores that decode the cameras
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - the runtime raises many kinds, none of them public
        line = str(error).strip().splitlines()[0]
        raise BadInputError(f"{model}: not a usable ONNX model ({line}); export or download it again") from None
