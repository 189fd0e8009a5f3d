"""Fitting layer by layer brings an inherited network nearer to its teacher, and only from where it is told to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch absent: pip install -r models/train/requirements.txt to test the recipe")

import torch

from contract.errors import BadInputError
from models.train.pictures import Picture
from models.train.plan import Phase, Plan
from tests.shared_data import shared

SMOOTH = [(21, 34)]


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def made_plan(size: str = "inherited") -> Plan:
    return Plan("smoke", 64, 96, [Phase("p", 1, 64, 96, 1e-3, {"made": 1.0}, batch=2)], size=size, smooth=SMOOTH)


@pytest.fixture
def teacher() -> Path:
    return shared("detectors", "yolox_nano_416x416.onnx")


@pytest.fixture
def pixels() -> np.ndarray:
    coarse = np.random.default_rng(0).integers(0, 256, (18, 8, 12, 3), dtype=np.uint8)
    return coarse.repeat(8, 1).repeat(8, 2)


@pytest.fixture
def checkpoint(tmp_path: Path, teacher: Path, pixels: np.ndarray) -> Path:
    """The teacher's weights with ReLU: where training would begin."""
    from models.train.teacher import moments  # noqa: PLC0415
    from models.train.trainer import Inherited, Trainer  # noqa: PLC0415  # needs onnx

    path = tmp_path / "start.pt"
    Trainer(made_plan(), Inherited(teacher, moments(teacher, [pixels[:4]]))).save(path)
    return path


def far(path: Path, teacher: Path, pixels: np.ndarray) -> float:
    """The mimic's measure of a checkpoint on other pictures than it was fitted to."""
    from models.train.activations import SHARPEST  # noqa: PLC0415  # needs onnx
    from models.train.teacher import Teacher, moments  # noqa: PLC0415
    from models.train.trainer import Inherited, network_of  # noqa: PLC0415

    network, mimic = network_of(made_plan(), Inherited(teacher, moments(teacher, [pixels[:4]])))
    network.load_state_dict(torch.load(path, weights_only=True)["averaged"])
    for part in (network, mimic):
        part.soften(SHARPEST)
    with torch.no_grad():
        inner = network.eval().look(torch.from_numpy(pixels).permute(0, 3, 1, 2).float())[2]
        return float(mimic(inner, [torch.from_numpy(f) for f in Teacher(teacher, inner=True)(pixels).features]))


def test_it_comes_nearer_to_its_teacher_and_training_goes_on_from_there(
    tmp_path: Path, checkpoint: Path, teacher: Path, pixels: np.ndarray
):
    from models.train.fit import fit  # noqa: PLC0415  # needs onnx
    from models.train.recipe import train  # noqa: PLC0415

    out = tmp_path / "fitted.pt"
    fits = list(fit(checkpoint, made_plan(), out, teacher=teacher, pixels=pixels[:16]))
    assert len(fits) == 2 + 102 + 9  # all convolutions, then score, place and extent of three strides
    assert all(found.after <= found.before for found in fits)
    assert far(out, teacher, pixels[16:]) < 0.7 * far(checkpoint, teacher, pixels[16:])
    pool = [
        Picture(str(k), "made", p, np.array([[8, 8, 40, 60]], np.float32), np.array([False]))
        for k, p in enumerate(pixels)
    ]
    assert train(made_plan(), {"made": pool}, tmp_path / "on", teacher=teacher, start=out).progress.total == 1


def test_what_lies_before_the_first_stays(tmp_path: Path, checkpoint: Path, teacher: Path, pixels: np.ndarray):
    from models.train.fit import fit  # noqa: PLC0415  # needs onnx
    from models.train.inherited import InheritedNet  # noqa: PLC0415

    out = tmp_path / "fitted.pt"
    fits = list(fit(checkpoint, made_plan(), out, teacher=teacher, pixels=pixels[:16], first=95))
    assert len(fits) == 7 + 9
    before, after = (torch.load(path, weights_only=True)["averaged"] for path in (checkpoint, out))
    parts = [op.argument for op in InheritedNet(teacher).ops if op.kind == "part"]
    for number in (0, 94, 95, 101):
        name = f"parts.{parts[number]}.0.weight"
        assert torch.equal(before[name], after[name]) == (number < 95)


def test_one_that_was_evened_out_is_refused(tmp_path: Path, checkpoint: Path, teacher: Path, pixels: np.ndarray):
    from models.train.fit import fit  # noqa: PLC0415  # needs onnx

    state = torch.load(checkpoint, weights_only=True)
    torch.save(state | {"evened": {"a": torch.ones(3)}}, checkpoint)
    with pytest.raises(BadInputError, match="before eight bits"):
        list(fit(checkpoint, made_plan(), tmp_path / "out.pt", teacher=teacher, pixels=pixels))


def test_a_network_of_its_own_has_no_teacher_to_be_fitted_to(
    tmp_path: Path, checkpoint: Path, teacher: Path, pixels: np.ndarray
):
    from models.train.fit import fit  # noqa: PLC0415  # needs onnx

    with pytest.raises(BadInputError, match="only inherited networks"):
        list(fit(checkpoint, made_plan("n"), tmp_path / "out.pt", teacher=teacher, pixels=pixels))
