"""From a decoder's pictures to pixels."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from edge.capture.frame import Image

# Formats whose first plane is brightness, a byte a pixel, wherever the colour lies.
LUMA_FIRST = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "nv21", "gray"})


class Decoded:
    """A decoder's picture, converted when asked; scaled in the same pass where a size is given.

    Attributes:
        size: (width, height) of ``bgr``.
    """

    __slots__ = ("_picture", "_reformatter", "size")

    def __init__(self, picture: Any, reformatter: VideoReformatter, size: tuple[int, int] | None) -> None:
        """Wraps a ``av.VideoFrame``; the reformatter is one thread's own."""
        self._picture = picture
        self._reformatter = reformatter
        self.size: tuple[int, int] = size if size is not None else (picture.width, picture.height)

    def bgr(self) -> Image:
        """See ``Picture.bgr``."""
        return to_bgr(self._picture, self._reformatter, self.size)

    def luma(self) -> Image:
        """See ``Picture.luma``: the decoder's own plane where it has one, without a copy."""
        if self._picture.format.name in LUMA_FIRST:
            plane = self._picture.planes[0]
            rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
            return rows[:, : plane.width]
        return np.asarray(cv2.cvtColor(self.bgr(), cv2.COLOR_BGR2GRAY), np.uint8)


def to_bgr(picture: Any, reformatter: VideoReformatter, size: tuple[int, int] | None) -> Image:
    """The decoded picture as (H, W, 3) uint8 BGR, scaled to (width, height) ``size`` in the same pass where given."""
    width, height = size if size is not None else (picture.width, picture.height)
    return np.asarray(reformatter.reformat(picture, width, height, "bgr24").to_ndarray(), np.uint8)
