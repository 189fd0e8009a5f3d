"""From a decoder's pictures to pixels."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from edge.capture.frame import Image

# Formats whose first plane is brightness, a byte a pixel, wherever the colour lies.
LUMA_FIRST = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "nv21", "gray"})
# FFmpeg's number of BT.709, which OpenCV's conversion does not know; unset means BT.601 to both.
BT_709 = 1


class Converter:
    """Makes colour pictures of one source, scaled in the same pass where a size is given. One thread's own."""

    def __init__(self, size: tuple[int, int] | None = None, reuse: bool = False) -> None:
        """Prepares.

        Args:
            size: (width, height) to scale to; None keeps each picture's own.
            reuse: the next picture may be written over the last one, for sources whose pictures are used one by one.
        """
        self.size = size
        self._reformatter = VideoReformatter()
        self._reuse = reuse
        self._planes = np.empty((0, 0), np.uint8)
        self._image = np.empty((0, 0, 3), np.uint8)

    def bgr(self, picture: Any) -> Image:
        """(H, W, 3) uint8 of a ``av.VideoFrame``."""
        width, height = self.size_of(picture)
        if self._reuse and self._is_plain(picture, width, height):
            return self._into_buffers(picture, width, height)
        return np.asarray(self._reformatter.reformat(picture, width, height, "bgr24").to_ndarray(), np.uint8)

    def size_of(self, picture: Any) -> tuple[int, int]:
        """(width, height) that ``bgr`` gives."""
        return self.size if self.size is not None else (picture.width, picture.height)

    @staticmethod
    def _is_plain(picture: Any, width: int, height: int) -> bool:
        plain = picture.format.name == "yuv420p" and picture.colorspace != BT_709
        return plain and (picture.width, picture.height) == (width, height) and width % 2 == 0 and height % 2 == 0

    def _into_buffers(self, picture: Any, width: int, height: int) -> Image:
        """Without allocating: the planes one below the other, then one conversion."""
        if self._image.shape[:2] != (height, width):
            self._planes = np.empty((height * 3 // 2, width), np.uint8)
            self._image = np.empty((height, width, 3), np.uint8)
        np.copyto(self._planes[:height], plane(picture, 0))
        chroma = self._planes[height:].reshape(2, height // 2, width // 2)
        for k in (0, 1):
            np.copyto(chroma[k], plane(picture, k + 1))
        cv2.cvtColor(self._planes, cv2.COLOR_YUV2BGR_I420, dst=self._image)
        return self._image


class Decoded:
    """A decoder's picture, converted when asked.

    Attributes:
        size: (width, height) of ``bgr``.
    """

    __slots__ = ("_converter", "_picture", "size")

    def __init__(self, picture: Any, converter: Converter) -> None:
        """Wraps a ``av.VideoFrame``."""
        self._picture = picture
        self._converter = converter
        self.size = converter.size_of(picture)

    def bgr(self) -> Image:
        """See ``Picture.bgr``."""
        return self._converter.bgr(self._picture)

    def luma(self) -> Image:
        """See ``Picture.luma``: the decoder's own plane where it has one, without a copy."""
        if self._picture.format.name in LUMA_FIRST:
            return plane(self._picture, 0)
        return np.asarray(cv2.cvtColor(self.bgr(), cv2.COLOR_BGR2GRAY), np.uint8)


def plane(picture: Any, number: int) -> Image:
    """(h, w) uint8: one plane of a picture with a byte a pixel, without a copy; not to be written."""
    found = picture.planes[number]
    return np.frombuffer(found, np.uint8).reshape(found.height, found.line_size)[:, : found.width]
