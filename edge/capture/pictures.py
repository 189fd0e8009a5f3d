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
COUNT_BELOW_BYTES = 256 << 20
# More damaged pictures than this in a row are a noisy recording, not its end.
MOST_DAMAGED_HELD = 8
# Codecs reorder at most 16 pictures.
MOST_REORDERED = 32
# Below this many frames plain decoding is as quick as an index and a seek.
SEEK_WORTH_FRAMES = 100


class Recording(Protocol):
    """A source that is read from its beginning to its end.

    Attributes:
        camera: the name its frames bear.
        rate_hz: its own frame rate.
        length: how many frames it is thought to hold; None where the file does not say.
        damage: after ``frames`` ran out early or left something out: one line that says where and why; else None.
    """

    camera: str
    rate_hz: float
    length: int | None
    damage: str | None

    def frames(self, fps: float | None = None, start_frame: int = 0, start_at: float = 0.0) -> Iterator[Frame]:
        """Yields the analysed frames in order.

        Args:
            fps: the rate analysed, Hz: for each tick ``k / fps`` of media time the nearest frame, never one twice, so
                that 8 of 25 takes frames 0, 3, 6, 9, 13, 16, ... and does not drift. None, or a rate at or above the
                recording's own, takes every frame. Ticks count from the recording's frame 0, whatever ``start_frame``.
            start_frame: index of the first frame of interest.
            start_at: unix seconds at which the recording's frame 0 was taken; ``captured_at`` is that plus media time.
        """
        ...


class RateTicks:
    """Which frames to analyse so that ``fps`` of them a second come out, by media time and without drift."""

    def __init__(self, fps: float | None, rate_hz: float) -> None:
        self.fps = fps
        self.half_interval_s = 0.5 / rate_hz
        self.next_tick = 0

    def takes(self, media_s: float) -> bool:
        """True for the frame nearest to a tick that no earlier frame has taken."""
        if self.fps is None:
            return True
        # 1 ns of slack: times are decimal fractions that binary ones meet only nearly
        reached = math.floor((media_s + self.half_interval_s + 1e-9) * self.fps)
        if reached < self.next_tick:
            return False
        self.next_tick = reached + 1
        return True


@dataclass(frozen=True, slots=True)
class StampIndex:
    """A video's frames by their time stamps.

    Attributes:
        stamps: presentation stamps of all frames, rising; a frame's index is its stamp's place.
        start_stamp: where to seek to.
    """

    stamps: list[int]
    start_stamp: int

    def rank(self, picture: Any) -> int:
        """Index of a decoded picture; beyond the end where it has no stamp."""
        stamp = getattr(picture, "pts", None)
        return len(self.stamps) if stamp is None else bisect_left(self.stamps, stamp)


class _MissedError(Exception):
    """A seek led past the frame it was for."""


class VideoFile:
    """A video file in any container and codec that FFmpeg reads (mp4, mkv, mpg, avi, gif, ...)."""

    def __init__(self, path: Path, camera: str, size: tuple[int, int] | None = None) -> None:
        """Opens the file once to see that it holds video.

        Args:
            path: the file.
            camera: the name of its frames.
            size: (width, height) to scale to; None keeps the file's.

        Raises:
            BadInputError: where the file is missing or is no video.
        """
        self.path = path
        self.camera = camera
        self.size = size
        self.damage: str | None = None
        self._why: str | None = None
        with self._open() as container:
            stream = self._video(container)
            rate = stream.average_rate or stream.guessed_rate or 25
            self.rate_hz = float(rate)
            self.length: int | None = stream.frames or None
        if self.length is None and path.stat().st_size < COUNT_BELOW_BYTES:


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

    def frames(self, fps: float | None = None, start_frame: int = 0, start_at: float = 0.0) -> Iterator[Frame]:
        """See ``Recording.frames``; an unreadable picture is left out, the others keep their index."""
        self.damage = None
        broken, first = 0, None
        ticks = RateTicks(fps, self.rate_hz)
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
