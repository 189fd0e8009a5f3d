"""Intervals drawn: a bar on a line with zero in the middle, and how it narrowed from look to look."""

from __future__ import annotations

from collections.abc import Sequence

from central.insight.figure import Figure
from central.pages.charts import nice
from central.pages.markup import Html, tag

WIDE, HIGH = 320.0, 70.0
"""Of the drawing of looks, in its own units."""
LEAST_REACH = 0.1
"""A change is drawn on a scale of at least so much either way."""


def reach_of(figures: Sequence[Figure]) -> float:
    """How far a scale with zero in its middle must reach to hold all the intervals."""
    ends = [abs(end) for one in figures for end in (one.low, one.high) if end is not None]
    return nice(max([*ends, LEAST_REACH]))


def mood_of(figure: Figure) -> str:
    """``up`` where the whole interval lies above zero, ``down`` where below, else empty."""
    if figure.low is not None and figure.low > 0:
        return "up"
    return "down" if figure.high is not None and figure.high < 0 else ""


def interval(figure: Figure, reach: float, said: str) -> Html:
    """The figure's interval as a bar on a line from -reach to reach; ``said`` is read out in its place."""
    if figure.value is None or figure.low is None or figure.high is None:
        return tag("div", class_="interval-line", role="img", aria_label=said)

    def place(value: float) -> float:
        return 50 + 50 * max(-1.0, min(1.0, value / reach))

    low, value, high = place(figure.low), place(figure.value), place(figure.high)
    style = f"--low:{low:.2f}%;--wide:{high - low:.2f}%;--at:{value:.2f}%"
    inside = (tag("i"), tag("b"))
    return tag(
        "div", *inside, class_=f"interval-line {mood_of(figure)}".strip(), role="img", aria_label=said, style=style
    )


def looks(figures: Sequence[Figure], said: str) -> Html:
    """The interval as it narrowed, oldest first, around a line for zero."""
    known = [one for one in figures if one.value is not None and one.low is not None and one.high is not None]
    if len(known) < 2:
        return Html("")
    reach = reach_of(known[len(known) // 4 :])

    def x(number: int) -> float:
        return round(number / (len(known) - 1) * WIDE, 1)

    def y(value: float | None) -> float:
        return round(HIGH / 2 - max(-1.0, min(1.0, (value or 0.0) / reach)) * HIGH / 2, 1)

    upper = [f"{x(number)},{y(one.high)}" for number, one in enumerate(known)]
    lower = [f"{x(number)},{y(one.low)}" for number, one in enumerate(known)]
    middle = " ".join(f"{x(number)},{y(one.value)}" for number, one in enumerate(known))
    return tag(
        "svg",
        tag("polygon", points=" ".join([*upper, *reversed(lower)]), class_="band"),
        tag("line", x1="0", x2=str(WIDE), y1=str(HIGH / 2), y2=str(HIGH / 2), class_="zero"),
        tag("polyline", points=middle, class_="middle"),
        class_="looks",
        viewBox=f"0 0 {WIDE:.0f} {HIGH:.0f}",
        preserveAspectRatio="none",
        role="img",
        aria_label=said,
    )
