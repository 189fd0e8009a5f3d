"""Central against its limits: the way in through a real broker, the store beside bare SQLite, its growth, heat.

    python -m benchmarks.central [--quick] [--seconds 60] [--most 20000000] [--folder DIR] [--json] [--write]

Twelve boxes send through a real mosquitto to central as a process of its own, all on this machine: 5,000 messages a
second, of which 1,000 are batches of 50 positions and 4,000 are durable events (of 121, 110 about visits, 10
crossings, one a journey), as many as 50,000 people cause. Lag runs from the time in a message's envelope, written as
it leaves the load, to the commit. Nothing is lost where every number is in the accounts and every position in the
store. Then the same kind of events go straight into the store, in transactions of 2,000: beside bare ``executemany``
of the same rows, and into an ever larger store. Last, heatmaps of ten million positions and fifty watchers of a live
floor (see `heat.py` and `watchers.py`, which also run by themselves).
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.central import batches, growth, heat, ingest, watchers
from benchmarks.central.report import Bar, bars, heat_bars, heat_markdown, markdown
from benchmarks.streams.report import told_command, write_section

QUICK_SECONDS = 10.0
BATCHES, QUICK_BATCHES = 250, 50
WATCHERS, WATCHED_S, QUICK_WATCHED_S = 50, 30.0, 10.0


@dataclass(frozen=True, slots=True)
class Figures:
    """All that one run found out."""

    ingest: ingest.Ingest
    ratio: batches.Ratio
    growth: list[growth.Point]
    heat: heat.HeatFigures
    watching: watchers.Watching
    bars: list[Bar]


def measure(seconds: float, most: int, folder: Path | None, *, quick: bool) -> Figures:
    """Everything, one after the other."""
    taken = ingest.run(seconds)
    ratio = batches.compare(QUICK_BATCHES if quick else BATCHES, folder)
    curve = growth.curve([point for point in growth.POINTS if point <= most], folder)
    maps = heat.run(heat.QUICK_SECONDS if quick else heat.SECONDS, folder)
    watching = watchers.run(WATCHERS, QUICK_WATCHED_S if quick else WATCHED_S)
    reached = [*bars(taken, ratio, curve), *heat_bars(maps, watching)]
    return Figures(taken, ratio, curve, maps, watching, reached)


def show(figures: Figures) -> None:
    """The figures and their bars as tables."""
    console = Console()
    table = Table("what", "reached", "limit", "")
    for bar in figures.bars:
        table.add_row(bar.what, bar.reached, bar.limit, "clears" if bar.clears else "[red]misses[/red]")
    console.print(table)
    told = figures.ingest
    cores = ", ".join(f"{name} {share:.2f}" for name, share in told.cores.items())
    console.print(f"cores used: {cores}; load average {told.load_average:.1f}; all stored {told.drained_s:.1f} s after")
    curve = Table("events stored", "us an event", "CPU us", "mean us", "file MB")
    for point in figures.growth:
        costs = (f"{cost:.1f}" for cost in (point.wall_us, point.cpu_us, point.mean_us))
        curve.add_row(f"{point.stored:,}", *costs, f"{point.file_mb:,.0f}")
    console.print(curve)


def main(
    quick: Annotated[
        bool, typer.Option(help="Ten seconds of load, growth to 2 million events, an hour of heat.")
    ] = False,
    seconds: Annotated[float, typer.Option(help="How long the boxes send.")] = 60.0,
    most: Annotated[int, typer.Option(help="Events that the store grows to.")] = growth.POINTS[-1],
    folder: Annotated[Path | None, typer.Option(help="Where the databases lie; a temporary folder if absent.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object of figures as the last line.")] = False,
    write: Annotated[bool, typer.Option(help="Put the figures into docs/performance.md.")] = False,
) -> None:
    """Prints what central takes in, and whether that clears the bars."""
    figures = measure(
        min(seconds, QUICK_SECONDS) if quick else seconds,
        min(most, growth.QUICK_MOST) if quick else most,
        folder,
        quick=quick,
    )
    show(figures)
    if write:
        command = told_command("benchmarks.central", sys.argv[1:])
        day = time.strftime("%Y-%m-%d")
        write_section("central-ingest", markdown(figures.ingest, figures.ratio, figures.growth, command, day))
        write_section("central-heat", heat_markdown(figures.heat, figures.watching, command, day))
    if as_json:
        print(json.dumps(asdict(figures)))
    sys.exit(0 if all(bar.clears for bar in figures.bars) else 1)


if __name__ == "__main__":
    typer.run(main)
