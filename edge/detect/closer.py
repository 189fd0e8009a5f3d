"""A closer look at whom one look leaves in doubt: the same place again, larger.

A detector's error on a mannequin, a rack or a reflection is the same in every picture, so that waiting tells nothing
more: the next picture shows the same again. Seen half as large again, the same place is another input, which shows
more. The mean of both looks tells people from what is none better than one does (see the card of person-s), at the
price of a small region for each new doubt: who was surely somebody in the last pictures is not doubted again, and what
a closer look said of a spot holds for a while.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.frame import Image, Region
from edge.detect.closer_kernels import recall
from edge.track.seen import Boxes, Seen

Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class CloserSettings:
    """Whom to look at again, and how.

    Attributes:
        low: lower scores begin nobody, whatever a closer look says.
        high: from here on one look is enough.
        somebody: a mean of both looks from here on is somebody.
        same: boxes that overlap at least so much are one (intersection over union).
        stays_s: so long somebody whom no look finds is still expected, seconds.
        holds_s: so long it holds by how much a closer look lowered the score at a spot, seconds.
        most: closer looks a picture.
        margin_share: space left on all sides of the box, as a share of its height.
        least_px: what is looked at is at least so wide and high, pixels of the first look's input.
        larger: so many times as large as at the first look.
        tallest_px: who was shown taller at the first look is told no better by another, pixels of its input.
    """

    low: float = 0.3
    high: float = 0.7
    somebody: float = 0.5
    same: float = 0.5
    stays_s: float = 2.0
    holds_s: float = 10.0
    most: int = 6
    margin_share: float = 0.5
    least_px: int = 128
    larger: float = 1.5
    tallest_px: float = 110.0


SPOTS = 64
"""Remembered at most, a camera."""
STEP_PX = 64
"""Sides of what is looked at again are multiples of this, pixels of the input."""
UNSEEN = 0.01
"""The score of a box that the closer look does not find."""


class CloserLook:
    """One camera's doubts, and what came of them.

    Attributes:
        settings: whom to look at again.
    """

    def __init__(self, settings: CloserSettings) -> None:
        self.settings = settings
        self._spots = np.empty((SPOTS, 4), np.float32)
        self._known = np.empty((SPOTS, 2))
        self._count = 0
        self._doubted = np.empty(0, np.uint8)

    def doubts(self, now: float, boxes: Floats32, scores: Floats32) -> list[int]:
        """Who is to be looked at again, best first.

        Args:
            now: seconds.
            boxes: (N, 4) x1, y1, x2, y2 of a picture, best first.
            scores: (N,) of them; who was judged lately gets the score that this left them, in place.
        """
        how = self.settings
        if len(boxes) > len(self._doubted):
            self._doubted = np.empty(2 * len(boxes), np.uint8)
        doubted = self._doubted[: len(boxes)]
        self._count = recall(
            self._spots,
            self._known,
            self._count,
            now,
            boxes,
            scores,
            doubted,
            how.low,
            how.high,
            how.same,
            how.stays_s,
            how.holds_s,
        )
        return [int(j) for j in np.flatnonzero(doubted)[: how.most]]

    def judge(self, now: float, box: Floats32, first: float, again: float, *, stays: bool = True) -> float:
        """The mean of two looks at a box (4,), which is remembered; of who walks the first's score, if that is more.

        Args:
            now: seconds.
            box: x1, y1, x2, y2.
            first: its score at the first look,
            again: and at the closer one.
            stays: whether nothing moves there: a mannequin never does, and walkers are told by the pictures to come.
        """
        mean = (first + again) / 2
        if not stays:
            mean = max(first, mean)
        if self._count < SPOTS:
            self._spots[self._count] = box
            is_somebody = mean >= self.settings.somebody
            self._known[self._count] = now, np.inf if is_somebody else _logit(mean) - _logit(first)
            self._count += 1
        return mean


def region_around(box: Floats32, size: tuple[int, int], scale: float, settings: CloserSettings) -> Region:
    """What is looked at again of a picture of (width, height) that was seen at a scale, pixels of the input for one.

    In steps: every input size of its own takes the network some memory for good.
    """
    tall = float(box[3] - box[1])
    margin = max(2 * settings.margin_share * tall, 2.0)  # a pixel beside it at least: boxes end between pixels
    larger = settings.larger * scale
    spans = []
    for low, high, most in ((float(box[0]), float(box[2]), size[0]), (float(box[1]), float(box[3]), size[1])):
        least = max((high - low + margin) * larger, settings.least_px * settings.larger)
        spans.append(_within(low, high, STEP_PX * math.ceil(least / STEP_PX) / larger, most))
    (left, right), (top, bottom) = spans
    return left, top, right, bottom


def _within(low: float, high: float, side: float, most: int) -> tuple[int, int]:
    """A span of a length around low to high, moved into 0 to most and no longer than that."""
    length = math.floor(side)
    start = max(min(round((low + high - side) / 2), math.floor(low)), math.ceil(high) - length)
    start = max(0, min(start, most - length))
    return start, min(most, start + length)


def enlarged(image: Image, region: Region, scale: float) -> Image:
    """A region of a picture at a scale, (H, W, 3)."""
    left, top, right, bottom = region
    wide, high = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    return np.asarray(cv2.resize(image[top:bottom, left:right], (wide, high), interpolation=cv2.INTER_LINEAR), np.uint8)


class LooksAtParts(Protocol):
    """A detector, as far as a closer look needs it."""

    def detect_regions(
        self, image: Image, regions_xyxy: Sequence[Region], scales: Sequence[float] | None = None
    ) -> Seen:
        """People in parts of a picture, in its pixels, each looked at by its own scale."""
        ...


def look_again(  # noqa: PLR0917 - who looks at what, and how
    detector: LooksAtParts, image: Image, region: Region, box: Floats32, scale: float, settings: CloserSettings
) -> float:
    """The score of a box (4,) of a picture that was seen at a scale, when its region is looked at closer."""
    larger = settings.larger * scale
    shown = enlarged(image, region, larger)
    seen = Boxes.of(detector.detect_regions(shown, [(0, 0, shown.shape[1], shown.shape[0])], [1.0]))
    back = seen.xyxy / larger + np.array(region[:2] * 2, np.float32)
    return found_again(box, back, seen.confidence, settings.same)


def found_again(box: Floats32, boxes: Floats32, scores: Floats32, same: float) -> float:
    """The best score among boxes (M, 4) that are one with a box (4,)."""
    across = np.minimum(boxes[:, 2], box[2]) - np.maximum(boxes[:, 0], box[0])
    down = np.minimum(boxes[:, 3], box[3]) - np.maximum(boxes[:, 1], box[1])
    shared = np.maximum(across, 0) * np.maximum(down, 0)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) + (box[2] - box[0]) * (box[3] - box[1])
    return float(np.max(scores, where=shared >= same * (areas - shared), initial=UNSEEN))


def _logit(score: float) -> float:
    return math.log(score / (1 - score))
