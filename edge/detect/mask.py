"""Privacy masks: what nobody may watch turns black before anything else sees the frame."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from contract.errors import BadInputError
from edge.capture.frame import Image

# OpenCV draws polygons in fixed point: four fractional bits, a sixteenth of a pixel.
_SHIFT = 4


class PrivacyMask:
    """The masks of one camera."""

    def __init__(self, polygons_px: Sequence[npt.NDArray[np.float64]], calibrated_size: tuple[int, int]) -> None:
        """Takes the polygons as the site file has them.

        Args:
            polygons_px: each (V, 2), pixels of the calibrated picture.
            calibrated_size: (width, height) of that picture.

        Raises:
            BadInputError: where a polygon has fewer than three corners.
        """
        for polygon in polygons_px:
            if polygon.ndim != 2 or polygon.shape[0] < 3 or polygon.shape[1] != 2:
                raise BadInputError(f"privacy mask with {len(polygon)} corners; give at least three (x, y)")
        self._polygons_px = [np.asarray(polygon, np.float64) for polygon in polygons_px]
        self._calibrated_size = calibrated_size
        self._scaled: dict[tuple[int, int], list[npt.NDArray[np.int32]]] = {}

    def apply(self, image: Image) -> None:
        """Blackens the masked pixels of (H, W, 3) uint8 in place, every pixel that a polygon touches included.

        A frame that is no picture of the calibrated shape (a sub-stream, say) gets the masks scaled to its size.
        """
        if not self._polygons_px:
            return
        size = (image.shape[1], image.shape[0])
        if size not in self._scaled:
            self._scaled[size] = [self._scale(polygon, size) for polygon in self._polygons_px]
        for polygon in self._scaled[size]:
            cv2.fillPoly(image, [polygon], (0, 0, 0), lineType=cv2.LINE_8, shift=_SHIFT)

    def covered(self, size: tuple[int, int]) -> Image:
        """(h, w) uint8, 255 where a picture of (width, height) is masked: for those who look without painting."""
        plane = np.zeros((size[1], size[0]), np.uint8)
        for polygon in self._polygons_px:
            cv2.fillPoly(plane, [self._scale(polygon, size)], 255, lineType=cv2.LINE_8, shift=_SHIFT)
        return plane

    def _scale(self, polygon_px: npt.NDArray[np.float64], size: tuple[int, int]) -> npt.NDArray[np.int32]:
        factor = np.array(size, np.float64) / np.array(self._calibrated_size, np.float64)
        # pixel centres lie at whole numbers, edges half a pixel off: scale about the picture's corner
        scaled = (polygon_px + 0.5) * factor - 0.5
        return np.round(scaled * (1 << _SHIFT)).astype(np.int32)
