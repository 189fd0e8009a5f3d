"""Video as mall cameras send it, H.264 wherever there is an encoder: no B-frames, one slice, regular key pictures."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import av
import numpy as np
from numpy.typing import NDArray

from contract.encoders import VideoEncoder, video_encoder

Picture = NDArray[np.uint8]
DEFAULT_CRF = 26
"""Constant rate factor of the clips: what a 640x360 sub-stream of about 0.5 Mbit/s looks like. Larger is coarser."""


class AccessUnit(NamedTuple):
    """One encoded picture: bytes (H.264 in Annex B form), and whether it can be decoded without others."""

    data: bytes
    is_key: bool


def _as_frame(image: Picture) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")


class Encoder:
    """Pictures in, access units out, one for one.

    Args:
        encoder: None takes the best there is.
    """

    def __init__(
        self,
        width: int,
        height: int,
        fps: float,
        crf: int = DEFAULT_CRF,
        key_every_s: float = 1.0,
        *,
        encoder: VideoEncoder | None = None,
    ) -> None:
        encoder = encoder or video_encoder()
        codec: Any = av.CodecContext.create(encoder.name, "w")
        codec.width, codec.height = width, height
        codec.pix_fmt = "yuv420p"
        rate = Fraction(fps).limit_denominator(1000)
        codec.framerate, codec.time_base = rate, 1 / rate
        codec.gop_size = max(1, round(fps * key_every_s))
        codec.thread_count = 1
        codec.options = encoder.options(crf, "ultrafast")
        self._codec = codec
        self._count = 0

    def encode(self, image: Picture) -> AccessUnit:
        """The (H, W, 3) BGR picture as an access unit."""
        frame = _as_frame(image)
        frame.pts = self._count
        self._count += 1
        packets = self._codec.encode(frame)
        return AccessUnit(b"".join(bytes(packet) for packet in packets), any(packet.is_keyframe for packet in packets))


class ClipWriter:
    """Writes one MP4; a context manager. ``encoder`` None takes the best there is."""

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        fps: float,
        crf: int = DEFAULT_CRF,
        *,
        encoder: VideoEncoder | None = None,
    ) -> None:
        encoder = encoder or video_encoder()
        rate = Fraction(fps).limit_denominator(1000)
        self._container: Any = av.open(str(path), "w")
        stream: Any = self._container.add_stream(encoder.name, rate=rate, options=encoder.options(crf, "veryfast"))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.gop_size = max(1, round(fps))
        stream.codec_context.thread_count = 1
        self._stream = stream

    def write(self, image: Picture) -> None:
        """Appends the (H, W, 3) BGR picture."""
        for packet in self._stream.encode(_as_frame(image)):
            self._container.mux(packet)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for packet in self._stream.encode(None):
            self._container.mux(packet)
        self._container.close()
