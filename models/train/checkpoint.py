"""Checkpoints of a run: reading what it averaged, and writing weights that another run begins from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from contract.errors import BadInputError


def read_averaged(path: Path) -> dict[str, Any]:
    """A checkpoint of `models.train.recipe` from before eight bits, where weights of several runs can be compared.

    Raises:
        BadInputError: the file cannot be read, is no checkpoint, or its channels are evened out for eight bits.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds
        raise BadInputError(f"{path}: cannot be read ({error}); give a checkpoint of models.train.recipe") from error
    if not {"averaged", "mimic", "optimiser"} <= set(state):
        raise BadInputError(f"{path}: holds no run; give a checkpoint of models.train.recipe")
    if state.get("evened"):
        raise BadInputError(f"{path}: its channels are evened out; give one from before eight bits")
    return state


def write_start(path: Path, state: dict[str, Any], weights: dict[str, Tensor], mimic: dict[str, Tensor]) -> None:
    """Writes weights as the start of a run, with nothing learned about gradients; ``state`` is of the run before."""
    optimiser = {"state": {}, "param_groups": state["optimiser"]["param_groups"]}
    fresh = {"network": weights, "averaged": weights, "mimic": mimic, "optimiser": optimiser}
    torch.save(fresh | {"progress": [0, 0, 0]}, path)
