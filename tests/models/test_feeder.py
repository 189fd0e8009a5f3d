"""Batches drawn in other processes are those of the plan; without PyTorch this skips, as boxes never need it."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch absent: pip install -r models/train/requirements.txt to test the recipe")

from models.train.augment import draw_sample
from models.train.feeder import AHEAD, Feeder
from models.train.pictures import Picture
from models.train.plan import Phase, Plan

WORKERS = 2
STEPS = AHEAD * WORKERS + 5
"""More than there is memory for at a time."""


def picture(name: str, seed: int) -> Picture:
    pixels = np.random.default_rng(seed).integers(0, 255, (90, 120, 3)).astype(np.uint8)
    return Picture(name, "made", pixels, np.array([[10, 20, 40, 80]], np.float32), np.array([False]))


def test_pixels_and_truth_of_every_step_are_those_drawn_alone_though_memory_is_used_again():
    pictures, weights = [picture("a", 0), picture("b", 1)], np.array([0.5, 0.5])
    turns = [(64, 96, 3), (96, 128, 2)]
    plan = Plan("n", 64, 96, [Phase("all", STEPS, 64, 96, 1e-3, {"made": 1.0}, turns=turns)])
    todo = [(0, step) for step in range(STEPS)]
    taken = []
    with Feeder(plan, [(pictures, weights)], None, WORKERS) as feeder:
        for (phase, step), batch in feeder.batches(todo):
            rng = np.random.default_rng((plan.seed, phase, step))
            height, width, count = plan.phases[0].shape(step)
            alone = [draw_sample(pictures, weights, height, width, plan.phases[0].mosaic, rng) for _ in range(count)]
            np.testing.assert_array_equal(batch.pixels, np.stack([sample.pixels for sample in alone]))
            for mine, wanted in zip(batch.samples, alone, strict=True):
                np.testing.assert_array_equal(mine.pixels, wanted.pixels)
                np.testing.assert_array_equal(mine.people, wanted.people)
            taken.append(step)
    assert taken == list(range(STEPS))
