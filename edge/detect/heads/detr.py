"""DETR-like models: RT-DETR, D-FINE, DEIM, RF-DETR; boxes that need no thinning out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.detect.heads.graph import Graph, are_probabilities, cells_of
from edge.detect.heads.head import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Array,
    Floats32,
    Preprocessing,
    boxes_of_centres,
    logit,
    sigmoid,
)

# COCO's sparse category numbers, 1 = person, as RF-DETR keeps them; all else counts people as 0.
SPARSE_COCO = 91
NORMALISED_MAX = 1.5
UNIT = Preprocessing(colour="rgb", scale=1.0 / 255.0, fit="stretch")
STANDARDISED = Preprocessing(colour="rgb", scale=1.0 / 255.0, mean=IMAGENET_MEAN, std=IMAGENET_STD, fit="stretch")


class QueryHead:
    """Class logits (B, N, classes) and boxes (B, N, 4), centre and size as shares of the input.

    Names by export: ``logits`` and ``pred_boxes`` (transformers' RT-DETR and D-FINE), ``pred_logits`` and
    ``pred_boxes`` (lyuwenyu/RT-DETR without its postprocessor), ``labels`` and ``dets`` (RF-DETR, whose documentation
    asks to go by these names; its input is standardised as ImageNet's).
    """

    def __init__(self, logits: int, boxes: int, person: int, probable: bool, preprocessing: Preprocessing) -> None:
        self.name = "detr"
        self.preprocessing = preprocessing
        self.overlaps = False
        self._logits = logits
        self._boxes = boxes
        self._person = person
        self._probable = probable

    def read(self, outputs: Sequence[Array], slot: int, size: tuple[int, int], score_min: float) -> Floats32:
        """See ``Head.read``."""
        values = outputs[self._logits][slot][:, self._person]
        kept = np.flatnonzero(values >= (score_min if self._probable else logit(score_min)))
        scores = np.asarray(values[kept], np.float32) if self._probable else sigmoid(values[kept])
        scale = np.array([size[1], size[0], size[1], size[0]], np.float32)
        return boxes_of_centres(np.asarray(outputs[self._boxes][slot][kept], np.float32) * scale, scores)


class JoinedQueryHead:
    """(B, N, 4 + classes): both side by side, classes through their sigmoid (Ultralytics' RT-DETR)."""

    def __init__(self, person: int) -> None:
        self.name = "detr, joined"
        self.preprocessing = UNIT
        self.overlaps = False
        self._column = 4 + person

    def read(self, outputs: Sequence[Array], slot: int, size: tuple[int, int], score_min: float) -> Floats32:
        """See ``Head.read``."""
        raw = outputs[0][slot]
        kept = np.flatnonzero(raw[:, self._column] >= score_min)
        scale = np.array([size[1], size[0], size[1], size[0]], np.float32)
        return boxes_of_centres(np.asarray(raw[kept, :4], np.float32) * scale, raw[kept, self._column])


class SizedQueryHead:
    """Labels (B, N), boxes (B, N, 4) x1, y1, x2, y2 and scores (B, N), scaled inside to ``orig_target_sizes``.

    As lyuwenyu/RT-DETR `tools/export_onnx.py` and Peterande/D-FINE `tools/deployment/export_onnx.py` write it; the
    sizes are (width, height), and told to be the input's.
    """

    def __init__(self, labels: int, boxes: int, scores: int, person: int) -> None:
        self.name = "detr, sized"
        self.preprocessing = UNIT
        self.overlaps = False
        self._labels = labels
        self._boxes = boxes
        self._scores = scores
        self._person = person

    def read(self, outputs: Sequence[Array], slot: int, size: tuple[int, int], score_min: float) -> Floats32:  # noqa: ARG002
        """See ``Head.read``."""
        scores = outputs[self._scores][slot]
        kept = (scores >= score_min) & (outputs[self._labels][slot] == self._person)
        return np.column_stack([outputs[self._boxes][slot][kept], scores[kept]]).astype(np.float32)


def recognise(graph: Graph) -> QueryHead | JoinedQueryHead | SizedQueryHead | None:
    """By the names of the outputs; then by their shapes."""
    if graph.sizes is not None:
        return _sized(graph)
    if len(graph.sample) == 1:
        return _joined(graph)
    boxes, logits = graph.index("dets", "pred_boxes", "boxes"), graph.index("labels", "logits", "pred_logits", "scores")
    if boxes is None or logits is None:
        tables = [i for i, one in enumerate(graph.sample) if one.ndim == 3]
        fours = [i for i in tables if graph.sample[i].shape[2] == 4]
        boxes = fours[0] if len(fours) == 1 and len(tables) == 2 else None
        logits = next((i for i in tables if i != boxes), None)
    if boxes is None or logits is None:
        return None
    box, value = graph.sample[boxes], graph.sample[logits]
    if box.ndim != 3 or value.ndim != 3 or box.shape[2] != 4 or box.shape[:2] != value.shape[:2]:
        return None
    # a box a cell is another family's answer, and pixels are no shares
    if box.shape[1] == cells_of(graph.size, (8, 16, 32)) or (box.size and np.abs(box).max() > NORMALISED_MAX):
        return None
    standardised = graph.index("dets") is not None or value.shape[2] == SPARSE_COCO
    person = graph.person(1 if value.shape[2] == SPARSE_COCO else 0, value.shape[2])
    return QueryHead(logits, boxes, person, are_probabilities(value), STANDARDISED if standardised else UNIT)


def _sized(graph: Graph) -> SizedQueryHead | None:
    labels, boxes, scores = graph.index("labels"), graph.index("boxes"), graph.index("scores")
    if labels is None or boxes is None or scores is None:
        flat = [i for i, one in enumerate(graph.sample) if one.ndim == 2]
        labels = next((i for i in flat if graph.sample[i].dtype.kind in "iu"), None)
        scores = next((i for i in flat if graph.sample[i].dtype.kind == "f"), None)
        boxes = next((i for i, one in enumerate(graph.sample) if one.ndim == 3 and one.shape[2] == 4), None)
    if labels is None or boxes is None or scores is None:
        return None
    if graph.sample[boxes].ndim != 3 or graph.sample[scores].ndim != 2 or graph.sample[labels].ndim != 2:
        return None
    return SizedQueryHead(labels, boxes, scores, graph.person(0, len(graph.names) if graph.names else 10_000))


def _joined(graph: Graph) -> JoinedQueryHead | None:
    raw = graph.sample[0]
    if raw.ndim != 3 or raw.shape[2] < 5 or raw.shape[1] == cells_of(graph.size, (8, 16, 32)):
        return None
    told = graph.names is not None and raw.shape[2] == 4 + len(graph.names)
    if not (told or graph.sidecar.head == "detr") or np.abs(raw[..., :4]).max() > NORMALISED_MAX:
        return None
    return JoinedQueryHead(graph.person(0, raw.shape[2] - 4))
