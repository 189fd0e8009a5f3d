"""How the closer look is judged."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.closer import area_under_curve, doubts_of, shrunk
from models.train.pictures import Picture
from tests.edge.detect.test_closer import Doubter
from tests.edge.detect.test_stage import frame


def test_the_area_under_the_curve_is_how_often_a_person_scores_higher():
    person = np.array([True, True, False, False])
    assert area_under_curve(person, np.array([0.9, 0.5, 0.5, 0.1])) == pytest.approx(3.5 / 4)
    assert np.isnan(area_under_curve(person[:2], np.array([0.9, 0.5])))


def test_a_picture_shrinks_with_its_boxes():
    picture = Picture(
        "p", "s", np.zeros((80, 60, 3), np.uint8), np.array([[10, 20, 30, 60]], np.float32), np.array([0])
    )
    half = shrunk(picture, 0.5)
    assert half.pixels.shape == (40, 30, 3)
    assert half.boxes.tolist() == [[5, 10, 15, 30]]


def test_whoever_is_in_doubt_is_looked_at_again():
    image = frame("a", 0.0, (100, 100), (500, 100)).image
    picture = Picture("p", "s", image, np.array([[100, 100, 130, 180]], np.float32), np.zeros(1, np.bool_))
    finder = Doubter()
    found = doubts_of(finder, [picture])
    assert sorted(found.person.tolist()) == [False, True]
    assert found.first.tolist() == [0.5, 0.5]
    assert sorted(found.mean.tolist()) == pytest.approx([0.3, 0.7])
    assert found.tall.tolist() == pytest.approx([80 * finder.whole_scale((640, 360))] * 2)
