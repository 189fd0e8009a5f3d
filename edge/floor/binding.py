"""Which track is whose: exact assignment of every camera's tracks to visitors, known, lost or new."""

from __future__ import annotations

import itertools
import random
from collections.abc import Collection
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from edge.floor.coverage import Coverage
from edge.floor.evidence import PairEvidence, TrackKey, reunion
from edge.floor.people import People, Person
from edge.floor.settings import FusionSettings
from edge.floor.sights import Sight, Sights
from edge.floor.visitors import Floats, Sample
from edge.floor.walls import Walls

IMPOSSIBLE = -1e6
TOKEN_BITS = 80
STILL_M = 0.6
"""Something that never moved is at most somebody lost no farther away than this,"""
STILL_MPS = 0.4
"""and no faster when last seen."""
BACKFILL_STEP_S = 0.5
"""What is told afterwards is told in such steps."""


@dataclass(slots=True)
class Binding:
    """Tracks bound to people.

    Attributes:
        coverage: where people can come and go unseen.
        walls: what nobody walks through.
        rng: of the random names.
        settings: see there.
        people: everybody being followed.
        sights: where every track was last seen.
        evidence: which tracks are one person's.
        next_key: of the next newcomer.
        strayed: tracks that went over from one person to another.
        placed: when and where every track was last seen.
        side_by_side: seconds for which one camera saw two people, by their keys, smaller first, apart from each other.
    """

    coverage: Coverage
    walls: Walls
    rng: random.Random
    settings: FusionSettings
    evidence: PairEvidence
    people: People = field(default_factory=People)
    sights: Sights = field(default_factory=Sights)
    next_key: int = 1
    strayed: set[TrackKey] = field(default_factory=set)
    placed: dict[TrackKey, tuple[float, tuple[float, float]]] = field(default_factory=dict)
    side_by_side: dict[tuple[int, int], float] = field(default_factory=dict)

    def forget(self, ended: set[TrackKey]) -> None:
        """Drops what is known of tracks that ended."""
        for track in ended:
            self.people.unbind(track)
            self.placed.pop(track, None)
        self.strayed -= ended
        self.evidence.forget(ended)

    def rebind(self, at: float, camera: str, here: dict[TrackKey, Floats]) -> list[tuple[int, int]]:
        """Gives every current track of one camera its visitor, old or new; gives who turned out to be whom.

        An exact assignment of the camera's tracks given what the other cameras see: a track joins, stays, trades
        places or leaves for the greatest total evidence, the present bindings favoured.
        """
        tracks = [track for track in here if track[0] == camera and self._may_bind(track, at)]
        if not tracks:
            return []
        rows = self.people.rows
        count = len(rows)
        gain = np.full((len(tracks), count + len(tracks)), IMPOSSIBLE)
        gain[:, count:][np.diag_indices(len(tracks))] = 0.0
        self._weigh_seen(camera, tracks, here, gain[:, :count])
        self._weigh_lost(at, tracks, here, gain[:, :count])
        picked = linear_sum_assignment(gain, maximize=True)[1].tolist()
        chosen = [rows[j] if j < count and gain[i, j] > IMPOSSIBLE / 2 else None for i, j in enumerate(picked)]
        return self._bind_all(at, tracks, chosen, here)

    def part_strays(self, at: float, here: dict[TrackKey, Floats]) -> None:
        """Takes from everybody the tracks that leapt or went through a wall: they have gone over to somebody else."""
        for track, place in here.items():
            person = self.people.owner.get(track)
            place_m = (float(place[0]), float(place[1]))
            if person is not None and (
                self._is_through(at, place_m, person) or self._is_leap(at, track, place_m, person)
            ):
                self.people.unbind(track)
                self.evidence.forget({track})
                self.strayed.add(track)
            self.placed[track] = (at, place_m)

    def _is_leap(self, at: float, track: TrackKey, place_m: tuple[float, float], person: Person) -> bool:
        """Whether nobody gets from where a track was, or its person where it was out of sight, to a place so soon."""
        own = self.settings
        since, start_m = self.placed.get(track, (at, place_m))
        leap_m, leap_mps = own.leap_m, own.leap_mps
        if at - since > own.current_s:  # where its person is by now, others may know well
            since, start_m = person.seen_at, person.seen_m
            leap_m, leap_mps = own.back_m, own.back_mps
        reach = leap_m + leap_mps * (at - since) + 2 * self.sights.latest[track].blur_m
        return float(np.hypot(place_m[0] - start_m[0], place_m[1] - start_m[1])) > reach

    def _is_through(self, at: float, place_m: tuple[float, float], person: Person) -> bool:
        """Whether a wall stands between a place and where a person certainly was a moment ago."""
        is_fresh = at - person.clear_at <= self.settings.through_s
        return is_fresh and self.walls.part(person.clear_m, place_m) and self.walls.is_clear(place_m)

    def _weigh_seen(self, camera: str, tracks: list[TrackKey], here: dict[TrackKey, Floats], gain: Floats) -> None:
        """Fills in what speaks for tracks being those whom other cameras see, and for staying where they are."""
        own, people, sights = self.settings, self.people, self.sights.latest
        row = {person.key: j for j, person in enumerate(people.rows)}
        elsewhere = [track for track in here if track[0] != camera and track in people.owner]
        owners = np.array([row[people.owner[track].key] for track in elsewhere], np.int64)
        total = np.zeros((len(people.rows), len(tracks)))
        np.add.at(total, owners, self.evidence.between(elsewhere, tracks))
        sharpness = np.zeros(len(people.rows))
        np.add.at(sharpness, owners, [sights[track].sharpness for track in elsewhere])
        places = np.array([here[track] for track in tracks])
        apart = np.hypot(*(places[:, None] - people.state[None, :, :2]).transpose(2, 0, 1))
        may = (apart <= own.evidence.reach_m) & (sharpness > 0)
        may[[track not in people.owner and not sights[track].reported for track in tracks]] = False
        gain[may] = total.T[may] - own.bind_above
        for i, track in enumerate(tracks):
            if track in people.owner:
                j = row[people.owner[track].key]
                share = sights[track].sharpness / (sights[track].sharpness + sharpness[j])
                gain[i, j] = own.stick + own.anchor * share + total[j, i] if sharpness[j] > 0 else own.alone

    def _weigh_lost(self, at: float, tracks: list[TrackKey], here: dict[TrackKey, Floats], gain: Floats) -> None:
        """Fills in what speaks for loose tracks being those whom nobody sees at present."""
        loose = [i for i, track in enumerate(tracks) if track not in self.people.owner]
        lost = [
            j for j, person in enumerate(self.people.rows) if loose and not any(t in here for t in person.track_keys())
        ]
        for i in loose if lost else []:
            newcomers = self._newcomers(tracks[i])
            for j in lost:
                gain[i, j] = self._reunion(at, tracks[i], j, newcomers)

    def _bind_all(
        self, at: float, tracks: list[TrackKey], chosen: list[Person | None], here: dict[TrackKey, Floats]
    ) -> list[tuple[int, int]]:
        """Binds every track to the person chosen for it, None being somebody new."""
        people = self.people
        before = [people.owner.get(track) for track in tracks]
        moves = [i for i in range(len(tracks)) if before[i] is None or chosen[i] is not before[i]]
        for i in moves:
            people.unbind(tracks[i])
        merged: list[tuple[int, int]] = []
        for i in moves:
            old, new = before[i], chosen[i]
            if new is None and not self.sights.latest[tracks[i]].reported:
                continue  # a thing, for all we know
            if new is None:
                is_split = old is not None or tracks[i] in self.strayed or self._is_near_lost(at, here[tracks[i]], here)
                self._start(at, tracks[i], here[tracks[i]], is_split=is_split)
            else:
                if old is None:
                    self._rejoin(at, tracks[i], new, here)
                people.bind(tracks[i], new)
            self.strayed.discard(tracks[i])
        now: dict[int, Person] = {}
        for i in moves:
            # who of the two was absorbed already goes by the other's name
            old, new = (None if person is None else now.get(person.key, person) for person in (before[i], chosen[i]))
            if old is None or new is None or old is new or any(track in here for track in old.track_keys()):
                continue
            if self._are_two(old, new):
                continue
            stay, go = self._elder(old, new)
            merged += self._absorb(stay, go, here)
            now = {key: stay if person is go else person for key, person in now.items()} | {go.key: stay}
        return merged

    def _may_bind(self, track: TrackKey, at: float) -> bool:
        """Whether a track is, or may be, a person's: what never moved may at most be somebody lost just there."""
        sight = self.sights.latest[track]
        return sight.reported or track in self.people.owner or at - sight.born_at >= self.settings.settled_s

    def _newcomers(self, track: TrackKey) -> float:
        """How likely a newcomer turns up on a square metre where a track began."""
        sight = self.sights.latest[track]
        start = sight.born_m if np.isfinite(sight.born_m).all() else sight.position_m
        out = self.coverage.is_way_out((float(start[0]), float(start[1])))
        return self.settings.newcomers_per_m2 if out else self.settings.strays_per_m2

    def _reunion(self, at: float, track: TrackKey, row: int, newcomers: float) -> float:
        """Evidence that a loose track is somebody nobody sees at present."""
        own, sight, person = self.settings, self.sights.latest[track], self.people.rows[row]
        start_at, start_m = sight.start
        if start_at < person.seen_at and sight.reported:
            start_at, start_m = sight.at, sight.position_m
        if self._is_through(start_at, (float(start_m[0]), float(start_m[1])), person):
            return IMPOSSIBLE
        gap = start_at - person.seen_at
        last = np.array(person.seen_m)
        if gap < 0 or not (sight.reported or self._is_still_there(sight, person)):
            return IMPOSSIBLE
        # the filter has coasted to the present; by the time the track began it had come only part of that way
        coasted = self.people.state[row, :2] - last
        expected = last + coasted * min(1.0, gap / max(1e-6, at - person.seen_at))
        share = own.still_share if person.speed_mps < STILL_MPS else 1.0
        variance = (share * min(own.wander_mps * gap, own.wander_m)) ** 2 + own.evidence.slack_m**2
        variance += sight.blur_m**2
        off = start_m - expected
        return reunion(float(off @ off), variance, newcomers) - gap / own.forget_s

    def _is_still_there(self, sight: Sight, person: Person) -> bool:
        """Whether something that never moved began clearly, where somebody who stood still was last seen."""
        near = float(np.hypot(*(sight.start[1] - person.seen_m))) < STILL_M
        return near and person.speed_mps < STILL_MPS and sight.score >= self.settings.clear_score

    def _start(self, at: float, track: TrackKey, position_m: Floats, *, is_split: bool) -> None:
        """Somebody new."""
        sight = self.sights.latest[track]
        token = f"{self.rng.getrandbits(TOKEN_BITS):0{TOKEN_BITS // 4}x}"
        person = Person(
            self.next_key, token, at, at, (float(position_m[0]), float(position_m[1])), sight.score, is_split
        )
        self.next_key += 1
        self.people.add(person, position_m, sight.covariance_m2, sight.velocity_mps)
        self.people.bind(track, person)
        if not is_split:
            self._backfill(at, sight, person, not_before=at - self.settings.backfill_s)
            person.claim = self.sights.stood_before(track, at - self.settings.remembered_s)

    def _rejoin(self, at: float, track: TrackKey, person: Person, here: dict[TrackKey, Floats]) -> None:
        """A new track becomes somebody's whom we know."""
        sight = self.sights.latest[track]
        if not any(other in here for other in person.track_keys()):
            self._backfill(at, sight, person, not_before=max(person.seen_at + 1e-3, at - self.settings.backfill_s))
            self.people.reset(self.people.rows.index(person), here[track], sight.covariance_m2, sight.velocity_mps)
        self.people.bind(track, person)

    def _backfill(self, at: float, sight: Sight, person: Person, not_before: float) -> None:
        """A track is reported only once it has moved; its beginning counts as seen all the same."""
        if not np.isfinite(sight.born_m).all() or not not_before <= sight.born_at < at:
            return
        known = [Sample(person.key, *row) for row in sight.past.tolist() if sight.born_at < row[0] < at]
        known = [sample for sample in known if np.isfinite(sample.x)]
        first = known[0] if known else Sample(person.key, at, *sight.position_m.tolist())
        person.pending += [*in_steps(person.key, sight.born_at, sight.born_m, first), *known]
        person.seen_s += at - sight.born_at
        person.seen_at = person.pending[-1].at

    def compare(self, dt: float, here: dict[TrackKey, Floats]) -> None:
        """Notes who was seen beside whom by one camera: they are two, whatever happens to their tracks later."""
        by_camera: dict[str, list[tuple[Person, Floats]]] = {}
        for track, place in here.items():
            person = self.people.owner.get(track)
            if person is not None:
                by_camera.setdefault(track[0], []).append((person, place))
        pairs = {
            (min(a.key, b.key), max(a.key, b.key))
            for seen in by_camera.values()
            for (a, at_a), (b, at_b) in itertools.combinations(seen, 2)
            if np.hypot(*(at_a - at_b)) > self.settings.beside_m
        }
        for pair in pairs:
            self.side_by_side[pair] = self.side_by_side.get(pair, 0.0) + dt
        known = {person.key for person in self.people.rows}
        self.side_by_side = {pair: s for pair, s in self.side_by_side.items() if pair[0] in known and pair[1] in known}

    def _are_two(self, one: Person, other: Person) -> bool:
        """Whether one camera saw them beside each other for long enough."""
        pair = (min(one.key, other.key), max(one.key, other.key))
        return self.side_by_side.get(pair, 0.0) >= self.settings.beside_s

    def _is_near_lost(self, at: float, place_m: Floats, here: dict[TrackKey, Floats]) -> bool:
        """Whether somebody who counted was lost about there: a newcomer may well be them, though evidence is short."""
        own = self.settings
        return any(
            person.confirmed
            and at - person.seen_at > own.current_s
            and float(np.hypot(*(place_m - person.seen_m))) < own.mistaken_m
            and not any(track in here for track in person.track_keys())
            for person in self.people.rows
        )

    def merge(self, current: set[TrackKey]) -> list[tuple[int, int]]:
        """Makes one of people whose tracks, all of different cameras, are evidently one person's."""
        doubles = self.doubles(current)
        pairs = [(-total, *keys) for keys, total in doubles.items() if total > self.settings.merge_above]
        by_key = {person.key: person for person in self.people.rows}
        merged: list[tuple[int, int]] = []
        done: set[int] = set()
        for _, first, second in sorted(pairs):
            if not {first, second} & done:
                done |= {first, second}
                merged += self._absorb(*self._elder(by_key[first], by_key[second]), current)
        return merged

    def _elder(self, one: Person, other: Person) -> tuple[Person, Person]:
        """Both, first the one who counts already, else the older."""
        stay, go = sorted((one, other), key=lambda person: (not person.confirmed, person.key))
        return stay, go

    def _absorb(self, stay: Person, go: Person, current: Collection[TrackKey]) -> list[tuple[int, int]]:
        """Somebody turns out to be somebody else; gives their keys where both counted."""
        for track in go.track_keys():
            has = stay.tracks.get(track[0])
            if has is None or (track in current and (track[0], has) not in current):
                self.people.unbind(track)
                self.people.bind(track, stay)
        if go.seen_at > stay.seen_at:
            stay.pending += [replace(s, key=stay.key) for s in go.pending if s.at > stay.seen_at]
            stay.seen_at, stay.seen_m = go.seen_at, go.seen_m
        self.people.drop({go.key})
        return [(go.key, stay.key)] if go.confirmed else []

    def doubles(self, current: set[TrackKey]) -> dict[tuple[int, int], float]:
        """Evidence by keys, smaller first, of people who may be one person."""
        found: dict[tuple[int, int], float] = {}
        for a, b in self.evidence.friends():
            one, other = self.people.owner.get(a), self.people.owner.get(b)
            if one is None or other is None or one is other:
                continue
            keys = (min(one.key, other.key), max(one.key, other.key))
            if keys not in found:
                total = self._alike(one, other, current)
                if total is not None:
                    found[keys] = total
        return found

    def _alike(self, one: Person, other: Person, current: set[TrackKey]) -> float | None:
        """Evidence that two people are one, None where they cannot be."""
        if self._are_two(one, other):
            return None
        mine = [track for track in one.track_keys() if track in current]
        theirs = [track for track in other.track_keys() if track in current]
        if not mine or not theirs or {t[0] for t in mine} & {t[0] for t in theirs}:
            return None
        return float(self.evidence.between(mine, theirs).sum())


def in_steps(key: int, since: float, place_m: Floats, until: Sample) -> list[Sample]:
    """Sightings along the straight way from a place to, and without, a later one."""
    steps = int((until.at - since) / BACKFILL_STEP_S) + 1
    way = np.array([until.x, until.y]) - place_m
    return [
        Sample(key, since + k / steps * (until.at - since), *(place_m + k / steps * way).tolist()) for k in range(steps)
    ]
