"""The run as a picture: faults and when Ops named them, lights, the outbox, and acknowledgements, against time."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from benchmarks.chaos.run import Ran

RED, AMBER, GREEN, BLUE, GREY = "#c0392b", "#e0a030", "#2e8b57", "#2c5f8a", "#b0b0b0"
WIDTH_IN, HEIGHT_IN, DPI = 15.0, 8.5, 110
ROW = 0.34


def draw(ran: Ran, path: Path, title: str) -> None:
    """Writes the picture."""
    mpl.use("Agg")
    figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), dpi=DPI, layout="constrained")
    faults, lights, outbox, acknowledged = figure.subplots(4, 1, sharex=True, height_ratios=[6, 1, 2.2, 2.2])
    figure.suptitle(f"Faults done to a mall of three hosts: {title}")
    _faults(faults, ran)
    _lights(lights, ran)
    known = [(one.at_s / 60, one.outbox) for one in ran.samples if one.outbox is not None]
    minutes = [at for at, _ in known]
    outbox.fill_between(minutes, [standing.depth for _, standing in known], color=BLUE, step="post", alpha=0.75)
    outbox.set_ylabel("events waiting\nin the outbox")
    acknowledged.step(minutes, [one.last_seq for _, one in known], color=AMBER, where="post", label="committed")
    acknowledged.step(minutes, [one.acknowledged for _, one in known], color=GREEN, where="post", label="acknowledged")
    acknowledged.set_ylabel("events")
    acknowledged.legend(loc="upper left", frameon=False)
    acknowledged.set_xlabel("minutes")
    for axes in (faults, lights, outbox, acknowledged):
        axes.grid(axis="x", color="#e4e4e4", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def _faults(axes: Axes, ran: Ran) -> None:
    names = sorted({one.name for one in ran.happenings}, reverse=True)
    rows = {name: index for index, name in enumerate(names)}
    for one in ran.happenings:
        row, begin, end = rows[one.name], one.at_s / 60, one.undone_at_s / 60
        seen = end if one.visible_s is None else begin + one.visible_s / 60
        axes.barh(row, seen - begin, left=begin, height=2 * ROW, color=RED)
        axes.barh(row, max(0.0, end - seen), left=seen, height=2 * ROW, color=AMBER)
        if one.calm_s is not None:
            axes.barh(row, one.calm_s / 60, left=end, height=ROW, color=GREEN)
        if one.visible_s is None:
            axes.plot(end, row, "x", color=RED, markersize=9)
    for _, at_s in ran.blinks:
        axes.plot(at_s / 60, len(names) - 0.3, "v", color="black", markersize=5)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(-0.6, len(names) - 0.05)
    handles = [
        Patch(color=RED, label="done, Ops has not named it yet"),
        Patch(color=AMBER, label="named"),
        Patch(color=GREEN, label="undone, until all is calm"),
        Line2D([], [], marker="v", color="black", linestyle="", label="a service killed on the side"),
    ]
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, 1.1), ncols=4, frameon=False)


def _lights(axes: Axes, ran: Ran) -> None:
    moments = [one.at_s / 60 for one in ran.samples]
    for index, one in enumerate(ran.samples):
        lights = set(one.lights)
        colour = GREEN if lights == {"good"} else GREY
        colour = AMBER if "warning" in lights else colour
        colour = RED if "bad" in lights or not lights else colour
        until = moments[index + 1] if index + 1 < len(moments) else moments[index]
        axes.axvspan(moments[index], until, color=colour, linewidth=0)
    axes.set_yticks([])
    axes.set_ylabel("worst light\non Ops")
