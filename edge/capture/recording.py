"""Recordings: video files, picture folders and single pictures, frame by frame and the same every time."""

from __future__ import annotations

import contextlib
import math
import re
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from contract.errors import BadInputError
from edge.capture.frame import Frame, Image

PICTURE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}
# A folder of pictures has no clock of its own; MOTChallenge sequences are mostly 25 or 30.
DEFAULT_PICTURE_RATE_HZ = 25.0
COUNT_BELOW_BYTES = 256 << 20
# More damaged pictures than this in a row are a noisy recording, not its end.
MOST_DAMAGED_HELD = 8
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
        with self._open() as container:
            stream = self._video(container)
            rate = stream.average_rate or stream.guessed_rate or 25
            self.rate_hz = float(rate)
            self.length: int | None = stream.frames or None
        if self.length is None and path.stat().st_size < COUNT_BELOW_BYTES:
            # MPEG program streams give no count and an unusable duration; their packets are quick to count
            self.length = len(self._stamps()[0]) or None

    def frames(self, fps: float | None = None, start_frame: int = 0, start_at: float = 0.0) -> Iterator[Frame]:
        """See ``Recording.frames``; a damaged file ends at the damage, with one line in ``damage``."""
        self.damage = None
        ticks = RateTicks(fps, self.rate_hz)
        reformatter = VideoReformatter()
        last_s = -math.inf
        count = 0
        with self._open() as container:
            stream = self._video(container)
            stream.thread_count = 1
            skipped = self._seek(container, stream, start_frame)
            origin_s, indexes = skipped or (None, None)
            for picture in self._decode(container, stream):
                index = count if indexes is None else _index_of(picture, indexes)
                count = index + 1
                stamp_s = picture.time
                if origin_s is None:
                    origin_s = stamp_s if stamp_s is not None else 0.0
                media_s = stamp_s - origin_s if stamp_s is not None else index / self.rate_hz
                if media_s <= last_s:  # broken stamps must not turn time back
                    media_s = last_s + 1.0 / self.rate_hz
                last_s = media_s
                if ticks.takes(media_s) and index >= start_frame:
                    yield Frame(self.camera, start_at + media_s, index, to_bgr(picture, reformatter, self.size))

    def _decode(self, container: Any, stream: Any) -> Iterator[Any]:
        """Pictures up to the end or the damage.

        Damaged ones pass only where whole ones follow: at the end they mean that the file was cut off, which streams
        without a table of contents do not tell otherwise.
        """
        count = 0
        why = "the data is incomplete"
        held: list[Any] = []
        try:
            for packet in container.demux(stream):
                if packet.is_corrupt:
                    break
                for picture in packet.decode():
                    held.append(picture)
                    if picture.is_corrupt and len(held) < MOST_DAMAGED_HELD:
                        continue
                    count += len(held)
                    yield from held
                    held.clear()
            else:
                if not held:
                    return
        except av.FFmpegError as error:
            why = error.strerror or type(error).__name__
        what = f"damaged or cut off after {count} frames ({why})"
        self.damage = f"{self.path}: {what}; the rest is not read: copy or record it again"

    def _seek(self, container: Any, stream: Any, start_frame: int) -> tuple[float, list[int]] | None:
        """Moves to a key frame well before ``start_frame``; its stamps in order give every later frame's index.

        Reading packets without decoding them is some hundred times cheaper than decoding. Two key frames of margin
        keep pictures that refer over a key frame (open groups) whole.
        """
        if start_frame < SEEK_WORTH_FRAMES:
            return None
        stamps, keys = self._stamps()
        known = sorted({stamp for stamp in stamps if stamp is not None})
        if len(known) != len(stamps) or start_frame >= len(known):
            return None  # stamps missing or doubled: only counting tells
        before = [key for key in sorted(keys) if key <= known[start_frame]]
        if len(before) < 3:
            return None
        container.seek(before[-3], stream=stream, backward=True)
        return float(known[0] * stream.time_base), known

    def _stamps(self) -> tuple[list[int | None], list[int]]:
        """Presentation stamps of all packets as far as they can be read, and those of the key frames."""
        stamps: list[int | None] = []
        keys: list[int] = []
        with self._open() as container, contextlib.suppress(av.FFmpegError):
            for packet in container.demux(self._video(container)):
                if packet.size == 0:
                    continue  # the flush at the end
                stamps.append(packet.pts)
                if packet.is_keyframe and packet.pts is not None:
                    keys.append(packet.pts)
        return stamps, keys

    def _open(self) -> Any:
        if not self.path.is_file():
            raise BadInputError(f"{self.path}: no such file; correct the path")
        try:
            return av.open(str(self.path), mode="r", metadata_errors="ignore")
        except av.FFmpegError as error:
            raise BadInputError(
                f"{self.path}: not a readable video ({error.strerror}); cut off while recording, or not a video at all"
            ) from None

    def _video(self, container: Any) -> Any:
        if not container.streams.video:
            kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
            raise BadInputError(f"{self.path}: holds no video, only {kinds}; give a file with pictures")
        stream = container.streams.video[0]
        if stream.codec_context is None:
            raise BadInputError(f"{self.path}: its video codec is not supported; re-encode it as H.264")
        return stream


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


def to_bgr(picture: Any, reformatter: VideoReformatter, size: tuple[int, int] | None) -> Image:
    """The decoded picture as (H, W, 3) uint8 BGR, scaled to (width, height) ``size`` in the same pass where given."""
    width, height = size if size is not None else (picture.width, picture.height)
    return np.asarray(reformatter.reformat(picture, width, height, "bgr24").to_ndarray(), np.uint8)


def _index_of(picture: Any, stamps: list[int]) -> int:
    if picture.pts is None:
        raise BadInputError("a frame without a time stamp after a seek; start from frame 0")
    return bisect_left(stamps, picture.pts)


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
