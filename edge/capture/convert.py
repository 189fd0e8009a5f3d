"""From a decoder's pictures to pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from edge.capture.frame import Canvas, Image, Region

# Formats whose first plane is brightness, a byte a pixel, wherever the colour lies.
LUMA_FIRST = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "nv21", "gray"})
# FFmpeg's number of BT.709, which OpenCV's conversion does not know; unset means BT.601 to both.
BT_709 = 1


class Converter:
    """Makes colour pictures of one source, scaled in the same pass where a size is given. One thread's own."""

    def __init__(self, size: tuple[int, int] | None = None) -> None:
        """Prepares.

        Args:
            size: (width, height) to scale to; None keeps each picture's own.
        """
        self.size = size
        self._reformatter = VideoReformatter()

    def bgr(self, picture: Any) -> Image:
        """(H, W, 3) uint8 of a ``av.VideoFrame``."""
        width, height = self.size_of(picture)
        return np.asarray(self._reformatter.reformat(picture, width, height, "bgr24").to_ndarray(), np.uint8)

    def draw(self, picture: Any, canvas: Canvas, regions: Sequence[Region]) -> Image:
        """(H, W, 3) uint8 of a ``av.VideoFrame``, right in the regions: see ``Picture.draw``."""
        width, height = self.size_of(picture)
        if not self._is_plain(picture, width, height):
            return self.bgr(picture)
        image = canvas.image((width, height))
        grey, blue, red = (plane(picture, k) for k in range(3))
        for x1, y1, x2, y2 in regions:  # colour has half the rows and columns: to even edges
            left, top, right, bottom = x1 // 2, y1 // 2, min(width, x2 + 1) // 2, min(height, y2 + 1) // 2
            planes, colours = canvas.chroma(bottom - top, right - left)
            planes[0] = blue[top:bottom, left:right]  # OpenCV merges planes with gaps between their rows row by row
            planes[1] = red[top:bottom, left:right]
            cv2.merge((planes[0], planes[1]), dst=colours)
            part = np.s_[2 * top : 2 * bottom, 2 * left : 2 * right]
            cv2.cvtColorTwoPlane(grey[part], colours, cv2.COLOR_YUV2BGR_NV12, dst=image[part])
        return image

    def size_of(self, picture: Any) -> tuple[int, int]:
        """(width, height) that ``bgr`` gives."""
        return self.size if self.size is not None else (picture.width, picture.height)

    @staticmethod
    def _is_plain(picture: Any, width: int, height: int) -> bool:
        plain = picture.format.name == "yuv420p" and picture.colorspace != BT_709
        return plain and (picture.width, picture.height) == (width, height) and width % 2 == 0 and height % 2 == 0


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

    def draw(self, canvas: Canvas, regions: Sequence[Region]) -> Image:
        """See ``Picture.draw``."""
        return self._converter.draw(self._picture, canvas, regions)

    def luma(self) -> Image:
        """See ``Picture.luma``: the decoder's own plane where it has one, without a copy."""
        if self._picture.format.name in LUMA_FIRST:
            return plane(self._picture, 0)
        return np.asarray(cv2.cvtColor(self.bgr(), cv2.COLOR_BGR2GRAY), np.uint8)


def plane(picture: Any, number: int) -> Image:
    """(h, w) uint8: one plane of a picture with a byte a pixel, without a copy; not to be written."""
    found = picture.planes[number]
    return np.frombuffer(found, np.uint8).reshape(found.height, found.line_size)[:, : found.width]
