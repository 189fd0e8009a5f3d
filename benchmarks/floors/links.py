"""Links across floors beside the rides that people truly took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.floors.play import Played
from benchmarks.floors.scores import Moment, Presence, whom_at
from central.journeys.handoffs import Link
from simulator.truth import Transfer

NEAR_RIDE_S = 15.0
"""Somebody crosses a landing this near to the beginning or the end of their ride."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Who was who on a floor."""

    moments: Sequence[Moment]
    people: Sequence[Presence]

    def person(self, token: str, at: float) -> int | None:
        """Who a visitor was."""
        whom = whom_at(self.moments, token, at)
        return None if whom is None else self.people[whom].person


@dataclass(frozen=True, slots=True)
class LinkScore:
    """Links.

    Attributes:
        rides: people who changed floors, as far as both ends lie within what was played.
        left: of them, those announced where they left,
        came: where they came,
        both: and at both ends.
        links: made,
        right: and of them, those of one person.
        found: rides with a right link.
        undecided: people who came whom somebody resembled, but none clearly enough.
    """

    rides: int
    left: int
    came: int
    both: int
    links: int
    right: int
    found: int
    undecided: int

    def figures(self) -> dict[str, float]:
        """What it comes to; shares of nothing are 1."""
        return {
            "rides": self.rides,
            "rides_announced_leaving": self.left,
            "rides_announced_coming": self.came,
            "rides_announced_twice": self.both,
            "links": self.links,
            "links_right": self.right / self.links if self.links else 1.0,
            "links_found": self.found / self.rides if self.rides else 1.0,
            "links_undecided": self.undecided,
        }


def score_links(played: Played, rides: Sequence[Transfer], known: Mapping[str, Known], seconds: float) -> LinkScore:
    """Scores the links of a film.

    A link is right where the visitor who left and the one who came were the same person at the landings. Who rode both
    ways is told by the time.

    Args:
        played: what was told.
        rides: who truly changed floors.
        known: who was who, by floor.
        seconds: how long the film is.
    """
    whole = [ride for ride in rides if ride.arrived_s + NEAR_RIDE_S <= seconds]
    announced = {
        way: [
            (known[floor].person(token, at), floor, at)
            for floor, told in played.floors.items()
            for token, _, direction, at in told.handoffs
            if direction == way
        ]
        for way in ("out", "in")
    }
    left = [_has(announced["out"], ride.person, ride.from_floor, ride.left_s) for ride in whole]
    came = [_has(announced["in"], ride.person, ride.to_floor, ride.arrived_s) for ride in whole]
    right = 0
    found: set[int] = set()
    for link in played.links:
        floor, at = _left(played, link)
        before = known[floor].person(link.before, at)
        others = [known[other].person(link.visitor, link.at) for other in known if other != floor]
        if before is None or before not in others:
            continue
        right += 1
        found |= {
            number
            for number, ride in enumerate(whole)
            if ride.person == before and ride.from_floor == floor and abs(ride.left_s - at) <= NEAR_RIDE_S
        }
    return LinkScore(
        len(whole),
        sum(left),
        sum(came),
        sum(one and other for one, other in zip(left, came, strict=True)),
        len(played.links),
        right,
        len(found),
        played.undecided,
    )


def _left(played: Played, link: Link) -> tuple[str, float]:
    """Floor and second at which the first of a link's visitors last left before the second came."""
    outs = [
        (at, floor)
        for floor, told in played.floors.items()
        for token, _, direction, at in told.handoffs
        if token == link.before and direction == "out" and at <= link.at
    ]
    at, floor = max(outs)
    return floor, at


def _has(announced: Sequence[tuple[int | None, str, float]], person: int, floor: str, at: float) -> bool:
    return any(who == person and where == floor and abs(when - at) <= NEAR_RIDE_S for who, where, when in announced)
