"""How the time of a step grows with the crowd, at a constant density of people."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import supervision as sv

from benchmarks.track.ours import Run
from edge.track.tracker import Tracker

CROWDS = (10, 30, 100, 300, 1000)
"""Boxes a frame."""
HEIGHT = 100.0
"""Of a person, pixels."""
ROOM = 1.5 * HEIGHT * HEIGHT
"""Of the picture for each person, pixels: about one person in three then has somebody before or behind them."""
FPS = 10.0
SPEED = 0.8
"""Standard deviation of a walker's velocity along each axis, heights a second."""
TREMBLE = 0.04
"""Standard deviation of a detection's edges, heights."""
WARM_FRAMES = 20
"""Frames before the clock starts: everybody is known by then."""


def crowd(people: int, frames: int, seed: int = 0) -> list[sv.Detections]:
    """Detections of walkers who turn back at the edges of a square that grows with their number; everybody is found."""
    rng = np.random.default_rng(seed)
    side = np.sqrt(people * ROOM)
    start = rng.uniform(0, side, (people, 2))
    velocity = rng.normal(0, SPEED * HEIGHT, (people, 2))
    given = []
    for k in range(frames):
        unfolded = (start + velocity * k / FPS) % (2 * side)
        foot = np.where(unfolded > side, 2 * side - unfolded, unfolded)
        half = np.array([0.2 * HEIGHT, 0.0])
        corners = np.column_stack([foot - half - [0, HEIGHT], foot + half])
        boxes = corners + rng.normal(0, TREMBLE * HEIGHT, corners.shape)
        scores = rng.uniform(0.5, 1.0, people)
        given.append(sv.Detections(xyxy=boxes, confidence=scores, class_id=np.zeros(people, int)))
    return given


def step_ms(people: int, frames: int) -> tuple[float, float]:
    """Median and longest milliseconds of `Tracker.update` in a settled crowd."""
    tracker = Tracker()
    spent = []
    for k, found in enumerate(crowd(people, WARM_FRAMES + frames)):
        begun = time.perf_counter()
        tracker.update(k / FPS, found)
        spent.append(time.perf_counter() - begun)
    settled = 1000 * np.array(spent[WARM_FRAMES:])
    return float(np.median(settled)), float(settled.max())


class Clocked(list[sv.Detections]):
    """Frames that note when each is asked for, and the end."""

    def __iter__(self) -> Iterator[sv.Detections]:
        """The frames in order."""
        self.at = []
        for frame in super().__iter__():
            self.at.append(time.perf_counter())
            yield frame
        self.at.append(time.perf_counter())


def peer_step_ms(run: Run, people: int, frames: int) -> float:
    """Median milliseconds a frame of a peer in the same settled crowd."""
    given = Clocked(crowd(people, WARM_FRAMES + frames))
    run(given, FPS)
    return float(1000 * np.median(np.diff(given.at)[WARM_FRAMES:]))
