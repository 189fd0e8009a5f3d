"""The mean of several runs' weights: less a matter of luck than any of them, and no slower.

`python -m models.train.soup OUT.pt RUN_1/seen.pt RUN_2/seen.pt ...`

The runs have to begin with the same checkpoint and differ in a short last phase (Wortsman et al. 2022,
arXiv:2203.05482): then they lie in one basin, and so does their mean.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
import typer

from contract.errors import AtriumError, BadInputError
from models.train.checkpoint import read_averaged, write_start

LEAST_RUNS = 2


def mean(checkpoints: list[Path], out: Path) -> None:
    """Writes a checkpoint of the mean of the averaged weights, for models.train.export and models.train.recipe --start.

    Raises:
        BadInputError: fewer than two checkpoints, one that cannot be read, of another network, or from a phase in
            eight bits, where each run has scales of its own.
    """
    if len(checkpoints) < LEAST_RUNS:
        raise BadInputError(f"{len(checkpoints)} checkpoint; a mean needs two or more")
    states = [read_averaged(path) for path in checkpoints]
    first = states[0]["averaged"]
    for path, state in zip(checkpoints, states, strict=True):
        mine = state["averaged"]
        if {k: v.shape for k, v in mine.items()} != {k: v.shape for k, v in first.items()}:
            raise BadInputError(f"{path}: another network than {checkpoints[0]}; give runs of one plan")
    weights = {
        name: torch.stack([s["averaged"][name] for s in states]).mean(0) if value.is_floating_point() else value
        for name, value in first.items()
    }
    write_start(out, states[0], weights, states[0]["mimic"])


def main(
    out: Annotated[Path, typer.Argument(help="checkpoint to write")],
    checkpoints: Annotated[list[Path], typer.Argument(help="checkpoints of models.train.recipe, two or more")],
) -> None:
    """Take the mean of several runs' weights."""
    try:
        mean(checkpoints, out)
    except AtriumError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2 if isinstance(error, BadInputError) else 1) from error


if __name__ == "__main__":
    typer.run(main)
