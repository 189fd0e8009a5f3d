"""How well boxes of people match the truth: matching, average precision, by person height, as COCO counts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.train.pictures import Picture

RECALL_POINTS = np.linspace(0, 1, 101)

Boxes = NDArray[np.float32]


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
