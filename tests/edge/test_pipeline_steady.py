"""A floor that is followed for a while takes a counted number of blocks a picture, and keeps nothing but its answer."""

from __future__ import annotations

import gc
import tracemalloc

import numpy as np
import pytest

from tests.edge.blocks import counted
from tests.edge.floor_scene import Scene, Walker, camera, floor, zone

CAMERAS = [camera("a", (0, 0), (10, 6)), camera("b", (20, 12), (10, 6))]
PEOPLE = 6
TRACKER, EVERYBODY, GAIN, PAIRS, FILTERS, ZONES = 15, 7, 12, 2, 20, 4
"""Blocks of compiled code: a picture's tracks (`tests/edge/track/test_allocation.py`) and everybody behind them; what
speaks for tracks being people, twice a camera; who they are, which was scipy's to choose and took no block that is
counted; what is corrected; how deep in which zone. Most are numba's headers of
arrays handed over, the others are answers."""
MOST_BYTES = 64_000
"""Of Python's, at once: boxes, sightings, and what six people's visits and paths have come to; 39,000 were seen."""


def rounds(turn):
    """Somebody who goes round and round."""
    return lambda t: (10 + 6 * np.cos(0.25 * t + turn), 6 + 3.5 * np.sin(0.25 * t + turn))


@pytest.fixture(scope="module")
def settled():
    """A pipeline that has followed everybody for forty seconds, and what comes next."""
    walkers = [Walker(0.0, 1e9, rounds(2 * np.pi * k / 8)) for k in range(PEOPLE)]
    scene = Scene(floor(CAMERAS, [zone("shop", 4, 2, 9, 10)]), walkers, miss=0.0)
    pictures = list(scene.observations(0.0, 50.0))
    pipe = scene.pipeline()
    for now, seen in pictures[:400]:
        step = pipe.update(now, seen)
    assert len(step.visitors.key) == PEOPLE
    return pipe, pictures[400:]


def test_compiled_code_takes_a_counted_number_of_blocks_and_gives_back_all_but_the_answer(settled):
    pipe, pictures = settled
    step, taken, kept = pipe.update(*pictures[0]), [], 0
    for now, seen in pictures[1:50]:
        with counted() as found:
            step = pipe.update(now, seen)
            gc.collect()
        taken.append(found["taken"])
        kept += found["kept"]
    assert len(step.visitors.key) == PEOPLE
    assert kept == pytest.approx(0, abs=2)  # the last answer in place of the one before
    assert max(taken) <= len(CAMERAS) * (TRACKER + EVERYBODY + GAIN + PAIRS) + FILTERS + ZONES


def test_python_takes_a_little_small_change_a_picture(settled):
    pipe, pictures = settled
    most = 0
    tracemalloc.start()
    try:
        for now, seen in pictures[50:]:
            tracemalloc.reset_peak()
            base = tracemalloc.get_traced_memory()[0]
            pipe.update(now, seen)
            most = max(most, tracemalloc.get_traced_memory()[1] - base)
    finally:
        tracemalloc.stop()
    assert most < MOST_BYTES
