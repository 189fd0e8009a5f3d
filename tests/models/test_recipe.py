"""The recipe learns, resumes and exports; without PyTorch these skip, as the boxes never need it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch absent: pip install -r models/train/requirements.txt to test the recipe")

import torch

from models.train.augment import draw_sample
from models.train.losses import People, assign, complete_overlap, detection_losses, overlap
from models.train.network import Deployed, PersonNet, decode_boxes, places
from models.train.pictures import Picture
from models.train.plan import Phase, Plan
from models.train.recipe import Trainer, learning_rate, mixed, train

HEIGHT, WIDTH = 96, 128


@pytest.fixture
def pictures() -> list[Picture]:
    made = []
    for k in range(4):
        pixels = np.random.default_rng(k).integers(0, 255, (90, 120, 3)).astype(np.uint8)
        box = np.array([[10 + 20 * k, 20, 40 + 20 * k, 80]], np.float32)
        made.append(Picture(str(k), "made", pixels, box, np.array([False])))
    return made


def plan(steps: int, phases: int = 1) -> Plan:
    each = [
        Phase(f"p{k}", steps, HEIGHT, WIDTH, 1e-3, {"made": 1.0}, batch=2, mosaic=0.5, warmup=1) for k in range(phases)
    ]
    return Plan("smoke", HEIGHT, WIDTH, each, bf16=False)


def people(*boxes: tuple[float, float, float, float]) -> People:
    nothing = torch.zeros((0, 4)), torch.zeros(0, dtype=torch.long)
    return People(torch.tensor(boxes).view(-1, 4), torch.zeros(len(boxes), dtype=torch.long), *nothing)


def test_every_cell_has_a_score_and_four_sides():
    network = PersonNet().eval()
    centres, strides = places(HEIGHT, WIDTH)
    scores, sides = network(torch.zeros(2, 3, HEIGHT, WIDTH))
    assert scores.shape == (2, len(centres))
    assert sides.shape == (2, len(centres), 4, network.size.bins)
    assert centres[0].tolist() == [4, 4]
    assert strides[-1] == 32


def test_a_sure_bin_decodes_to_its_reach():
    centres, strides = torch.tensor([[20.0, 30.0]]), torch.tensor([8.0])
    logits = torch.full((1, 1, 4, 8), -50.0)
    for side, bin_ in enumerate((1, 2, 3, 0)):
        logits[0, 0, side, bin_] = 50.0
    assert decode_boxes(logits, centres, strides)[0, 0].tolist() == pytest.approx([12, 14, 44, 30])


def test_overlaps_by_hand():
    a, b = torch.tensor([[0.0, 0.0, 10.0, 10.0]]), torch.tensor([[5.0, 0.0, 15.0, 10.0]])
    assert overlap(a, b).item() == pytest.approx(1 / 3, abs=1e-6)
    assert complete_overlap(a, a).item() == pytest.approx(1, abs=1e-5)
    assert complete_overlap(a, b).item() == pytest.approx(1 / 3 - 25 / (15**2 + 10**2), abs=1e-5)


def test_each_place_answers_for_one_person_inside_its_box():
    centres, strides = places(HEIGHT, WIDTH)
    boxes = torch.cat((centres - strides[:, None], centres + strides[:, None]), 1)[None]
    truth = people((16, 16, 48, 80), (32, 16, 64, 80), (100, 40, 104, 44))
    chosen = assign(torch.full((1, len(centres)), 0.3), boxes, centres, truth)
    assert len(set(chosen.cell.tolist())) == len(chosen.cell)
    assert set(chosen.person.tolist()) == {0, 1, 2}  # the narrow one too, though it holds no cell centre
    at = centres[chosen.cell]
    owner = truth.boxes[chosen.person]
    wide = chosen.person != 2
    assert ((at >= owner[:, :2]) & (at <= owner[:, 2:]))[wide].all()


def test_ignored_regions_cost_nothing():
    centres, strides = places(HEIGHT, WIDTH)
    scores = torch.full((1, len(centres)), -8.0)
    sides = torch.zeros(1, len(centres), 4, 12)
    nobody = people()
    calm = detection_losses(scores, sides, centres, strides, nobody).score
    scores[0, 0] = 8.0  # shouts in the first cell
    loud = detection_losses(scores, sides, centres, strides, nobody).score
    covered = People(nobody.boxes, nobody.image, torch.tensor([[0.0, 0.0, 8.0, 8.0]]), torch.tensor([0]))
    assert loud > calm + 5
    assert detection_losses(scores, sides, centres, strides, covered).score == pytest.approx(calm, abs=1e-3)


def test_losses_fall_on_one_picture(pictures: list[Picture]):
    torch.set_num_threads(1)
    trainer = Trainer(plan(1))
    pool, weights = mixed(plan(1).phases[0], {"made": pictures}, plan(1))
    sample = draw_sample(pool, weights, HEIGHT, WIDTH, 0.0, np.random.default_rng(0))
    losses = [float(trainer.step([sample] * 2, 1e-3).total.detach()) for _ in range(25)]
    assert losses[-1] < 0.7 * losses[0]


def test_two_steps_then_on_from_the_checkpoint(pictures: list[Picture], tmp_path: Path):
    train(plan(2), {"made": pictures}, tmp_path)
    assert (tmp_path / "p0.pt").exists()
    (tmp_path / "log.csv").write_text("2,p0,1,1,1,1\n40,lost,1,1,1,1\n")
    resumed = train(plan(2, phases=2), {"made": pictures}, tmp_path, resume=True)
    assert (resumed.progress.phase, resumed.progress.total) == (2, 4)
    assert (tmp_path / "log.csv").read_text() == "2,p0,1,1,1,1\n"  # what came after the checkpoint is done again
    whole = train(plan(2, phases=2), {"made": pictures}, tmp_path / "whole")
    for a, b in zip(resumed.averaged.parameters(), whole.averaged.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_the_rate_warms_up_and_cools_down():
    phase = Phase("p", 100, 64, 64, 1.0, {"a": 1.0}, warmup=10, final_rate=0.1)
    assert learning_rate(phase, 0) == pytest.approx(0.1)
    assert max(learning_rate(phase, k) for k in range(100)) <= 1.0
    assert learning_rate(phase, 99) == pytest.approx(0.1, abs=0.01)


def test_the_export_answers_as_the_network_does(tmp_path: Path):
    pytest.importorskip("onnxscript", reason="onnxscript absent: the export needs models/train/requirements.txt")
    from models.train.export import export  # noqa: PLC0415  # needs onnxscript

    out = tmp_path / "small.onnx"
    export(
        Deployed(PersonNet(), HEIGHT, WIDTH).eval(), HEIGHT, WIDTH, out, {"atrium.head": "person"}
    )  # compares itself
    assert out.stat().st_size < 4_000_000


def test_the_even_score_reads_a_half():
    network = PersonNet().eval()
    images = torch.zeros(1, 3, HEIGHT, WIDTH)
    raw = network(images)[0].sigmoid()[0, 0].item()
    shipped = Deployed(network, HEIGHT, WIDTH, even_score=raw).eval()(images)
    assert shipped[0, 0, 4].item() == pytest.approx(0.5, abs=1e-4)
