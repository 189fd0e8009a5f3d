"""Links against a simulated truth, by how crowded it is; beside the nearest visitor by a margin.

    python -m benchmarks.links [--quick] [--seeds N] [--shoppers N] [--json] [--plot FILE.png]

Two thousand shoppers in the arcade (`simulator.shoppers`), 30 % of them consenting members, arriving within more or
fewer hours. Right: of all links that were ever written, those whose visitor was truly that member at the touchpoint.
Found: of consenting members with at least one touchpoint of their own while in sight, those with a right link.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import track as progress
from rich.table import Table

from benchmarks.links.day import Outcome, Score, run
from simulator.shoppers.settings import Settings

LEVELS = {"quiet": 12.0, "ordinary": 6.0, "busy": 4.0, "lunch peak": 2.5, "crush": 2.0}
"""Hours in which two thousand people arrive."""
BARS = {"ordinary": (0.98, 0.70), "lunch peak": (0.97, 0.50)}
"""Least shares right and found."""
FIRST_SEED = 101
"""The linker was developed on seeds below 100."""
QUICK_SHOPPERS = 400
JOBS = 2
"""Days at once."""


def main(
    quick: Annotated[bool, typer.Option(help="400 shoppers at two densities, one seed.")] = False,
    seeds: Annotated[int, typer.Option(help="Days of each density.", min=1)] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object of figures as the last line.")] = False,
    shoppers: Annotated[
        int, typer.Option(help="People a day, arriving as closely as two thousand would.", min=50)
    ] = 2000,
    plot: Annotated[Path | None, typer.Option(help="Draw the curve, PNG.")] = None,
) -> None:
    """Prints the curve and whether it clears the bars."""
    names = list(BARS) if quick else list(LEVELS)
    shoppers = QUICK_SHOPPERS if quick else shoppers
    work = [(name, seed) for name in names for seed in range(FIRST_SEED, FIRST_SEED + (1 if quick else seeds))]
    found: dict[str, list[Outcome]] = defaultdict(list)
    with ProcessPoolExecutor(JOBS) as pool:
        days = pool.map(_day, [(name, seed, shoppers) for name, seed in work])
        shown = progress(days, total=len(work), console=Console(stderr=True), transient=True)
        for (name, _), outcome in zip(work, shown, strict=True):
            found[name].append(outcome)
    table = Table("density", "days", "at once", "beside", "queue", "links", "right", "found", "on a floor")
    for column in ("nearest right", "nearest found", "taken back", "ms a touchpoint"):
        table.add_column(column)
    figures: dict[str, dict[str, Any]] = {}
    for name, outcomes in found.items():
        figures[name] = _figures(outcomes)
        table.add_row(name, *(_shown(value) for value in list(figures[name].values())[:12]))
    Console(width=170).print(table)
    void = sum(one.ours.without_consent for outcomes in found.values() for one in outcomes)
    offers = sum(one.offers for outcomes in found.values() for one in outcomes)
    wrong = sum(one.offers_without_consent for outcomes in found.values() for one in outcomes)
    print(f"links without consent: {void}; offers: {offers}, without consent: {wrong}")
    void += wrong
    clears = void == 0
    for name, (right, share) in BARS.items():
        reached = figures[name]["right"] >= right and figures[name]["found"] >= share
        print(f"{'clears' if reached else 'MISSES'}  {name}: right {right:.0%}, found {share:.0%}")
        clears = clears and reached
    if plot is not None:
        _draw(figures, plot)
    if as_json:
        print(json.dumps({"levels": figures, "without_consent": void, "clears": clears}))
    sys.exit(0 if clears else 1)


def _day(asked: tuple[str, int, int]) -> Outcome:
    name, seed, shoppers = asked
    everybody = Settings().shoppers
    return run(Settings(shoppers=shoppers, hours=LEVELS[name] * shoppers / everybody), seed)


def _figures(outcomes: list[Outcome]) -> dict[str, Any]:
    ours, nearest = _sum([one.ours for one in outcomes]), _sum([one.nearest for one in outcomes])
    spent = sum(one.linker_s for one in outcomes) / sum(one.touchpoints for one in outcomes)
    return {
        "days": len(outcomes),
        "at_once": float(np.mean([one.at_once for one in outcomes])),
        "beside": float(np.mean([one.beside for one in outcomes])),
        "queue": float(np.mean([one.queue for one in outcomes])),
        "links": ours.links,
        "right": ours.precision,
        "found": ours.recall,
        "found_on_floor": ours.presences_found / max(ours.presences, 1),
        "nearest_right": nearest.precision,
        "nearest_found": nearest.recall,
        "taken_back": sum(one.dissolved for one in outcomes),
        "ms_a_touchpoint": 1000 * spent,
        "right_by_day": [one.ours.precision for one in outcomes],
        "found_by_day": [one.ours.recall for one in outcomes],
        "wrong": ours.links - ours.right,
        "staff": ours.staff,
    }


def _sum(scores: list[Score]) -> Score:
    names = Score.__slots__
    return Score(*(sum(getattr(one, name) for one in scores) for name in names))


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.1%}" if value <= 1.0 else f"{value:.1f}"
    return str(value)


def _draw(figures: dict[str, dict[str, Any]], path: Path) -> None:
    """Right and found over the people in the arcade at once, of both methods."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - only here

    figures = dict(sorted(figures.items(), key=lambda pair: float(pair[1]["at_once"])))
    figure = Figure(figsize=(7.0, 3.4), layout="constrained")
    right, found = figure.subplots(1, 2)
    at_once = [one["at_once"] for one in figures.values()]
    for axes, key, title in ((right, "right", "links that are right"), (found, "found", "members that are found")):
        axes.plot(at_once, [100 * one[key] for one in figures.values()], "o-", color="#0b6e6e", label="Atrium")
        axes.plot(
            at_once, [100 * one[f"nearest_{key}"] for one in figures.values()], "s--", color="#9a9a9a", label="nearest"
        )
        for one in figures.values():
            axes.plot(
                [one["at_once"]] * len(one[f"{key}_by_day"]),
                [100 * day for day in one[f"{key}_by_day"]],
                ".",
                color="#0b6e6e",
                alpha=0.4,
            )
        axes.set(xlabel="people in the arcade at once, busiest hour", ylabel="%", title=title)
        axes.grid(alpha=0.3)
        for name, bar in BARS.items():
            value = 100 * bar[0 if key == "right" else 1]
            axes.plot(figures[name]["at_once"], value, "_", color="#c0392b", markersize=16)
    right.legend()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    typer.run(main)
