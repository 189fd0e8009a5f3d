"""Truth and result of a sequence, frame by frame, in the form that every measure here takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.track.matching.kernels import iou_matrix


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame.

    Attributes:
        truth: (G,) dense indices of true identities.
        result: (K,) dense indices of the tracker's identities.
        iou: (G, K) overlap of their boxes, 0..1.
    """

    truth: NDArray[np.int64]
    result: NDArray[np.int64]
    iou: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sequence:
    """All frames of one sequence, and how many identities there are on both sides."""

    frames: list[Frame]
    truths: int
    results: int

    def __iter__(self) -> Iterator[Frame]:
        """The frames in order."""
        return iter(self.frames)


def sequence(truth: NDArray[np.float64], result: NDArray[np.float64], last: int) -> Sequence:
    """Pairs truth and result of the frames 1 to `last`.

    Args:
        truth: (R, >=6) MOT rows: frame, id, left, top, width, height.
        result: The same of a tracker.
        last: Number of the last frame scored.
    """
    sides = []
    for side in (truth, result):
        rows = side[(side[:, 0] >= 1) & (side[:, 0] <= last)]
        names, index = np.unique(rows[:, 1], return_inverse=True)
        box = np.column_stack([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]]).astype(np.float32)
        sides.append((rows[:, 0].astype(int), index.astype(np.int64), box, len(names)))
    (truth_frame, truth_id, truth_box, truths), (result_frame, result_id, result_box, results) = sides
    frames = []
    for number in range(1, last + 1):
        g, k = truth_frame == number, result_frame == number
        frames.append(Frame(truth_id[g], result_id[k], iou_matrix(truth_box[g], result_box[k])))
    return Sequence(frames, truths, results)
