"""Pictures of any size into a detector's input, and boxes back."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.frame import Image
from edge.detect.kernels import pack_planes

# The grey that YOLOX-style training pads with.
PAD_VALUE = 114


@dataclass(frozen=True, slots=True)
class Fit:
    """How a picture of ``image_size`` lies in an input of ``input_size``: scaled by ``scale``, at the upper left.

    Attributes:
        scale: input pixels per picture pixel.
        image_size: (height, width) of the picture.
        scaled_size: (height, width) that the picture fills of the input.
    """

    scale: float
    image_size: tuple[int, int]
    scaled_size: tuple[int, int]

    @classmethod
    def of(cls, image_size: tuple[int, int], input_size: tuple[int, int]) -> Fit:
        """The largest fit that keeps the aspect.

        Args:
            image_size: (height, width) of the picture.
            input_size: (height, width) of the input.
        """
        height, width = image_size
        scale = min(input_size[0] / height, input_size[1] / width)
        # floor as in training; at least one pixel for absurdly long pictures
        scaled = (max(1, int(height * scale + 1e-9)), max(1, int(width * scale + 1e-9)))
        return cls(scale, image_size, scaled)

    def to_input(self, xyxy: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Boxes (N, 4) in picture pixels, in input pixels."""
        return xyxy * np.float32(self.scale)

    def to_image(self, xyxy: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Boxes (N, 4) in input pixels, in picture pixels and cut at the picture's edge."""
        boxes = xyxy / np.float32(self.scale)
        height, width = self.image_size
        np.clip(boxes[:, 0::2], 0.0, width, out=boxes[:, 0::2])
        np.clip(boxes[:, 1::2], 0.0, height, out=boxes[:, 1::2])
        return boxes


class LetterboxBatch:
    """A float32 NCHW input that is allocated once; every picture is resized into a scratch and written in one pass."""

    def __init__(self, size: tuple[int, int], capacity: int) -> None:
        """Allocates for ``capacity`` pictures of input ``size`` (height, width)."""
        self.size = size
        self.blob = np.full((capacity, 3, *size), PAD_VALUE, np.float32)
        self._filled: list[tuple[int, int]] = [(0, 0)] * capacity
        self._scratch = np.empty((*size, 3), np.uint8)

    def put(self, slot: int, image: Image) -> Fit:
        """Writes a picture (H, W, 3) uint8 BGR into a slot, 0..255, padded with grey at the right and the bottom."""
        fit = Fit.of((image.shape[0], image.shape[1]), self.size)
        height, width = fit.scaled_size
        if self._filled[slot] != fit.scaled_size:
            self.blob[slot] = PAD_VALUE
            self._filled[slot] = fit.scaled_size
        if (height, width) == fit.image_size:
            scaled = image
        else:
            scaled = self._scratch[:height, :width]
            cv2.resize(image, (width, height), dst=scaled, interpolation=cv2.INTER_LINEAR)
        pack_planes(scaled, self.blob[slot])
        return fit
