"""Visitors to what central hears of them: zone visits, crossings and, when they leave, the whole journey."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from math import inf

import numpy as np

from calibration.geometry import Line, Zone
from contract.events import Crossing, Journey, Visit, ZoneStay
from contract.times import to_rfc3339
from edge.floor.coverage import Coverage
from edge.floor.visitors import Floats, Sample, Visitors
from edge.journeys.account import Account, GapSettings, account_of_gap
from edge.journeys.doors import ARRIVE_S, RECENT_S, Doors
from edge.journeys.kernels import zone_depths
from edge.journeys.paths import Path, PathSettings, length_m
from edge.journeys.stays import Leg, Stay, StaySettings, begin, proceed
from edge.journeys.tripwire import VAGUE_M, Tripwire
from edge.journeys.tripwire import Crossing as Passage

TOKEN_BITS = 80
VANISH_S = 1.0
"""Who was seen later than this before the end did not vanish: the recording did."""
DOUBLE_S = 10.0
"""Doubles are held to be found out sooner than this: evidence of half a second to two seconds merges them."""
MOST_STAYS = 1000
"""As many zones as a journey may list; a longer one keeps its latest."""


@dataclass(frozen=True, slots=True)
class JourneySettings:
    """How visits, crossings and paths are told.

    Attributes:
        stays: when somebody is in a zone.
        gaps: what counts as seen.
        paths: how paths are simplified.
    """

    stays: StaySettings = field(default_factory=StaySettings)
    gaps: GapSettings = field(default_factory=GapSettings)
    paths: PathSettings = field(default_factory=PathSettings)


@dataclass(frozen=True, slots=True)
class Told:
    """A body and the time of what it tells, seconds."""

    at: float
    body: Visit | Crossing | Journey


@dataclass(slots=True)
class _Walk:
    """What is known of one visitor so far; ``unborn`` while they may still turn out to have come by a blind door."""

    token: str
    first: Sample
    unborn: bool
    last: Sample
    depth_m: Floats
    confidence: float
    path: Path
    recent: list[Sample]
    account: Account = field(default_factory=Account)
    stays: dict[int, Stay] = field(default_factory=dict)
    done: list[ZoneStay] = field(default_factory=list)


@dataclass(slots=True)
class Journeys:
    """All journeys on a floor; plain state that can be pickled at any time."""

    coverage: Coverage
    rng: random.Random
    settings: JourneySettings = field(default_factory=JourneySettings)
    _zones: list[Zone] = field(init=False, repr=False)
    _edges: Floats = field(init=False, repr=False)
    _starts: np.ndarray[tuple[int], np.dtype[np.int64]] = field(init=False, repr=False)
    _wires: dict[str, Tripwire] = field(init=False, repr=False)
    _doors: Doors = field(init=False, repr=False)
    _walks: dict[int, _Walk] = field(default_factory=dict, init=False, repr=False)
    _began_at: float | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        """Lays out zones and lines for the kernels."""
        floor = self.coverage.floor
        self._zones = list(floor.zones.values())
        edges = [[np.column_stack([r, np.roll(r, -1, 0)]) for r in zone.rings_m] for zone in self._zones]
        flat = [np.vstack(rings) for rings in edges]
        self._edges = np.vstack([*flat, np.empty((0, 4))])
        self._starts = np.cumsum([0, *(len(each) for each in flat)]).astype(np.int64)
        self._wires = {
            name: Tripwire(line.ends_m, line.in_normal, vague_m=self._vague_m(line))
            for name, line in floor.lines.items()
        }
        self._doors = Doors(tuple(floor.lines.values()), self.coverage)

    def _vague_m(self, line: Line) -> float:
        """How well the place of somebody who crosses must be known: better where several cameras watch the line."""
        x, y = line.ends_m.mean(0).tolist()
        watching = sum(self.coverage.should_see(camera, (x, y)) for camera in self.coverage.floor.cameras)
        return VAGUE_M if watching > 1 else inf

    def update(self, visitors: Visitors) -> list[Told]:
        """What the visitors' sightings since the last update make certain."""
        told: list[Told] = []
        token = dict(zip(visitors.key.tolist(), visitors.token, strict=True))
        confidence = dict(zip(visitors.key.tolist(), visitors.confidence.tolist(), strict=True))
        if visitors.samples:
            places = np.array([(s.x, s.y) for s in visitors.samples], np.float64)
            depths = zone_depths(places, self._edges, self._starts)
            self._began_at = min(s.at for s in visitors.samples) if self._began_at is None else self._began_at
            for sample, depth in zip(visitors.samples, depths, strict=True):
                if sample.key not in self._walks:
                    self._start(sample, depth, token[sample.key], is_split=sample.key in visitors.split)
                else:
                    self._take(self._walks[sample.key], sample, depth, confidence[sample.key], told)
            self._cross(visitors.samples, told)
        for key, stays in visitors.merged:
            self._share(key, stays, visitors.at)
            self._finish(key, told)
        for key in visitors.gone:
            self._vanish(key, visitors.at, told)
            self._finish(key, told)
        return told

    def _start(self, sample: Sample, depth: Floats, token: str, *, is_split: bool) -> None:
        """The first sighting of a visitor; what is there when we begin to look did not come in just now."""
        is_new = not is_split and self._began_at is not None and sample.at - self._began_at > ARRIVE_S
        walk = _Walk(token, sample, is_new, sample, depth, 0.0, Path(self.settings.paths), [sample])
        self._walks[sample.key] = walk
        for zone in np.flatnonzero(depth > 0).tolist():
            walk.stays[zone] = begin(None, sample.at, 0.0, float(depth[zone]))
        walk.path.add(sample.at, sample.x, sample.y)

    def _take(self, walk: _Walk, sample: Sample, depth: Floats, confidence: float, told: list[Told]) -> None:
        """A further sighting of a visitor."""
        before, seconds = walk.last, sample.at - walk.last.at
        if seconds <= 0:
            return
        gap = account_of_gap(seconds, float(np.hypot(sample.x - before.x, sample.y - before.y)), self.settings.gaps)
        leg = Leg(before.at, sample.at, gap)
        for zone in sorted({*walk.stays, *np.flatnonzero(depth > 0).tolist()}):
            self._stay(walk, zone, leg, float(depth[zone]), told)
        walk.account = walk.account.plus(gap)
        walk.confidence = confidence
        walk.last, walk.depth_m = sample, depth
        walk.path.add(sample.at, sample.x, sample.y)
        walk.recent = [*(s for s in walk.recent if sample.at - s.at <= RECENT_S), sample]
        if walk.unborn:
            self._arrive(walk, sample, told)

    def _arrive(self, walk: _Walk, now: Sample, told: list[Told]) -> None:
        """Somebody new may have come in by a door whose other side nobody watches."""
        walk.unborn = now.at - walk.first.at < ARRIVE_S
        found = self._doors.arrived(walk.first, now)
        if found is not None:
            walk.unborn = False
            told.append(self._crossing(*found))

    def _vanish(self, key: int, at: float, told: list[Told]) -> None:
        """Somebody lost may have gone on across a line, or out by such a door."""
        walk = self._walks.get(key)
        if walk is None:
            return
        concluded = [self._crossing(line, found) for line, wire in self._wires.items() for found in wire.conclude(key)]
        told += concluded
        if concluded or at - walk.last.at < VANISH_S or len(walk.recent) < 2 or walk.last.blur_m > VAGUE_M:
            return
        departed = self._doors.departed(walk.recent)
        if departed is not None:
            told.append(self._crossing(*departed))

    def _stay(self, walk: _Walk, zone: int, leg: Leg, depth_m: float, told: list[Told]) -> None:
        """One leg of one visitor's way in or near one zone."""
        own = self.settings.stays
        stay, before_m = walk.stays.get(zone), float(walk.depth_m[zone])
        if stay is None:
            stay = walk.stays[zone] = begin(leg, leg.end, min(before_m, 0.0), depth_m)
            stay.certain = depth_m >= own.margin_m
        elif proceed(stay, leg, before_m, depth_m, own):
            self._end(walk, zone, told)
            return
        if not stay.certain or stay.outside_at is not None:
            return
        if not stay.visit:
            if leg.end - stay.entered_at >= own.shortest_s:
                stay.visit, stay.said_at = self._token(), leg.end
                told.append(Told(stay.entered_at, self._visit(walk, zone, stay, "opened")))
        elif leg.end - stay.said_at >= own.continue_s:
            stay.said_at = leg.end
            told.append(Told(leg.end, self._visit(walk, zone, stay, "continued")))

    def _end(self, walk: _Walk, zone: int, told: list[Told]) -> None:
        """A stay is over, and a visit if it was one."""
        stay = walk.stays.pop(zone)
        if not stay.visit and stay.certain and stay.account.total_s >= self.settings.stays.shortest_s:
            stay.visit = self._token()
            told.append(Told(stay.entered_at, self._visit(walk, zone, stay, "opened")))
        if stay.visit:
            closed = self._visit(walk, zone, stay, "closed")
            told.append(Told(stay.left_at, closed))
            assert closed.left_at is not None  # noqa: S101 - tells mypy what "closed" means
            walk.done.append(
                ZoneStay(
                    closed.zone,
                    closed.entered_at,
                    closed.left_at,
                    closed.observed_s,
                    closed.bridged_s,
                    closed.unseen_s,
                )
            )
            del walk.done[:-MOST_STAYS]

    def _visit(self, walk: _Walk, zone: int, stay: Stay, phase: str) -> Visit:
        entered, left = round(stay.entered_at, 3), round(stay.left_at, 3)
        account = stay.account.rounded(left - entered)
        return Visit(
            visit=stay.visit,
            visitor=walk.token,
            zone=self._zones[zone].id,
            phase=phase,  # type: ignore[arg-type]
            entered_at=to_rfc3339(entered),
            observed_s=account.observed_s,
            bridged_s=account.bridged_s,
            unseen_s=account.unseen_s,
            confidence=round(walk.confidence * account.seen_share, 3),
            left_at=to_rfc3339(left) if phase == "closed" else None,
        )

    def _cross(self, samples: tuple[Sample, ...], told: list[Told]) -> None:
        """Crossings, each visitor's sightings in order of time."""
        moments: dict[float, list[Sample]] = {}
        for sample in samples:
            moments.setdefault(sample.at, []).append(sample)
        for at in sorted(moments):
            keys = np.array([s.key for s in moments[at]], np.int64)
            places = np.array([(s.x, s.y) for s in moments[at]], np.float64)
            blur = [s.blur_m for s in moments[at]]
            for line, wire in self._wires.items():
                told += [self._crossing(line, found) for found in wire.update(at, keys, places, blur)]

    def _crossing(self, line: str, found: Passage) -> Told:
        token = self._walks[found.visitor].token
        return Told(found.at, Crossing(line, found.direction, token, to_rfc3339(found.at)))

    def _finish(self, key: int, told: list[Told]) -> None:
        """A visitor is gone; everything open ends at the last sighting."""
        walk = self._walks.pop(key, None)
        if walk is None:
            return
        for zone in sorted(walk.stays):
            self._end(walk, zone, told)
        entered, left = round(walk.first.at, 3), round(walk.last.at, 3)
        points = walk.path.simplified()
        account = walk.account.rounded(left - entered)
        body = Journey(
            visitor=walk.token,
            entered_at=to_rfc3339(entered),
            left_at=to_rfc3339(left),
            path=[(round(max(0.0, t - entered), 3), round(x, 2), round(y, 2)) for t, x, y in points],
            zones=walk.done,
            observed_s=account.observed_s,
            bridged_s=account.bridged_s,
            unseen_s=account.unseen_s,
            length_m=round(length_m(points), 2),
        )
        told.append(Told(left, body))

    def _share(self, key: int, stays: int, at: float) -> None:
        """Two turn out to be one, who is nowhere twice: what a double did beside its person counts once.

        Who was beside them for long was hardly a double: where that is a mistake, a long stay must not be lost by it.
        """
        one, other = self._walks.get(key), self._walks.get(stays)
        if one is None or other is None:
            return
        for zone in one.stays.keys() & other.stays.keys():
            if at - other.stays[zone].entered_at <= DOUBLE_S:
                one.stays[zone].end_by(other.stays[zone].entered_at)
            elif at - one.stays[zone].entered_at <= DOUBLE_S:
                one.stays[zone].end_by(one.stays[zone].entered_at)

    def _token(self) -> str:
        return f"{self.rng.getrandbits(TOKEN_BITS):0{TOKEN_BITS // 4}x}"
