"""What the tracker says about one camera at one instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import supervision as sv

TrackKey = tuple[str, int]
"""Camera and its track id."""


@dataclass(frozen=True, slots=True)
class Tracks:
    """N people of one camera at one instant, in no particular order.

    Attributes:
        id: (N,) int64, unique for the life of the tracker, never given twice.
        box_px: (N, 4) float32, left, top, right, bottom: the matched detection, or the prediction where not
            `observed`.
        foot_px: (N, 2) float32, smoothed bottom-centre; with hidden feet, the estimate from head and remembered
            height.
        velocity_px: (N, 2) float32, pixels a second.
        score: (N,) float32, of the latest matched detection.
        observed: (N,) bool, matched to a detection in this update.
        foot_hidden: (N,) bool, the foot point comes from head and remembered height.
        lost_s: (N,) float32, seconds since the last matched detection; 0 where `observed`.
        born_at: (N,) float64, seconds, when it was first detected; it is reported later, once it has moved.
        born_px: (N, 2) float32, foot point at `born_at`.
        past: (K, 4) float64, id, seconds, foot x, foot y: where those reported for the first time now have been before.
    """

    id: NDArray[np.int64]
    box_px: NDArray[np.float32]
    foot_px: NDArray[np.float32]
    velocity_px: NDArray[np.float32]
    score: NDArray[np.float32]
    observed: NDArray[np.bool_]
    foot_hidden: NDArray[np.bool_]
    lost_s: NDArray[np.float32]
    born_at: NDArray[np.float64]
    born_px: NDArray[np.float32]
    past: NDArray[np.float64]

    def __len__(self) -> int:
        """Number of people."""
        return len(self.id)

    def detections(self) -> sv.Detections:
        """The same for `supervision`, whose annotators draw it: ``tracker_id`` is ours, ``class_id`` all 0 (person)."""
        import supervision as sv  # noqa: PLC0415 - as `edge.track.seen.Boxes.detections`

        return sv.Detections(
            self.box_px, confidence=self.score, class_id=np.zeros(len(self), np.int64), tracker_id=self.id
        )
