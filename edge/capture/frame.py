"""The frame that capture hands on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of one camera.

    Attributes:
        camera: the camera's name.
        captured_at: when the camera took it, unix seconds (UTC); grows strictly from frame to frame of one source.
        index: frames decoded before this one, from 0; it counts frames that were not analysed, too.
        image: (H, W, 3) uint8, BGR.
    """

    camera: str
    captured_at: float
    index: int
    image: Image
