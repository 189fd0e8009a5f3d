"""Patches: where they are chosen, and how well they are found again."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from calibration.drift.patches import APART_PX, choose, contrast_of, cut, find, likeness, texture
from tests.calibration.drift.painted_view import SIZE, PaintedView

VIEW = PaintedView(3)
PLANE = texture(VIEW.shot(noise=0))
EVERYWHERE = np.ones(SIZE[::-1], np.bool_)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.3, -0.4), (2.5, 1.25), (-3.1, 2.8)])
def test_a_shift_is_found_to_a_fraction_of_a_pixel(shift):
    middles = choose(PLANE, EVERYWHERE)
    patches, _ = cut(PLANE, middles.astype(float))
    move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    moved = cv2.warpAffine(VIEW.shot(1), move, SIZE, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    offsets, scores = find(texture(moved), patches, middles, 5)
    assert np.median(scores) > 0.9
    assert np.nanmedian(offsets, axis=0) == pytest.approx(shift, abs=0.08)
    off = np.hypot(*(offsets - shift).T)
    assert np.nanpercentile(off, 80) < 0.4


def test_what_is_not_there_is_not_found():
    middles = choose(PLANE, EVERYWHERE)
    patches, _ = cut(PLANE, middles.astype(float))
    _, scores = find(texture(PaintedView(99).shot()), patches, middles, 4)
    assert np.mean(scores >= 0.6) < 0.25


def test_patches_are_spread_and_apart_and_where_they_may_be():
    free = EVERYWHERE.copy()
    free[:100, :100] = False
    middles = choose(PLANE, free)
    assert len(middles) > 60
    assert not ((middles < 100).all(1)).any()
    apart = np.abs(middles[:, None] - middles[None]).max(2) + 1000 * np.eye(len(middles))
    assert apart.min() >= APART_PX
    assert len({tuple(cell) for cell in (3 * middles // np.array(SIZE)).tolist()}) == 9


def test_a_floor_of_equal_tiles_has_no_landmarks():
    tiles = ((np.indices((216, 384)) // 8).sum(0) % 2 * 120 + 60).astype(np.uint8)
    assert len(choose(texture(tiles), EVERYWHERE)) == 0


def test_likeness_does_not_mind_light():
    middles = choose(PLANE, EVERYWHERE).astype(float)
    one, contrast = cut(PLANE, middles)
    other, less = cut(0.4 * PLANE + 9, middles)
    assert likeness(one, other).min() > 0.98
    assert less == pytest.approx(0.4 * contrast, rel=1e-3)
    assert np.abs(likeness(one, np.roll(other, 1, axis=0))).mean() < 0.4


def test_noise_is_no_contrast():
    rng = np.random.default_rng(0)
    noise = np.clip(rng.normal(100, 8, (216, 384)), 0, 255).astype(np.uint8)
    assert contrast_of(noise) < 4
    assert contrast_of(VIEW.shot(noise=8)) == pytest.approx(contrast_of(VIEW.shot(noise=0)), rel=0.1)
