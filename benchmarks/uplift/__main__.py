"""A rigged truth, measured daily: ``python -m benchmarks.uplift [--quick] [--json] [--write] [--processes N]``.

Every seed makes members with habits of their own and two campaigns: one that truly adds a tenth to their visits, and
one that adds nothing. Both are written into a real store and looked at on every day by the measurement that the pages
show. Then power by how many members were due, how long the campaign ran and how much it does, from the same stories
without a store. ``--write`` draws ``docs/uplift.png`` from it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import track as progress
from rich.table import Table

from benchmarks.uplift.runs import Run, of_looks, stored, straight
from simulator.campaign_effect import World

EFFECT = 0.10
SEEDS, QUICK_SEEDS = 200, 6
CURVE_SEEDS, QUICK_CURVE_SEEDS = 60, 4
MEMBERS = (2_000, 4_000, 8_000, 12_000, 20_000)
WEEKS = (4, 8, 12)
EFFECTS = (0.05, 0.10, 0.20)
PICTURE = Path(__file__).resolve().parent.parent.parent / "docs" / "uplift.png"


def main(
    quick: Annotated[bool, typer.Option(help="few seeds")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object of figures as the last line")] = False,
    write: Annotated[bool, typer.Option(help="draw docs/uplift.png")] = False,
    processes: Annotated[int, typer.Option(min=1, help="seeds at a time")] = 2,
) -> None:
    """Measure the measurement."""
    console, world = Console(stderr=as_json), World(effect=EFFECT)
    began = time.perf_counter()
    with ProcessPoolExecutor(processes) as pool:
        seeds = range(QUICK_SEEDS if quick else SEEDS)
        both = list(progress(pool.map(partial(stored, world), seeds), "stores", len(seeds), console=console))
        figures: dict[str, Any] = _rigged(world, both)
        figures["curve"] = _curve(pool.map, QUICK_CURVE_SEEDS if quick else CURVE_SEEDS, console)
    figures["seconds"] = round(time.perf_counter() - began, 1)
    _show(console, figures)
    if write:
        from benchmarks.uplift.picture import draw  # noqa: PLC0415 - matplotlib is slow to come

        draw(figures, PICTURE)
    if as_json:
        print(json.dumps(figures))


def _rigged(world: World, both: list[tuple[Run, Run]]) -> dict[str, Any]:
    nothing, something = [one[0] for one in both], [one[1] for one in both]
    return {
        "seeds": len(both),
        "effect": world.effect,
        "members": world.members,
        "members_measured": round(float(np.mean([one.members for one in something]))),
        "weeks": world.weeks,
        "looks": round(float(np.mean([one.looks for one in something]))),
        "true_found": _share(one.found for one in something),
        "true_wrong_side": _share(one.wrong for one in something),
        "true_covered_at_every_look": _share(one.covered for one in something),
        "median_days_to_find": float(np.median([one.first_found_day for one in something if one.found] or [-1])),
        "null_not_found": _share(not one.wrong for one in nothing),
        "null_covered_at_every_look": _share(one.covered for one in nothing),
        "null_not_found_by_ordinary_intervals": _share(not one.ordinary_wrong for one in nothing),
    }


def _curve(each: Callable[..., Iterable[Run]], seeds: int, console: Console) -> list[dict[str, Any]]:
    """Power by members, weeks and effect."""
    grid = [(members, weeks, effect) for members in MEMBERS for weeks in WEEKS for effect in EFFECTS]
    found = []
    for members, weeks, effect in progress(grid, "curve", console=console):
        world = replace(World(), members=members, weeks=weeks, effect=effect)
        runs = list(each(partial(_run, world), range(1_000, 1_000 + seeds)))
        power = _share(one.found for one in runs)
        measured = round(float(np.mean([one.members for one in runs])))
        found.append({"members": members, "measured": measured, "weeks": weeks, "effect": effect, "power": power})
    return found


def _run(world: World, seed: int) -> Run:
    path, told = straight(world, seed)
    return of_looks(path, told, 0)


def _share(claims: Iterable[bool]) -> float:
    return round(float(np.mean(list(claims))), 4)


def _show(console: Console, figures: dict[str, Any]) -> None:
    table = Table("figure", "value", title="rigged truth, looked at daily")
    for name, value in figures.items():
        if name != "curve":
            table.add_row(name, str(value))
    console.print(table)
    power = Table("members", "weeks", *(f"+{effect:.0%}" for effect in EFFECTS), title="found, of all seeds")
    for members in MEMBERS:
        for weeks in WEEKS:
            row = [one for one in figures["curve"] if (one["members"], one["weeks"]) == (members, weeks)]
            power.add_row(f"{members:,}", str(weeks), *(f"{one['power']:.0%}" for one in row))
    console.print(power)


if __name__ == "__main__":
    typer.run(main)
