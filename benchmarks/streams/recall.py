"""How much of one tracker's output another one has, too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from edge.track.matching.kernels import iou_matrix

Rows = NDArray[np.float64]
IOU_MIN = 0.5
LEAST_FRAMES = 8
"""A track that is shorter than a second is left out: both ways throw such up out of nothing."""
GOT_SOMEWHERE = 0.5
"""Whose feet have been this far from where they first were, in heights of the person, walks."""


@dataclass(frozen=True, slots=True)
class Recall:
    """What was there and what of it was found; sums of several cameras add up.

    Attributes:
        tracks: tracks of at least ``LEAST_FRAMES`` frames.
        tracks_found: those of which more than half of the boxes were found.
        boxes: boxes of those tracks.
        boxes_found: those that a box of the other side overlaps by ``IOU_MIN``, each box of the other side used once.
    """

    tracks: int = 0
    tracks_found: int = 0
    boxes: int = 0
    boxes_found: int = 0

    def __add__(self, other: Recall) -> Recall:
        return Recall(
            self.tracks + other.tracks,
            self.tracks_found + other.tracks_found,
            self.boxes + other.boxes,
            self.boxes_found + other.boxes_found,
        )

    @property
    def of_tracks(self) -> float:
        """Share of tracks found; 1 where there are none."""
        return self.tracks_found / self.tracks if self.tracks else 1.0

    @property
    def of_boxes(self) -> float:
        """Share of boxes found; 1 where there are none."""
        return self.boxes_found / self.boxes if self.boxes else 1.0


def long_enough(rows: Rows) -> Rows:
    """The rows of tracks of at least ``LEAST_FRAMES`` frames."""
    ids, counts = np.unique(rows[:, 1], return_counts=True)
    return rows[np.isin(rows[:, 1], ids[counts >= LEAST_FRAMES])]


def moving_only(rows: Rows) -> Rows:
    """The rows of tracks that get somewhere: mannequins, posters and reflections never do.

    Args:
        rows: (R, 6): frame, id, x1, y1, x2, y2.
    """
    going = []
    for identity in np.unique(rows[:, 1]):
        own = rows[rows[:, 1] == identity]
        feet = np.column_stack(((own[:, 2] + own[:, 4]) / 2, own[:, 5]))
        reach = np.linalg.norm(feet - feet[0], axis=1).max() / np.median(own[:, 5] - own[:, 3])
        if reach >= GOT_SOMEWHERE:
            going.append(identity)
    return rows[np.isin(rows[:, 1], going)]


def covered(wanted: Rows, given: Rows) -> NDArray[np.bool_]:
    """(R,) which rows of ``wanted`` a box of ``given`` overlaps by ``IOU_MIN`` in the same frame, one for one.

    Which track of ``given`` covers a box does not matter: this asks who was seen, not who was told apart.

    Args:
        wanted: (R, 6): frame, id, x1, y1, x2, y2.
        given: (S, 6), likewise.
    """
    found = np.zeros(len(wanted), bool)
    for frame in np.unique(wanted[:, 0]):
        here = np.flatnonzero(wanted[:, 0] == frame)
        there = given[given[:, 0] == frame]
        overlap = np.asarray(iou_matrix(wanted[here, 2:6].astype(np.float32), there[:, 2:6].astype(np.float32)))
        row, column = linear_sum_assignment(np.where(overlap >= IOU_MIN, 1.0 + overlap, 0.0), maximize=True)
        found[here[row[overlap[row, column] >= IOU_MIN]]] = True
    return found


def recall(wanted: Rows, given: Rows) -> Recall:
    """How much of the tracks of ``wanted`` is in ``given``; rows as for `covered`."""
    wanted = long_enough(wanted)
    ids, found, counts = _by_track(wanted, given)
    return Recall(len(ids), int((found > counts / 2).sum()), len(wanted), int(found.sum()))


def missed(wanted: Rows, given: Rows) -> list[float]:
    """Ids of the tracks of ``wanted`` that `recall` does not find in ``given``."""
    ids, found, counts = _by_track(long_enough(wanted), given)
    return [float(identity) for identity in ids[found <= counts / 2]]


def _by_track(wanted: Rows, given: Rows) -> tuple[Rows, Rows, Rows]:
    """Ids, boxes found and boxes, by track."""
    ids, index = np.unique(wanted[:, 1], return_inverse=True)
    found = np.bincount(index, covered(wanted, given), len(ids)).astype(float)
    return ids, found, np.bincount(index, minlength=len(ids)).astype(float)
