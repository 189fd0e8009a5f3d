"""Average precision of ONNX person detectors on annotated pictures, side by side, by person height, with milliseconds.

`python -m models.train.evaluate models/shelf/person-n.onnx yolox_nano_416x416.onnx --set val.json:images`
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import onnxruntime as ort
import typer
from numpy.typing import NDArray

from contract.errors import BadInputError
from models.train.pictures import Picture, read_pictures

NMS_IOU = 0.6
LEAST_SCORE = 0.01
RECALL_POINTS = np.linspace(0, 1, 101)
PAD = 114

Boxes = NDArray[np.float32]
Decode = Callable[[NDArray[np.float32]], tuple[Boxes, NDArray[np.float32]]]


@dataclass(frozen=True, slots=True)
class Figures:
    """How well a detector does on one set of pictures; precision and recall at the score of the best F1."""

    people: int
    ap50: float
    ap: float
    precision: float
    recall: float
    score: float
    recall_at_97: float
    """Recall at the lowest score that keeps precision at 0.97; 0 where no score does."""


class Detector:
    """An ONNX person detector with letterbox and decoding, on one thread."""

    def __init__(self, path: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.name = path.stem
        self.session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        entry = self.session.get_inputs()[0]
        self.entry = entry.name
        self.height, self.width = int(entry.shape[2]), int(entry.shape[3])
        outputs = self.session.get_outputs()
        if outputs[0].shape[-1] == 5:
            self.decode: Decode = _decode_person
        elif outputs[0].shape[-1] == 85:
            self.decode = _yolox_decoder(self.height, self.width)
        else:
            raise BadInputError(f"{path}: output {outputs[0].shape} is neither this recipe's head nor YOLOX's")
        self.run_s: list[float] = []

    def __call__(self, pixels: NDArray[np.uint8]) -> tuple[Boxes, NDArray[np.float32]]:
        """Boxes (n, 4) as x1, y1, x2, y2 in the picture's pixels and scores (n,), best first, after suppression."""
        rows, columns = pixels.shape[:2]
        scale = min(self.height / rows, self.width / columns)
        size = (round(columns * scale), round(rows * scale))
        canvas = np.full((self.height, self.width, 3), PAD, np.uint8)
        canvas[: size[1], : size[0]] = cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR)
        images = np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], np.float32)
        started = time.perf_counter()
        (raw, *_) = self.session.run(None, {self.entry: images})
        self.run_s.append(time.perf_counter() - started)
        boxes, scores = self.decode(np.asarray(raw)[0])
        likely = scores > LEAST_SCORE
        boxes, scores = boxes[likely] / scale, scores[likely]
        xywh = np.concatenate((boxes[:, :2], boxes[:, 2:] - boxes[:, :2]), 1)
        kept = np.asarray(cv2.dnn.NMSBoxes(xywh.tolist(), scores.tolist(), LEAST_SCORE, NMS_IOU), int).reshape(-1)
        kept = kept[np.argsort(-scores[kept], kind="stable")]
        limits = np.array([columns, rows, columns, rows], np.float32)
        return np.clip(boxes[kept], 0, limits), scores[kept]


def _decode_person(raw: NDArray[np.float32]) -> tuple[Boxes, NDArray[np.float32]]:
    return raw[:, :4], raw[:, 4]


def _yolox_decoder(height: int, width: int) -> Decode:
    cells, strides = [], []
    for stride in (8, 16, 32):
        y, x = np.mgrid[: height // stride, : width // stride]
        cells.append(np.stack((x, y), -1).reshape(-1, 2))
        strides.append(np.full((x.size, 1), stride))
    cell, stride_px = np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)

    def decode(raw: NDArray[np.float32]) -> tuple[Boxes, NDArray[np.float32]]:
        centre, half = (raw[:, :2] + cell) * stride_px, np.exp(raw[:, 2:4]) * stride_px / 2
        return np.concatenate((centre - half, centre + half), 1), raw[:, 4] * raw[:, 5]

    return decode


def overlaps(a: Boxes, b: Boxes, *, of_first: bool = False) -> NDArray[np.float64]:
    """Intersection over union of boxes (n, 4) and (m, 4), or over the first's area: (n, m)."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    inter = np.clip(high - low, 0, None).prod(-1).astype(float)
    area_a, area_b = (a[:, 2:] - a[:, :2]).prod(-1)[:, None], (b[:, 2:] - b[:, :2]).prod(-1)[None]
    whole = area_a + 0 * area_b if of_first else area_a + area_b - inter
    return np.asarray(inter / np.maximum(whole, 1e-9))


def match(boxes: Boxes, people: Boxes, ignored: Boxes, iou: float) -> NDArray[np.int8]:
    """For detections, best first: 1 claims a free person, 0 is wrong, -1 lies on an ignored region."""
    verdict = np.zeros(len(boxes), np.int8)
    free = np.ones(len(people), bool)
    shared = overlaps(boxes, people)
    for k in range(len(boxes)):
        row = np.where(free, shared[k], -1.0)
        if len(row) and row.max() >= iou:
            free[row.argmax()] = False
            verdict[k] = 1
    if len(ignored) and len(boxes):
        on_ignored = (overlaps(boxes, ignored, of_first=True).max(1) >= 0.5) | (overlaps(boxes, ignored).max(1) >= iou)
        verdict[(verdict == 0) & on_ignored] = -1
    return verdict


def average_precision(verdict: NDArray[np.int8], people: int) -> float:
    """Area under precision over recall at 101 recalls (COCO), for verdicts in falling order of score."""
    hit = np.cumsum(verdict == 1)
    precision = hit / np.maximum(np.cumsum(verdict >= 0), 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(hit / max(people, 1), RECALL_POINTS, side="left")
    return float(np.mean(np.where(at < len(precision), precision[np.minimum(at, len(precision) - 1)], 0.0)))


def measure(
    found: Sequence[tuple[Boxes, NDArray[np.float32]]], pictures: Sequence[Picture], heights: tuple[float, float]
) -> Figures:
    """Figures for people whose height in pixels lies in the range; the others are ignored."""
    verdicts: dict[float, list[NDArray[np.int8]]] = {}
    scores, people = [], 0
    for (boxes, score), picture in zip(found, pictures, strict=True):
        tall = picture.boxes[:, 3] - picture.boxes[:, 1]
        counted = ~picture.ignored & (tall >= heights[0]) & (tall < heights[1])
        people += int(counted.sum())
        scores.append(score)
        own = boxes[:, 3] - boxes[:, 1]
        for iou in np.arange(0.5, 1.0, 0.05):
            verdict = match(boxes, picture.boxes[counted], picture.boxes[~counted], float(iou))
            verdict[(verdict == 0) & ((own < heights[0]) | (own >= heights[1]))] = -1
            verdicts.setdefault(round(float(iou), 2), []).append(verdict)
    every = np.concatenate(scores) if scores else np.zeros(0)
    if not len(every) or not people:
        return Figures(people, 0, 0, 0, 0, 0, 0)
    order = np.argsort(-every, kind="stable")
    ranked = {iou: np.concatenate(v)[order] for iou, v in verdicts.items()}
    hit, shown = np.cumsum(ranked[0.5] == 1), np.cumsum(ranked[0.5] >= 0)
    best = int(np.argmax(2 * hit / (shown + people)))
    precision = hit / np.maximum(shown, 1)
    sure = np.flatnonzero((precision >= 0.97) & (hit > 0))
    return Figures(
        people=people,
        ap50=average_precision(ranked[0.5], people),
        ap=float(np.mean([average_precision(v, people) for v in ranked.values()])),
        precision=float(precision[best]),
        recall=float(hit[best] / people),
        score=float(every[order][best]),
        recall_at_97=float(hit[sure[-1]] / people) if len(sure) else 0.0,
    )


def main(
    models: Annotated[list[Path], typer.Argument(help="ONNX detectors: this recipe's or YOLOX's head")],
    picture_set: Annotated[list[str], typer.Option("--set", help="ANNOTATIONS.json:IMAGE_FOLDER, repeatable")],
    heights: Annotated[str, typer.Option(help="borders of person heights in picture pixels")] = "0,30,60,120,1000",
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object as the last line")] = False,
) -> None:
    """Compare person detectors on annotated pictures."""
    cv2.setNumThreads(1)
    borders = [float(b) for b in heights.split(",")]
    ranges = [(borders[0], borders[-1]), *itertools.pairwise(borders)]
    table: dict[str, Any] = {}
    for text in picture_set:
        annotations, _, folder = text.partition(":")
        pictures = read_pictures(Path(annotations), Path(folder))
        for path in models:
            detector = Detector(path)
            found = [detector(p.pixels) for p in pictures]
            ms = 1e3 * float(np.median(detector.run_s))
            typer.echo(f"{detector.name} on {annotations} ({len(pictures)} pictures), {ms:.2f} ms a picture")
            for low, high in ranges:
                f = measure(found, pictures, (low, high))
                typer.echo(
                    f"  {low:4.0f}-{high:<4.0f} px  people {f.people:5d}  AP50 {f.ap50:.3f}  AP50:95 {f.ap:.3f}  "
                    f"precision {f.precision:.3f} recall {f.recall:.3f} at score {f.score:.2f}  "
                    f"recall at precision 0.97 {f.recall_at_97:.3f}"
                )
                table[f"{detector.name}|{annotations}|{low:.0f}-{high:.0f}"] = {**asdict(f), "ms": ms}
    if as_json:
        typer.echo(json.dumps(table))


if __name__ == "__main__":
    typer.run(main)
