"""An A4 page that is filled from the top: heads, figures, lists, tables, drawn by matplotlib."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from calibration.certificate.content import INKS, SHORT, SIGNS
from calibration.certificate.limits import Limits, Verdict
from calibration.certificate.pictures import INK, PALE, legend_words

WIDTH_MM, HEIGHT_MM = 210.0, 297.0
MARGIN_MM = 15.0
INSIDE_MM = WIDTH_MM - 2 * MARGIN_MM
INCH_MM = 25.4
POINT_MM = INCH_MM / 72
LETTER = 0.53
"""Mean width of a letter of DejaVu Sans, in font sizes."""
FOOT_MM = 14.0
GREY = "#525c6b"
INK_OF = {SHORT[verdict]: ink for verdict, ink in INKS.items()}


class Sheet:
    """An A4 page that is filled from the top."""

    def __init__(self) -> None:
        self.figure = Figure(figsize=(WIDTH_MM / INCH_MM, HEIGHT_MM / INCH_MM), facecolor="white")
        self._y = MARGIN_MM - 3
        self._left, self._width = MARGIN_MM, INSIDE_MM

    @property
    def room_mm(self) -> float:
        """Height that is left above the foot."""
        return HEIGHT_MM - FOOT_MM - self._y

    def down(self, by_mm: float) -> None:
        """Leave some height."""
        self._y += by_mm

    @contextmanager
    def column(self, left_mm: float, width_mm: float, least_mm: float) -> Iterator[None]:
        """Texts go into a column; what comes after begins below it, and ``least_mm`` below here at least."""
        before, top = (self._left, self._width), self._y
        self._left, self._width = left_mm, width_mm
        yield
        self._left, self._width = before
        self._y = max(self._y, top + least_mm)

    def axes(self, left_mm: float, width_mm: float, height_mm: float) -> Axes:
        """Axes whose top is here."""
        low = 1 - (self._y + height_mm) / HEIGHT_MM
        return self.figure.add_axes((left_mm / WIDTH_MM, low, width_mm / WIDTH_MM, height_mm / HEIGHT_MM))

    def head(self, over: str, title: str, verdict: Verdict) -> None:
        """The page's head with the verdict on its right."""
        self._write(MARGIN_MM, over, 8.5, GREY)
        self.down(4.5)
        self._write(MARGIN_MM, title, 20, INK, weight="bold")
        size, words = 12.0, SIGNS[verdict]
        wide = len(words) * size * POINT_MM * 0.78 + 8
        box = FancyBboxPatch(
            ((WIDTH_MM - MARGIN_MM - wide) / WIDTH_MM, 1 - (self._y + 8.5) / HEIGHT_MM),
            wide / WIDTH_MM,
            9 / HEIGHT_MM,
            boxstyle="square,pad=0",
            facecolor=INKS[verdict],
            edgecolor="none",
            transform=self.figure.transFigure,
        )
        self.figure.add_artist(box)
        self.figure.text(
            1 - (MARGIN_MM + wide / 2) / WIDTH_MM, 1 - (self._y + 4.1) / HEIGHT_MM, words, fontsize=size, color="white",
            weight="bold", ha="center", va="center",
        )  # fmt: skip
        self.down(11.5)
        self._rule()
        self.down(2.5)

    def figures(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Figures side by side, each with what it is."""
        each = INSIDE_MM / len(pairs)
        for k, (name, value) in enumerate(pairs):
            self._write(MARGIN_MM + k * each, name, 6.8, GREY)
            self.figure.text(
                (MARGIN_MM + k * each) / WIDTH_MM, 1 - (self._y + 3.6) / HEIGHT_MM, value,
                fontsize=12, color=INK, weight="bold", va="top",
            )  # fmt: skip
        self.down(11.5)

    def keys(self, limits: Limits, *, is_heat: bool, is_floor: bool = False) -> None:
        """What the pictures' colours mean."""
        x = MARGIN_MM
        if is_heat:
            self._write(x, "expected error:", 6.8, GREY)
            x += 21
            for colour, words in legend_words(limits):
                self._write(x, "\u25a0", 9, colour)
                self._write(x + 3.2, words, 6.8, INK)
                x += 6.5 + len(words) * 6.8 * POINT_MM * LETTER
        if is_floor or not is_heat:
            hatched = "hatched: seen, nobody knows how well"
            self._write(x + 2, hatched, 6.8, INK)
            x += 4 + len(hatched) * 6.8 * POINT_MM * LETTER
        if not is_floor:
            self._write(x + 2, "red: suspect pair   yellow: where to click next", 6.8, INK)
        self.down(5)

    def title(self, text: str) -> None:
        """A section's title."""
        self.down(1.2)
        self._write(self._left, text, 9.2, INK, weight="bold")
        self.down(5.2)

    def listed(self, words: Sequence[str], *, is_numbered: bool = False) -> None:
        """Sentences one below the other."""
        for k, sentence in enumerate(words):
            self._write(self._left, f"{k + 1}." if is_numbered else "\u2022", 8.2, INK)
            self.paragraph(sentence, 8.2, INK, indent_mm=5)

    def paragraph(self, text: str, size: float, colour: str, indent_mm: float = 0.0) -> None:
        """A text, broken into lines."""
        for line in textwrap.wrap(text, int((self._width - indent_mm) / (size * POINT_MM * LETTER))):
            self._write(self._left + indent_mm, line, size, colour)
            self.down(size * POINT_MM * 1.35)

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]], widths_mm: Sequence[float]) -> None:
        """A table; verdicts are written in their colour, and long cells on several lines."""
        for row in (heads, *rows):
            is_head = row is heads
            size = 6.8 if is_head else 7.8
            broken = [
                textwrap.wrap(cell, max(4, int(width / (size * POINT_MM * LETTER)))) or [""]
                for cell, width in zip(row, widths_mm, strict=True)
            ]
            tall_mm = max(len(lines) for lines in broken) * 3.9
            if self.room_mm < tall_mm:
                break
            x = MARGIN_MM
            for cell, lines, width in zip(row, broken, widths_mm, strict=True):
                is_verdict = not is_head and cell in INK_OF
                colour = GREY if is_head else INK_OF[cell] if is_verdict else INK
                self._write(x, "\n".join(lines), size, colour, weight="bold" if is_verdict else "normal")
                x += width
            self.down(tall_mm)
            self._rule(0.4)
            self.down(0.9)

    def foot(self, text: str) -> None:
        """The page's foot."""
        self._y = HEIGHT_MM - FOOT_MM + 2
        self._rule()
        self.down(1.5)
        self.paragraph(text, 6.2, GREY)

    def _rule(self, width: float = 0.8) -> None:
        axes = self.figure.add_axes((MARGIN_MM / WIDTH_MM, 1 - self._y / HEIGHT_MM, INSIDE_MM / WIDTH_MM, 1e-6))
        axes.set_axis_off()
        axes.plot([0, 1], [0, 0], color=PALE, linewidth=width, clip_on=False)
        axes.set_xlim(0, 1)

    def _write(self, x_mm: float, text: str, size: float, colour: str, weight: str = "normal") -> None:
        self.figure.text(
            x_mm / WIDTH_MM, 1 - self._y / HEIGHT_MM, text, fontsize=size, color=colour, weight=weight, va="top"
        )
