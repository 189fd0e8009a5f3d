"""The points of one camera while somebody places them: pairs, half pairs, what is selected, undo. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from calibration.solve.pairs import Pairs

Side = Literal["picture", "plan"]
Point = tuple[float, float]
"""Pixels in the picture, metres on the plan."""
MOST_PAIRS = 200
MOST_UNDO = 500


@dataclass(frozen=True, slots=True)
class Pair:
    """One spot in the picture (pixels) and on the plan (metres)."""

    picture: Point
    plan: Point

    def at(self, side: Side) -> Point:
        """Where it is on that side."""
        return self.picture if side == "picture" else self.plan

    def moved(self, side: Side, to: Point) -> Pair:
        """The pair with one side elsewhere."""
        return replace(self, picture=to) if side == "picture" else replace(self, plan=to)


@dataclass(frozen=True, slots=True)
class Selection:
    """A point in hand: pair ``index`` (from 0) seen on one side; None is the point that waits for its partner."""

    side: Side
    index: int | None


@dataclass(frozen=True, slots=True)
class Marks:
    """All points at a moment: whole pairs, and at most one that waits for its partner, with the side it is on."""

    pairs: tuple[Pair, ...] = ()
    waiting: tuple[Side, Point] | None = None


class Workspace:
    """Points that are placed, moved, deleted, and brought back.

    Every change can be undone one by one, but a row of nudges of one point is one change.

    Attributes:
        marks: the points as they are.
        selection: the point that keys move and delete, or None.
    """

    def __init__(self, pairs: Pairs | None = None) -> None:
        """Starts with the pairs of an earlier day, or with nothing."""
        self.marks = Marks() if pairs is None else Marks(_from_arrays(pairs))
        self.selection: Selection | None = None
        self._past: list[Marks] = []
        self._future: list[Marks] = []
        self._nudged: Selection | None = None

    @property
    def pairs(self) -> Pairs:
        """The whole pairs as arrays."""
        table = np.array([(*pair.picture, *pair.plan) for pair in self.marks.pairs], np.float64).reshape(-1, 4)
        return Pairs(table[:, :2].copy(), table[:, 2:].copy())

    @property
    def can_undo(self) -> bool:
        """Whether there is anything to undo."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether anything that was undone can be done again."""
        return bool(self._future)

    def place(self, side: Side, at: Point) -> None:
        """A new point: it completes the pair that waits on the other side, or waits itself, or moves the one waiting.

        A full list takes no more points.
        """
        waiting = self.marks.waiting
        if waiting is None or waiting[0] == side:
            if len(self.marks.pairs) < MOST_PAIRS:
                self._change(replace(self.marks, waiting=(side, at)), Selection(side, None))
            return
        pair = Pair(at, waiting[1]) if side == "picture" else Pair(waiting[1], at)
        self._change(Marks((*self.marks.pairs, pair)), Selection(side, len(self.marks.pairs)))

    def move(self, which: Selection, to: Point) -> None:
        """A point goes elsewhere; nothing where there is no such point."""
        if self._at(which) is not None:
            self._change(self._moved(which, to), which)

    def nudge(self, by: Point) -> None:
        """The selected point moves by a little."""
        chosen = self.selection
        at = None if chosen is None else self._at(chosen)
        if chosen is None or at is None:
            return
        marks = self._moved(chosen, (at[0] + by[0], at[1] + by[1]))
        if self._nudged == chosen and self._past:
            self.marks = marks
        else:
            self._change(marks, chosen)
            self._nudged = chosen

    def select(self, which: Selection | None) -> None:
        """Takes a point in hand, or lays it down."""
        self.selection = which if which is not None and self._at(which) is not None else None
        self._nudged = None

    def delete(self, which: Selection | None = None) -> None:
        """The pair (or the waiting point) goes: the named one, or the selected one."""
        which = which or self.selection
        if which is None or self._at(which) is None:
            return
        if which.index is None:
            self._change(replace(self.marks, waiting=None), None)
            return
        pairs = self.marks.pairs
        self._change(replace(self.marks, pairs=pairs[: which.index] + pairs[which.index + 1 :]), None)

    def clear(self) -> None:
        """All points go; one undo brings them back."""
        if self.marks != Marks():
            self._change(Marks(), None)

    def undo(self) -> None:
        """Takes the last change back."""
        if self._past:
            self._future.append(self.marks)
            self.marks = self._past.pop()
            self.select(None)

    def redo(self) -> None:
        """Does again what was undone last."""
        if self._future:
            self._past.append(self.marks)
            self.marks = self._future.pop()
            self.select(None)

    def _change(self, marks: Marks, selection: Selection | None) -> None:
        self._past = [*self._past, self.marks][-MOST_UNDO:]
        self._future.clear()
        self.marks = marks
        self.selection = selection
        self._nudged = None

    def _at(self, which: Selection) -> Point | None:
        if which.index is None:
            waiting = self.marks.waiting
            return waiting[1] if waiting is not None and waiting[0] == which.side else None
        return self.marks.pairs[which.index].at(which.side) if 0 <= which.index < len(self.marks.pairs) else None

    def _moved(self, which: Selection, to: Point) -> Marks:
        if which.index is None:
            return replace(self.marks, waiting=(which.side, to))
        pairs = list(self.marks.pairs)
        pairs[which.index] = pairs[which.index].moved(which.side, to)
        return replace(self.marks, pairs=tuple(pairs))


def _from_arrays(pairs: Pairs) -> tuple[Pair, ...]:
    both = zip(pairs.pixel_px.tolist(), pairs.floor_m.tolist(), strict=True)
    return tuple(Pair((u, v), (x, y)) for (u, v), (x, y) in both)
