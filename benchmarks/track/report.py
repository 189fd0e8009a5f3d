"""The figures for people and for `docs/performance.md`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from benchmarks.streams.report import machine
from benchmarks.track.scores import Bar, Score


@dataclass(frozen=True, slots=True)
class Step:
    """Milliseconds of a step of so many boxes: ours (median and longest) and the fastest peer's; nan for no peer."""

    boxes: int
    ms: float
    longest_ms: float
    peer_ms: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything one run found.

    Attributes:
        scores: By sequence and tracker; the last "sequence" is the mean.
        growth: By rising number of boxes.
        fastest: Name of the fastest peer; empty without peers.
        missing: Peers that are not installed.
        bars: What ours has to reach.
    """

    scores: Mapping[str, Mapping[str, Score]]
    growth: Sequence[Step]
    fastest: str
    missing: Sequence[str]
    bars: Sequence[Bar]


def score_rows(figures: Figures) -> list[list[tuple[str, ...]]]:
    """Rows of sequence, tracker, HOTA, IDF1, MOTA, switches, frames a second; a list for each sequence."""
    return [
        [
            (name, who, f"{s.hota:.3f}", f"{s.idf1:.3f}", f"{s.mota:.3f}", str(s.switches), f"{s.fps:.0f}")
            for who, s in row.items()
        ]
        for name, row in figures.scores.items()
    ]


def growth_rows(figures: Figures) -> list[tuple[str, ...]]:
    """Rows of boxes, our median and longest milliseconds, the fastest peer's, and how many times ours that is."""
    return [
        (str(s.boxes), f"{s.ms:.3f}", f"{s.longest_ms:.3f}", f"{s.peer_ms:.2f}", f"{s.peer_ms / s.ms:.0f}")
        for s in figures.growth
    ]


def heads(figures: Figures) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Headings of both tables."""
    peer = figures.fastest or "no peer"
    return (
        ("sequence", "tracker", "HOTA", "IDF1", "MOTA", "switches", "frames/s"),
        ("boxes a frame", "atrium live ms", "longest", f"{peer} ms", "times"),
    )


def bar_lines(figures: Figures) -> list[str]:
    """One line for each bar: whether it is reached, and by what."""
    return [
        f"{'clears' if bar.clears else 'MISSES'}  {bar.says}: {bar.value:.3f} (at least {bar.least:g})"
        for bar in figures.bars
    ]


def show(figures: Figures) -> None:
    """Prints all of it."""
    console = Console(width=120)
    quality, growth = (Table(*head) for head in heads(figures))
    for section in score_rows(figures):
        for row in section:
            quality.add_row(*row)
        quality.add_section()
    for row in growth_rows(figures):
        growth.add_row(*row)
    console.print(quality)
    console.print(growth)
    for line in bar_lines(figures):
        print(line)


def markdown(figures: Figures, command: str, date: str) -> str:
    """The section of `docs/performance.md`."""
    parts = [f"`{command}`, {date}, {machine()}."]
    quality = [row for section in score_rows(figures) for row in section]
    for head, rows in zip(heads(figures), (quality, growth_rows(figures)), strict=True):
        lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
        parts.append("\n".join(lines + [f"| {' | '.join(row)} |" for row in rows]))
    return "\n\n".join([*parts, "\n".join(f"- {line}" for line in bar_lines(figures))])
