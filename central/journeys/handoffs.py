"""The same person on another floor: who came by an exit is matched with those who left by one before.

Codes live here alone, at most 120 s, in memory, and are overwritten when they go. What comes of them is a link between
two visitors' random ids with its confidence.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from calibration.boundaries import Boundary
from calibration.camera import Floats
from calibration.passages import Exit
from calibration.site import Site
from central.journeys.association import best_pairs, marginals
from central.journeys.kernels import Words, hamming
from central.journeys.likeness import LIKENESS, Likeness, Strangers
from central.journeys.ways import Ways
from contract.events import Handoff
from contract.times import from_rfc3339
from contract.topics import Topic

LIFE_S = 120.0
"""No code is kept longer, seconds."""
AHEAD_S = 2.0
"""A box's clock may be so far ahead of ours; what lies farther in the future is not believed."""
SETTLE_S = 5.0
"""A decision waits at least this long for others it could be confused with, seconds,"""
MOST_SETTLE_S = 15.0
"""and longer where ways take very different times, but no longer than this."""
CONFIDENCE = 0.8
"""Less probable links are not made."""
MARGIN = 0.5
"""Nor are those whose next best explanation is not less probable by this much."""
LEARN_CONFIDENCE = 0.95
"""Travel times are learnt from links at least this probable."""
MOST_PENDING = 4096
"""With more announcements, the oldest go."""
BUSY_S = 60.0
"""How many come by an exit is counted over this time, seconds."""
STRANGERS_A_ROUND = 256


@dataclass(frozen=True, slots=True)
class Link:
    """Two visitors who are one person.

    Attributes:
        visitor: who came,
        before: and who had left.
        confidence: 0 to 1.
        at: when they came, seconds since 1970.
    """

    visitor: str
    before: str
    confidence: float
    at: float


@dataclass(slots=True, repr=False, eq=False)
class _Announced:
    """Somebody at an exit, with the code until it is overwritten. Does not show, and does not go into a file."""

    visitor: str
    exit: Exit
    at: float
    heard: float
    words: Words

    def forget(self) -> None:
        """Overwrites the code."""
        self.words.fill(0)

    def __repr__(self) -> str:
        return f"Announced({self.exit}, code hidden)"

    def __reduce__(self) -> NoReturn:
        """Is never stored.

        Raises:
            TypeError: always.
        """
        raise TypeError("a code is never stored")


class Handoffs:
    """Announcements in, links out. Restarted, it has forgotten all that was pending.

    Args:
        site: its passages and doors.
        found: its boundary lines.
        likeness: what distances say, by the codes' bits.

    Attributes:
        links: how many were made.
        strange: how many came for nothing: of exits that are none, or too late.
        undecided: how many came whom somebody resembled, but none clearly enough.
    """

    def __init__(self, site: Site, found: Sequence[Boundary], likeness: Mapping[int, Likeness] = LIKENESS) -> None:
        self.links = 0
        self.strange = 0
        self.undecided = 0
        self._ways = Ways.of(site, found)
        self._fresh: deque[tuple[Topic, Handoff, float]] = deque(maxlen=MOST_PENDING)
        self._gone: list[_Announced] = []
        self._come: list[_Announced] = []
        self._arrivals: dict[Exit, deque[float]] = {}
        self._strangers = {bits: Strangers(one.strangers) for bits, one in likeness.items()}
        self._likeness = dict(likeness)

    def __repr__(self) -> str:
        return f"Handoffs({len(self._gone)} gone, {len(self._come)} come, codes hidden)"

    def __len__(self) -> int:
        """How many codes are held."""
        return len(self._gone) + len(self._come) + len(self._fresh)

    def take(self, topic: Topic, handoff: Handoff, heard: float) -> None:
        """Somebody left or came, heard of at ``heard`` (seconds since 1970); from any thread."""
        self._fresh.append((topic, handoff, heard))

    def update(self, now: float) -> list[Link]:
        """The links that are certain enough now, by the time people came."""
        while self._fresh:
            self._sort_in(*self._fresh.popleft(), now)
        self._gone = self._living(self._gone, now)
        self._come = self._living(self._come, now)
        due = [one for one in self._come if now >= one.heard + self._patience_s(one)]
        if not due:
            return []
        links = [link for bits in self._likeness for link in self._decide(now, bits, due)]
        for one in due:
            one.forget()
        self._come = [one for one in self._come if one not in due]
        self.links += len(links)
        return sorted(links, key=lambda link: (link.at, link.visitor))

    def _sort_in(self, topic: Topic, handoff: Handoff, heard: float, now: float) -> None:
        place = Exit(topic.floor, handoff.exit)
        at = from_rfc3339(handoff.at)
        if place not in self._ways.exits or not now - LIFE_S < at <= heard + AHEAD_S:
            self.strange += 1
            return
        words = np.frombuffer(bytes.fromhex(handoff.code), "<u8").astype(np.uint64)
        side = self._gone if handoff.direction == "out" else self._come
        known = next((one for one in side if (one.visitor, one.exit) == (handoff.visitor, place)), None)
        if known is not None:
            known.forget()
            side.remove(known)
        elif handoff.direction == "in":
            self._arrivals.setdefault(place, deque(maxlen=MOST_PENDING)).append(at)
        side.append(_Announced(handoff.visitor, place, at, heard, words))
        while len(side) > MOST_PENDING:
            side.pop(0).forget()

    @staticmethod
    def _living(held: list[_Announced], now: float) -> list[_Announced]:
        for one in held:
            if not now - LIFE_S < one.at:
                one.forget()
        return [one for one in held if now - LIFE_S < one.at]

    def _patience_s(self, one: _Announced) -> float:
        spreads = [
            way.time.median_s * way.time.sigma
            for way in self._ways.by_pair.values()
            if way.end == one.exit and way.time is not None
        ]
        return min(SETTLE_S + max(spreads, default=0.0), MOST_SETTLE_S)

    def _decide(self, now: float, bits: int, due: list[_Announced]) -> list[Link]:
        """Links of those who are due; others who came lately stand beside them as competitors."""
        come = [one for one in self._come if one.words.size * 64 == bits]
        gone = [one for one in self._gone if one.words.size * 64 == bits]
        if not come:
            return []
        weights = self._weights(now, bits, come, gone) if gone else np.zeros((len(come), 0))
        told = marginals(weights)
        links: list[Link] = []
        taken: list[_Announced] = []
        likeliest = dict(best_pairs(weights))
        for row, one in enumerate(come):
            if one not in due:
                continue
            if one.exit in self._ways.seen:
                self._ways.seen[one.exit].learn(float(told[row].sum()))
            column = likeliest.get(row)
            if column is None or not _is_clear(told[row], column):
                self.undecided += bool(told[row].sum() > 1 - CONFIDENCE)
                continue
            left = gone[column]
            way = self._ways.by_pair[left.exit, one.exit]
            confidence = float(told[row, column])
            way.taken += 1
            if confidence >= LEARN_CONFIDENCE and way.time is not None:
                way.time.learn(one.at - left.at)
            links.append(Link(one.visitor, left.visitor, round(min(confidence, 0.999), 3), one.at))
            taken.append(left)
        for left in taken:
            left.forget()
        self._gone = [one for one in self._gone if one not in taken]
        return links

    def _weights(self, now: float, bits: int, come: list[_Announced], gone: list[_Announced]) -> Floats:
        """(N, M) how much likelier each pair is than that both have no counterpart."""
        shares = hamming(np.array([one.words for one in come]), np.array([one.words for one in gone])) / bits
        prior = self._prior(come, gone)
        strangers = self._strangers[bits]
        impossible = shares[prior == 0]
        strangers.learn(impossible[:: max(1, len(impossible) // STRANGERS_A_ROUND)])
        evidence = self._likeness[bits].evidence(shares, strangers.median)
        alone = np.array([self._rate_alone(now, one.exit) for one in come])
        still_out = np.array([self._still_out(now, one) for one in gone])
        prior[shares >= strangers.median] = 0  # times alone make nobody the same person
        weights: Floats = prior * np.exp(evidence) / alone[:, None] / still_out[None, :]
        return weights

    def _prior(self, come: list[_Announced], gone: list[_Announced]) -> Floats:
        """(N, M) density, 1/s, with which whoever left is announced where and when another came; 0: impossible."""
        took_s = np.array([one.at for one in come])[:, None] - np.array([one.at for one in gone])[None, :]
        ends, starts = (_by_exit(side) for side in (come, gone))
        prior: Floats = np.zeros(took_s.shape)
        for way in self._ways.by_pair.values():
            if way.end in ends and way.start in starts:
                cells = np.ix_(ends[way.end], starts[way.start])
                prior[cells] = self._ways.chance(way) * way.density(took_s[cells])
        prior[np.array([[one.visitor == left.visitor for left in gone] for one in come])] = 0
        return prior

    def _rate_alone(self, now: float, place: Exit) -> float:
        """People a second who come by an exit without having been announced where they left."""
        lately = self._arrivals.setdefault(place, deque(maxlen=MOST_PENDING))
        while lately and lately[0] < now - BUSY_S:
            lately.popleft()
        rate = (len(lately) + 1) / BUSY_S
        seen = self._ways.seen.get(place)
        return rate if seen is None else rate * (1 - seen.share)

    def _still_out(self, now: float, one: _Announced) -> float:
        """Probability that whoever left has not been announced anywhere by now."""
        since = np.array([max(now - one.at, 0.0)])
        back = sum(
            self._ways.chance(way) * float(way.arrived(since)[0]) for way in self._ways.by_start.get(one.exit, [])
        )
        return max(1 - back, 1e-3)


def _by_exit(side: list[_Announced]) -> dict[Exit, list[int]]:
    """Places in the list by exit."""
    found: dict[Exit, list[int]] = {}
    for place, one in enumerate(side):
        found.setdefault(one.exit, []).append(place)
    return found


def _is_clear(told: npt.NDArray[np.float64], column: int) -> bool:
    """Whether the pair is probable enough, and any other explanation, that they are new included, less so."""
    others = np.delete(told, column)
    next_best = max(float(others.max(initial=0.0)), 1 - float(told.sum()))
    found = float(told[column])
    return math.isfinite(found) and found >= CONFIDENCE and found - next_best >= MARGIN
