"""One door to every source of frames."""

from __future__ import annotations

import random
from pathlib import Path

from contract.errors import BadInputError
from edge.capture.address import is_live, redact, unknown_scheme
from edge.capture.live import LiveCamera
from edge.capture.pictures import DEFAULT_PICTURE_RATE_HZ, PICTURE_SUFFIXES, PictureFolder
from edge.capture.recording import Recording, VideoFile


def open_recording(
    path: str | Path,
    camera: str,
    size: tuple[int, int] | None = None,
    picture_rate_hz: float = DEFAULT_PICTURE_RATE_HZ,
) -> Recording:
    """The recording at a path: a video file, a folder of pictures in the order of their names, or one picture.

    Args:
        path: file or folder.
        camera: the name its frames bear.
        size: (width, height) to scale every frame to; None keeps each as it is.
        picture_rate_hz: frames a second that a folder of pictures stands for.

    Raises:
        BadInputError: naming the path and the mend.
    """
    scheme = unknown_scheme(str(path))
    if scheme is not None:
        raise BadInputError(
            f"{redact(str(path))}: unknown scheme {scheme!r}; use rtsp://, rtsps://, http(s):// or a path"
        )
    if is_live(str(path)):
        raise BadInputError(f"{redact(str(path))}: a live stream; a recording is needed here: give a file or a folder")
    file = Path(path)
    if not file.exists():
        raise BadInputError(f"{file}: no such file or folder; correct the path")
    if file.is_dir() or file.suffix.lower() in PICTURE_SUFFIXES:
        return PictureFolder(file, camera, size, picture_rate_hz)
    return VideoFile(file, camera, size)


def open_source(
    url: str | Path,
    camera: str,
    *,
    rng: random.Random,
    size: tuple[int, int] | None = None,
    picture_rate_hz: float = DEFAULT_PICTURE_RATE_HZ,
) -> LiveCamera | Recording:
    """The live camera (not started yet) or the recording behind an address or a path.

    Args:
        url: ``rtsp://...`` or the path of a video file, a folder of pictures or a picture.
        camera: the name its frames bear.
        rng: jitters a live camera's reconnects.
        size: (width, height) to scale every frame to; None keeps each as it is.
        picture_rate_hz: frames a second that a folder of pictures stands for.

    Raises:
        BadInputError: naming the path and the mend.
    """
    if is_live(str(url)):
        return LiveCamera(str(url), camera, rng=rng, size=size)
    return open_recording(url, camera, size, picture_rate_hz)
