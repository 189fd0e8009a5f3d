"""What a detector saw in one picture, as far as trackers need it, without what a picture library needs to start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

STIR = "stir"
"""Where `supervision.Detections` carry in their ``data`` how much of each box stirred: (M,) float32, share of the box,
not a number where that cannot be told."""


class Seen(Protocol):
    """Boxes of one picture: `supervision.Detections`, or `Boxes`."""

    @property
    def xyxy(self) -> NDArray[Any]:
        """(M, 4) left, top, right, bottom in pixels."""

    @property
    def confidence(self) -> NDArray[Any] | None:
        """(M,) 0..1, or None where no box says."""

    def __len__(self) -> int:
        """Number of boxes."""


@dataclass(frozen=True, slots=True)
class Boxes:
    """Boxes that were read from a file; importing `supervision` for them would take longer than to track them.

    Attributes:
        xyxy: (M, 4) left, top, right, bottom in pixels.
        confidence: (M,) 0..1.
    """

    xyxy: NDArray[np.float32]
    confidence: NDArray[np.float32]

    def __len__(self) -> int:
        """Number of boxes."""
        return len(self.xyxy)


NOTHING_SEEN = Boxes(np.empty((0, 4), np.float32), np.empty(0, np.float32))
