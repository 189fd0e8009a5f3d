"""Which way somebody may have come who is seen at an exit: by a passage, or out of a door and in again."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from calibration.boundaries import Boundary
from calibration.camera import Floats
from calibration.passages import Exit
from calibration.site import Site
from central.journeys.travel import TravelTime

RETURN_SHARE = 0.05
"""Of those who leave the mall so many come back within ``RETURN_MOST_S``,"""
RETURN_S = 40.0
"""exponentially with this mean, seconds."""
RETURN_MOST_S = 115.0
RETURN_LEAST_S = 3.0
SAME_DOOR_SHARE = 0.7
"""Of those who come back so many do by the door they went."""
SEEN_SHARE = 0.92
"""Of those who come out of a passage so many had been announced where they went in, before anything is known of it."""
WEIGHT_SEEN = 20.0
"""What was given counts like so many people,"""
MOST_SEEN = 300.0
"""and no more than so many are remembered, the latest."""
WEIGHT_EVEN = 10.0
"""Destinations of a passage with several are alike at first, as if so many people had been followed."""


@dataclass(slots=True)
class Way:
    """From one exit to another.

    Attributes:
        time: how long it takes; None for doors, between which people are out as long as they like.
        taken: how many have been followed along it.
    """

    start: Exit
    end: Exit
    time: TravelTime | None
    taken: int = 0

    @property
    def most_s(self) -> float:
        """Nobody takes longer, seconds."""
        return RETURN_MOST_S if self.time is None else self.time.gate_s[1]

    def density(self, seconds: Floats) -> Floats:
        """Probability density of the times, 1/s, same shape."""
        if self.time is not None:
            return self.time.density(seconds)
        inside = (seconds >= RETURN_LEAST_S) & (seconds <= RETURN_MOST_S)
        found: Floats = np.where(inside, np.exp(-(seconds - RETURN_LEAST_S) / RETURN_S) / (RETURN_S * _WITHIN), 0.0)
        return found

    def arrived(self, seconds: Floats) -> Floats:
        """Share who have arrived after so many seconds, same shape."""
        if self.time is not None:
            return self.time.arrived(seconds)
        span = np.clip(seconds, RETURN_LEAST_S, RETURN_MOST_S) - RETURN_LEAST_S
        found: Floats = (1 - np.exp(-span / RETURN_S)) / _WITHIN
        return found


_WITHIN = 1 - math.exp(-(RETURN_MOST_S - RETURN_LEAST_S) / RETURN_S)


@dataclass(slots=True)
class Seen:
    """How many of those who came by a passage's end had been announced at the other."""

    number: float = 0.0
    announced: float = 0.0

    @property
    def share(self) -> float:
        """Of all who come, 0 to 1."""
        return (WEIGHT_SEEN * SEEN_SHARE + self.announced) / (WEIGHT_SEEN + self.number)

    def learn(self, probability: float) -> None:
        """Somebody came of whom it is so probable that they had been: the mixture's share by expectation."""
        if self.number >= MOST_SEEN:
            self.announced *= (MOST_SEEN - 1) / self.number
            self.number = MOST_SEEN - 1
        self.number += 1
        self.announced += probability


@dataclass(slots=True)
class Ways:
    """All ways of a site.

    Attributes:
        exits: boundary lines by exit.
        by_pair: ways by start and end,
        by_start: and by start alone.
        seen: at the ends of passages.
    """

    exits: dict[Exit, Boundary]
    by_pair: dict[tuple[Exit, Exit], Way] = field(default_factory=dict)
    by_start: dict[Exit, list[Way]] = field(default_factory=dict)
    seen: dict[Exit, Seen] = field(default_factory=dict)

    @classmethod
    def of(cls, site: Site, found: Sequence[Boundary]) -> Ways:
        """Passages both ways, and from each door to every door."""
        ways = cls({one.line: one for one in found})
        for passage in site.passages:
            for end in passage.ends:
                ways.seen.setdefault(end, Seen())
                other = passage.other_end(end)
                ways.by_pair[end, other] = Way(end, other, TravelTime(passage.usual_s, passage.spread_s))
        doors = [one.line for one in found if one.leads_out]
        for start in doors:
            for end in doors:
                ways.by_pair[start, end] = Way(start, end, None)
        for way in ways.by_pair.values():
            ways.by_start.setdefault(way.start, []).append(way)
        return ways

    def chance(self, way: Way) -> float:
        """That somebody who left by the way's start takes it and is announced at its end."""
        others = self.by_start[way.start]
        if way.time is None:
            doors = len(others)
            if doors == 1:
                return RETURN_SHARE
            return RETURN_SHARE * (SAME_DOOR_SHARE if way.start == way.end else (1 - SAME_DOOR_SHARE) / (doors - 1))
        taken = Counter({one.end: one.taken for one in others})
        # an end that misses who comes misses who leaves, too, and these come to its start unannounced
        return self.seen[way.start].share * (taken[way.end] + WEIGHT_EVEN / len(others)) / (taken.total() + WEIGHT_EVEN)
