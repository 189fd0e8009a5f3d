"""How tracks and visitors look, and what that says about who is whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.track.tracks import TrackKey

Look = NDArray[np.float32]
LOOK = "look"
"""Where detections carry them in their ``data``: (N, D) float32."""


@dataclass(frozen=True, slots=True)
class LookSettings:
    """What looks say.

    Attributes:
        track_looks: a track looks like the mean of about so many of its latest pictures,
        person_looks: a visitor like that of so many in the same camera.
        same_even: distance in one camera at which a look speaks neither for nor against,
        same_slope: and how much it says for every unit less; natural logarithm.
        cross_even: the same between two cameras,
        cross_slope: likewise.
        most_for: a look never says more than this for,
        most_against: or against.
    """

    track_looks: float = 8.0
    person_looks: float = 40.0
    same_even: float = 1.95
    same_slope: float = 4.6
    cross_even: float = 2.26
    cross_slope: float = 3.1
    most_for: float = 2.0
    most_against: float = 4.0


@dataclass(slots=True)
class Gallery:
    """A running mean of looks."""

    look: Look
    count: float = 1.0

    def add(self, look: Look, most: float) -> None:
        """Takes in a look; older ones count less and less once there are ``most``."""
        self.count = min(self.count + 1, most)
        self.look = np.asarray(self.look + (look - self.look) / self.count, np.float32)


@dataclass(slots=True)
class Looks:
    """The looks of every track, and of every visitor by camera."""

    settings: LookSettings = field(default_factory=LookSettings)
    _tracks: dict[TrackKey, Gallery] = field(default_factory=dict)
    _people: dict[int, dict[str, Gallery]] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        """The settings alone: how people look is never stored."""
        return {"settings": self.settings}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Starts anew with them."""
        self.settings = state["settings"]
        self._tracks, self._people = {}, {}

    def see(self, seen: Mapping[TrackKey, Look]) -> None:
        """Tracks were seen, looking like this."""
        for track, look in seen.items():
            if track in self._tracks:
                self._tracks[track].add(look, self.settings.track_looks)
            else:
                self._tracks[track] = Gallery(look)

    def learn(self, seen: Mapping[TrackKey, Look], owner: Mapping[TrackKey, int]) -> None:
        """What was seen of visitors, by their keys, is how they look."""
        for track, look in seen.items():
            if track in owner:
                of = self._people.setdefault(owner[track], {})
                if track[0] in of:
                    of[track[0]].add(look, self.settings.person_looks)
                else:
                    of[track[0]] = Gallery(look)

    def keep(self, people: Iterable[int]) -> None:
        """Forgets everybody else."""
        known = set(people)
        self._people = {key: of for key, of in self._people.items() if key in known}

    def forget(self, tracks: Iterable[TrackKey]) -> None:
        """These tracks ended."""
        for track in tracks:
            self._tracks.pop(track, None)

    def absorb(self, stay: int, go: int) -> None:
        """One visitor turned out to be another."""
        for camera, gallery in self._people.pop(go, {}).items():
            self._people.setdefault(stay, {}).setdefault(camera, gallery)

    def track_and_person(self, track: TrackKey, person: int) -> float:
        """Evidence that a track is a visitor, natural logarithm; 0 where nothing is known."""
        mine, theirs = self._tracks.get(track), self._people.get(person)
        if mine is None or not theirs:
            return 0.0
        if track[0] in theirs:
            return self._says(mine.look, theirs[track[0]].look, same=True)
        return float(np.mean([self._says(mine.look, other.look, same=False) for other in theirs.values()]))

    def people(self, one: int, other: int) -> float:
        """Evidence that two visitors are one."""
        mine, theirs = self._people.get(one), self._people.get(other)
        if not mine or not theirs:
            return 0.0
        same = [self._says(mine[c].look, theirs[c].look, same=True) for c in mine if c in theirs]
        return float(
            np.mean(same or [self._says(a.look, b.look, same=False) for a in mine.values() for b in theirs.values()])
        )

    def _says(self, one: Look, other: Look, *, same: bool) -> float:
        own = self.settings
        even, slope = (own.same_even, own.same_slope) if same else (own.cross_even, own.cross_slope)
        apart = float(np.linalg.norm(one - other))
        return min(own.most_for, max(-own.most_against, slope * (even - apart)))
