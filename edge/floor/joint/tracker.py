"""The joint tracker of one floor: boxes of all its cameras in, people on the floor out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, fields
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, Floats
from edge.floor.joint.boxes import camera_record, usable_boxes
from edge.floor.joint.ground import Ground, open_ground
from edge.floor.joint.kernels import step
from edge.floor.joint.past.kernels import tell
from edge.floor.joint.records import PERSON, RULES
from edge.floor.joint.settings import JointSettings
from edge.track.seen import Seen

PEOPLE = 32
"""People a hypothesis has room for at the start; doubled when they do not suffice."""
STEPS = 16
"""The same of steps that are remembered."""
MOST_STEPS = 256
"""Fewer than these wait to be told; where a clock stands still or went back, the oldest is told early."""


@dataclass(frozen=True, slots=True)
class PeopleThere:
    """K people at one moment.

    Attributes:
        at: seconds.
        id: (K,) their names, each for one visit.
        position_m: (K, 2) metres.
        velocity_mps: (K, 2) metres a second.
        covariance_m2: (K, 2, 2) of the position before later boxes had their say, square metres.
        cameras: (K,) how many saw them at that moment.
        boxes: (K, C) the box that each took of each camera then, -1 for none; counted as `usable_boxes` gives them.
    """

    at: float
    id: NDArray[np.int64]
    position_m: Floats
    velocity_mps: Floats
    covariance_m2: Floats
    cameras: NDArray[np.int64]
    boxes: NDArray[np.int64]

    def __len__(self) -> int:
        """Number of people."""
        return len(self.id)


@dataclass(slots=True)
class JointTracker:
    """People of one floor from one update to the next; holds plain arrays only and can be pickled at any time.

    Attributes:
        cameras: by name.
        settings: see there.
        ground: what the floor's plan says, cameras in the same order; without it they see as far as their pictures.
    """

    cameras: Mapping[str, Camera]
    settings: JointSettings = field(default_factory=JointSettings)
    ground: Ground | None = None
    _rules: NDArray[Any] = field(init=False, repr=False)
    _ground: Ground = field(init=False, repr=False)
    _views: NDArray[Any] = field(init=False, repr=False)
    _banks: list[_Bank] = field(init=False, repr=False)
    _count: int = field(init=False, default=0)
    _alive: int = field(init=False, default=1)
    _next_id: int = field(init=False, default=1)
    _past: _Past = field(init=False, repr=False)
    _steps: int = field(init=False, default=0)
    _told: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """Lays out the banks and the compiled form of settings and cameras."""
        if not self.cameras:
            raise ValueError("a floor without cameras cannot be followed; calibrate one")
        self._rules = np.zeros(1, RULES)
        for setting, value in zip(fields(self.settings), astuple(self.settings), strict=True):
            self._rules[0][setting.name] = value
        self._views = np.concatenate([camera_record(camera, self.settings) for camera in self.cameras.values()])
        self._ground = self.ground if self.ground is not None else open_ground(len(self._views))
        if len(self._ground.sight) != len(self._views):
            raise ValueError(
                f"ground of {len(self._ground.sight)} cameras for {len(self._views)}; take both from one floor"
            )
        width = int(self.settings.hypotheses)
        self._banks = [_Bank.empty(width, PEOPLE, len(self._views)) for _ in range(2)]
        self._past = _Past.empty(STEPS, width, PEOPLE, len(self._views))

    @property
    def views(self) -> NDArray[Any]:
        """(C,) records of `CAMERA`, with what is learned so far."""
        return self._views

    @property
    def rules(self) -> NDArray[Any]:
        """(1,) record of `RULES`."""
        return self._rules

    @property
    def plan(self) -> Ground:
        """What the floor's plan says, or open ground."""
        return self._ground

    def update(self, now: float, seen: Mapping[str, Seen]) -> list[PeopleThere]:
        """Takes in the pictures of one moment.

        Args:
            now: seconds of any clock; what comes from before the last update counts as from that moment.
            seen: boxes (M, 4) in pixels with scores, by camera; a camera that delivered no picture is left out. Boxes
                that are not finite or show nothing are ignored.

        Returns:
            What has become old enough to tell: who was where at earlier moments, in order.

        Raises:
            KeyError: where a camera is not one of ours.
            ValueError: where the time is no number.
        """
        strangers = seen.keys() - self.cameras.keys()
        if strangers:
            raise KeyError(f"cameras {sorted(strangers)} are not calibrated; there are {sorted(self.cameras)}")
        if not isfinite(now):
            raise ValueError(f"{now} is no time; pass seconds")
        boxes, scores, first = usable_boxes(self.cameras, seen)
        present = np.array([name in seen for name in self.cameras])
        before = float(self._past.at[(self._steps - 1) % len(self._past.at)]) if self._steps else now
        now = max(before, now)
        self._grow(len(boxes))
        bank, spare = self._banks
        self._count, self._alive = step(
            bank.people, bank.took, self._count, bank.rows, bank.counts, bank.weights, bank.roots, self._alive,
            spare.people, spare.took, spare.rows, spare.counts, spare.weights, spare.roots,
            self._views, first, boxes, scores, present, now, now - before, self._next_id, self._ground, self._rules,
        )  # fmt: skip
        self._next_id += len(boxes)
        self._remember(now)
        told = []
        while self._told < self._steps:
            age_s = now - self._past.at[self._told % len(self._past.at)]
            if age_s < self.settings.lag_s - 1e-9 and self._steps - self._told < MOST_STEPS:
                break
            told.append(self._tell())
        return told

    def close(self) -> list[PeopleThere]:
        """Tells what is left."""
        return [self._tell() for _ in range(self._steps - self._told)]

    def _grow(self, boxes: int) -> None:
        """Makes room for a newcomer behind every box."""
        bank = self._banks[0]
        most = int(bank.counts[: self._alive].max()) + boxes
        people = bank.rows.shape[1]
        if most > people:
            while people < most:
                people *= 2
            self._banks = [each.resized(people) for each in self._banks]
            self._past = self._past.resized(len(self._past.at), people, self._steps)

    def _remember(self, now: float) -> None:
        """Notes what every hypothesis says now."""
        if self._steps - self._told == len(self._past.at):
            self._past = self._past.resized(2 * len(self._past.at), self._banks[0].rows.shape[1], self._steps)
        self._past.note(self._steps, now, self._banks[0], self._count, self._alive)
        self._steps += 1

    def _tell(self) -> PeopleThere:
        """The oldest moment that is not told yet."""
        past = self._past
        ring = len(past.at)
        back = self._steps - 1 - self._told
        ids, values, views = tell(
            past.people, past.rows, past.counts, past.roots, past.at, (self._steps - 1) % ring, back, self._rules
        )
        at = float(past.at[self._told % ring])
        self._told += 1
        spread = values[:, [4, 5, 5, 6]].reshape(-1, 2, 2)
        took = past.taken((self._steps - 1) % ring, back, ids)
        return PeopleThere(at, ids, values[:, :2], values[:, 2:4], spread, views, took)


@dataclass(slots=True)
class _Bank:
    """One set of arrays of the kernel; see `kernels.step`."""

    people: NDArray[Any]
    took: NDArray[np.int64]
    rows: NDArray[np.int64]
    counts: NDArray[np.int64]
    weights: Floats
    roots: NDArray[np.int64]

    @classmethod
    def empty(cls, hypotheses: int, people: int, cameras: int) -> _Bank:
        """Room for so many; nobody in it."""
        room = 2 * hypotheses * people  # a record may be renewed once a step in every hypothesis
        return cls(
            np.zeros(room, PERSON),
            np.full((room, cameras), -1, np.int64),
            np.zeros((hypotheses, people), np.int64),
            np.zeros(hypotheses, np.int64),
            np.zeros(hypotheses),
            np.zeros(hypotheses, np.int64),
        )

    def resized(self, people: int) -> _Bank:
        """The same with room for more people a hypothesis."""
        more = _Bank.empty(len(self.counts), people, self.took.shape[1])
        more.people[: len(self.people)] = self.people
        more.took[: len(self.took)] = self.took
        more.rows[:, : self.rows.shape[1]] = self.rows
        more.counts[:], more.weights[:], more.roots[:] = self.counts, self.weights, self.roots
        return more


@dataclass(slots=True)
class _Past:
    """The latest steps in a ring; see `kernels.tell`."""

    people: NDArray[Any]
    took: NDArray[np.int64]
    rows: NDArray[np.int64]
    counts: NDArray[np.int64]
    roots: NDArray[np.int64]
    at: Floats

    @classmethod
    def empty(cls, steps: int, hypotheses: int, people: int, cameras: int) -> _Past:
        """Room for so many; nothing in it."""
        return cls(
            np.zeros((steps, 2 * hypotheses * people), PERSON),
            np.full((steps, 2 * hypotheses * people, cameras), -1, np.int64),
            np.zeros((steps, hypotheses, people), np.int64),
            np.zeros((steps, hypotheses), np.int64),
            np.zeros((steps, hypotheses), np.int64),
            np.zeros(steps),
        )

    def note(self, number: int, now: float, bank: _Bank, count: int, alive: int) -> None:
        """Takes in a step, the `number`th."""
        at = number % len(self.at)
        self.people[at, :count] = bank.people[:count]
        self.took[at, :count] = bank.took[:count]
        self.rows[at, :alive] = bank.rows[:alive]
        self.counts[at, :alive] = bank.counts[:alive]
        self.roots[at, :alive] = bank.roots[:alive]
        self.at[at] = now

    def taken(self, newest: int, back: int, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """(K, C) boxes that (K,) people took `back` steps ago, as the best hypothesis of now says."""
        best = 0
        for each in range(back):
            best = int(self.roots[(newest - each) % len(self.at), best])
        at = (newest - back) % len(self.at)
        row = self.rows[at, best, : self.counts[at, best]]
        names = self.people[at, row]["id"]
        order = np.argsort(names)
        found: NDArray[np.int64] = self.took[at, row[order[np.searchsorted(names, ids, sorter=order)]]]
        return found

    def resized(self, steps: int, people: int, number: int) -> _Past:
        """The same with more room, before the `number`th step is noted."""
        more = _Past.empty(steps, self.rows.shape[1], people, self.took.shape[2])
        for each in range(max(0, number - len(self.at)), number):
            a, b = each % len(self.at), each % steps
            more.people[b, : self.people.shape[1]] = self.people[a]
            more.took[b, : self.took.shape[1]] = self.took[a]
            more.rows[b, :, : self.rows.shape[2]] = self.rows[a]
            more.counts[b], more.roots[b], more.at[b] = self.counts[a], self.roots[a], self.at[a]
        return more
