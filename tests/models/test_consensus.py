"""The teacher that looks several times; without PyTorch these skip, as the boxes never need it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch absent: pip install -r models/train/requirements.txt to test the recipe")

import torch

from models.train.consensus import MOST_MOVED, TorchTeacher, consensus, draw_views, shown
from models.train.network import places
from models.train.pictures import Picture, read_pictures
from models.train.plan import Phase, Plan
from models.train.recipe import train
from models.train.teacher import Teacher, moments
from tests.shared_data import shared

NOWHERE = torch.zeros((0, 4)), torch.zeros(0, dtype=torch.long)
EXACT: dict[str, Any] = {"dtype": torch.bfloat16, "enabled": False}


def street() -> np.ndarray:
    (picture,) = read_pictures(shared("boxes", "val.json"), shared("boxes", "images"))[:1]
    return np.ascontiguousarray(np.asarray(picture.pixels, np.uint8)[:288, :416])


@pytest.fixture(scope="module")
def teacher() -> TorchTeacher:
    path = shared("detectors", "yolox_nano_416x416.onnx")
    return TorchTeacher(path, moments(path, [street()[None]]))


def images_of(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels[None]).permute(0, 3, 1, 2).float()


def test_it_is_the_file_s_own_network(teacher: TorchTeacher):
    pixels = street()
    lesson = Teacher(shared("detectors", "yolox_nano_416x416.onnx"), inner=True)(pixels[None])
    with torch.no_grad():
        scores, boxes, inner = teacher(images_of(pixels))
    np.testing.assert_allclose(scores.numpy(), lesson.scores, atol=1e-4)
    np.testing.assert_allclose(boxes.numpy(), lesson.boxes, rtol=1e-3, atol=0.05)
    for mine, theirs in zip(inner, lesson.features, strict=True):
        np.testing.assert_allclose(mine.numpy(), theirs.astype(np.float32), rtol=0.02, atol=0.05)


def test_without_views_its_answers_are_plain_and_with_itself_nothing_moves(teacher: TorchTeacher):
    images = images_of(street())
    with torch.no_grad():
        scores, boxes, _ = teacher(images)
    plain = consensus(teacher, images, [], NOWHERE, **EXACT)
    torch.testing.assert_close(plain.scores, scores)
    torch.testing.assert_close(plain.boxes, boxes)
    same = consensus(teacher, images, [(1.0, False)], NOWHERE, **EXACT)
    torch.testing.assert_close(same.scores.clamp(min=3e-3), scores.clamp(min=3e-3), rtol=1e-3, atol=1e-4)


def test_a_mirrored_view_is_matched_in_its_place(teacher: TorchTeacher):
    images = images_of(street())
    ahead = consensus(teacher, images, [(1.0, True)], NOWHERE, **EXACT)
    behind = consensus(teacher, images.flip(3), [(1.0, True)], NOWHERE, **EXACT)
    assert float(ahead.scores.max()) > 0.7, "nothing was found again where it should be"
    # both have seen the same two pictures, so that the best of each thing is the same
    assert float(ahead.scores.max()) == pytest.approx(float(behind.scores.max()), abs=0.05)


def test_what_the_other_views_do_not_show_goes_down_by_so_much_at_most(teacher: TorchTeacher):
    images = images_of(street())
    with torch.no_grad():
        scores, _, _ = teacher(images)
    found = consensus(teacher, images, [(0.15, False)] * 3, NOWHERE, **EXACT)  # nobody is left at this size
    moved = scores.clamp(1e-6, 1 - 1e-6).logit() - found.scores.clamp(1e-6, 1 - 1e-6).logit()
    assert float(moved[scores > 0.5].min()) > 1
    assert float(moved.max()) < MOST_MOVED + 0.5


def test_every_other_view_is_mirrored_and_sides_fit_the_grid():
    drawn = [draw_views([0.75, 1.0, 1.5], np.random.default_rng(seed)) for seed in range(8)]
    assert {tuple(mirrored for _, mirrored in views) for views in drawn} == {(False, True, False), (True, False, True)}
    for view in drawn[0]:
        seen = shown(torch.rand(1, 3, 96, 160), view)
        assert all(side % 32 == 0 for side in seen.shape[2:])
    assert [scale for scale, _ in drawn[0]] == [0.75, 1.0, 1.5]


def test_a_run_with_views_and_eight_bits_learns_and_resumes(tmp_path: Path):
    pixels = np.random.default_rng(0).integers(0, 255, (90, 120, 3)).astype(np.uint8)
    made = Picture("a", "made", pixels, np.array([[10, 20, 40, 80]], np.float32), np.array([False]))
    phases = [
        Phase("imitate", 2, 96, 128, 1e-3, {"made": 1.0}, batch=2, labels="none", views=[0.75, 1.5]),
        Phase("seen", 2, 96, 128, 1e-3, {"made": 1.0}, batch=2, labels="boxes", views=[1.0], eight_bits=True),
    ]
    plan = Plan("person-s", 96, 128, phases, size="inherited", relu_steps=1)
    path = shared("detectors", "yolox_nano_416x416.onnx")
    first = train(plan, {"made": [made]}, tmp_path, teacher=path, workers=2)
    assert first.teacher is not None
    assert first.progress.total == 4
    again = train(plan, {"made": [made]}, tmp_path, teacher=path, resume=True)
    assert again.progress.total == 4
    centres, _ = places(96, 128)
    scores, _, _ = again.averaged.look(torch.zeros(1, 3, 96, 128))
    assert scores.shape == (1, len(centres))
    assert torch.isfinite(scores).all()
