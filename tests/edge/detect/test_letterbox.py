"""Pictures of any size fit into the input, and boxes find their way back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.detect.letterbox import PAD_VALUE, Fit, LetterboxBatch

sides = st.integers(2, 4000)


@settings(deadline=None)
@given(height=sides, width=sides, size=st.sampled_from([(416, 416), (256, 416), (192, 192)]), seed=st.integers(0, 99))
def test_boxes_survive_the_round_trip(height, width, size, seed):
    fit = Fit.of((height, width), size)
    assert 1 <= fit.scaled_size[0] <= size[0]
    assert 1 <= fit.scaled_size[1] <= size[1]
    rng = np.random.default_rng(seed)
    corners = np.sort(rng.random((8, 2, 2)), axis=1) * [width, height]
    boxes = corners.reshape(8, 4).astype(np.float32)
    back = fit.to_image(fit.to_input(boxes))
    assert np.allclose(back, boxes, rtol=1e-5, atol=1e-3)


@settings(deadline=None)
@given(height=sides, width=sides)
def test_one_side_fills_the_input(height, width):
    fit = Fit.of((height, width), (256, 416))
    scaled = np.array([height, width]) * fit.scale
    assert np.isclose(scaled / [256, 416], 1.0).any()
    assert (scaled <= np.array([256, 416]) + 1e-6).all()


@settings(deadline=None)
@given(height=sides, width=sides)
def test_boxes_are_cut_at_the_picture(height, width):
    boxes = Fit.of((height, width), (256, 416)).to_image(np.array([[-9, -9, 9999, 9999]], np.float32))
    assert boxes.tolist() == [[0, 0, width, height]]


@pytest.mark.parametrize("shape", [(64, 64), (32, 64), (64, 20), (200, 100), (10, 7)])
def test_the_picture_lies_at_the_upper_left_on_grey(shape):
    batch = LetterboxBatch((64, 64), 1)
    batch.put(0, np.full((64, 64, 3), 255, np.uint8))  # something else was there before
    image = np.empty((*shape, 3), np.uint8)
    image[:] = (10, 20, 30)
    fit = batch.put(0, image)
    height, width = fit.scaled_size
    assert np.array_equal(batch.blob[0, :, :height, :width].mean(axis=(1, 2)), [10, 20, 30])
    rest = batch.blob[0].copy()
    rest[:, :height, :width] = PAD_VALUE
    assert (rest == PAD_VALUE).all()


def test_a_picture_of_the_input_s_size_is_taken_as_it_is():
    image = np.random.default_rng(1).integers(0, 256, (64, 96, 3), np.uint8)
    batch = LetterboxBatch((64, 96), 2)
    fit = batch.put(1, image)
    assert fit.scale == 1.0
    assert np.array_equal(batch.blob[1], image.transpose(2, 0, 1))
    assert (batch.blob[0] == PAD_VALUE).all()
