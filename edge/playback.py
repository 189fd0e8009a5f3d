"""Recordings of a floor's cameras played together: merged by media time, every analysed frame once, resumable."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import av

from contract.errors import AtriumError
from edge.capture.frame import Frame
from edge.capture.recording import Recording


@dataclass(frozen=True, slots=True, eq=False)
class Tick:
    """Frames of one moment.

    Attributes:
        now: media time of the latest frame, seconds since 1970.
        frames: at most one a camera.
    """

    now: float
    frames: dict[str, Frame]


class Playback:
    """Ticks of several recordings.

    A tick begins with the earliest frame left and takes every camera's next frame within half an interval. It depends
    on nothing before it, so playing on from ``next_frames`` gives the ticks that an undisturbed run would have given.

    Attributes:
        next_frames: per camera, index of the first frame that no tick given so far holds.
        damage: per camera, why it ended early.
        ended: cameras whose recording is through.
    """

    def __init__(
        self,
        recordings: Mapping[str, tuple[Recording, float]],
        fps: float,
        next_frames: Mapping[str, int],
        *,
        ticks_from: int = 0,
    ) -> None:
        """Prepare.

        Args:
            recordings: per camera, the recording and when its frame 0 was taken, seconds since 1970.
            fps: the rate analysed, Hz.
            next_frames: where to begin, per camera; 0 where absent.
            ticks_from: the frame that ticks count from; who plays on leaves it as it was.
        """
        self._recordings = recordings
        self._fps = fps
        self._ticks_from = ticks_from
        self.next_frames = {name: next_frames.get(name, 0) for name in recordings}
        self.damage: dict[str, str] = {}
        self.ended: set[str] = set()

    def ticks(self) -> Iterator[Tick]:
        """Yields ticks in order of time until every recording is through."""
        merged = heapq.merge(*(self._frames(name) for name in self._recordings), key=lambda frame: frame.captured_at)
        waiting: dict[str, Frame] = {}
        until = 0.0
        for frame in merged:
            if waiting and (frame.captured_at >= until or frame.camera in waiting):
                yield self._tick(waiting)
                waiting = {}
            if not waiting:
                until = frame.captured_at + 0.5 / self._fps
            waiting[frame.camera] = frame
        if waiting:
            yield self._tick(waiting)

    def _tick(self, frames: dict[str, Frame]) -> Tick:
        for name, frame in frames.items():
            self.next_frames[name] = frame.index + 1
        return Tick(max(frame.captured_at for frame in frames.values()), frames)

    def _frames(self, name: str) -> Iterator[Frame]:
        """One camera's frames; what goes wrong ends this camera alone."""
        recording, start_at = self._recordings[name]
        try:
            yield from recording.frames(self._fps, self.next_frames[name], start_at, ticks_from=self._ticks_from)
        except (AtriumError, av.FFmpegError, OSError, ValueError) as error:
            self.damage[name] = str(error)
        else:
            if recording.damage is not None:
                self.damage[name] = recording.damage
        self.ended.add(name)
