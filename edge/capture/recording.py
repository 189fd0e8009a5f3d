"""Recordings: video files, frame by frame, at any rate, from any frame, and the same every time."""

from __future__ import annotations

import contextlib
import math
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import av

from contract.errors import BadInputError
from edge.capture.convert import Converter, Decoded
from edge.capture.frame import Frame

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

    def frames(
        self, fps: float | None = None, start_frame: int = 0, start_at: float = 0.0, *, ticks_from: int = 0
    ) -> Iterator[Frame]:
        """Yields the analysed frames in order.

        Args:
            fps: the rate analysed, Hz: for each tick ``k / fps`` of media time the nearest frame, never one twice, so
                that 8 of 25 takes frames 0, 3, 6, 9, 13, 16, ... and does not drift. None, or a rate at or above the
                recording's own, takes every frame.
            start_frame: index of the first frame of interest.
            start_at: unix seconds at which the recording's frame 0 was taken; ``captured_at`` is that plus media time.
            ticks_from: the frame that ticks count from. Who plays on after a pause leaves it as it was, so that the
                same frames are taken; from 1, 8 of 25 takes frames 1, 4, 7, ...
        """
        ...


class RateTicks:
    """Which frames to analyse so that ``fps`` of them a second come out, by media time and without drift."""

    def __init__(self, fps: float | None, rate_hz: float, first_frame: int = 0) -> None:
        self.fps = fps
        self.first_s = first_frame / rate_hz
        self.half_interval_s = 0.5 / rate_hz
        self.next_tick = 0

    def takes(self, media_s: float) -> bool:
        """True for the frame nearest to a tick that no earlier frame has taken."""
        if self.fps is None:
            return True
        # 1 ns of slack: times are decimal fractions that binary ones meet only nearly
        reached = math.floor((media_s - self.first_s + self.half_interval_s + 1e-9) * self.fps)
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
            # MPEG program streams give no count and an unusable duration; their packets are quick to count
            self.length = len(self._stamps()[0]) or None

    def frames(
        self, fps: float | None = None, start_frame: int = 0, start_at: float = 0.0, *, ticks_from: int = 0
    ) -> Iterator[Frame]:
        """See ``Recording.frames``; a damaged file ends at the damage, with one line in ``damage``."""
        self.damage = None
        index = self._index(start_frame)
        if index is not None:
            try:
                yield from self._read(index, RateTicks(fps, self.rate_hz, ticks_from), start_frame, start_at)
            except _MissedError:  # raised before the first frame: the container's own index is wrong
                index = None
        if index is None:
            yield from self._read(None, RateTicks(fps, self.rate_hz, ticks_from), start_frame, start_at)

    def _read(self, index: StampIndex | None, ticks: RateTicks, start_frame: int, start_at: float) -> Iterator[Frame]:
        converter = Converter(self.size)
        last_s = -math.inf
        count = 0
        origin_s: float | None = None
        with self._open() as container:
            stream = self._video(container)
            stream.thread_count = 1
            pictures = self._decode(container, stream)
            if index is not None:
                container.seek(index.start_stamp, stream=stream, backward=True)
                tick_s = float(stream.time_base)
                origin_s = index.stamps[0] * tick_s
                picture = next(pictures, None)
                count = index.rank(picture)
                if picture is None or count > start_frame:
                    raise _MissedError
                for stamp in index.stamps[:count]:
                    ticks.takes(stamp * tick_s - origin_s)
                pictures = chain([picture], pictures)
            for picture in pictures:
                stamp_s = picture.time
                if origin_s is None:
                    origin_s = stamp_s if stamp_s is not None else 0.0
                media_s = stamp_s - origin_s if stamp_s is not None else count / self.rate_hz
                if media_s <= last_s:  # broken stamps must not turn time back
                    media_s = last_s + 1.0 / self.rate_hz
                last_s = media_s
                if ticks.takes(media_s) and count >= start_frame:
                    yield Frame(self.camera, start_at + media_s, count, Decoded(picture, converter))
                count += 1
        if self._why is not None:
            what = f"damaged or cut off after {count} frames ({self._why})"
            self.damage = f"{self.path}: {what}; the rest is not read: copy or record it again"

    def _decode(self, container: Any, stream: Any) -> Iterator[Any]:
        """Pictures up to the end or the damage, which ``_why`` then tells.

        Damaged ones pass only where whole ones follow: at the end they mean that the file was cut off, which streams
        without a table of contents do not tell otherwise.
        """
        held: list[Any] = []
        self._why = None
        try:
            for packet in container.demux(stream):
                if packet.is_corrupt:
                    self._why = "the data is incomplete"
                    return
                for picture in packet.decode():
                    held.append(picture)
                    if picture.is_corrupt and len(held) < MOST_DAMAGED_HELD:
                        continue
                    yield from held
                    held.clear()
            if held:
                self._why = "the data is incomplete"
        except av.FFmpegError as error:
            self._why = error.strerror or type(error).__name__

    def _index(self, start_frame: int) -> StampIndex | None:
        """What it takes to begin at ``start_frame`` without decoding all before; None where only counting tells.

        Reading packets without decoding them is some hundred times cheaper than decoding. Two key frames of margin
        keep pictures that refer over a key frame (open groups) whole.
        """
        if start_frame < SEEK_WORTH_FRAMES:
            return None
        stamps, keys = self._stamps()
        known = sorted({stamp for stamp in stamps if stamp is not None})
        if len(known) != len(stamps) or start_frame >= len(known):
            return None  # stamps missing or doubled
        if any(abs(bisect_left(known, stamp) - order) > MOST_REORDERED for order, stamp in enumerate(stamps) if stamp):
            return None  # time was set back in the middle of the recording
        before = [key for key in sorted(keys) if key <= known[start_frame]]
        return StampIndex(known, before[-3]) if len(before) >= 3 else None

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
