"""Where in a picture to look: only around what moved, when that is a small part of it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.detect.gate import Motion

Floats32 = npt.NDArray[np.float32]
Region = tuple[int, int, int, int]
"""x1, y1, x2, y2 in pixels, the last two beyond the end."""


@dataclass(frozen=True, slots=True)
class RegionSettings:
    """When looking at parts pays.

    Attributes:
        most_share: parts that cover more of the picture together are not worth it: the whole picture is looked at.
        most: so many parts at most.
        margin_share: space left around what moved and around people, as a share of their height.
        least_px: a part is at least so wide and high: a detector wants to see what is around a person.
        whole_s: the whole picture is looked at at least this often, seconds, whatever moves.
    """

    most_share: float = 0.3
    most: int = 2
    margin_share: float = 0.35
    least_px: int = 128
    whole_s: float = 1.0


def local_regions(
    motion: Motion, people_xyxy: Floats32, size: tuple[int, int], settings: RegionSettings
) -> list[Region]:
    """Parts of a picture of (width, height) that hold all that moved and, whole, everybody they touch.

    Args:
        motion: what the gate saw.
        people_xyxy: (N, 4) who was there last, pixels.
        size: of the picture.
        settings: when it pays.

    Returns:
        Regions without overlap, or none where the whole picture has to be looked at.
    """
    count, _, stats, _ = cv2.connectedComponentsWithStats(_spread(motion.moved), connectivity=8)
    if not 1 < count <= 1 + 4 * settings.most:
        return []
    block_w, block_h = motion.block_share[0] * size[0], motion.block_share[1] * size[1]
    seeds = stats[1:, :4].astype(np.float64)  # left, top, width, height in blocks
    boxes = np.column_stack(
        [
            seeds[:, 0] * block_w,
            seeds[:, 1] * block_h,
            (seeds[:, 0] + seeds[:, 2]) * block_w,
            (seeds[:, 1] + seeds[:, 3]) * block_h,
        ]
    )
    people = np.asarray(people_xyxy, np.float64)
    grown = _grown(boxes, settings)
    while True:
        joined = _merged(_with_people(grown, people, settings))
        if len(joined) == len(grown) and np.allclose(joined, grown):
            break
        grown = joined
    low = np.clip(np.floor(grown[:, :2]), 0, None)
    high = np.minimum(np.ceil(grown[:, 2:]), size)
    share = float((high - low).prod(1).sum()) / (size[0] * size[1])
    if len(grown) > settings.most or share > settings.most_share or (high - low).min() < 2:
        return []
    rows = np.column_stack([low, high]).astype(int).tolist()
    return [(x1, y1, x2, y2) for x1, y1, x2, y2 in rows]


def outside(people_xyxy: Floats32, regions: list[Region]) -> npt.NDArray[np.bool_]:
    """(N,) whether a box's middle lies in none of the regions: nobody has looked at it anew."""
    middle = (people_xyxy[:, :2] + people_xyxy[:, 2:]) / 2
    away = np.ones(len(people_xyxy), np.bool_)
    for x1, y1, x2, y2 in regions:
        away &= ~((middle >= (x1, y1)) & (middle < (x2, y2))).all(1)
    return away


def _spread(moved: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """Blocks of one body hang together: gaps of a block or two are closed."""
    return np.asarray(cv2.dilate(moved.astype(np.uint8), np.ones((5, 3), np.uint8)), np.uint8)


def _grown(boxes: npt.NDArray[np.float64], settings: RegionSettings) -> npt.NDArray[np.float64]:
    size = boxes[:, 2:] - boxes[:, :2]
    margin = settings.margin_share * size[:, 1:]
    extra = np.maximum(margin, (settings.least_px - size) / 2)
    return np.concatenate([boxes[:, :2] - extra, boxes[:, 2:] + extra], 1)


def _with_people(
    regions: npt.NDArray[np.float64], people: npt.NDArray[np.float64], settings: RegionSettings
) -> npt.NDArray[np.float64]:
    """Regions widened so that nobody is cut."""
    out = regions.copy()
    for k, region in enumerate(regions):
        touched = (people[:, 2] > region[0]) & (people[:, 0] < region[2])
        touched &= (people[:, 3] > region[1]) & (people[:, 1] < region[3])
        if touched.any():
            margin = 0.5 * settings.margin_share * (people[touched, 3] - people[touched, 1])[:, None]
            out[k, :2] = np.minimum(region[:2], (people[touched, :2] - margin).min(0))
            out[k, 2:] = np.maximum(region[2:], (people[touched, 2:] + margin).max(0))
    return out


def _merged(boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Boxes that overlap become one, until none do."""
    left = [box for box in boxes]  # noqa: C416 - rows, not one array
    k = 0
    while k < len(left):
        for j in range(k + 1, len(left)):
            if (left[k][:2] < left[j][2:]).all() and (left[j][:2] < left[k][2:]).all():
                left[k] = np.concatenate([np.minimum(left[k][:2], left[j][:2]), np.maximum(left[k][2:], left[j][2:])])
                del left[j]
                k = -1
                break
        k += 1
    return np.array(left).reshape(-1, 4)
