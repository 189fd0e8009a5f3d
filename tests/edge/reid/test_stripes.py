"""Colours of stripes: the kernel equals its plain numpy twin, and says who is who."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.reid import kernels as k
from edge.reid.stripes import describe

SEEDS = st.integers(0, 2**32 - 1)


def histogram(values, low, high):
    place = np.clip((values - low) / (high - low) * (k.BINS - 1), 0, k.BINS - 1 - 1e-4)
    left = place.astype(int)
    counts = np.zeros(k.BINS)
    np.add.at(counts, left, 1 - (place - left))
    np.add.at(counts, left + 1, place - left)
    return np.sqrt(counts / len(values))


def plain(picture, box):
    """One box's look in numpy, nobody in front."""
    x0, y0, x1, y1 = box.astype(float)
    left, right = int(x0 + k.SIDE_SHARE * (x1 - x0)), int(np.ceil(x1 - k.SIDE_SHARE * (x1 - x0)))
    share = (k.BOTTOM_SHARE - k.TOP_SHARE) / k.STRIPES
    parts = []
    for s in range(k.STRIPES):
        top, bottom = (int(y0 + (k.TOP_SHARE + (s + n) * share) * (y1 - y0)) for n in (0, 1))
        down, across = 1 + (bottom - top - 1) // k.MOST_ROWS, 1 + (right - left - 1) // k.MOST_COLUMNS
        pixels = picture[top : bottom : max(1, down), left:right:across].reshape(-1, 3).astype(float)
        blue, green, red = pixels.T
        light = pixels.sum(1) / 3
        per_light = 100 / (light + k.DARK)
        parts += [
            histogram(light, k.LIGHT_LOW, k.LIGHT_HIGH),
            histogram((red - green) * 0.7071 * per_light, k.COLOUR_LOW, k.COLOUR_HIGH),
            histogram((red + green - 2 * blue) * 0.408 * per_light, k.COLOUR_LOW, k.COLOUR_HIGH),
        ]
    return np.concatenate(parts)


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_the_kernel_is_the_plain_one(seed):
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 256, (120, 160, 3), dtype=np.uint8)
    x, y = rng.uniform(0, 90), rng.uniform(0, 30)
    box = np.array([x, y, x + rng.uniform(10, 60), y + rng.uniform(20, 85)], np.float32)
    np.testing.assert_allclose(describe(picture, box[None])[0], plain(picture, box), atol=1e-5)


@settings(max_examples=80, deadline=None)
@given(SEEDS, st.integers(1, 6))
def test_how_much_of_a_body_others_cover_is_told_as_plainly(seed, count):
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, 60, (count, 2))
    boxes = np.column_stack([corner, corner + rng.integers(5, 60, (count, 2))]).astype(np.float32)
    for which, (left, y0, right, y1) in enumerate(boxes.astype(float)):
        x0, x1 = left + k.SIDE_SHARE * (right - left), right - k.SIDE_SHARE * (right - left)
        nearer = boxes[boxes[:, 3] > y1].astype(float)
        wide = np.minimum(x1, nearer[:, 2]) - np.maximum(x0, nearer[:, 0])
        tall = np.minimum(y1, nearer[:, 3]) - np.maximum(y0, nearer[:, 1])
        shares = wide.clip(0) * tall.clip(0) / ((x1 - x0) * (y1 - y0))
        assert k.covered(boxes, which) == pytest.approx(max([0.0, *shares]), abs=1e-5)


def people(*colours):
    """A picture of plain people, feet on one line, on a grey floor, and their boxes."""
    picture = np.full((200, 60 * len(colours), 3), 128, np.uint8)
    boxes = []
    for i, (upper, lower) in enumerate(colours):
        picture[20:100, 60 * i + 10 : 60 * i + 50] = upper
        picture[100:180, 60 * i + 10 : 60 * i + 50] = lower
        boxes.append((60 * i + 10, 20, 60 * i + 50, 180))
    return picture, np.array(boxes, np.float32)


def test_darker_light_changes_a_look_less_than_other_clothes_do():
    picture, boxes = people(((40, 40, 180), (120, 60, 40)), ((160, 160, 60), (40, 40, 40)))
    one, other = describe(picture, boxes)
    darker, _ = describe((picture * 0.7).astype(np.uint8), boxes)
    assert np.linalg.norm(one - darker) < 0.6 * np.linalg.norm(one - other)


def test_who_is_hidden_behind_another_has_no_look():
    picture, boxes = people(((40, 40, 180), (120, 60, 40)))
    front = boxes[0] + np.array([4, 10, 4, 15], np.float32)
    looks = describe(picture, np.stack([boxes[0], front]))
    assert np.isnan(looks[0]).all()
    assert np.isfinite(looks[1]).all()


@pytest.mark.parametrize(
    "box",
    [
        (np.nan, 0, 10, 40),
        (10, 10, 10, 60),
        (-500, -500, -400, -300),
        (400, 10, 460, 90),
        (5, 60, 40, 20),
        (0, 0, 2, 3),
    ],
)
def test_boxes_that_are_none_have_no_look(box):
    picture, _ = people(((40, 40, 180), (120, 60, 40)))
    assert np.isnan(describe(picture, np.array([box], np.float32))).all()
