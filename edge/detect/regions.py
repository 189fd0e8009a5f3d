"""Where in a picture to look, and how closely: around what moved, no finer than the people there need."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.capture.frame import Region
from edge.detect.gate import Motion
from edge.detect.region_kernels import plan_regions
from edge.detect.sizing import multiple_of

Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class RegionSettings:
    """When looking at parts pays.

    Attributes:
        most_share: parts that would be more work than this share of the whole picture are not worth it.
        most: so many parts at most.
        margin_share: space left around what moved and around people, as a share of their height.
        least_px: a part is at least so wide and high: a detector wants to see what is around a person.
        person_px: known people are shown this tall, pixels of the input; larger ones are shrunk to it.
        whole_s: the whole picture is looked at, as closely as the model can, at least this often, seconds.
    """

    most_share: float = 0.7
    most: int = 3
    margin_share: float = 0.3
    least_px: int = 96
    person_px: float = 75.0
    whole_s: float = 2.0


@dataclass(frozen=True, slots=True)
class Part:
    """A region and the scale to look at it: pixels of the detector's input for one of the picture's."""

    region: Region
    scale: float


def local_parts(
    motion: Motion, people_xyxy: Floats32, size: tuple[int, int], whole_scale: float, settings: RegionSettings
) -> list[Part]:
    """Parts of a picture of (width, height) that hold all that moved and, whole, everybody they touch.

    Args:
        motion: what the gate saw.
        people_xyxy: (N, 4) who was there last, pixels.
        size: of the picture.
        whole_scale: at which the detector looks at the whole picture.
        settings: when it pays.

    Returns:
        Parts without overlap, none seen more coarsely than in the whole picture unless who is known there is large
        enough; the whole picture as one part, more coarsely, where everybody known is large enough for
        that to pay; or none where the whole picture has to be looked at as closely as can be.
    """
    plan = np.empty((settings.most, 5))
    people = np.ascontiguousarray(people_xyxy, np.float64)
    width, height = size
    count = plan_regions(
        motion.moved,
        people,
        float(width),
        float(height),
        motion.block_share[0] * width,
        motion.block_share[1] * height,
        settings.margin_share,
        float(settings.least_px),
        plan,
    )
    work = settings.most_share * width * height * whole_scale**2
    rows = plan[: max(0, count)].tolist()
    for most in (1.0, whole_scale):  # closely if it pays, else as closely as the whole would be looked at
        parts = [_part(row, size, settings, most) for row in rows]
        if parts and sum(_input_area(part) for part in parts) <= work:
            return parts
    if len(people):
        tall = float((people[:, 3] - people[:, 1]).min())
        coarse = Part((0, 0, width, height), min(whole_scale, _scale_for(tall, settings)))
        if _input_area(coarse) <= work:
            return [coarse]
    return []


def outside(people_xyxy: Floats32, regions: list[Region]) -> npt.NDArray[np.bool_]:
    """(N,) whether a box's middle lies in none of the regions: nobody has looked at it anew."""
    if not len(people_xyxy):
        return np.zeros(0, np.bool_)
    middle = (people_xyxy[:, :2] + people_xyxy[:, 2:]) / 2
    away = np.ones(len(people_xyxy), np.bool_)
    for x1, y1, x2, y2 in regions:
        away &= ~((middle >= (x1, y1)) & (middle < (x2, y2))).all(1)
    return away


def _part(row: list[float], size: tuple[int, int], settings: RegionSettings, scale_most: float) -> Part:
    """A part of the plan, widened to fill its input."""
    x1, y1, x2, y2, tall = row
    scale = min(scale_most, _scale_for(tall, settings) if tall else 1.0)
    spans = []
    for low, high, most in ((x1, x2, size[0]), (y1, y2, size[1])):
        filled = math.floor(multiple_of((high - low) * scale) / scale)
        start = max(0, min(round((low + high - filled) / 2), most - filled))
        spans.append((start, min(most, start + filled)))
    (left, right), (top, bottom) = spans
    return Part((left, top, right, bottom), scale)


def _scale_for(tall: float, settings: RegionSettings) -> float:
    """The scale that shows somebody so tall as large as the detector needs, in a few steps."""
    return max(0.25, min(1.0, math.ceil(8.0 * settings.person_px / max(tall, 1.0)) / 8.0))


def _input_area(part: Part) -> int:
    x1, y1, x2, y2 = part.region
    return multiple_of((x2 - x1) * part.scale) * multiple_of((y2 - y1) * part.scale)
