"""The stages of one floor that need no picture: detections to tracks, visitors, and what they did.

The whole object is plain state: pickled between any two updates, it goes on elsewhere exactly as it would have.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from calibration.site import Floor
from contract.errors import BadInputError
from contract.events import MAX_VISITORS, Crossing, Journey, Positions, Visit
from contract.times import to_rfc3339
from edge.floor.coverage import Coverage
from edge.floor.footing import FloorView, FootingSettings
from edge.floor.fusion import Fusion
from edge.floor.rates import Rates, Twice
from edge.floor.settings import FusionSettings
from edge.floor.visitors import Visitors
from edge.journeys.stage import Journeys, JourneySettings, Told
from edge.reid.looks import LOOK, Look
from edge.track.config import TrackerConfig
from edge.track.records import CONFIRMED, STIRRING
from edge.track.seen import Seen
from edge.track.tracker import Tracker
from edge.track.tracks import TrackKey, Tracks

Body = Visit | Crossing | Journey


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """Everything that can be set; the defaults are meant to fit every mall.

    Attributes:
        track: following people in one camera's picture.
        footing: how far foot points are trusted.
        fusion: following people on the floor.
        journeys: visits, crossings and paths.
        present_s: somebody unseen for longer is not among the positions, seconds.
    """

    track: TrackerConfig = field(default_factory=TrackerConfig)
    footing: FootingSettings = field(default_factory=FootingSettings)
    fusion: FusionSettings = field(default_factory=FusionSettings)
    journeys: JourneySettings = field(default_factory=JourneySettings)
    present_s: float = 2.0


@dataclass(frozen=True, slots=True)
class CameraObservation:
    """What one camera's picture showed.

    Attributes:
        captured_at: when it was taken, seconds.
        detections: people's boxes in its pixels, low scores included; ``data`` may say how they look
            and whether they stir.
        size: its width and height, pixels.
    """

    captured_at: float
    detections: Seen
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Step:
    """What one update made certain.

    Attributes:
        at: seconds, the moment the visitors hold for; what was captured latest.
        bodies: events and the time of what each tells, in the order in which they became certain.
        positions: where everybody is.
        visitors: the same with all that fusion knows.
        tracks: of the cameras that delivered a picture.
        owners: each track's visitor, by camera and track id.
        twice: how often people were followed twice lately, as far as can be told without the truth.
    """

    at: float
    bodies: tuple[tuple[float, Body], ...]
    positions: Positions
    visitors: Visitors
    tracks: Mapping[str, Tracks]
    owners: Mapping[TrackKey, str]
    twice: Twice = field(default_factory=Twice)


class FloorPipeline:
    """One floor, from detections to events; no clock, no input or output, all randomness from ``rng``."""

    _calibration = ""  # of a pipeline that a build before contract 1.1 stored, which is only ever closed
    _rates: Rates | None = None  # of one that a build before contract 1.4 stored: counted from where it goes on

    def __init__(self, floor: Floor, settings: PipelineSettings, rng: random.Random) -> None:
        self.floor = floor
        self._calibration = floor.calibration
        self.settings = settings
        self._trackers = {name: Tracker(settings.track) for name in floor.cameras}
        self._views = {name: FloorView(cam, floor.size_m, settings.footing) for name, cam in floor.cameras.items()}
        coverage = Coverage(floor)
        self._fusion = Fusion(coverage, rng, settings.fusion)
        self._journeys = Journeys(coverage, rng, settings.journeys)
        self._rates = Rates(coverage)
        self._at: float | None = None
        self._lag_s = 0.0

    def update(self, now: float, observed: Mapping[str, CameraObservation], blind: Collection[str] = ()) -> Step:
        """One step.

        Args:
            now: seconds; pictures were captured at or before it.
            observed: by camera; a camera that delivered no picture since the last update is left out.
            blind: cameras that see nothing to be trusted, such as one that was moved: nobody leaves by being unseen
                there.

        Raises:
            BadInputError: where a camera is not one of the floor's.
        """
        for name in observed:
            if name not in self._views:
                raise BadInputError(
                    f"camera {name!r} is not on floor {self.floor.id!r}; it has {', '.join(self._views)}"
                )
        at = self._moment(now, observed)
        tracks: dict[str, Tracks] = {}
        footings = {}
        looks: dict[TrackKey, Look] = {}
        for name in sorted(observed):
            seen = observed[name]
            tracks[name] = self._trackers[name].update(seen.captured_at, seen.detections, seen.size)
            everything, states = self._trackers[name].hypotheses()
            stirring = states == STIRRING
            footings[name] = self._views[name].footing(
                seen.captured_at, everything, seen.size, (states == CONFIRMED) | stirring, stirring
            )
            looks |= _looks(name, everything, seen.detections)
        return self._step(self._fusion.update(at, footings, looks, blind), tracks)

    def close(self, now: float) -> Step:
        """Closes everything open: the recording is over, or the box shuts down for good."""
        at = self._moment(now, {})
        return self._step(self._fusion.close(at), {})

    def _moment(self, now: float, observed: Mapping[str, CameraObservation]) -> float:
        """The time of this step: of the newest picture, else as long before now as last time; it never goes back."""
        if observed:
            newest = min(now, max(seen.captured_at for seen in observed.values()))
            self._lag_s = now - newest
        at = now - self._lag_s
        self._at = at if self._at is None else max(self._at, at)
        return self._at

    def _step(self, visitors: Visitors, tracks: dict[str, Tracks]) -> Step:
        told: list[Told] = self._journeys.update(visitors)
        if self._rates is None:
            self._rates = Rates(self._fusion.coverage)
        return Step(
            visitors.at,
            tuple((each.at, each.body) for each in told),
            self._positions(visitors),
            visitors,
            tracks,
            self._fusion.owners(),
            self._rates.update(visitors),
        )

    def _positions(self, visitors: Visitors) -> Positions:
        here = np.flatnonzero(visitors.at - visitors.seen_at <= self.settings.present_s)[:MAX_VISITORS].tolist()
        places = np.clip(visitors.position_m, 0.0, self.floor.size_m)
        rows = [(visitors.token[i], round(float(places[i, 0]), 2), round(float(places[i, 1]), 2)) for i in here]
        return Positions(to_rfc3339(visitors.at), rows, self._calibration)


def _looks(camera: str, tracks: Tracks, detections: Seen) -> dict[TrackKey, Look]:
    """How the tracks that have a detection in this picture look, as far as can be seen."""
    looks = detections.data.get(LOOK)
    if looks is None or not len(tracks) or not len(detections):
        return {}
    is_same = (tracks.box_px[:, None] == np.asarray(detections.xyxy, np.float32)[None]).all(2)
    is_same &= np.isfinite(np.asarray(looks)).all(1) & tracks.observed[:, None]
    found = np.flatnonzero(is_same.any(1)).tolist()
    return {(camera, int(tracks.id[i])): np.asarray(looks[is_same[i].argmax()], np.float32) for i in found}
