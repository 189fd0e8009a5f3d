"""Which track is whose: exact assignment of every camera's tracks to visitors, known, lost or new."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from math import log

import numpy as np

from edge.floor.beginnings import since_birth
from edge.floor.coverage import Coverage
from edge.floor.doubles import Doubles
from edge.floor.evidence import density, reunion
from edge.floor.exchanges import Exchanges
from edge.floor.people import People, Person
from edge.floor.settings import FusionSettings
from edge.floor.sights import Sight, Sights
from edge.floor.visitors import Floats
from edge.floor.walls import Walls
from edge.reid.looks import Looks
from edge.track.matching.pairs import best_pairs
from edge.track.tracks import TrackKey

IMPOSSIBLE = -1e6
TOKEN_BITS = 80
STILL_M = 0.6
"""Something that never moved is at most somebody lost no farther away than this,"""
STILL_MPS = 0.4
"""and no faster when last seen."""


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
        next_key: of the next newcomer.
        strayed: tracks that went over from somebody, whose key this is, to somebody else.
        placed: when and where every track was last seen.
        doubles: who may be whom.
        exchanges: who may go by whose name.
        looks: how tracks and people look.
    """

    coverage: Coverage
    walls: Walls
    rng: random.Random
    settings: FusionSettings
    people: People = field(default_factory=People)
    sights: Sights = field(default_factory=Sights)
    next_key: int = 1
    strayed: dict[TrackKey, int] = field(default_factory=dict)
    placed: dict[TrackKey, tuple[float, tuple[float, float]]] = field(default_factory=dict)
    looks: Looks = field(default_factory=Looks)
    doubles: Doubles = field(init=False)
    exchanges: Exchanges = field(init=False)

    def __post_init__(self) -> None:
        """Starts with nobody."""
        self.doubles = Doubles(self.coverage, self.settings)
        self.exchanges = Exchanges(self.settings)

    def forget(self, ended: set[TrackKey]) -> None:
        """Drops what is known of tracks that ended."""
        for track in ended:
            self.people.unbind(track)
            self.placed.pop(track, None)
        self.strayed = {track: key for track, key in self.strayed.items() if track not in ended}
        self.looks.forget(ended)

    def rebind(self, at: float, camera: str, here: dict[TrackKey, Floats]) -> list[tuple[int, int]]:
        """Gives every track in one camera's latest picture its visitor, old or new; gives who turned out to be whom.

        An exact assignment by where everybody is expected, how they look, and who the track was before: a track joins,
        stays, trades places or leaves for the greatest total evidence.
        """
        latest = max((self.sights.latest[track].at for track in here if track[0] == camera), default=at)
        tracks = [
            track
            for track in here
            if track[0] == camera and self.sights.latest[track].at == latest and self._may_bind(track, at)
        ]
        if not tracks:
            return []
        rows = self.people.rows
        chosen = [rows[j] if j >= 0 else None for j in best_pairs(self._weigh(at, tracks, here)).tolist()]
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
                self.strayed[track] = person.key
                self.sights.cut(track)
            self.placed[track] = (at, place_m)

    def part_torn(self, dt: float, here: Mapping[TrackKey, Floats]) -> None:
        """Takes from everybody whom cameras clearly see in two places the tracks that look less like them."""
        own = self.settings
        for person in self.people.rows:
            clear = self.sights.clear_cameras(person, here, own)
            tracks = [track for track in person.track_keys() if track[0] in clear]
            places = np.array([here[track] for track in tracks]).reshape(-1, 2)
            blur_m = np.array([self.sights.latest[track].blur_m for track in tracks])
            apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
            torn = apart > np.maximum(own.torn_m, own.torn_sigmas * np.hypot(blur_m[:, None], blur_m[None]))
            person.torn_s = person.torn_s + dt if torn.any() else 0.0
            if person.torn_s < own.torn_s:
                continue
            here_i, there_i = np.unravel_index(np.where(torn, apart, 0.0).argmax(), apart.shape)
            is_there = apart[there_i] < apart[here_i]
            like = np.array([self.looks.track_and_person(track, person.key) for track in tracks])
            likes = [(float(like[side].mean()), int(side.sum())) for side in (~is_there, is_there)]
            for i in np.flatnonzero(is_there if likes[0] >= likes[1] else ~is_there).tolist():
                self.people.unbind(tracks[i])
                self.strayed[tracks[i]] = person.key
            person.torn_s = 0.0

    def lost_as(self, new: Person) -> Person | None:
        """Somebody who counts and was lost where and when somebody new was first seen; None where there is nobody."""
        own = self.settings
        if not new.pending:
            return None
        first = new.pending[0]
        found = [
            (float(np.hypot(first.x - person.seen_m[0], first.y - person.seen_m[1])), person.key, person)
            for person in self.people.rows
            if person.confirmed
            and not self.doubles.are_two(person, new)
            and person.seen_at < new.seen_at - own.current_s
            and abs(first.at - person.seen_at) <= own.handover_s
            and self.looks.people(person.key, new.key) >= -own.doubt_look
        ]
        near = [entry for entry in found if entry[0] <= own.handover_m]
        return min(near)[2] if near else self._left_behind(new)

    def _left_behind(self, new: Person) -> Person | None:
        """Whoever somebody new was taken for, where nobody has seen them since: a track that leapt came to itself."""
        own, first = self.settings, new.pending[0]
        for person in self.people.rows:
            if person.key == new.taken_for and person.confirmed and person.seen_at <= first.at + own.current_s:
                near = float(np.hypot(first.x - person.seen_m[0], first.y - person.seen_m[1])) <= own.mistaken_m
                alike = self.looks.people(person.key, new.key) >= -own.doubt_look
                place_m = (first.x, first.y)
                is_apart = self._is_through(person.seen_at, place_m, person) or self.coverage.parts(
                    person.seen_m, place_m
                )
                return person if near and alike and not is_apart else None
        return None

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

    def _weigh(self, at: float, tracks: list[TrackKey], here: dict[TrackKey, Floats]) -> Floats:
        """(T, P) what speaks for tracks of one camera being those whom we follow rather than nobody."""
        own, people, rows = self.settings, self.people, self.people.rows
        sights = [self.sights.latest[track] for track in tracks]
        places = np.array([here[track] for track in tracks])
        doubt = np.array([sight.doubt_m2 for sight in sights])
        gain = density(places, doubt, people.state[:, :2], people.cov[:, :2, :2], own.evidence)
        score = np.clip([sight.score for sight in sights], 0.03, 0.97)
        gain += np.clip(np.log(score / (1 - score)), -own.sure_most, own.sure_most)[:, None]
        camera = tracks[0][0]
        seen = [self.coverage.should_see(camera, (x, y)) for x, y in people.state[:, :2].tolist()]
        gain += np.where(seen, own.found, own.chanced)
        apart = np.hypot(*(places[:, None] - people.state[None, :, :2]).transpose(2, 0, 1))
        lost = np.array([at - person.seen_at > own.current_s for person in rows], np.bool_)
        may = lost | (apart <= own.reach_m)
        gain[~may] = IMPOSSIBLE
        for i, track in enumerate(tracks):
            owner, newcomers = people.owner.get(track), self._newcomers(track)
            for j in np.flatnonzero(may[i]).tolist():
                person = rows[j]
                if self.strayed.get(track) == person.key:
                    gain[i, j] = IMPOSSIBLE
                elif lost[j] and owner is not person:
                    gain[i, j] = IMPOSSIBLE if owner else self._reunion(at, track, j, newcomers)
                elif apart[i, j] > own.reach_m or not (owner is person or sights[i].reported):
                    gain[i, j] = IMPOSSIBLE
                else:
                    gain[i, j] -= log(own.strays_per_m2 if owner else newcomers)
                    gain[i, j] += own.stick if owner is person else 0.0
                if gain[i, j] > IMPOSSIBLE / 2:
                    gain[i, j] += self.looks.track_and_person(track, person.key)
        return gain

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
                self._start(at, tracks[i], here, old)
            else:
                if old is None:
                    self._rejoin(at, tracks[i], new, here)
                people.bind(tracks[i], new)
            if tracks[i] in people.owner:
                self.strayed.pop(tracks[i], None)
        now: dict[int, Person] = {}
        for i in moves:
            # who of the two was absorbed already goes by the other's name
            old, new = (None if person is None else now.get(person.key, person) for person in (before[i], chosen[i]))
            if old is None or new is None or old is new or any(track in here for track in old.track_keys()):
                continue
            if self.doubles.are_two(old, new):
                continue
            stay, go = elder(old, new)
            merged += self.absorb(stay, go, here)
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
        gap, last = start_at - person.seen_at, np.array(person.seen_m)
        if gap < 0 or not (sight.reported or self._is_still_there(sight, person)):
            return IMPOSSIBLE
        # the filter has coasted to the present; by the time the track began it had come only part of that way
        coasted = self.people.state[row, :2] - last
        expected = last + coasted * min(1.0, gap / max(1e-6, at - person.seen_at))
        blur = own.evidence.slack_m**2 + sight.blur_m**2
        walks = min(own.wander_mps * gap, own.wander_m)
        stays = own.stays if person.speed_mps < STILL_MPS else 0.0
        spreads = ((stays, (own.still_share * walks) ** 2 + blur), (1.0 - stays, walks**2 + own.start_m**2 + blur))
        off = start_m - expected
        waited_s = gap - own.blind_trust * self.coverage.hidden_s(person.seen_m, person.seen_at, start_at)
        waited_s /= own.forget_s if self.by_way_out(person) else own.forget_inside_s
        evidence = reunion(float(off @ off), spreads, newcomers) - waited_s
        return evidence - own.unseen_pass * self.coverage.parts((last[0], last[1]), (start_m[0], start_m[1]))

    def by_way_out(self, person: Person) -> bool:
        """Whether somebody was last seen where people come and go."""
        if person.by_way_out is None or person.by_way_out[0] != person.seen_at:
            person.by_way_out = (person.seen_at, self.coverage.is_way_out(person.seen_m))
        return person.by_way_out[1]

    def _is_still_there(self, sight: Sight, person: Person) -> bool:
        """Whether something that never moved began clearly, where somebody who stood still was last seen."""
        near = float(np.hypot(*(sight.start[1] - person.seen_m))) < STILL_M
        return near and person.speed_mps < STILL_MPS and sight.score >= self.settings.clear_score

    def _start(self, at: float, track: TrackKey, here: dict[TrackKey, Floats], old: Person | None) -> None:
        """Somebody new, unless all we have is faint and others, who should see them, do not.

        Args:
            at: seconds.
            track: theirs.
            here: where all tracks are.
            old: whose the track was until now.
        """
        sight, position_m = self.sights.latest[track], here[track]
        if not self.sights.is_clear(track, self.settings) and (
            at - sight.born_at < self.settings.faint_s or self._should_be_seen(track[0], position_m)
        ):
            return
        is_other = old is not None or track in self.strayed
        is_split = is_other or self._is_near_lost(at, position_m, here)
        token = f"{self.rng.getrandbits(TOKEN_BITS):0{TOKEN_BITS // 4}x}"
        person = Person(
            self.next_key, token, at, at, (float(position_m[0]), float(position_m[1])), sight.score, is_split
        )
        self.next_key += 1
        self.people.add(person, position_m, sight.covariance_m2, sight.velocity_mps)
        self.people.bind(track, person)
        if track in self.strayed:
            self.doubles.part(self.strayed[track], person.key)
        if is_other:
            person.trail = list(self.sights.trails.get(track, ()))
            person.taken_for = self.strayed.get(track, old.key if old is not None else None)
        else:
            self._backfill(at, sight, person, not_before=at - self.settings.reach_back_s(stirring=sight.stirring))
        if not is_split:
            person.claim = self.sights.stood_before(track, at - self.settings.remembered_s)

    def _should_be_seen(self, but_by: str, place_m: Floats) -> bool:
        """Whether another camera would hardly miss somebody there."""
        others = (camera for camera in self.coverage.floor.cameras if camera != but_by)
        return any(self.coverage.should_see(camera, (float(place_m[0]), float(place_m[1]))) for camera in others)

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
        person.pending += since_birth(sight, person.key, at)
        person.seen_s += at - sight.born_at
        person.seen_at = person.pending[-1].at

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

    def merge(self, here: Collection[TrackKey]) -> list[tuple[int, int]]:
        """Makes one of those who evidently are; gives (key, key it turned out to be) where both counted."""
        likely = self.doubles.likely(self.people, self.sights, here)
        pairs = [(-score, *keys) for keys, score in likely.items() if score > self.settings.merge_above]
        by_key = {person.key: person for person in self.people.rows}
        merged: list[tuple[int, int]] = []
        done: set[int] = set()
        for _, first, second in sorted(pairs):
            if not {first, second} & done:
                done |= {first, second}
                merged += self.absorb(*elder(by_key[first], by_key[second]), here)
        return merged

    def absorb(self, stay: Person, go: Person, here: Collection[TrackKey]) -> list[tuple[int, int]]:
        """Somebody turns out to be somebody else, who keeps the better track in each camera."""
        sights = self.sights.latest
        for track in go.track_keys():
            has = stay.tracks.get(track[0])
            kept = None if has is None else (track[0], has)
            if kept is None or (track in here and (kept not in here or sights[track].blur_m < sights[kept].blur_m)):
                self.people.unbind(track)
                self.people.bind(track, stay)
        if go.seen_at > stay.seen_at:
            stay.pending += [replace(s, key=stay.key) for s in go.pending if s.at > stay.seen_at]
            stay.seen_at, stay.seen_m = go.seen_at, go.seen_m
            row, other = self.people.rows.index(stay), self.people.rows.index(go)
            self.people.state[row], self.people.cov[row] = self.people.state[other], self.people.cov[other]
        self.people.drop({go.key})
        self.looks.absorb(stay.key, go.key)
        return [(go.key, stay.key)] if go.confirmed else []


def elder(one: Person, other: Person) -> tuple[Person, Person]:
    """Both, first the one who counts already, else the older."""
    stay, go = sorted((one, other), key=lambda person: (not person.confirmed, person.key))
    return stay, go
