"""People cut from photographs and set into other pictures: rare company, rare backgrounds, sharp truth.

Only boxes are known, no outlines, so a cut-out fades towards its box's edge as a rounded rectangle does; what is left
of its old surroundings teaches that surroundings tell nothing (Dwibedi et al. 2017).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.train.pictures import Picture

LEAST_CUT_PX = 48.0
"""Smaller people are blurred by nature; blown up they teach blur."""
ASPECT = (0.2, 0.7)
"""Widths over heights of boxes that hold one upright person and little else."""
MOST = 3
SCALE = (0.35, 1.2)
"""Size against the original; the person is shrunk rather than blown up."""
ROUNDNESS = 4.0
"""Exponent of the superellipse that the cut-out fades along."""
HIDDEN_SHARE = 0.5
"""Who is covered by more than this becomes a region to ignore."""
_TRIES = 8


def paste_people(  # noqa: PLR0917 - what to draw from, what to draw into, which dice
    canvas: NDArray[np.uint8],
    people: NDArray[np.float32],
    ignored: NDArray[np.float32],
    pictures: Sequence[Picture],
    weights: NDArray[np.float64],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Sets one to three people into the canvas (H, W, 3), in place; people (n, 4) and ignored (m, 4) regions after."""
    height, width = canvas.shape[:2]
    for _ in range(int(rng.integers(1, MOST + 1))):
        found = _cut_out(pictures, weights, rng)
        if found is None:
            break
        scale = float(rng.uniform(*SCALE))
        across, down = max(4, round(found.shape[1] * scale)), max(8, round(found.shape[0] * scale))
        if across >= width or down >= height:
            continue
        cut = cv2.resize(found, (across, down), interpolation=cv2.INTER_AREA)
        if rng.random() < 0.5:
            cut = cut[:, ::-1]
        x, y = int(rng.integers(0, width - across)), int(rng.integers(0, height - down))
        alpha = _fade(across, down)
        target = canvas[y : y + down, x : x + across]
        target[:] = (alpha * cut + (1 - alpha) * target).astype(np.uint8)
        box = np.array([[x, y, x + across, y + down]], np.float32)
        gone = _covered(people, box[0]) > HIDDEN_SHARE
        ignored = np.concatenate([ignored, people[gone]])
        people = np.concatenate([people[~gone], box])
    return people, ignored


def _cut_out(
    pictures: Sequence[Picture], weights: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.uint8] | None:
    """Somebody's box out of a photograph, unless a few draws bring nobody fit for it."""
    for index in rng.choice(len(pictures), _TRIES, p=weights):
        picture = pictures[index]
        size = picture.boxes[:, 2:] - picture.boxes[:, :2]
        aspect = size[:, 0] / np.maximum(size[:, 1], 1)
        fit = ~picture.ignored & (size[:, 1] >= LEAST_CUT_PX) & (aspect > ASPECT[0]) & (aspect < ASPECT[1])
        for k in np.flatnonzero(fit):
            others = np.delete(picture.boxes, k, 0)
            if len(others) and _covered(picture.boxes[k : k + 1], others).max() > 0.1:
                continue
            x1, y1, x2, y2 = np.round(picture.boxes[k]).astype(int)
            return np.asarray(picture.pixels[max(0, y1) : y2, max(0, x1) : x2], np.uint8)
    return None


def _covered(boxes: NDArray[np.float32], by: NDArray[np.float32]) -> NDArray[np.float32]:
    """Share of each box (n, 4) that lies under another (4,) or, for one box, under each of some (m, 4)."""
    low, high = np.maximum(boxes[:, :2], by[..., :2]), np.minimum(boxes[:, 2:], by[..., 2:])
    shared = np.clip(high - low, 0, None).prod(-1)
    return np.asarray(shared / np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(-1), 1e-6), np.float32)


def _fade(across: int, down: int) -> NDArray[np.float32]:
    """(down, across, 1) opacity of a cut-out: 1 inside, falling to 0 over the last tenth towards a rounded edge."""
    x = np.abs(np.linspace(-1, 1, across)) ** ROUNDNESS
    y = np.abs(np.linspace(-1, 1, down)) ** ROUNDNESS
    reach = (x[None] + y[:, None]) ** (1 / ROUNDNESS)
    return np.clip((1.03 - reach) / 0.1, 0, 1).astype(np.float32)[..., None]
