"""Draws what the benchmark found: power by members and effect, and one campaign's interval as days go by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from benchmarks.uplift.runs import straight
from simulator.campaign_effect import World

mpl.use("Agg")

from matplotlib import pyplot as plt

COLOURS = {0.05: "#b5651d", 0.1: "#1f6f8b", 0.2: "#2e7d32"}
SEED = 3


def draw(figures: dict[str, Any], path: Path) -> None:
    """Write the picture."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    longest = max(one["weeks"] for one in figures["curve"])
    for effect, colour in COLOURS.items():
        rows = [one for one in figures["curve"] if one["effect"] == effect and one["weeks"] == longest]
        measured = [one["measured"] for one in rows]
        left.plot(measured, [one["power"] for one in rows], "o-", color=colour, label=f"+{effect:.0%} visits")
    left.axhline(0.95, color="#888888", linewidth=0.8, linestyle=":")
    left.set(
        xlabel="members measured (10 % of them held back)", ylabel="campaigns in which it is found", ylim=(0, 1.03)
    )
    left.set_title(f"What it takes: {longest} weeks, looked at daily")
    left.legend(frameon=False, loc="lower right")
    for effect, colour, name in ((0.1, COLOURS[0.1], "adds 10 %"), (0.0, "#777777", "adds nothing")):
        found, _ = straight(World(effect=effect), SEED)
        ready = np.isfinite(found.reach)
        days = (found.day - found.day[0] + 1)[ready]
        right.fill_between(days, found.low[ready], found.high[ready], color=colour, alpha=0.22, linewidth=0)
        right.plot(days, found.difference[ready], color=colour, label=f"a campaign that {name}")
    right.axhline(0, color="black", linewidth=0.8)
    right.set(xlabel="days of first offers known", ylabel="more visits a member in 28 days", ylim=(-1.6, 2.2))
    right.set_title("How the interval narrows")
    right.legend(frameon=False, loc="upper right")
    figure.savefig(path, dpi=110)
    plt.close(figure)
