"""The mean of several runs' weights."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="PyTorch absent: pip install -r models/train/requirements.txt to test the recipe")

import torch

from contract.errors import BadInputError
from models.train.plan import Phase, Plan
from models.train.soup import mean
from models.train.trainer import Trainer


def made_plan(seed: int = 1) -> Plan:
    return Plan("smoke", 64, 96, [Phase("p", 1, 64, 96, 1e-3, {"made": 1.0}, batch=2)], seed=seed)


def run(path: Path, seed: int) -> Path:
    Trainer(made_plan(seed)).save(path)
    return path


def test_the_mean_is_of_every_weight_and_training_goes_on_from_it(tmp_path: Path):
    runs = [run(tmp_path / f"{seed}.pt", seed) for seed in (1, 2, 3)]
    out = tmp_path / "mean.pt"
    mean(runs, out)
    weights = [torch.load(path, weights_only=True)["averaged"] for path in runs]
    mixed = torch.load(out, weights_only=True)
    changed = 0
    for name, value in mixed["averaged"].items():
        if value.is_floating_point():
            torch.testing.assert_close(value, sum(w[name] for w in weights) / 3)
            changed += not torch.equal(value, weights[0][name])
    assert changed > 0
    assert mixed["progress"] == [0, 0, 0]
    Trainer(made_plan()).load(out)


def test_what_cannot_be_averaged_is_told(tmp_path: Path):
    first = run(tmp_path / "first.pt", 1)
    with pytest.raises(BadInputError, match="two or more"):
        mean([first], tmp_path / "out.pt")
    state = torch.load(first, weights_only=True)
    other = tmp_path / "other.pt"
    torch.save(state | {"averaged": {k: v for k, v in state["averaged"].items() if "bias" not in k}}, other)
    with pytest.raises(BadInputError, match="another network"):
        mean([first, other], tmp_path / "out.pt")
    with pytest.raises(BadInputError, match="cannot be read"):
        mean([first, tmp_path / "absent.pt"], tmp_path / "out.pt")
    bare = tmp_path / "bare.pt"
    torch.save(state["averaged"], bare)
    with pytest.raises(BadInputError, match="holds no run"):
        mean([first, bare], tmp_path / "out.pt")
    rounded = tmp_path / "rounded.pt"
    torch.save(state | {"evened": {"a": torch.ones(1)}}, rounded)
    with pytest.raises(BadInputError, match="evened out"):
        mean([rounded, rounded], tmp_path / "out.pt")
    assert not (tmp_path / "out.pt").exists()
