"""Which encoder our own videos are made with: the best that this machine's FFmpeg has.

The FFmpeg of a developer's machine brings libx264; that of the package has no GPL code (docs/licences.md) and brings
OpenH264 instead. MPEG-4 part 2 is in every FFmpeg.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass

import av

from contract.errors import AtriumError


@dataclass(frozen=True, slots=True)
class VideoEncoder:
    """One of FFmpeg's encoders, set so that each picture comes out before the next goes in.

    Attributes:
        name: FFmpeg's name of it.
        codec: FFmpeg's name of what it makes: ``h264`` or ``mpeg4``.
    """

    name: str
    codec: str
    _options: Callable[[int, str], dict[str, str]]

    def options(self, crf: int, preset: str) -> dict[str, str]:
        """FFmpeg's options for a constant quality.

        Args:
            crf: as x264 counts it, 0 to 51: larger is coarser. The others get the quantiser that looks about the same.
            preset: x264's word for how long it may take; the others have one pace.
        """
        return self._options(crf, preset)


def _x264(crf: int, preset: str) -> dict[str, str]:
    return {
        "preset": preset,
        "tune": "zerolatency",
        "crf": str(crf),
        "x264-params": "slices=1:sliced-threads=0:bframes=0:scenecut=0:threads=1:log-level=0",
    }


def _openh264(crf: int, _preset: str) -> dict[str, str]:
    # no rate is kept, or it would leave pictures out; H.264's quantiser is what crf means when nothing is hidden
    return {"rc_mode": "quality", "qmin": str(crf), "qmax": str(crf), "allow_skip_frames": "0", "slices": "1"}


def _mpeg4(crf: int, _preset: str) -> dict[str, str]:
    # H.264's quantiser doubles its step every 6 and stands at MPEG-4's 1 with 12
    scale = str(min(31, max(2, round(2 ** ((crf - 12) / 6)))))
    return {"qmin": scale, "qmax": scale, "bf": "0"}


ENCODERS = (
    VideoEncoder("libx264", "h264", _x264),
    VideoEncoder("libopenh264", "h264", _openh264),
    VideoEncoder("mpeg4", "mpeg4", _mpeg4),
)
"""Best first."""


def video_encoder(present: Container[str] | None = None) -> VideoEncoder:
    """The first of :data:`ENCODERS` that FFmpeg has.

    Args:
        present: names of the encoders there are; None asks FFmpeg.

    Raises:
        AtriumError: FFmpeg has none of them.
    """
    for encoder in ENCODERS:
        if _has(encoder.name) if present is None else encoder.name in present:
            return encoder
    names = ", ".join(encoder.name for encoder in ENCODERS)
    raise AtriumError(
        f"this FFmpeg can encode no video ({names} are missing); install PyAV as requirements.lock has it"
    )


def _has(name: str) -> bool:
    try:
        av.codec.Codec(name, "w")
    except (ValueError, av.error.FFmpegError):
        return False
    return True
