"""What two floors' boxes and central told beside the truth: identity, doubles, second names, visits, links.

A *presence* is somebody's time on one floor without a break: who rides up and comes back has two on the ground floor.
Who is counted stands in a zone of the floor that is no way to another; beyond its doors no camera watches. Visitors
there are neither right nor wrong.

- *duplicates*: of the time of the visitors who count, the share that went to a second visitor for a person who had one
  already. A visitor is somebody's second where every person within a metre has a visitor of their own.
- *fragmentation*: visitors a presence, less one. Each visitor is the presence that it was for most of its time.
- what boxes estimate themselves is compared with the same two shares of all visitors (see ``eval.names``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from benchmarks.eval import names as who
from benchmarks.eval.floor import FloorScore, floor_score
from calibration.boundaries import TRANSIT
from calibration.site import Floor
from edge.floor.rates import Twice

Floats = NDArray[np.float64]
GAP_S = 1.0
"""Somebody's places farther apart in time than this are of two presences."""
EVERYWHERE = np.array([[-1e3, -1e3], [1e3, -1e3], [1e3, 1e3], [-1e3, 1e3]])
STILL_M = 1.0
"""Who stays within a box of this size all their time cannot be told from a mannequin by moving."""
CLOSE_S = 5.0
"""Who a visitor is at a moment is looked up no farther from it than this."""

Places = Sequence[tuple[float, Sequence[tuple[str, float, float]]]]
"""For every moment, its second and each visitor's token and place, metres."""


@dataclass(frozen=True, slots=True, eq=False)
class Presence:
    """Somebody on one floor without a break; ``way`` is (K, 3) second, x and y in metres."""

    person: int
    way: Floats

    @property
    def is_still(self) -> bool:
        """Whether they never walked."""
        return bool((np.ptp(self.way[:, 1:], axis=0) < STILL_M).all())


@dataclass(frozen=True, slots=True)
class Moment:
    """Who was who at one moment.

    Attributes:
        at: seconds.
        visitors: place by token.
        people: place by presence, of all.
        counted: presences that stand where cameras watch.
        is_whom: presence by token, one each; a pair stays while it is near.
        doubles: by token, the presence that it is near though another visitor is it already.
    """

    at: float
    visitors: dict[str, tuple[float, float]]
    people: dict[int, tuple[float, float]]
    counted: set[int]
    is_whom: dict[str, int]
    doubles: dict[str, int]

    def scored(self) -> list[str]:
        """Visitors that count: all but those who are, or are nearest to, somebody beyond the doors."""
        out = set()
        for token, place in self.visitors.items():
            whom = self.is_whom.get(token, self.doubles.get(token))
            if whom is not None and whom not in self.counted:
                near = min((_apart(place, self.people[one]) for one in self.counted), default=np.inf)
                out |= {token} if near > who.NEAR_M else set()
        return [token for token in self.visitors if token not in out]


@dataclass(slots=True)
class Place:
    """What went wrong in one zone.

    Attributes:
        person_s: people's time there,
        missed_s: and how much of it they had no visitor.
        double_s: time of second visitors,
        ghost_s: and of visitors near nobody.
        renamed: how often somebody got another visitor there,
        swaps: and how often a visitor went over to somebody else.
    """

    person_s: float = 0.0
    missed_s: float = 0.0
    double_s: float = 0.0
    ghost_s: float = 0.0
    renamed: int = 0
    swaps: int = 0


@dataclass(frozen=True, slots=True)
class Identity:
    """How well identity was kept on a floor.

    Attributes:
        floor: from the places told.
        presences: how many were followed at all.
        visitors: how many were somebody for most of their time.
        names: visitors that each presence ever was, added up.
        swaps: how often a visitor went over to somebody else.
        visitor_s: all visitors' time that counts, seconds,
        double_s: and of it, second visitors'.
        twice: how often people were followed twice, all visitors counted.
        zones: what went wrong where.
    """

    floor: FloorScore
    presences: int
    visitors: int
    names: int
    swaps: int
    visitor_s: float
    double_s: float
    twice: Twice
    zones: dict[str, Place] = field(default_factory=dict)

    def figures(self) -> dict[str, float]:
        """What it comes to."""
        return {
            "idf1": self.floor.idf1,
            "mota": self.floor.mota,
            "hota": self.floor.hota,
            "count_error": self.floor.count_error,
            "presences": self.presences,
            "visitors": self.visitors,
            "names_per_presence": self.names / max(1, self.presences),
            "swaps": self.swaps,
            "duplicates": self.double_s / max(1e-9, self.visitor_s),
            "fragmentation": self.visitors / max(1, self.presences) - 1,
            "all_duplicates": self.twice.double_s / max(1e-9, self.twice.visitor_s),
            "all_fragments": self.twice.fragments / max(1, self.twice.begun),
        }


def presences(ways: Mapping[int, Floats]) -> list[Presence]:
    """People's (K, 3) second, x and y, cut where they were away."""
    found = []
    for person, way in sorted(ways.items()):
        cuts = np.flatnonzero(np.diff(way[:, 0]) > GAP_S) + 1
        found += [Presence(person, part) for part in np.split(way, cuts)]
    return found


def matched(places: Places, people: Sequence[Presence], floor: Floor) -> list[Moment]:
    """Visitors and people matched moment by moment (see ``eval.names``)."""
    moments = []
    true = {number: one.way for number, one in enumerate(people)}
    for (at, visitors), told in zip(places, who.matched(places, true), strict=True):
        here = {number: _place_at(way, at) for number, way in true.items() if way[0, 0] <= at <= way[-1, 0]}
        counted = {number for number, place in here.items() if zone_at(floor, place)}
        standing = {token: (x, y) for token, x, y in visitors}
        moments.append(Moment(at, standing, here, counted, dict(told.person), dict(told.double)))
    return moments


def movers(moments: Sequence[Moment], people: Sequence[Presence]) -> list[Moment]:
    """The same without those who never walked: they and their visitors are neither right nor wrong."""
    still = {number for number, one in enumerate(people) if one.is_still}
    return [replace(moment, counted=moment.counted - still) for moment in moments]


def zone_at(floor: Floor, place: tuple[float, float]) -> str:
    """The zone that somebody stands in; empty beyond the doors and on the way to another floor."""
    at = np.array([place])
    return next((z.id for z in floor.zones.values() if z.category != TRANSIT and bool(z.contains(at)[0])), "")


def identity(moments: Sequence[Moment], floor: Floor) -> Identity:
    """Scores moments about a second apart."""
    zones: dict[str, Place] = defaultdict(Place)
    names: dict[int, list[str]] = defaultdict(list)
    last: dict[str, int] = {}
    visitor_s = double_s = 0.0
    before = moments[0].at if moments else 0.0
    for moment in moments:
        step_s = min(GAP_S, moment.at - before)
        before = moment.at
        scored = moment.scored()
        visitor_s += step_s * len(scored)
        double_s += step_s * len(moment.doubles.keys() & set(scored))
        for token in scored:
            if token not in moment.is_whom:
                zone = zones[zone_at(floor, moment.visitors[token])]
                if token in moment.doubles:
                    zone.double_s += step_s
                else:
                    zone.ghost_s += step_s
        found = set(moment.is_whom.values())
        for whom in moment.counted:
            zone = zones[zone_at(floor, moment.people[whom])]
            zone.person_s += step_s
            zone.missed_s += step_s * (whom not in found)
        for token, whom in moment.is_whom.items():
            zone = zones[zone_at(floor, moment.people[whom])]
            zone.renamed += bool(names[whom]) and names[whom][-1] != token
            zone.swaps += last.get(token, whom) != whom
            if not names[whom] or names[whom][-1] != token:
                names[whom].append(token)
            last[token] = whom
    main = main_presences(moments)
    return Identity(
        _floor_score(moments),
        len(names),
        len(main),
        sum(len(set(each)) for each in names.values()),
        sum(zone.swaps for zone in zones.values()),
        visitor_s,
        double_s,
        who.people_twice(who.Moment(m.at, tuple(m.visitors), m.is_whom, m.doubles) for m in moments),
        dict(zones),
    )


def main_presences(moments: Iterable[Moment]) -> dict[str, int]:
    """By visitor, the presence that it was, or stood beside, for most of its time."""
    times: dict[str, Counter[int]] = defaultdict(Counter)
    for moment in moments:
        for token, whom in (moment.doubles | moment.is_whom).items():
            times[token][whom] += 1
    return {token: counts.most_common(1)[0][0] for token, counts in times.items()}


def _floor_score(moments: Sequence[Moment]) -> FloorScore:
    tokens: dict[str, int] = {}
    truth, result = [np.empty((0, 4))], [np.empty((0, 4))]
    for frame, moment in enumerate(moments, 1):
        truth += [np.array([[frame, whom, *moment.people[whom]]]) for whom in sorted(moment.counted)]
        result += [
            np.array([[frame, tokens.setdefault(token, len(tokens)), *moment.visitors[token]]])
            for token in moment.scored()
        ]
    return floor_score(np.concatenate(truth), np.concatenate(result), EVERYWHERE, who.NEAR_M)


def along(journeys: Mapping[str, Sequence[tuple[float, float, float]]], seconds: Iterable[float]) -> Places:
    """Places at some moments from the paths as told in the end."""
    paths = {token: np.array(path).reshape(-1, 3) for token, path in journeys.items() if path}
    return [
        (at, [(token, *_place_at(path, at)) for token, path in paths.items() if path[0, 0] <= at <= path[-1, 0]])
        for at in seconds
    ]


def whom_at(moments: Sequence[Moment], token: str, at: float) -> int | None:
    """The presence that a visitor was at a moment, or nearest to it within a few seconds; None where it was nobody."""
    told = [(abs(m.at - at), m.is_whom[token]) for m in moments if abs(m.at - at) <= CLOSE_S and token in m.is_whom]
    return min(told, key=itemgetter(0))[1] if told else None


def _place_at(way: Floats, at: float) -> tuple[float, float]:
    """Where a (K, 3) way of second, x and y leads by at a second."""
    return float(np.interp(at, way[:, 0], way[:, 1])), float(np.interp(at, way[:, 0], way[:, 2]))


def _apart(one: tuple[float, float], other: tuple[float, float]) -> float:
    return float(np.hypot(one[0] - other[0], one[1] - other[1]))
