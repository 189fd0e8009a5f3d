"""SSD-style models, which thin their boxes out themselves: boxes, classes, scores and perhaps a count."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.detect.heads.graph import Graph
from edge.detect.heads.head import IMAGENET_MEAN, IMAGENET_STD, Array, Floats32, Preprocessing
from edge.detect.sidecar import BoxFormat, OutputNames

# Background is 0 in all of these.
PERSON = 1
# Whoever does not say how many classes there are may have as many as this.
CLASSES_MAX = 10_000
# detection_boxes of TensorFlow's object detection API: pixels as they are, RGB.
TENSORFLOW = Preprocessing(colour="rgb", fit="stretch")
# torchvision's detectors standardise inside.
TORCHVISION = Preprocessing(colour="rgb", scale=1.0 / 255.0, fit="letterbox", pad=0)
ONNX_ZOO = Preprocessing(colour="rgb", scale=1.0 / 255.0, mean=IMAGENET_MEAN, std=IMAGENET_STD, fit="stretch")
OPENVINO = Preprocessing(fit="stretch")
TENSORRT = Preprocessing(colour="rgb", scale=1.0 / 255.0, fit="letterbox-centre")


class SsdHead:
    """Boxes (B, N, 4) or (N, 4), classes and scores (B, N) or (N,), and, where told, how many of the N are filled.

    Known by their names: TensorFlow's ``detection_boxes`` (y1, x1, y2, x2 as shares), ``detection_classes``,
    ``detection_scores``, ``num_detections``; torchvision's ``boxes`` (pixels), ``labels``, ``scores``; the ONNX model
    zoo's ``bboxes`` (x1, y1, x2, y2 as shares), ``labels``, ``scores`` (ssd-12); ``det_boxes`` (pixels),
    ``det_classes``, ``det_scores``, ``num_dets``, which EfficientNMS exports use.
    """

    def __init__(
        self, places: tuple[int, int, int, int | None], form: BoxFormat, person: int, preprocessing: Preprocessing
    ) -> None:
        """Composes.

        Args:
            places: which output holds boxes, classes, scores and the count.
            form: of the boxes.
            person: class number.
            preprocessing: the convention of the export.
        """
        self.name = f"ssd, {form}"
        self.preprocessing = preprocessing
        self.overlaps = False
        self._places = places
        self._form = form
        self._person = person

    def read(self, outputs: Sequence[Array], slot: int, size: tuple[int, int], score_min: float) -> Floats32:
        """See ``Head.read``."""
        at_boxes, at_classes, at_scores, at_count = self._places
        boxes = outputs[at_boxes]
        boxes = boxes[slot] if boxes.ndim == 3 else boxes
        scores, classes = _row(outputs[at_scores], slot), _row(outputs[at_classes], slot)
        count = len(boxes) if at_count is None else int(outputs[at_count].reshape(-1)[slot])
        kept = np.flatnonzero((scores >= score_min) & (np.rint(classes) == self._person))
        kept = kept[kept < count]
        found = np.empty((len(kept), 5), np.float32)
        found[:, :4] = boxes[kept][:, [1, 0, 3, 2]] if self._form == "yxyx-normalised" else boxes[kept]
        if self._form != "xyxy-pixels":
            found[:, :4] *= np.array([size[1], size[0], size[1], size[0]], np.float32)
        found[:, 4] = scores[kept]
        return found


class DetectionOutputHead:
    """(1, 1, N, 7): picture, class, score, x1, y1, x2, y2 as shares; picture -1 ends the list.

    OpenVINO's DetectionOutput layer (its operation specification, DetectionOutput-1), as Caffe's SSD had it.
    """

    def __init__(self, person: int) -> None:
        self.name = "ssd, detection output"
        self.preprocessing = OPENVINO
        self.overlaps = False
        self._person = person

    def read(self, outputs: Sequence[Array], slot: int, size: tuple[int, int], score_min: float) -> Floats32:
        """See ``Head.read``."""
        rows = outputs[0].reshape(-1, 7)
        ends = np.flatnonzero(rows[:, 0] < 0)
        rows = rows[: ends[0]] if len(ends) else rows
        wanted = (np.rint(rows[:, 0]) == slot) & (np.rint(rows[:, 1]) == self._person) & (rows[:, 2] >= score_min)
        kept = rows[wanted]
        found = np.empty((len(kept), 5), np.float32)
        found[:, :4] = kept[:, 3:] * np.array([size[1], size[0], size[1], size[0]], np.float32)
        found[:, 4] = kept[:, 2]
        return found


def recognise(graph: Graph) -> SsdHead | DetectionOutputHead | None:
    """By names, the sidecar's before the known ones; the list of seven columns by its shape."""
    first = graph.sample[0]
    if len(graph.sample) == 1 and first.ndim == 4 and first.shape[:2] == (1, 1) and first.shape[3] == 7:
        return DetectionOutputHead(_person(graph))
    if graph.sidecar.outputs is not None:
        return _by_sidecar(graph, graph.sidecar.outputs)
    for boxes, classes, scores, count, form, preprocessing in (
        ("detection_boxes", "detection_classes", "detection_scores", "num_detections", "yxyx-normalised", TENSORFLOW),
        ("det_boxes", "det_classes", "det_scores", "num_dets", "xyxy-pixels", TENSORRT),
        ("bboxes", "labels", "scores", "", "xyxy-normalised", ONNX_ZOO),
        ("boxes", "labels", "scores", "", "xyxy-pixels", TORCHVISION),
    ):
        at = graph.index(boxes), graph.index(classes), graph.index(scores)
        if at[0] is None or at[1] is None or at[2] is None or graph.sizes is not None:
            continue
        places = (at[0], at[1], at[2], graph.index(count))
        if not _fits(graph, places):
            return None
        person = _person(graph, 0) if boxes == "det_boxes" else _person(graph)
        return SsdHead(places, graph.sidecar.boxes or form, person, preprocessing)  # type: ignore[arg-type]
    return None


def _by_sidecar(graph: Graph, named: OutputNames) -> SsdHead | None:
    places = [
        None if name is None else graph.index(name.split(":")[0].lower())
        for name in (named.boxes, named.classes, named.scores, named.count)
    ]
    boxes, classes, scores, count = places
    if boxes is None or classes is None or scores is None or graph.sidecar.boxes is None:
        return None
    if not _fits(graph, (boxes, classes, scores, count)):
        return None
    return SsdHead((boxes, classes, scores, count), graph.sidecar.boxes, _person(graph), TENSORFLOW)


def _fits(graph: Graph, places: tuple[int, int, int, int | None]) -> bool:
    boxes, classes, scores = (graph.sample[place] for place in places[:3])
    return boxes.ndim in {2, 3} and boxes.shape[-1] == 4 and boxes.shape[:-1] == scores.shape == classes.shape


def _person(graph: Graph, default: int = PERSON) -> int:
    """By the sidecar's number; by names only where they count the background, too; else 1."""
    if graph.sidecar.person is None and graph.names is not None and "background" not in graph.names[0].lower():
        return default
    return graph.person(default, CLASSES_MAX)


def _row(output: Array, slot: int) -> Array:
    return output[slot] if output.ndim == 2 else output
