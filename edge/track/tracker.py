"""The tracker of one camera: detections in, people with lasting ids out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.track.config import TrackerConfig
from edge.track.desk.kernels import WANTED, new_desk
from edge.track.kernels import put_back, report, sound, step
from edge.track.life.stirring import Stirring
from edge.track.records import STIRRING, TRACK, compiled
from edge.track.seen import STIR, Seen
from edge.track.tracks import Tracks

SPARE_TRACKS = 64
"""Records held at the start; the bank doubles when a crowd needs more."""


@dataclass(slots=True)
class Tracker:
    """People of one camera from one update to the next; holds plain arrays only and can be pickled at any time."""

    config: TrackerConfig = field(default_factory=TrackerConfig)
    _bank: NDArray[Any] = field(init=False, repr=False)
    _params: NDArray[Any] = field(init=False, repr=False)
    _count: int = field(init=False, default=0)
    _next_id: int = field(init=False, default=1)
    _now: float | None = field(init=False, default=None)
    _boxes: NDArray[np.float32] = field(init=False, repr=False)
    _desk: NDArray[np.int64] = field(init=False, repr=False, compare=False)
    _stirring: Stirring = field(init=False, repr=False, default_factory=Stirring)

    def __post_init__(self) -> None:
        """Lays out the bank of tracks and the compiled form of the settings."""
        self._bank = np.empty(SPARE_TRACKS, TRACK)
        self._bank.view(np.uint8)[:] = 0  # np.zeros would take its memory bit by bit, for minutes
        self._params = compiled(self.config)
        self._boxes = np.empty((0, 4), np.float32)
        self._desk = new_desk()

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        """All but the desk, on which nothing lies between two updates."""
        return None, {name: getattr(self, name) for name in self.__slots__ if name != "_desk"}

    def __setstate__(self, state: tuple[None, dict[str, Any]]) -> None:
        """Goes on as it was."""
        for name, value in state[1].items():
            setattr(self, name, value)
        self._desk = new_desk()

    def update(self, now: float, detections: Seen, image_size: tuple[int, int] | None = None) -> Tracks:
        """The people in sight, or expected behind something, at `now`.

        Args:
            now: Seconds of any clock; the intervals may be irregular. Where it was put back, no time has passed.
            detections: Boxes (M, 4) in pixels with confidences; without confidences every box counts as certain. What
                is not finite or has no area is passed over. Where ``data[STIR]`` says how much of each stirred, who
                never moves may be a person, too.
            image_size: Width and height in pixels, so that who walks out of the picture is not waited for.

        Returns:
            Everybody who has moved at least once, or stirs, seen in this update or not (see `Tracks.observed`).
        """
        self.advance(now, detections, image_size)
        return self._tracks(now, people_only=True)

    def advance(self, now: float, detections: Seen, image_size: tuple[int, int] | None = None) -> None:
        """Does what `update` does and reports nothing."""
        boxes = np.ascontiguousarray(detections.xyxy, dtype=np.float32)
        if detections.confidence is None:
            scores = np.ones(len(boxes), np.float32)
        else:
            scores = np.ascontiguousarray(detections.confidence, dtype=np.float32)
        if image_size is not None:
            self._params[0]["image_w"], self._params[0]["image_h"] = image_size
        rows = sound(boxes, scores)
        stirs = getattr(detections, "data", {}).get(STIR)
        if len(rows) < len(boxes):
            boxes, scores = boxes[rows], scores[rows]
            stirs = None if stirs is None else stirs[rows]
        while self._count + len(boxes) > len(self._bank):
            self._bank = np.concatenate([self._bank, np.zeros_like(self._bank)])
        dt = 0.0 if self._now is None else now - self._now
        if dt < 0.0:
            put_back(self._bank, self._count, -dt)
            self._stirring.put_back(-dt)
            dt = 0.0
        self._count, self._next_id = step(
            self._bank, self._count, self._next_id, now, dt, boxes, scores, self._params, self._desk
        )
        if self._desk[WANTED] > len(self._desk):  # a crowd that was never as dense
            self._desk = new_desk(2 * int(self._desk[WANTED]))
        self._now = now
        self._boxes = boxes
        if stirs is not None:
            self._stirring.see(self._bank[: self._count], boxes, stirs, now, self._params)

    def hypotheses(self) -> tuple[Tracks, NDArray[np.int64]]:
        """Everything followed at the last update, posters and newborn included, and its states (see `records`)."""
        now = 0.0 if self._now is None else self._now
        tracks, states = self._tracks(now, people_only=False), self._bank["state"][: self._count].copy()
        stirring = self._stirring.people()
        if stirring:
            states[np.isin(tracks.id, stirring)] = STIRRING
        return tracks, states

    def _tracks(self, now: float, *, people_only: bool) -> Tracks:
        """What the bank says."""
        ids, values, flags, born_at, past = report(self._bank, self._count, people_only, now, self._boxes)
        return Tracks(
            id=ids,
            box_px=values[:, 0:4],
            foot_px=values[:, 4:6],
            velocity_px=values[:, 6:8],
            score=values[:, 10],
            observed=flags[:, 0],
            foot_hidden=flags[:, 1],
            lost_s=values[:, 11],
            born_at=born_at,
            born_px=values[:, 8:10],
            past=past,
        )
