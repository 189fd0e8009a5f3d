"""Draws a run's log as a picture: `python -m models.train.curves RUN/log.csv curves.png`."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

SMOOTH = 15
"""Logged steps in the moving average that is drawn over the raw losses."""
NAMES = ("score", "box", "sides")


def draw_curves(log: Path, out: Path) -> None:
    """Score, box and side losses over steps, raw and smoothed, with the phases marked."""
    import matplotlib as mpl  # noqa: PLC0415  # only in the training environment

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    with log.open(newline="") as file:
        rows = list(csv.reader(file))
    step = np.array([int(row[0]) for row in rows])
    phases = [row[1] for row in rows]
    figure, axes = plt.subplots(1, 3, figsize=(13, 3.6), constrained_layout=True)
    for k, (axis, name) in enumerate(zip(axes, NAMES, strict=True)):
        raw = np.array([float(row[2 + k]) for row in rows])
        window = min(SMOOTH, len(raw))
        axis.plot(step, raw, color="0.8", linewidth=0.7)
        axis.plot(step[window - 1 :], np.convolve(raw, np.ones(window) / window, "valid"), color="tab:blue")
        for j in range(1, len(rows)):
            if phases[j] != phases[j - 1]:
                axis.axvline(step[j], color="tab:red", linewidth=0.7)
                axis.annotate(phases[j], (step[j], raw.max()), fontsize=7, rotation=90, va="top", ha="right")
        axis.set(title=f"{name} loss", xlabel="step")
    figure.savefig(out, dpi=80)


def main(
    log: Annotated[Path, typer.Argument(help="log.csv of a run")],
    out: Annotated[Path, typer.Argument(help="picture to write")],
) -> None:
    """Draw the curves of a training run."""
    draw_curves(log, out)


if __name__ == "__main__":
    typer.run(main)
