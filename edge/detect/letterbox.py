"""Pictures of any size into a detector's input, and boxes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.frame import Image
from edge.detect.heads.graph import Layout
from edge.detect.heads.head import Preprocessing
from edge.detect.kernels import pack_planes


@dataclass(frozen=True, slots=True)
class Fit:
    """How a picture lies in an input.

    Attributes:
        scale: (x, y) input pixels per picture pixel.
        offset: (x, y) input pixels at which the picture's upper left corner lies.
        image_size: (height, width) of the picture.
        scaled_size: (height, width) that the picture fills of the input.
    """

    scale: tuple[float, float]
    offset: tuple[int, int]
    image_size: tuple[int, int]
    scaled_size: tuple[int, int]

    @classmethod
    def of(
        cls,
        image_size: tuple[int, int],
        input_size: tuple[int, int],
        kind: str = "letterbox",
        scale_max: float = np.inf,
    ) -> Fit:
        """The largest fit.

        Args:
            image_size: (height, width) of the picture.
            input_size: (height, width) of the input.
            kind: ``letterbox`` keeps the aspect and pads at the right and below, ``letterbox-centre`` pads all around,
                ``stretch`` distorts.
            scale_max: the most that a picture is enlarged, unless stretched.
        """
        height, width = image_size
        if kind == "stretch":
            return cls((input_size[1] / width, input_size[0] / height), (0, 0), image_size, input_size)
        scale = min(input_size[0] / height, input_size[1] / width, scale_max)
        # floor as in training; at least one pixel for absurdly long pictures
        scaled = (max(1, int(height * scale + 1e-9)), max(1, int(width * scale + 1e-9)))
        offset = (0, 0)
        if kind == "letterbox-centre":
            offset = ((input_size[1] - scaled[1]) // 2, (input_size[0] - scaled[0]) // 2)
        return cls((scale, scale), offset, image_size, scaled)

    def to_input(self, xyxy: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Boxes (N, 4) in picture pixels, in input pixels."""
        boxes: npt.NDArray[np.float32] = xyxy * np.array(self.scale * 2, np.float32)
        boxes += np.array(self.offset * 2, np.float32)
        return boxes

    def to_image(self, xyxy: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Boxes (N, 4) in input pixels, in picture pixels and cut at the picture's edge."""
        boxes: npt.NDArray[np.float32] = xyxy - np.array(self.offset * 2, np.float32)
        boxes /= np.array(self.scale * 2, np.float32)
        height, width = self.image_size
        np.maximum(boxes, np.float32(0), out=boxes)
        np.minimum(boxes, np.array((width, height, width, height), np.float32), out=boxes)
        return boxes


class InputBatch:
    """The memory that pictures are written into for a run; allocated once, for inputs of any size up to a largest.

    Bytes in the order of the picture itself are resized straight into place; anything else is resized into a scratch
    and written in one pass.
    """

    def __init__(
        self, layout: Layout, dtype: Any, preprocessing: Preprocessing, capacity: int, largest: tuple[int, int]
    ) -> None:
        """Allocates.

        Args:
            layout: order of the axes.
            dtype: of the input: float32, float16 or uint8.
            preprocessing: what the network sees of a pixel; of it only the colour order counts for uint8.
            capacity: most pictures a run.
            largest: (height, width) of an input no smaller than any that comes.
        """
        self.capacity = capacity
        self._layout = layout
        self._how = preprocessing
        area = largest[0] * largest[1] * 3
        self._area = area
        self._flat = np.zeros(capacity * area, np.uint8 if dtype == np.uint8 else np.float32)
        self._half = np.zeros(capacity * area, np.float16) if dtype == np.float16 else None
        self._swapped = preprocessing.colour == "rgb"
        self._straight = dtype == np.uint8 and not self._swapped and layout in {"nhwc", "hwc"}
        self._scratch = np.empty(0 if self._straight else area, np.uint8)
        if dtype == np.uint8:
            self._gain, self._shift = np.ones(3, np.float32), np.zeros(3, np.float32)
        else:
            std = np.array(preprocessing.std, np.float64)
            self._gain = (preprocessing.scale / std).astype(np.float32)
            self._shift = (-np.array(preprocessing.mean, np.float64) / std).astype(np.float32)
        self._pads = (preprocessing.pad * self._gain + self._shift).astype(self._flat.dtype)

    def put(self, slot: int, image: Image, size: tuple[int, int], scale_max: float = np.inf) -> Fit:
        """Writes a picture (H, W, 3) uint8 BGR into a slot of a batch of inputs of ``size`` (height, width)."""
        fit = Fit.of((image.shape[0], image.shape[1]), size, self._how.fit, scale_max)
        height, width = fit.scaled_size
        x, y = fit.offset
        pixels = self._pixels(slot, size)
        place = pixels[y : y + height, x : x + width]
        same = fit.scaled_size == fit.image_size
        if self._straight:
            if same:
                place[:] = image
            else:
                cv2.resize(image, (width, height), dst=place, interpolation=cv2.INTER_LINEAR)
        else:
            scaled = image
            if not same:
                scaled = self._scratch[: height * width * 3].reshape(height, width, 3)
                cv2.resize(image, (width, height), dst=scaled, interpolation=cv2.INTER_LINEAR)
            pack_planes(scaled, place.transpose(2, 0, 1), self._swapped, self._gain, self._shift)
        for rest in (pixels[:y], pixels[y + height :], pixels[y : y + height, :x], pixels[y : y + height, x + width :]):
            if rest.size:
                for channel, value in enumerate(self._pads):
                    rest[:, :, channel] = value
        return fit

    def blob(self, count: int, size: tuple[int, int]) -> npt.NDArray[Any]:
        """The input of the first ``count`` pictures, in the model's layout and type; copied for float16 only."""
        used = count * size[0] * size[1] * 3
        flat: npt.NDArray[Any] = self._flat[:used]
        if self._half is not None:
            self._half[:used] = flat
            flat = self._half[:used]
        shape = (3, *size) if "chw" in self._layout else (*size, 3)
        return flat.reshape(count, *shape) if self._layout[0] == "n" else flat.reshape(shape)

    def _pixels(self, slot: int, size: tuple[int, int]) -> npt.NDArray[Any]:
        """One slot as (height, width, 3), whatever the layout."""
        each = size[0] * size[1] * 3
        flat = self._flat[slot * each : (slot + 1) * each]
        return flat.reshape(3, *size).transpose(1, 2, 0) if "chw" in self._layout else flat.reshape(*size, 3)
