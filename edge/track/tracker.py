"""The tracker of one camera: detections in, people with lasting ids out."""

from __future__ import annotations

from dataclasses import astuple, dataclass, field, fields
from typing import Any

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from edge.track.config import TrackerConfig
from edge.track.kernels import sightings, step
from edge.track.records import CONFIRMED, PARAMS, TRACK
from edge.track.tracks import Tracks

SPARE_TRACKS = 64
"""Records held at the start; the bank doubles when a crowd needs more."""
NO_PAST = np.empty((0, 4))
"""`Tracks.past` of an update that reports nobody for the first time."""


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

    def __post_init__(self) -> None:
        """Lays out the bank of tracks and the compiled form of the settings."""
        self._bank = np.zeros(SPARE_TRACKS, TRACK)
        self._params = np.zeros(1, PARAMS)
        for setting, value in zip(fields(self.config), astuple(self.config), strict=True):
            self._params[0][setting.name] = value
        self._boxes = np.empty((0, 4), np.float32)

    def update(self, now: float, detections: sv.Detections, image_size: tuple[int, int] | None = None) -> Tracks:
        """The people in sight, or expected behind something, at `now`.

        Args:
            now: Seconds of any clock that does not run backwards; the intervals may be irregular.
            detections: Boxes (M, 4) in pixels with confidences; without confidences every box counts as certain.
            image_size: Width and height in pixels, so that who walks out of the picture is not waited for.

        Returns:
            Everybody who has moved at least once, seen in this update or not (see `Tracks.observed`).
        """
        self.advance(now, detections, image_size)
        bank = self._bank[: self._count]
        return self._tracks(bank[bank["state"] == CONFIRMED], now)

    def advance(self, now: float, detections: sv.Detections, image_size: tuple[int, int] | None = None) -> None:
        """Does what `update` does and reports nothing."""
        boxes = np.ascontiguousarray(detections.xyxy, dtype=np.float32)
        if detections.confidence is None:
            scores = np.ones(len(boxes), np.float32)
        else:
            scores = np.ascontiguousarray(detections.confidence, dtype=np.float32)
        if image_size is not None:
            self._params[0]["image_w"], self._params[0]["image_h"] = image_size
        while self._count + len(boxes) > len(self._bank):
            self._bank = np.concatenate([self._bank, np.zeros_like(self._bank)])
        dt = 0.0 if self._now is None else max(0.0, now - self._now)
        self._count, self._next_id = step(self._bank, self._count, self._next_id, now, dt, boxes, scores, self._params)
        self._now = now
        self._boxes = boxes

    def sightings(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Rows (K, 6) of id, box, score of all matched in the last update, and the ids of people among them."""
        rows, people = sightings(self._bank, self._count, self._boxes)
        return rows, people

    def hypotheses(self) -> tuple[Tracks, NDArray[np.int64]]:
        """Everything followed at the last update, posters and newborn included, and its states (see `kernels`)."""
        bank = self._bank[: self._count]
        return self._tracks(bank, 0.0 if self._now is None else self._now), bank["state"].copy()

    def _tracks(self, bank: NDArray[Any], now: float) -> Tracks:
        """`Tracks` of the records of `bank`."""
        n = len(bank)
        foot = np.empty((n, 2), np.float32)
        foot[:, 0], foot[:, 1] = bank["fx"], bank["fy"]
        velocity = np.empty((n, 2), np.float32)
        velocity[:, 0], velocity[:, 1] = bank["vx"], bank["vy"]
        born = np.empty((n, 2), np.float32)
        born[:, 0], born[:, 1] = bank["born_x"], bank["born_y"]
        observed = bank["det"] >= 0
        half = 0.5 * bank["w"]
        box = np.empty((n, 4), np.float32)
        box[:, 0], box[:, 1], box[:, 2], box[:, 3] = (
            bank["fx"] - half,
            bank["fy"] - bank["h"],
            bank["fx"] + half,
            bank["fy"],
        )
        box[observed] = self._boxes[bank["det"][observed]]
        return Tracks(
            id=bank["id"].copy(),
            box_px=box,
            foot_px=foot,
            velocity_px=velocity,
            score=bank["score"].astype(np.float32),
            observed=observed,
            foot_hidden=bank["hidden"] == 1,
            lost_s=(now - bank["seen_at"]).astype(np.float32),
            born_at=bank["born_at"].copy(),
            born_px=born,
            past=_past(bank),
        )


def _past(bank: NDArray[Any]) -> NDArray[np.float64]:
    """`Tracks.past`: the trails of those who have one still."""
    trails = [np.insert(t["trail"][: t["trail_length"]], 0, t["id"], 1) for t in bank[bank["trail_length"] > 0]]
    return np.concatenate(trails) if trails else NO_PAST
