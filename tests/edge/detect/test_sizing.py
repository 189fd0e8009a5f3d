"""Input sizes by the picture's aspect: little padding, little shrinking, never above the working area."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.detect.sizing import AREA_MAX, choose_size

sides = st.integers(2, 4000)
WORKING = (256, 416)


@pytest.mark.parametrize(
    ("image", "size"),
    [
        ((360, 640), (256, 416)),
        ((720, 1280), (256, 416)),
        ((288, 384), (288, 384)),
        ((480, 640), (288, 384)),
        ((1000, 1000), (320, 320)),
        ((640, 360), (416, 256)),
        ((240, 320), (288, 384)),  # an old camera: enlarged by a fifth, as far as the area goes
        ((120, 160), (256, 320)),  # a thumbnail: enlarged twice
        ((40, 60), (96, 128)),
    ],
)
def test_known_cameras_get_known_sizes(image, size):
    assert choose_size(image, WORKING)[0] == size


@settings(deadline=None, max_examples=60)
@given(height=sides, width=sides, working=st.sampled_from([(256, 416), (384, 640), (64, 64), (224, 224)]))
def test_no_other_size_shrinks_less(height, width, working):
    (rows, columns), bound = choose_size((height, width), working)
    assert rows % 32 == columns % 32 == 0
    assert rows * columns <= AREA_MAX * working[0] * working[1]
    scale = min(rows / height, columns / width, bound)
    for other_rows in range(32, rows + 96, 32):
        for other_columns in range(32, columns + 96, 32):
            other = min(other_rows / height, other_columns / width, bound)
            if other_rows * other_columns <= rows * columns:
                assert other <= scale + 1e-5
            if (other_rows, other_columns) != (rows, columns) and other_rows * other_columns < rows * columns:
                assert other < scale + 1e-6


@settings(deadline=None, max_examples=60)
@given(height=sides, width=sides)
def test_small_pictures_are_enlarged_by_a_quarter_and_thumbnails_twice(height, width):
    _, bound = choose_size((height, width), WORKING)
    assert bound == (2.0 if height * width < 0.25 * 256 * 416 else 1.25)
    assert choose_size((height, width), WORKING, 1.0)[1] == 1.0
