"""Pictures of any size fit into the input, and boxes find their way back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.detect.heads import Preprocessing
from edge.detect.letterbox import Fit, InputBatch

sides = st.integers(2, 4000)


@settings(deadline=None)
@given(
    height=sides,
    width=sides,
    size=st.sampled_from([(416, 416), (256, 416), (192, 192)]),
    kind=st.sampled_from(["letterbox", "letterbox-centre", "stretch"]),
    seed=st.integers(0, 99),
)
def test_boxes_survive_the_round_trip(height, width, size, kind, seed):
    fit = Fit.of((height, width), size, kind)
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
    scaled = np.array([height, width]) * fit.scale[0]
    assert np.isclose(scaled / [256, 416], 1.0).any()
    assert (scaled <= np.array([256, 416]) + 1e-6).all()


@settings(deadline=None)
@given(height=sides, width=sides)
def test_boxes_are_cut_at_the_picture(height, width):
    boxes = Fit.of((height, width), (256, 416)).to_image(np.array([[-9, -9, 9999, 9999]], np.float32))
    assert boxes.tolist() == [[0, 0, width, height]]


HOWS = [
    Preprocessing(),
    Preprocessing(colour="rgb", scale=1 / 255, fit="letterbox-centre"),
    Preprocessing(colour="rgb", scale=1 / 255, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), fit="stretch"),
    Preprocessing(mean=(103.53, 116.28, 123.675), std=(57.375, 57.12, 58.395), fit="letterbox", pad=0),
]


def prepared(image, size, how, scale_max=np.inf):
    """What a network should see, (3, H, W) float64: step by step, as a tutorial would do it."""
    height, width = image.shape[:2]
    if how.fit == "stretch":
        inner, left, top = size, 0, 0
    else:
        scale = min(size[0] / height, size[1] / width, scale_max)
        inner = (max(1, int(height * scale + 1e-9)), max(1, int(width * scale + 1e-9)))
        left, top = (size[1] - inner[1]) // 2, (size[0] - inner[0]) // 2
        if how.fit == "letterbox":
            left = top = 0
    canvas = np.full((*size, 3), how.pad, np.uint8)
    canvas[top : top + inner[0], left : left + inner[1]] = cv2.resize(image, (inner[1], inner[0]))
    if how.colour == "rgb":
        canvas = canvas[:, :, ::-1]
    return ((canvas * how.scale - np.array(how.mean)) / np.array(how.std)).transpose(2, 0, 1)


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("layout", ["nchw", "nhwc", "chw", "hwc"])
@pytest.mark.parametrize("shape", [(64, 96), (48, 31), (200, 100), (10, 7)])
def test_the_network_sees_what_a_tutorial_would_feed_it(how, dtype, layout, shape):
    batch = InputBatch(layout, dtype, how, 1, (64, 96))
    batch.put(0, np.full((64, 96, 3), 255, np.uint8), (64, 96))  # something else was there before
    image = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    batch.put(0, image, (64, 96))
    blob = batch.blob(1, (64, 96))
    assert blob.dtype == dtype
    assert blob.flags.c_contiguous
    seen = blob[0] if layout[0] == "n" else blob
    seen = seen if "chw" in layout else seen.transpose(2, 0, 1)
    assert np.allclose(seen, prepared(image, (64, 96), how), atol=1e-4 if dtype == np.float32 else 0.13, rtol=1e-3)


@pytest.mark.parametrize("colour", ["bgr", "rgb"])
@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
@pytest.mark.parametrize("shape", [(64, 96), (48, 31), (200, 100)])
def test_bytes_go_in_as_they_are(colour, layout, shape):
    how = Preprocessing(colour=colour, scale=1 / 255)  # the scale is the network's own business
    batch = InputBatch(layout, np.uint8, how, 2, (64, 96))
    image = np.random.default_rng(2).integers(0, 256, (*shape, 3), np.uint8)
    batch.put(1, image, (64, 96))
    seen = batch.blob(2, (64, 96))[1]
    seen = seen if layout == "nchw" else seen.transpose(2, 0, 1)
    assert np.array_equal(seen, prepared(image, (64, 96), Preprocessing(colour=colour)))


def test_inputs_of_many_sizes_share_one_memory():
    batch = InputBatch("nhwc", np.uint8, Preprocessing(), 3, (64, 96))
    first = batch.blob(1, (64, 96))
    for size in [(32, 32), (96, 64), (64, 96), (32, 160)]:
        for slot in range(3):
            batch.put(slot, np.full((20, 30, 3), 10 * slot, np.uint8), size)
        blob = batch.blob(3, size)
        assert np.shares_memory(blob, first)
        for slot in range(3):
            assert np.array_equal(
                blob[slot].transpose(2, 0, 1),
                prepared(np.full((20, 30, 3), 10 * slot, np.uint8), size, Preprocessing()),
            )


def test_nothing_is_enlarged_beyond_the_bound():
    batch = InputBatch("nhwc", np.uint8, Preprocessing(), 1, (64, 96))
    image = np.random.default_rng(3).integers(0, 256, (20, 30, 3), np.uint8)
    fit = batch.put(0, image, (64, 96), scale_max=1.0)
    assert fit.scale == (1.0, 1.0)
    assert np.array_equal(batch.blob(1, (64, 96))[0, :20, :30], image)
    assert (batch.blob(1, (64, 96))[0, 20:] == 114).all()
