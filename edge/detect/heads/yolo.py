"""The YOLO exports of Ultralytics and their kin: with objectness, without, and end to end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.detect.heads.graph import Graph, are_probabilities, cells_of
from edge.detect.heads.head import Array, Floats32, Preprocessing, boxes_of_centres

# The pyramids that these families come with: usual, for large inputs (P6), for small things (P2).
PYRAMIDS = ((8, 16, 32), (8, 16, 32, 64), (4, 8, 16, 32))
ANCHORS_A_CELL = 3
# RGB 0..1, padded with 114 all around (`LetterBox` in ultralytics/data/augment.py, `letterbox` in YOLOv5's and
# YOLOv7's utils).
ULTRALYTICS = Preprocessing(colour="rgb", scale=1.0 / 255.0, fit="letterbox-centre")


class ObjectnessHead:
    """YOLOv5, YOLOv7 and YOLOv6: (B, N, 5 + classes), centre and size in pixels, objectness, classes.

    As ultralytics/yolov5 `export.py` and WongKinYiu/yolov7 `export.py --grid` write it; score = objectness x class.
    """

    def __init__(self, person: int) -> None:
        self.name = "yolov5"
        self.preprocessing = ULTRALYTICS
        self.overlaps = True
        self._column = 5 + person

    def read(self, outputs: Sequence[Array], slot: int, size: tuple[int, int], score_min: float) -> Floats32:  # noqa: ARG002
        """See ``Head.read``."""
        raw = outputs[0][slot]
        scores = np.asarray(raw[:, 4], np.float32) * np.asarray(raw[:, self._column], np.float32)
        kept = np.flatnonzero(scores >= score_min)
        return boxes_of_centres(np.asarray(raw[kept, :4], np.float32), scores[kept])


class AnchorFreeHead:
    """YOLOv8, v9, v11, v12: (B, 4 + classes (+ masks or key points), N), centre and size in pixels, class scores.

    As ultralytics `engine/exporter.py` writes it; also transposed to (B, N, 4 + classes).
    """

    def __init__(self, person: int, transposed: bool) -> None:
        self.name = "yolov8, transposed" if transposed else "yolov8"
        self.preprocessing = ULTRALYTICS
        self.overlaps = True
        self._row = 4 + person
        self._transposed = transposed

    def read(self, outputs: Sequence[Array], slot: int, size: tuple[int, int], score_min: float) -> Floats32:  # noqa: ARG002
        """See ``Head.read``."""
        raw = outputs[0][slot].T if self._transposed else outputs[0][slot]
        scores = raw[self._row]
        kept = np.flatnonzero(scores >= score_min)
        return boxes_of_centres(np.asarray(raw[:4, kept].T, np.float32), scores[kept])


class EndToEndHead:
    """Boxes that need no thinning out any more.

    Either (B, N, 6): x1, y1, x2, y2 in pixels, score, class (YOLOv10, YOLO26, and Ultralytics' exports with
    ``nms=True``); or (N, 7): picture, x1, y1, x2, y2, class, score (WongKinYiu/yolov7 `export.py --end2end`).
    """

    def __init__(self, person: int, listed: bool) -> None:
        self.name = "yolo-end2end, listed" if listed else "yolo-end2end"
        self.preprocessing = ULTRALYTICS
        self.overlaps = False
        self._person = person
        self._listed = listed

    def read(self, outputs: Sequence[Array], slot: int, size: tuple[int, int], score_min: float) -> Floats32:  # noqa: ARG002
        """See ``Head.read``."""
        if self._listed:
            raw = outputs[0]
            raw = raw[np.rint(raw[:, 0]) == slot][:, [1, 2, 3, 4, 6, 5]]
        else:
            raw = outputs[0][slot]
        kept = (raw[:, 4] >= score_min) & (np.rint(raw[:, 5]) == self._person)
        return np.ascontiguousarray(raw[kept, :5], np.float32)


def recognise_objectness(graph: Graph) -> ObjectnessHead | None:
    """Three predictions a cell, or one whose objectness is always 1 (YOLOv6)."""
    raw = _one_table(graph)
    if raw is None or raw.shape[2] < 6:
        return None
    counts = {cells_of(graph.size, strides) for strides in PYRAMIDS}
    anchored = raw.shape[1] in {ANCHORS_A_CELL * count for count in counts}
    always = raw.shape[1] in counts and bool((raw[0, :, 4] == 1.0).all())
    asked = graph.sidecar.head == "yolov5" and raw.shape[1] > raw.shape[2]
    if not (anchored or always or asked) or not are_probabilities(raw[0, :, 4:6]):
        return None
    return ObjectnessHead(graph.person(0, raw.shape[2] - 5))


def recognise_anchor_free(graph: Graph) -> AnchorFreeHead | None:
    """One prediction a cell, without objectness: cells last, or, where class names say so, first."""
    raw = _one_table(graph)
    if raw is None or graph.metadata.get("task", "detect") in {"obb", "classify"}:
        return None
    counts = {cells_of(graph.size, strides) for strides in PYRAMIDS}
    told = len(graph.names) if graph.names is not None else None
    for transposed, (rows, cells) in ((False, raw.shape[1:]), (True, raw.shape[:0:-1])):
        # without names, a table of cells is YOLOX's form
        said = graph.sidecar.head == "yolov8" or (told is not None and rows == 4 + told) or not transposed
        if cells in counts and cells > rows >= 5 and said:
            classes = min(told, rows - 4) if told is not None else rows - 4
            probable = raw[0, :, 4 : 4 + classes] if transposed else raw[0, 4 : 4 + classes]
            if are_probabilities(probable):
                return AnchorFreeHead(graph.person(0, classes), transposed)
    return None


def recognise_end_to_end(graph: Graph) -> EndToEndHead | None:
    """(1, N, 6), N no number of cells; or (N, 7) of any N."""
    classes = len(graph.names) if graph.names is not None else 10_000
    first = graph.sample[0]
    if first.ndim == 2 and first.shape[1] == 7 and len(graph.sample) == 1:
        return EndToEndHead(graph.person(0, classes), listed=True)
    raw = _one_table(graph)
    if raw is None or raw.shape[2] != 6 or raw.shape[1] in {cells_of(graph.size, strides) for strides in PYRAMIDS}:
        return None
    if not are_probabilities(raw[0, :, 4]) or not np.array_equal(raw[0, :, 5], np.rint(raw[0, :, 5])):
        return None
    return EndToEndHead(graph.person(0, classes), listed=False)


def _one_table(graph: Graph) -> Floats32 | None:
    """The first output as float32, where it is a table of one picture; masks' prototypes may follow it."""
    if not graph.sample or len(graph.sample) > (2 if graph.metadata.get("task") == "segment" else 1):
        return None
    raw = graph.sample[0]
    if raw.ndim != 3 or raw.shape[0] != 1 or raw.size == 0:
        return None
    return np.asarray(raw, np.float32)
