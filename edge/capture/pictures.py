"""Pictures as a recording: a folder of them, or one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from contract.errors import BadInputError
from edge.capture.frame import Frame, Image
from edge.capture.recording import RateTicks

PICTURE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}
# A folder of pictures has no clock of its own; MOTChallenge sequences are mostly 25 or 30.
DEFAULT_PICTURE_RATE_HZ = 25.0


class PictureFolder:
    """Pictures as a recording: a folder in the order of their names (``img2`` before ``img10``), or one file."""

    def __init__(
        self,
        path: Path,
        camera: str,
        size: tuple[int, int] | None = None,
        rate_hz: float = DEFAULT_PICTURE_RATE_HZ,
    ) -> None:
        """Lists the pictures.

        Raises:
            BadInputError: where the folder holds none.
        """
        if not path.is_dir():
            self.pictures = [path]
        else:
            found = (entry for entry in path.iterdir() if entry.suffix.lower() in PICTURE_SUFFIXES and entry.is_file())
            self.pictures = sorted(found, key=lambda entry: _name_order(entry.name))
        if not self.pictures:
            raise BadInputError(f"{path}: no pictures in this folder; it takes {' '.join(sorted(PICTURE_SUFFIXES))}")
        if not path.is_dir() and (not path.is_file() or _read_picture(path) is None):
            raise BadInputError(f"{path}: not a readable picture; correct the path or convert it to JPEG or PNG")
        self.path = path
        self.camera = camera
        self.size = size
        self.rate_hz = rate_hz
        self.length: int | None = len(self.pictures)
        self.damage: str | None = None

    def frames(
        self, fps: float | None = None, start_frame: int = 0, start_at: float = 0.0, *, ticks_from: int = 0
    ) -> Iterator[Frame]:
        """See ``Recording.frames``; an unreadable picture is left out, the others keep their index."""
        self.damage = None
        broken, first = 0, None
        ticks = RateTicks(fps, self.rate_hz, ticks_from)
        for index, picture in enumerate(self.pictures):
            media_s = index / self.rate_hz
            if not ticks.takes(media_s) or index < start_frame:
                continue
            image = _read_picture(picture)
            if image is None:
                broken += 1
                others = f" (and {broken - 1} more)" if broken > 1 else ""
                first = first or picture
                self.damage = f"{first}{others}: not a readable picture, left out; replace or remove it"
                continue
            if self.size is not None and (image.shape[1], image.shape[0]) != self.size:
                image = np.asarray(cv2.resize(image, self.size, interpolation=cv2.INTER_AREA), np.uint8)
            yield Frame(self.camera, start_at + media_s, index, image)


def _read_picture(path: Path) -> Image | None:
    try:
        raw = np.fromfile(path, np.uint8)
    except OSError:
        return None
    if raw.size == 0:
        return None
    image = cv2.imdecode(raw, cv2.IMREAD_COLOR)
    return None if image is None else np.asarray(image, np.uint8)


def _name_order(name: str) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", name)
    return [(1, int(part), part) if part.isdigit() else (0, 0, part) for part in parts if part]
