"""Privacy masks blacken what they cover, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from contract.errors import BadInputError
from edge.detect.mask import PrivacyMask

SQUARE = np.array([[10.0, 20.0], [29.0, 20.0], [29.0, 39.0], [10.0, 39.0]])


def white(height, width):
    return np.full((height, width, 3), 255, np.uint8)


def test_covered_pixels_turn_black_in_place():
    image = white(100, 200)
    PrivacyMask([SQUARE], (200, 100)).apply(image)
    assert (image[20:40, 10:30] == 0).all()
    assert int((image == 0).all(axis=2).sum()) == 20 * 20


@pytest.mark.parametrize("factor", [0.5, 2.0, 3.0])
def test_masks_scale_with_the_frame(factor):
    image = white(int(100 * factor), int(200 * factor))
    PrivacyMask([SQUARE], (200, 100)).apply(image)
    black = (image == 0).all(axis=2)
    rows, columns = np.nonzero(black)
    assert rows.min() == pytest.approx(20 * factor, abs=1)
    assert rows.max() + 1 == pytest.approx(40 * factor, abs=factor)
    assert columns.min() == pytest.approx(10 * factor, abs=1)
    assert columns.max() + 1 == pytest.approx(30 * factor, abs=factor)


def test_masks_may_reach_out_of_the_picture_and_be_many():
    image = white(50, 50)
    beyond = np.array([[-20.0, -20.0], [10.0, -20.0], [10.0, 10.0], [-20.0, 10.0]])
    PrivacyMask([beyond, beyond + 60], (50, 50)).apply(image)
    assert (image[:11, :11] == 0).all()
    assert (image[40:, 40:] == 0).all()
    assert (image[20, 20] == 255).all()


def test_no_mask_changes_nothing():
    image = white(10, 10)
    PrivacyMask([], (10, 10)).apply(image)
    assert (image == 255).all()


def test_a_mask_of_two_corners_is_refused():
    with pytest.raises(BadInputError, match="corners"):
        PrivacyMask([SQUARE[:2]], (200, 100))
