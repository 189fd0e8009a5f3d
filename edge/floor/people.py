"""The books of fusion: who is being followed, by which tracks, and a Kalman filter for each."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

import numpy as np

from edge.floor.kernels import correct, merge_sightings, predict
from edge.floor.visitors import Floats, Sample
from edge.track.tracks import TrackKey

PLACE_FIELDS = ("tracks", "seen_at", "seen_m", "speed_mps", "clear_at", "clear_m", "by_way_out")
"""What goes with the place where somebody is, whoever they are."""
START_SPEED_MPS = 0.5
"""Standard deviation of a newcomer's velocity about what its track says."""


@dataclass(slots=True)
class Person:
    """Somebody being followed, perhaps still doubtful.

    Attributes:
        key: unique for the life of the fusion.
        token: the random name.
        reported_at: seconds, when its first track was reported.
        seen_at: seconds, latest sighting.
        seen_m: where that was.
        speed_mps: how fast they went then.
        seen_s: seconds of sighting gathered.
        score: best detection score.
        views: most cameras at once.
        blur_m: one standard deviation of the best known place so far, metres.
        confirmed: no longer doubtful.
        by_way_out: when last seen and whether that was where people leave; None until somebody asks.
        clear_at: seconds, when they last stood clear of every wall.
        clear_m: where that was.
        split: was taken for somebody else before.
        torn_s: seconds for which cameras have clearly seen them in two places.
        tracks: track by camera.
        claim: something unmoved that stood where they set out, perhaps they themselves.
        pending: sightings not handed on yet.
        taken_for: the key of whoever its first track was taken for.
        trail: seconds, x, y: where its first track was while it was taken for somebody else's.
    """

    key: int
    token: str
    reported_at: float
    seen_at: float
    seen_m: tuple[float, float]
    score: float
    split: bool
    speed_mps: float = 0.0
    torn_s: float = 0.0
    clear_at: float = -inf
    clear_m: tuple[float, float] = (0.0, 0.0)
    seen_s: float = 0.0
    views: int = 1
    blur_m: float = inf
    confirmed: bool = False
    by_way_out: tuple[float, bool] | None = None
    tracks: dict[str, int] = field(default_factory=dict)
    claim: TrackKey | None = None
    pending: list[Sample] = field(default_factory=list)
    trail: list[tuple[float, float, float]] = field(default_factory=list)
    taken_for: int | None = None

    def track_keys(self) -> list[TrackKey]:
        """Its tracks as keys."""
        return list(self.tracks.items())


@dataclass(slots=True)
class People:
    """Everybody being followed and their filters, row by row.

    Attributes:
        rows: the people in order of their keys.
        state: (N, 4) x, y, vx, vy.
        cov: (N, 4, 4).
        owner: person by track.
    """

    rows: list[Person] = field(default_factory=list)
    state: Floats = field(default_factory=lambda: np.empty((0, 4)))
    cov: Floats = field(default_factory=lambda: np.empty((0, 4, 4)))
    owner: dict[TrackKey, Person] = field(default_factory=dict)

    def add(self, person: Person, position_m: Floats, covariance_m2: Floats, velocity_mps: Floats) -> None:
        """Starts following somebody."""
        self.rows.append(person)
        self.state = np.vstack([self.state, np.zeros((1, 4))])
        self.cov = np.concatenate([self.cov, np.zeros((1, 4, 4))])
        self.reset(len(self.rows) - 1, position_m, covariance_m2, velocity_mps)

    def reset(self, row: int, position_m: Floats, covariance_m2: Floats, velocity_mps: Floats) -> None:
        """Starts a person's filter anew, such as after a gap."""
        self.state[row] = (*position_m, *velocity_mps)
        self.cov[row] = 0.0
        self.cov[row, :2, :2] = covariance_m2
        self.cov[row, 2, 2] = self.cov[row, 3, 3] = START_SPEED_MPS**2

    def drop(self, keys: set[int]) -> None:
        """Stops following people."""
        stay = [i for i, person in enumerate(self.rows) if person.key not in keys]
        for person in self.rows:
            if person.key in keys:
                for track in person.track_keys():
                    self.owner.pop(track, None)
        self.rows = [self.rows[i] for i in stay]
        self.state, self.cov = self.state[stay], self.cov[stay]

    def bind(self, track: TrackKey, person: Person) -> None:
        """Makes a track a person's in its camera, in place of the one it had there."""
        before = person.tracks.get(track[0])
        if before is not None:
            self.owner.pop((track[0], before), None)
        person.tracks[track[0]] = track[1]
        self.owner[track] = person

    def unbind(self, track: TrackKey) -> None:
        """Takes a track from whoever has it."""
        person = self.owner.pop(track, None)
        if person is not None:
            del person.tracks[track[0]]

    def exchange(self, one: int, other: int) -> None:
        """Gives the people of two rows each other's tracks and places; names, and what has been told, stay."""
        self.state[[one, other]] = self.state[[other, one]]
        self.cov[[one, other]] = self.cov[[other, one]]
        a, b = self.rows[one], self.rows[other]
        for field_name in PLACE_FIELDS:
            mine, theirs = getattr(a, field_name), getattr(b, field_name)
            setattr(a, field_name, theirs)
            setattr(b, field_name, mine)
        self.owner |= {track: person for person in (a, b) for track in person.track_keys()}

    def predict(self, dt: float, seen_since: float, accel: float, damping_s: float) -> None:
        """Moves all filters on by ``dt`` seconds; who was last seen before ``seen_since`` coasts."""
        if dt > 0 and self.rows:
            coasting = np.array([person.seen_at < seen_since for person in self.rows])
            predict(self.state, self.cov, coasting, dt, accel, damping_s)

    def correct(self, rows: list[int], position_m: Floats, jitter_m2: Floats, bias_m2: Floats) -> None:
        """Corrects filters of ``rows`` with (M, 2) positions, several of one person together."""
        if rows:
            owner = np.array(rows, np.int64)
            who, where, blur = merge_sightings(len(self.rows), owner, position_m, jitter_m2, bias_m2)
            correct(self.state, self.cov, who, where, blur)
