"""Bars with their intervals as plain HTML: they read at any width, in any light, and as a table besides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from central.insight.figure import Figure
from central.pages.figure import Figures, Unit
from central.pages.markup import Html, joined, table, tag

MOST_LABELS = 12


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what stands below it, and its figure."""

    label: str
    figure: Figure


def columns(title: str, heads: tuple[str, str], bars: Sequence[Bar], figures: Figures, unit: Unit = "people") -> Html:
    """Upright bars with whiskers for their intervals, and the same as a table to open.

    Args:
        title: what they are of.
        heads: of the table: the labels' and the figures'.
        bars: from left to right.
        figures: shows figures, in the reader's language.
        unit: of the figures.
    """
    top = nice(max((bar.figure.high or bar.figure.value or 0.0 for bar in bars), default=0.0))
    every = math.ceil(len(bars) / MOST_LABELS)
    drawn = joined(
        tag(
            "div",
            _bar(bar.figure, top),
            tag("span", bar.label if number % every == 0 else "", class_="label"),
            class_="column",
            title=f"{bar.label}: {figures.text(bar.figure, unit)} {figures.interval(bar.figure, unit)}".strip(),
        )
        for number, bar in enumerate(bars)
    )
    scale = tag(
        "div",
        *(tag("span", figures.text(Figure(value, None, None, None), unit)) for value in (top, top / 2, 0.0)),
        class_="scale",
    )
    chart = tag("div", scale, tag("div", drawn, class_="plot"), class_="columns-chart", role="img", aria_label=title)
    rows = [(bar.label, Html(figures.html(bar.figure, unit))) for bar in bars]
    as_table = tag("details", tag("summary", figures.words("charts.as_table")), table(title, heads, rows, numbers=(1,)))
    return joined([chart, as_table])


def meter(figure: Figure, top: float) -> Html:
    """A bar that lies beneath a figure in a table, as long as its share of the largest."""
    if not figure.value or top <= 0:
        return Html("")
    return tag("span", class_="meter", style=f"--v:{min(figure.value / top, 1):.4f}", aria_hidden="true")


def nice(value: float) -> float:
    """The value rounded up to 1, 2, 3, 5 or 8 times a power of ten.

    >>> nice(0.0), nice(61), nice(0.31)
    (1.0, 80.0, 0.5)
    """
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return float(round(next(step for step in (1, 2, 3, 5, 8, 10) if step * power >= value * 0.999) * power, 9))


def _bar(figure: Figure, top: float) -> Html:
    if figure.value is None:
        return tag("div", tag("i", class_="withheld"), class_="bar-room")
    low = figure.value if figure.low is None else figure.low
    high = figure.value if figure.high is None else figure.high
    style = f"--v:{figure.value / top:.4f};--low:{low / top:.4f};--high:{min(high / top, 1):.4f}"
    whisker = tag("u") if high > low else Html("")
    return tag("div", tag("i"), whisker, class_="bar-room", style=style)
