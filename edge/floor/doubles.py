"""People who turn out to be one person, followed twice by different cameras."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from math import log

import numpy as np

from edge.floor.coverage import Coverage
from edge.floor.evidence import EvidenceSettings, density
from edge.floor.people import People, Person
from edge.floor.settings import FusionSettings
from edge.floor.sights import Sights
from edge.floor.visitors import Floats
from edge.reid.looks import Looks
from edge.track.tracks import TrackKey

LOOK_S = 0.5
"""Looks closer in time than this repeat each other: what a camera gets wrong it gets wrong for a while."""
MOST_FOR, MOST_AGAINST = 3.0, -5.0
"""One look says no more than this for one person, and against."""
MOST, LEAST = 8.0, -5.0
"""Nor do all of them: a change of mind stays possible. An exchange of names must be found out soon."""
TWO = -2.0
"""From here on two are two, whatever happens to their tracks."""
ONE_CAMERA = -3.0
"""What a look says that one camera sees both clearly."""
ABREAST_M = 0.4
"""Two boxes farther apart than this across the line of sight are no boxes of one person: shoulders are as wide."""
DOUBLE = EvidenceSettings(wild_share=0.3, wild_m=0.6)
"""A double stands beside its person more often than a sighting does."""
STRANGERS_PER_M2 = 0.055
"""How many others stand about on a square metre, where two might be one."""
UNSEEN = 2.0
"""What it says that a camera that should see somebody sees the other alone,"""
MOST_UNSEEN = 2
"""for so many cameras at most."""


@dataclass(slots=True)
class Doubles:
    """Evidence, for every two people who came near each other, that they are one person.

    Attributes:
        coverage: who should see whom.
        settings: see there.
        score: natural logarithm, by the keys of both, the smaller first.
    """

    coverage: Coverage
    settings: FusionSettings
    score: dict[tuple[int, int], float] = field(default_factory=dict)

    def compare(self, dt: float, people: People, sights: Sights, looks: Looks, here: Collection[TrackKey]) -> None:
        """Takes in where everybody is at one moment, ``dt`` seconds after the last."""
        own = self.settings
        known = {person.key for person in people.rows}
        self.score = {pair: score for pair, score in self.score.items() if pair[0] in known and pair[1] in known}
        seen = [i for i, person in enumerate(people.rows) if any(track in here for track in person.track_keys())]
        if len(seen) < 2:
            return
        clear = {i: sights.clear_cameras(people.rows[i], here, own) for i in seen}
        seeing = {i: {t[0] for t in people.rows[i].track_keys() if t in here} for i in seen}
        cameras = {i: clear[i] or seeing[i] for i in seen}
        places = people.state[:, :2]
        apart = np.hypot(*(places[seen][:, None] - places[seen][None]).transpose(2, 0, 1))
        place = {people.rows[i].key: a for a, i in enumerate(seen)}
        near = {(a, b) for a, b in np.argwhere(np.triu(apart <= own.double_m, 1)).tolist()}
        near |= {(place[k], place[m]) for k, m in self.score if k in place and m in place}
        for a, b in sorted(near):  # rows are in order of keys, and so are pairs
            i, j = seen[a], seen[b]
            one, other = people.rows[i], people.rows[j]
            pair, is_far = _pair(one, other), bool(apart[a, b] > own.double_m)
            if clear[i] & clear[j]:
                look = ONE_CAMERA
            elif is_far:
                look = MOST_AGAINST
            elif self._are_abreast(sights, seeing[i] | seeing[j], one, other):
                look = ONE_CAMERA
            else:
                look = self._fit(people, i, j, min(_blur_m(sights, p, here) for p in (one, other)))
                # a camera that sees both, if only faintly, does not see one alone
                unseen = self._unseen(cameras[i] - seeing[j], places[j]) + self._unseen(
                    cameras[j] - seeing[i], places[i]
                )
                look += UNSEEN * min(MOST_UNSEEN, unseen) + looks.people(one.key, other.key)
                look = min(MOST_FOR, max(MOST_AGAINST, look))
            # who were seen apart until now are two
            before = self.score.get(pair, LEAST if one.confirmed and other.confirmed else 0.0)
            score = before + min(1.0, dt / LOOK_S) * look
            self.score[pair] = min(MOST, max(LEAST, score))

    def are_two(self, one: Person, other: Person) -> bool:
        """Whether it is certain that they are two."""
        return self.score.get(_pair(one, other), 0.0) <= TWO

    def part(self, one: int, other: int) -> None:
        """Two, by their keys, are two as far as can be known."""
        self.score[min(one, other), max(one, other)] = LEAST

    def of(self, keys: Collection[int]) -> dict[tuple[int, int], float]:
        """The evidence about those, by the keys of both, the smaller first."""
        return {pair: score for pair, score in self.score.items() if pair[0] in keys and pair[1] in keys}

    def likely(self, people: People, sights: Sights, here: Collection[TrackKey]) -> dict[tuple[int, int], float]:
        """Whoever may well be one person, by the keys of both, and the evidence."""
        clear = {p.key: sights.clear_cameras(p, here, self.settings) for p in people.rows}
        both_here = {pair: score for pair, score in self.score.items() if set(pair) <= clear.keys()}
        return {(a, b): score for (a, b), score in both_here.items() if score > 0 and not clear[a] & clear[b]}

    def _are_abreast(self, sights: Sights, cameras: Collection[str], one: Person, other: Person) -> bool:
        """Whether the only camera that sees either has both side by side in one picture, however faint.

        A second box of one person, of their upper half or their bag, ends before or behind them, and not beside.
        """
        if len(cameras) != 1:
            return False
        (camera,) = cameras
        first, second = (sights.latest[camera, person.tracks[camera]] for person in (one, other))
        between = second.position_m - first.position_m
        sight = (first.position_m + second.position_m) / 2 - self.coverage.floor.cameras[camera].centre_m[:2]
        across = abs(float(sight[0] * between[1] - sight[1] * between[0]))
        return first.at == second.at and across > ABREAST_M * float(np.hypot(*sight))

    def _fit(self, people: People, i: int, j: int, blur_m: float) -> float:
        """What the places of two rows say; one foot point is as good as the better seen of both."""
        sums = people.cov[[i], :2, :2] + people.cov[[j], :2, :2] + blur_m**2 * np.eye(2)
        fit = density(people.state[[i], :2], sums, people.state[[j], :2], np.zeros((1, 2, 2)), DOUBLE)
        return float(fit[0, 0]) - log(STRANGERS_PER_M2)

    def _unseen(self, cameras: Collection[str], place_m: Floats) -> int:
        """How many of the cameras that see one of both should see somebody at a place, too."""
        return sum(self.coverage.should_see(camera, (float(place_m[0]), float(place_m[1]))) for camera in cameras)


def _pair(one: Person, other: Person) -> tuple[int, int]:
    return min(one.key, other.key), max(one.key, other.key)


def _blur_m(sights: Sights, person: Person, here: Collection[TrackKey]) -> float:
    return min(sights.latest[track].blur_m for track in person.track_keys() if track in here)
