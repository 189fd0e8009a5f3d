"""How a figure is shown everywhere: its value, its interval and the people it rests on, or in words why there is none.

``assets/figure.js`` does the same for figures that reach the browser as JSON; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Literal

from central.insight.figure import Figure
from central.pages.i18n import Words

Unit = Literal["people", "share", "seconds", "number"]
"""What a figure's value is: people and other counts, a share from 0 to 1, seconds, or a number with one decimal."""


class Figures:
    """Shows figures in one language.

    Args:
        words: of the language.
        k: fewest people a figure may be about.

    Attributes:
        k: the same.
    """

    def __init__(self, words: Words, k: int) -> None:
        self.words = words
        self.k = k
        self._writers: dict[Unit, Callable[[float], str]] = {
            "people": words.number,
            "share": words.share,
            "seconds": words.duration,
            "number": lambda value: words.number(value, 1),
        }

    def text(self, figure: Figure, unit: Unit = "people") -> str:
        """The value alone, or why there is none."""
        if figure.value is None:
            return self.words(f"figures.{figure.withheld or 'silent'}", k=self.k)
        return self._writers[unit](figure.value)

    def interval(self, figure: Figure, unit: Unit = "people") -> str:
        """The interval: plus-minus where that says it, else from and to; empty where there is none."""
        if figure.value is None or figure.low is None or figure.high is None:
            return ""
        below, above = figure.value - figure.low, figure.high - figure.value
        if unit == "people" and below == above:
            return f"±{self.words.number(above)}" if above else ""
        if unit == "seconds":
            return self.words.duration_range(figure.low, figure.high)
        write = self._writers[unit]
        return self.words("figures.range", low=write(figure.low), high=write(figure.high))

    def details(self, figure: Figure, unit: Unit = "people") -> str:
        """Interval and n in one line, as ``±2, n = 132``; empty where the figure is withheld."""
        parts = [self.interval(figure, unit)]
        if figure.n is not None:
            parts.append(self.words("figures.n", n=figure.n))
        return ", ".join(part for part in parts if part)

    def html(self, figure: Figure, unit: Unit = "people") -> str:
        """The figure as HTML: the value, and small beside it interval and n.

        A count of people is its own n, which is then said only on hovering.
        """
        if figure.value is None:
            return f'<span class="figure withheld">{escape(self.text(figure, unit))}</span>'
        details = escape(self.details(figure, unit))
        interval = self.interval(figure, unit)
        small = f'<span class="interval">{escape(interval)}</span>' if interval else ""
        if figure.n is not None and figure.n != figure.value:
            comma = ", " if interval else ""
            small += f'<span class="n">{comma}{escape(self.words("figures.n", n=figure.n))}</span>'
        small = small and f" <small>{small}</small>"
        return f'<span class="figure" title="{details}"><b>{escape(self.text(figure, unit))}</b>{small}</span>'
