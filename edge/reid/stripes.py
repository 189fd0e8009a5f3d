"""How people look in a picture, without a model: the colours of stripes across their bodies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.reid.kernels import LOOK_SIZE, stripes
from edge.reid.looks import Look


def describe(picture: NDArray[np.uint8], boxes: NDArray[np.float32]) -> Look:
    """How the people in some boxes look.

    Measured in the twin, one picture against another, as the share of pairs in which the same person looks more alike
    than somebody else: 0.97 in one camera within five seconds, 0.94 there later, 0.90 between cameras.

    Args:
        picture: (h, w, 3) BGR.
        boxes: (N, 4) x1, y1, x2, y2 in pixels.

    Returns:
        (N, LOOK_SIZE) float32, to be compared by Euclidean distance; not a number for who is hidden or too small.
    """
    looks = np.empty((len(boxes), LOOK_SIZE), np.float32)
    stripes(np.ascontiguousarray(picture), np.ascontiguousarray(boxes, np.float32), looks)
    return looks
