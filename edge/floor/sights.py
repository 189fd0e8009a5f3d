"""Where every camera last saw each of its tracks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from math import hypot

import numpy as np

from edge.floor.footing import Footing
from edge.floor.people import Person
from edge.floor.settings import FusionSettings
from edge.floor.visitors import Floats
from edge.track.tracks import TrackKey

HANDOVER_S = 1.0
"""A thing that was last seen within this time of somebody's first sighting may have been they."""
HANDOVER_M = 0.8
"""And no farther away than this."""
RUN_MPS = 3.0
"""Nobody in a mall is faster: a jog."""
TREMBLE = 2.0
"""And feet seem to be by this much more: standard deviations of their place."""

TRAIL_S = 4.0
"""So far back it is remembered where a track has been."""
Place = tuple[float, float, float]
"""Seconds, x and y in metres."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Where a camera last saw a track; fields as in :class:`Footing`, ``past`` (K, 3) of this track alone.

    Attributes:
        doubt_m2: (2, 2) all there is to doubt about the position, square metres.
        sharpness: how much it tells of the place, one over square metres.
    """

    at: float
    position_m: Floats
    velocity_mps: Floats
    covariance_m2: Floats
    bias_m2: Floats
    score: float
    born_at: float
    born_m: Floats
    reported: bool
    past: Floats
    doubt_m2: Floats
    sharpness: float
    stirring: bool = False

    def moved_to(self, at: float) -> Floats:
        """(2,) where the track is by now, metres: its sighting moved on by the frame's age."""
        return np.asarray(self.position_m + self.velocity_mps * (at - self.at), np.float64)

    @property
    def blur_m(self) -> float:
        """One standard deviation of the position, the mean of both axes, metres."""
        return float(np.sqrt(np.trace(self.doubt_m2) / 2))

    @property
    def start(self) -> tuple[float, Floats]:
        """When and where it began, as far as known."""
        return (self.born_at, self.born_m) if np.isfinite(self.born_m).all() else (self.at, self.position_m)


def walked(way: Floats, blur_m: float) -> Floats:
    """What one person can have walked of a track's way: a first box that held a mannequin, too, was elsewhere.

    Of the ways to the latest place that leave out no two in a row and run nowhere, the one of most places, and of such
    the shortest.

    Args:
        way: (K, 3) seconds, x and y in metres, in order of time; at least one.
        blur_m: one standard deviation of each place, metres.

    Returns:
        Those of its rows, the latest always among them.
    """
    best: list[tuple[int, float, int]] = []  # up to each row: places, less metres, and the row before
    for row in range(len(way)):
        chains = [(1, 0.0, -1)]
        for before in range(max(0, row - 2), row):
            dt, *off = (way[row] - way[before]).tolist()
            if hypot(*off) <= RUN_MPS * dt + TREMBLE * blur_m:
                chains.append((best[before][0] + 1, best[before][1] - hypot(*off), before))
        best.append(max(chains))
    kept = [len(way) - 1]
    while best[kept[-1]][2] >= 0:
        kept.append(best[kept[-1]][2])
    return way[kept[::-1]]


@dataclass(slots=True)
class Sights:
    """The latest sight of every track that a camera follows.

    Attributes:
        latest: by track.
        trails: where those that are people have been of late, in order of time.
        starts: (3,) when and where those began that did not begin where their camera first thought.
    """

    latest: dict[TrackKey, Sight] = field(default_factory=dict)
    trails: dict[TrackKey, list[Place]] = field(default_factory=dict)
    starts: dict[TrackKey, Floats] = field(default_factory=dict)

    def take(self, footings: Mapping[str, Footing]) -> tuple[list[TrackKey], set[TrackKey]]:
        """Takes in new sightings; gives the tracks just seen, sorted, and those that ended."""
        fresh: list[TrackKey] = []
        ended: set[TrackKey] = set()
        for camera in sorted(footings):
            footing = footings[camera]
            alive = set(footing.alive.tolist())
            ended |= {track for track in self.latest if track[0] == camera and track[1] not in alive}
            doubt_m2 = footing.covariance_m2 + footing.bias_m2
            sharpness = 1.0 / np.trace(doubt_m2, axis1=1, axis2=2)
            for i in np.flatnonzero(footing.observed).tolist():
                track = (camera, int(footing.track[i]))
                if track in self.latest and self.latest[track].reported and not footing.reported[i]:
                    ended.add(track)  # it was somebody no longer, and is a thing
                sight = Sight(
                    footing.at,
                    footing.position_m[i],
                    footing.velocity_mps[i],
                    footing.covariance_m2[i],
                    footing.bias_m2[i],
                    float(footing.score[i]),
                    float(footing.born_at[i]),
                    footing.born_m[i],
                    bool(footing.reported[i]),
                    footing.past[footing.past[:, 0] == track[1], 1:],
                    doubt_m2[i],
                    float(sharpness[i]),
                    footing.stirring is not None and bool(footing.stirring[i]),
                )
                self.latest[track] = self._begun(track, sight)
                fresh.append(track)
                self._remember(track)
        for track in ended:
            del self.latest[track]
            self.trails.pop(track, None)
            self.starts.pop(track, None)
        return sorted(fresh), ended

    def _begun(self, track: TrackKey, sight: Sight) -> Sight:
        """The sight with the beginning that its track can have had, which is seen when its past is told."""
        if len(sight.past) and np.isfinite(sight.born_m).all():
            way = np.vstack([(sight.born_at, *sight.born_m), sight.past])  # by the feet, unlike where it may be now
            known = walked(way[np.isfinite(way).all(1)], sight.blur_m)
            if known[0, 0] > sight.born_at:
                self.starts[track] = known[0]
            sight = replace(sight, past=known[1:])
        start = self.starts.get(track)
        return sight if start is None else replace(sight, born_at=float(start[0]), born_m=start[1:])

    def _remember(self, track: TrackKey) -> None:
        """Adds where a person's track is to its trail, which begins where it was first detected."""
        sight = self.latest[track]
        if not sight.reported:
            return
        trail = self.trails.get(track)
        if trail is None:
            born = [(sight.born_at, *sight.born_m.tolist())] if np.isfinite(sight.born_m).all() else []
            trail = self.trails[track] = [*born, *((at, x, y) for at, x, y in sight.past.tolist() if np.isfinite(x))]
        trail.append((sight.at, float(sight.position_m[0]), float(sight.position_m[1])))
        while trail[0][0] < sight.at - TRAIL_S:
            trail.pop(0)

    def cut(self, track: TrackKey) -> None:
        """What a track was before is somebody else's."""
        if track in self.trails:
            del self.trails[track][:-1]

    def is_clear(self, track: TrackKey, settings: FusionSettings) -> bool:
        """Whether a track was last seen well enough to say that somebody is there."""
        sight = self.latest[track]
        return sight.score >= settings.clear_score and sight.blur_m <= settings.blurred_m

    def clear_cameras(self, person: Person, here: Collection[TrackKey], settings: FusionSettings) -> set[str]:
        """The cameras that see somebody well at present."""
        return {track[0] for track in person.track_keys() if track in here and self.is_clear(track, settings)}

    def stood_before(self, track: TrackKey, not_before: float) -> TrackKey | None:
        """What stood unmoved, and no person for all its camera knew, where and until a new track began."""
        start_at, start_m = self.latest[track].start
        found = [
            (sight.born_at, other)
            for other, sight in self.latest.items()
            if other != track
            and other[0] == track[0]
            and not sight.reported
            and not_before <= sight.born_at < start_at - HANDOVER_S
            and abs(sight.at - start_at) <= HANDOVER_S
            and float(np.hypot(*(sight.position_m - start_m))) < HANDOVER_M
        ]
        return min(found)[1] if found else None
