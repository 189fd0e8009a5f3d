"""The frame that capture hands on: pixels are converted when somebody asks for them, and only then."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Region = tuple[int, int, int, int]
"""x1, y1, x2, y2 in pixels, the last two beyond the end."""


class Canvas:
    """Memory that pictures of any camera are drawn into, one after another: one for all stays in the processor's cache.

    One thread's own.
    """

    def __init__(self) -> None:
        """Takes no memory yet."""
        self._image = np.empty((0, 0, 3), np.uint8)
        self._chroma = np.empty(0, np.uint8)

    def image(self, size: tuple[int, int]) -> Image:
        """(H, W, 3) for a (width, height); whatever was drawn last is still there."""
        if self._image.shape[:2] != (size[1], size[0]):
            self._image = np.zeros((size[1], size[0], 3), np.uint8)
        return self._image

    def chroma(self, height: int, width: int) -> tuple[Image, Image]:
        """(2, height, width) for two planes of colour, and (height, width, 2) to put them together in."""
        size = height * width * 2
        if self._chroma.size < 2 * size:
            self._chroma = np.empty(2 * size, np.uint8)
        return self._chroma[:size].reshape(2, height, width), self._chroma[size : 2 * size].reshape(height, width, 2)


class Picture(Protocol):
    """A decoded picture that has not been converted.

    Attributes:
        size: (width, height) of what ``bgr`` gives.
    """

    size: tuple[int, int]

    def bgr(self) -> Image:
        """(H, W, 3) uint8; the caller may write into it."""
        ...

    def draw(self, canvas: Canvas, regions: Sequence[Region]) -> Image:
        """(H, W, 3) uint8, right in the regions, old elsewhere; the caller may write into it until the next drawing."""
        ...

    def luma(self) -> Image:
        """(h, w) uint8 brightness as decoded, of the same view but maybe another size; not to be written."""
        ...


class Frame:
    """One picture of one camera.

    Most frames of a still scene are looked at by the motion gate only, which needs no colour: so colour is made when
    ``image`` is first asked for.

    Attributes:
        camera: the camera's name.
        captured_at: when the camera took it, unix seconds (UTC); grows strictly from frame to frame of one source.
        index: frames received before this one; it counts those that were not analysed or not even decoded, too.
        expires_at: monotonic seconds after which it is history, and nothing may be made of it; recordings keep.
    """

    __slots__ = ("_image", "_picture", "_veil", "camera", "captured_at", "expires_at", "index")

    def __init__(
        self, camera: str, captured_at: float, index: int, image: Image | Picture, expires_at: float = math.inf
    ) -> None:
        """Takes (H, W, 3) uint8 BGR pixels, or a picture that gives them when asked."""
        self.camera = camera
        self.captured_at = captured_at
        self.index = index
        self.expires_at = expires_at
        self._image: Image | None = image if isinstance(image, np.ndarray) else None
        self._picture: Picture | None = None if isinstance(image, np.ndarray) else image
        self._veil: Callable[[Image], None] | None = None

    def veil(self, paint: Callable[[Image], None]) -> None:
        """From now on nobody sees ``image`` without ``paint`` having been over it: privacy masks."""
        if self._image is not None:
            paint(self._image)
        else:
            self._veil = paint

    @property
    def image(self) -> Image:
        """(H, W, 3) uint8, BGR; converted once."""
        if self._image is None:
            assert self._picture is not None  # noqa: S101 - one of the two is always there
            self._image = self._picture.bgr()
            if self._veil is not None:
                self._veil(self._image)
        return self._image

    def drawn(self, canvas: Canvas, regions: Sequence[Region] = ()) -> Image:
        """``image`` for who looks at it once, at some regions or, without any, at all of it; kept nowhere.

        Args:
            canvas: where it is drawn if it has not been made yet; the next drawing there overwrites it.
            regions: outside them there may be anything.
        """
        if self._image is not None or self._picture is None:
            return self.image
        image = self._picture.draw(canvas, regions or [(0, 0, *self._picture.size)])
        if self._veil is not None:
            self._veil(image)
        return image

    @property
    def luma(self) -> Image:
        """(h, w) uint8 brightness, not to be written; of the same view as ``image`` but maybe another size.

        Privacy masks are not in it: who reads it leaves their places out.
        """
        if self._picture is not None:
            return self._picture.luma()
        return np.asarray(cv2.cvtColor(self.image, cv2.COLOR_BGR2GRAY), np.uint8)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of ``image``."""
        if self._picture is not None:
            return self._picture.size
        return self.image.shape[1], self.image.shape[0]
