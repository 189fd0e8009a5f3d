"""Crossings of lines, in and out, over a window or step by step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from central.insight.crowds import Teller, Who
from central.insight.figure import Figure, count_figure
from central.insight.flows import Sources
from central.insight.window import Window

DIRECTIONS = ("in", "out")


@dataclass(frozen=True, slots=True)
class LineCount:
    """Crossings of a line in one direction.

    Attributes:
        minute: start of the step, seconds since 1970; None for the whole window.
        visitors: different people.
        crossings: how often.
    """

    floor: str
    line: str
    direction: str
    minute: float | None
    visitors: Figure
    crossings: Figure


class Doors:
    """Crossings of one site's lines.

    Args:
        services: see ``Sources``.
    """

    def __init__(self, services: Sources) -> None:
        self._insight = services.insight
        self._clock = services.clock

    def crossings(self, window: Window, who: Who = "shoppers", *, by_step: bool = False) -> list[LineCount]:
        """Crossings by line and direction.

        Args:
            window: crossings in it.
            who: shoppers, or staff as well.
            by_step: minute by minute where the window's grid is of minutes, else by quarter-hour; by time.

        Raises:
            BadInputError: where there are too many crossings or steps.
        """
        if by_step:
            window.check_series()
        reader, now = self._insight.reader, self._clock()
        found = reader.crossings(window, now)
        steps = window.steps(window.step_s(now)) if by_step else [window]
        width = len(reader.lines) * len(DIRECTIONS)
        step_s = steps[0].end - steps[0].start
        known = found.line >= 0
        group = np.floor((found.at[known] - window.start) / step_s).astype(np.int64) * width
        group += found.line[known] * len(DIRECTIONS) + np.where(found.inwards[known], 0, 1)
        cells = [
            (step, floor, line, direction) for step in steps for floor, line in reader.lines for direction in DIRECTIONS
        ]
        starts = np.array([step.start for step, *_ in cells])
        ends = np.array([step.end for step, *_ in cells])
        teller = Teller(self._insight.suppression, (starts, ends), who)
        names = [f"crossings {floor}/{line} {direction}" for _, floor, line, direction in cells]
        people, events = teller.people_and_events(names, group, found.person[known], found.people)
        most_off = self._insight.suppression.most_off
        return [
            LineCount(
                floor,
                line,
                direction,
                step.start if by_step else None,
                count_figure(int(count), most_off),
                teller.event_figure(int(event), int(count)),
            )
            for (step, floor, line, direction), count, event in zip(cells, people, events, strict=True)
        ]
