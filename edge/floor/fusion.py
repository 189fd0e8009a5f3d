"""Cameras fused on the floor plane: one person, one visitor, however many cameras see them.

Every picture's tracks find their visitor by exact assignment (`binding`): by where everybody is expected to be, which
cameras should see them, how they look, and whose the track was before. Two visitors whom no camera sees beside each
other are one when all speaks for it (`doubles`), and two who met get their names back when looks say so (`exchanges`).
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import inf

import numpy as np

from edge.floor.beginnings import in_steps
from edge.floor.binding import STILL_MPS, Binding
from edge.floor.coverage import Coverage
from edge.floor.footing import Footing
from edge.floor.people import Person
from edge.floor.settings import FusionSettings
from edge.floor.sights import HANDOVER_S, Sights
from edge.floor.visitors import Floats, Sample, Visitors
from edge.floor.walls import Walls
from edge.reid.looks import Look
from edge.track.tracks import TrackKey


@dataclass(slots=True)
class Fusion:
    """Tracks of all cameras of a floor in, visitors out; plain state that can be pickled at any time."""

    coverage: Coverage
    rng: random.Random
    settings: FusionSettings = field(default_factory=FusionSettings)
    _binding: Binding = field(init=False, repr=False)
    _at: float | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        """Starts with nobody."""
        self._binding = Binding(self.coverage, Walls(tuple(self.coverage.floor.walls)), self.rng, self.settings)

    def update(
        self,
        at: float,
        footings: Mapping[str, Footing],
        looks: Mapping[TrackKey, Look] | None = None,
        blind: Collection[str] = (),
    ) -> Visitors:
        """The visitors at ``at``.

        Args:
            at: seconds, never before the last update's.
            footings: by camera; a camera that delivered no frame since is left out. Of frames older than ``current_s``
                only the ends of tracks count.
            looks: how tracks looked in those frames, where that is known.
            blind: cameras that see nothing to be trusted: whom only they would see has not left by being unseen.
        """
        self.coverage.note_blind(blind, at)
        dt = 0.0 if self._at is None else max(0.0, at - self._at)
        self._at = at
        people, own = self._binding.people, self.settings
        people.predict(dt, at - dt - own.current_s, own.accel_mps2, own.damping_s)
        fresh, ended = self._binding.sights.take(footings)
        self._binding.forget(ended)
        sights = self._binding.sights.latest
        here = {track: sights[track].moved_to(at) for track in sorted(sights) if at - sights[track].at <= own.current_s}
        fresh = [track for track in fresh if track in here]  # a camera that fell behind tells of the past
        self._binding.looks.see(looks or {})
        self._binding.part_torn(dt, here)
        self._binding.part_strays(at, {track: here[track] for track in fresh})
        merged: list[tuple[int, int]] = []
        for camera in sorted({track[0] for track in fresh}):
            merged += self._binding.rebind(at, camera, here)
        self._correct(at, dt, [track for track in fresh if track in people.owner], here)
        merged += self._settle_names(at, dt, looks or {}, here)
        self._confirm(at, set(here))
        return self._visitors(at, tuple(merged), self._leave(at), set(here))

    def close(self, at: float) -> Visitors:
        """The end: everybody leaves."""
        gone = tuple(person.key for person in self._binding.people.rows if person.confirmed)
        self._binding.people.drop({person.key for person in self._binding.people.rows})
        self._binding.sights = Sights()
        return self._visitors(at, (), gone, set())

    def owners(self) -> dict[TrackKey, str]:
        """The visitor's token by camera and track, for those who count."""
        return {track: person.token for track, person in self._binding.people.owner.items() if person.confirmed}

    def _settle_names(
        self, at: float, dt: float, looks: Mapping[TrackKey, Look], here: Mapping[TrackKey, Floats]
    ) -> list[tuple[int, int]]:
        """Who goes by another's name gets their own; who is somebody else becomes them: gives their keys."""
        binding, people = self._binding, self._binding.people
        binding.exchanges.undo(at, people, binding.sights, binding.looks, here)
        strangers = binding.exchanges.strangers(at)
        owners = {track: p.key for track, p in people.owner.items() if p.key not in strangers}
        binding.looks.learn(looks, owners)
        binding.looks.keep(person.key for person in people.rows)
        binding.doubles.compare(dt, people, binding.sights, binding.looks, here)
        return binding.merge(here)

    def _settle_claim(self, person: Person) -> None:
        """Something unmoved stood where somebody set out; if it is there no longer, it was they."""
        claim, person.claim = person.claim, None
        thing = None if claim is None else self._binding.sights.latest.get(claim)
        if thing is None or not person.pending:
            return
        first = person.pending[0]
        if thing.at <= first.at + HANDOVER_S:
            person.pending = [*in_steps(person.key, thing.born_at, thing.position_m, first), *person.pending]

    def _settle_trail(self, person: Person) -> None:
        """Who was taken for somebody beside them was where their own track was: they came in with the other."""
        first = person.pending[0] if person.pending else None
        known = [(at, x, y) for at, x, y in person.trail if first is not None and at < first.at]
        person.pending = [*(Sample(person.key, at, x, y, person.blur_m) for at, x, y in known), *person.pending]
        person.trail = []

    def _correct(self, at: float, dt: float, fresh: list[TrackKey], here: dict[TrackKey, Floats]) -> None:
        """Corrects the filters with what was seen, and notes the sightings."""
        people = self._binding.people
        row = {person.key: i for i, person in enumerate(people.rows)}
        rows = [row[people.owner[track].key] for track in fresh]
        if not rows:
            return
        jitter = (
            np.array([self._binding.sights.latest[track].covariance_m2 for track in fresh]) * self.settings.correlation
        )
        bias = np.array([self._binding.sights.latest[track].bias_m2 for track in fresh])
        people.correct(rows, np.array([here[track] for track in fresh]), jitter, bias)
        blur_m: dict[int, float] = {}
        for track, i in zip(fresh, rows, strict=True):
            sight = self._binding.sights.latest[track]
            people.rows[i].score = max(people.rows[i].score, sight.score)
            blur_m[i] = min(blur_m.get(i, inf), sight.blur_m)
        for i in sorted(set(rows)):
            person = people.rows[i]
            person.blur_m = min(person.blur_m, blur_m[i])
            x, y = people.state[i, :2].tolist()
            views = [track for track in person.track_keys() if track in here]
            person.views = max(person.views, len(views))
            if at > person.seen_at or not person.pending:
                person.pending.append(Sample(person.key, at, x, y, blur_m[i]))
            person.seen_s += min(dt, at - person.seen_at) if person.seen_at < at else 0.0
            person.seen_at, person.seen_m = at, (x, y)
            person.speed_mps = float(np.hypot(*people.state[i, 2:]))
            if self._binding.walls.is_clear((x, y)):
                person.clear_at, person.clear_m = at, (x, y)

    def _confirm(self, at: float, current: set[TrackKey]) -> None:
        """Decides about the doubtful: they count, or are somebody lost."""
        own = self.settings
        doubtful = [p for p in self._binding.people.rows if not p.confirmed and p.seen_s >= own.confirm_s]
        if not doubtful:
            return
        likely = self._binding.doubles.likely(self._binding.people, self._binding.sights, current)
        doubles = {key for keys in likely for key in keys}
        for person in doubtful:
            is_clear = person.score >= own.clear_score or person.views > 1 or person.seen_s >= own.doubtful_s
            is_clear &= person.blur_m <= own.blurred_m or person.seen_s >= own.blurred_s
            is_double = at - person.reported_at < own.ambiguous_s and person.key in doubles
            is_open = (person.claim is not None or person.split) and at - person.reported_at < own.probation_s
            is_open |= person.split and at - person.seen_at > own.current_s
            if not is_clear or is_double or is_open:
                continue
            lost = self._binding.lost_as(person)
            if lost is None:
                self._settle_claim(person)
                self._settle_trail(person)
                person.confirmed = True
            else:
                self._binding.absorb(lost, person, current)

    def _patience_s(self, person: Person) -> float:
        """How long somebody unseen stays with us: nobody vanishes in the middle of the floor."""
        if self._binding.by_way_out(person):
            return self.settings.lost_s
        if sum(self.coverage.should_see(camera, person.seen_m) for camera in self.coverage.floor.cameras) > 1:
            return self.settings.watched_s
        return self.settings.still_s if person.speed_mps < STILL_MPS else self.settings.stranded_s

    def _unseen_s(self, at: float, person: Person) -> float:
        """For how long somebody could have been seen and was not: not while all who would see them were blind."""
        hidden_s = self.coverage.hidden_s(person.seen_m, person.seen_at, at)
        return at - person.seen_at - min(hidden_s, self.settings.blind_s)

    def _leave(self, at: float) -> tuple[int, ...]:
        """Drops who has been unseen for too long; gives those who counted."""
        own = self.settings
        over: set[int] = set()
        gone: list[int] = []
        for person in self._binding.people.rows:
            unseen = self._unseen_s(at, person)
            if not person.confirmed:
                if unseen > own.drop_s:
                    over.add(person.key)
            elif unseen > own.lost_s and unseen > self._patience_s(person):
                over.add(person.key)
                gone.append(person.key)
        if over:
            self._binding.people.drop(over)
        return tuple(gone)

    def _visitors(
        self, at: float, merged: tuple[tuple[int, int], ...], gone: tuple[int, ...], current: set[TrackKey]
    ) -> Visitors:
        rows = [i for i, person in enumerate(self._binding.people.rows) if person.confirmed]
        chosen = [self._binding.people.rows[i] for i in rows]
        samples: list[Sample] = []
        for person in chosen:
            samples += person.pending
            person.pending = []
        split = tuple(person.key for person in chosen if person.split)
        for person in chosen:
            person.split = False
        return Visitors(
            at=at,
            key=np.array([person.key for person in chosen], np.int64),
            token=tuple(person.token for person in chosen),
            position_m=self._binding.people.state[rows, :2],
            velocity_mps=self._binding.people.state[rows, 2:],
            covariance_m2=self._binding.people.cov[rows, :2, :2],
            seen_at=np.array([person.seen_at for person in chosen]),
            cameras=np.array([sum(t in current for t in person.track_keys()) for person in chosen], np.int64),
            confidence=np.array([min(1.0, person.score) for person in chosen]),
            samples=tuple(samples),
            split=split,
            gone=gone,
            merged=merged,
            doubts=self._binding.doubles.of({person.key for person in chosen}),
        )
