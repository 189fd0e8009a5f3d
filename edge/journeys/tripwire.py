"""Crossings of a line on the floor: who, which way, and when exactly."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Direction = Literal["in", "out"]

HYSTERESIS_M = 0.2
"""How far beyond the line a person must be to have crossed it: more than a foot point trembles, less than a step
(0.7 m)."""
END_MARGIN_M = 0.4
"""How far beside its ends the line still counts: shoulders pass the door post, and calibration is no better near it."""
NEAR_M = 0.05
"""People appear and vanish behind others at doors: this far from the line, the side where somebody was seen first or
last is taken for true."""
VAGUE_M = 0.4
"""Nothing is concluded from where somebody vanished whose place was not known better than this."""
CERTAIN_S = 1.0
"""Who is back on the first side sooner than this has not crossed: feet tremble at a till beside the door, and a track
that hops to somebody beyond it hops back."""
FORGET_S = 60.0
"""A visitor unheard of for this long is forgotten."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """Visitor `visitor` crossed at `at` seconds, `direction` as seen from the zone that the line belongs to."""

    visitor: int
    direction: Direction
    at: float


@dataclass(slots=True)
class _Passage:
    """What one visitor did at the line so far.

    Attributes:
        side: +1 inside, -1 outside, as last seen clear of the line, or as first seen; 0 where that was on the line.
        at: time of the latest position.
        across_m: its signed distance from the line, positive inside.
        along_m: its place along the line, from the first end.
        crossed_at: when the path last changed sides.
        crossed_m: where along the line it did.
        beyond_m: how far on the other side of the line it has been since it was last clear of it.
        beyond_at: when it first got to that other side.
        beyond_place_m: where along the line it did.
        blur_m: how well its place has been known lately, one standard deviation.
        crossing_blur_m: the least that was while crossing.
        waiting: a crossing that is not certain yet.
        waiting_since: when it was clear of the line on the other side.
        is_guess: never clear of the line yet: the side is where it was first seen.
        waits_on_guess: so it was when the crossing that waits began.
    """

    side: int
    at: float
    across_m: float
    along_m: float
    crossed_at: float
    crossed_m: float
    beyond_m: float = 0.0
    beyond_at: float = 0.0
    beyond_place_m: float = 0.0
    blur_m: float = 0.0
    crossing_blur_m: float = 0.0
    waiting: Crossing | None = None
    waiting_since: float = 0.0
    is_guess: bool = False
    waits_on_guess: bool = False


@dataclass(slots=True)
class Tripwire:
    """Counts who walks through a stretch of line, by their positions on the floor.

    Somebody has crossed once they stood clear of the line (by `hysteresis_m`) on the other side for `certain_s`; the
    time is when their path last cut it. Who cuts the line's extension beside its ends changes sides without being
    counted.

    Attributes:
        ends_m: (2, 2) metres.
        in_normal: (2,) across the line, towards the zone that it belongs to; any length.
        hysteresis_m: Distance from the line that makes a side certain.
        margin_m: How far beside its ends the line still counts.
        certain_s: How long they must not come back.
        vague_m: Whose place has been known no better than this lately, one standard deviation, has not crossed: they
            may be anybody's double, half hidden or seen from afar. Infinite where one camera alone watches the line.
    """

    ends_m: NDArray[np.float64]
    in_normal: NDArray[np.float64]
    hysteresis_m: float = HYSTERESIS_M
    margin_m: float = END_MARGIN_M
    certain_s: float = CERTAIN_S
    vague_m: float = inf
    _passages: dict[int, _Passage] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Brings the line into double precision and its normal to length one."""
        self.ends_m = np.asarray(self.ends_m, float).reshape(2, 2)
        along = self.ends_m[1] - self.ends_m[0]
        normal = np.array([-along[1], along[0]]) / np.hypot(*along)
        self.in_normal = normal if normal @ np.asarray(self.in_normal, float) >= 0 else -normal

    def update(
        self, now: float, visitors: ArrayLike, xy_m: ArrayLike, blur_m: ArrayLike | None = None
    ) -> list[Crossing]:
        """Crossings that the positions at `now` make certain.

        Args:
            now: Seconds. It may lie before that of the last call as long as each visitor's own positions come in
                order (a visitor reported late may bring earlier positions first).
            visitors: (N,) whole numbers.
            xy_m: (N, 2) metres; only seen positions, as those merely expected would cross on a guess.
            blur_m: (N,) one standard deviation of each, metres; a side is certain no nearer to the line than that.
        """
        along = self.ends_m[1] - self.ends_m[0]
        length = float(np.hypot(*along))
        offset = np.asarray(xy_m, float).reshape(-1, 2) - self.ends_m[0]
        across_m = offset @ self.in_normal
        along_m = offset @ (along / length)
        found = []
        blurs = np.zeros(len(across_m)) if blur_m is None else np.asarray(blur_m, float)
        for visitor, across, place, blur in zip(
            np.asarray(visitors).tolist(), across_m.tolist(), along_m.tolist(), blurs.tolist(), strict=True
        ):
            clear = max(self.hysteresis_m, blur)
            side = 1 if across > clear else -1 if across < -clear else 0
            passage = self._passages.get(visitor)
            if passage is None:
                first = 1 if across > NEAR_M else -1 if across < -NEAR_M else 0
                self._passages[visitor] = _Passage(
                    first, now, across, place, now, place, blur_m=blur, is_guess=side == 0
                )
                continue
            passage.blur_m += min(1.0, (now - passage.at) / max(self.certain_s, 1e-6)) * (blur - passage.blur_m)
            if (across > 0) != (passage.across_m > 0):
                share = passage.across_m / (passage.across_m - across)
                passage.crossed_at = passage.at + share * (now - passage.at)
                passage.crossed_m = passage.along_m + share * (place - passage.along_m)
                if passage.beyond_m == 0.0:
                    passage.beyond_at, passage.beyond_place_m = passage.crossed_at, passage.crossed_m
            passage.beyond_m = 0.0 if side else max(passage.beyond_m, -passage.side * across * (clear <= VAGUE_M))
            if side and passage.side == -side:
                came_back = passage.waiting is not None and not self._is_first_time(passage, now)
                passage.waiting = None
                if not came_back and self._counts(passage.crossed_m):
                    passage.waiting = Crossing(visitor, "in" if side > 0 else "out", passage.crossed_at)
                    passage.waiting_since, passage.crossing_blur_m = now, passage.blur_m
                    passage.waits_on_guess = passage.is_guess
            passage.is_guess &= side == 0
            # who goes on into a crowd or away from all cameras but one was known well enough when they crossed
            passage.crossing_blur_m = min(passage.crossing_blur_m, passage.blur_m)
            if passage.waiting is not None and now - passage.waiting_since >= self.certain_s:
                if passage.crossing_blur_m <= self.vague_m:
                    found.append(passage.waiting)
                passage.waiting = None
            passage.side = side or passage.side
            passage.at, passage.across_m, passage.along_m = now, across, place
        if len(self._passages) > 2 * len(across_m) + 32:
            self._passages = {v: p for v, p in self._passages.items() if now - p.at <= FORGET_S}
        return found

    def _is_first_time(self, passage: _Passage, now: float) -> bool:
        """Whether somebody clear of the line again is where they never were for certain: they came, and not back."""
        return passage.waits_on_guess and now - passage.waiting_since >= self.certain_s / 2

    def _counts(self, along_m: float) -> bool:
        """Whether a place along the line lies between its ends, give or take the margin."""
        length = float(np.hypot(*(self.ends_m[1] - self.ends_m[0])))
        return -self.margin_m <= along_m <= length + self.margin_m

    def conclude(self, visitor: int) -> list[Crossing]:
        """The crossing of somebody who is gone for good, seen last just across the line or on it.

        People vanish behind others at doors. Who had been beyond the line, if only by `NEAR_M`, and was not seen to
        come back, is taken to have gone on.
        """
        passage = self._passages.pop(visitor, None)
        if passage is None:
            return []
        if passage.waiting is not None:
            return [passage.waiting] if passage.crossing_blur_m <= self.vague_m else []
        if passage.blur_m > self.vague_m or passage.beyond_m < NEAR_M or not self._counts(passage.beyond_place_m):
            return []
        return [Crossing(visitor, "out" if passage.side > 0 else "in", passage.beyond_at)]
