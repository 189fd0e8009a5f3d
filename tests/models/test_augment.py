"""Samples keep boxes on people, whatever happens to the pixels."""

from __future__ import annotations

from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.errors import BadInputError
from models.train.augment import LEAST_PX, draw_sample
from models.train.paste import paste_people
from models.train.pictures import Picture, read_pictures
from models.train.plan import read_plan
from tests.shared_data import ROOT

WEIGHTS = np.array([0.5, 0.5])


def bright_person(name: str, x: int) -> Picture:
    """A white rectangle on black, as a person whose box is exact."""
    pixels = np.zeros((180, 240, 3), np.uint8)
    pixels[40:140, x : x + 40] = 255
    return Picture(name, "made", pixels, np.array([[x, 40, x + 40, 140]], np.float32), np.array([False]))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), mosaic=st.sampled_from([0.0, 1.0]))
def test_boxes_stay_inside_and_on_the_person(seed: int, mosaic: float):
    pictures = [bright_person("a", 20), bright_person("b", 150)]
    sample = draw_sample(pictures, WEIGHTS, 256, 416, mosaic, np.random.default_rng(seed))
    assert sample.pixels.shape == (256, 416, 3)
    assert sample.pixels.dtype == np.uint8
    for x1, y1, x2, y2 in sample.people:
        assert 0 <= x1 < x2 <= 416
        assert 0 <= y1 < y2 <= 256
        assert x2 - x1 >= LEAST_PX[0]
        assert y2 - y1 >= LEAST_PX[1]
        inner = sample.pixels[round(y1 + y2) // 2, round(x1 + x2) // 2].astype(int)
        assert inner.mean() > 80  # white under every change of light the recipe makes


def test_the_same_seed_gives_the_same_sample():
    pictures = [bright_person("a", 20), bright_person("b", 150)]
    one, two = (draw_sample(pictures, WEIGHTS, 128, 192, 0.5, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one.pixels, two.pixels)
    np.testing.assert_array_equal(one.people, two.people)


def test_ignored_boxes_stay_ignored():
    person = bright_person("a", 20)
    ignored = Picture("i", "made", person.pixels, person.boxes, np.array([True]))
    for seed in range(10):
        sample = draw_sample([ignored], np.ones(1), 128, 192, 0.0, np.random.default_rng(seed))
        assert len(sample.people) == 0


def test_pictures_are_read_from_a_coco_file(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((20, 30, 3), np.uint8))
    coco = {
        "images": [{"id": 7, "file_name": "a.png", "source": "x"}],
        "annotations": [
            {"image_id": 7, "bbox": [1, 2, 3, 4]},
            {"image_id": 7, "bbox": [5, 6, 7, 8], "iscrowd": 1, "ignore": 1},
        ],
    }
    (tmp_path / "a.json").write_bytes(msgspec.json.encode(coco))
    (picture,) = read_pictures(tmp_path / "a.json", tmp_path)
    assert picture.boxes.tolist() == [[1, 2, 4, 6], [5, 6, 12, 14]]
    assert picture.ignored.tolist() == [False, True]
    assert read_pictures(tmp_path / "a.json", tmp_path, frozenset({"y"})) == []


def test_a_missing_picture_is_named(tmp_path: Path):
    (tmp_path / "a.json").write_text('{"images": [{"id": 1, "file_name": "gone.jpg"}], "annotations": []}')
    with pytest.raises(BadInputError, match=r"gone\.jpg: no readable picture"):
        read_pictures(tmp_path / "a.json", tmp_path)


def test_the_shipped_plan_reads_and_a_bad_one_is_named(tmp_path: Path):
    plan = read_plan(ROOT / "models/train/person-n.toml")
    assert plan.name == "person-n"
    bad = tmp_path / "bad.toml"
    bad.write_text(
        'name = "x"\nheight = 64\nwidth = 64\n[[phases]]\nname = "p"\nsteps = 1\nheight = 50\nwidth = 64\n'
        "learning_rate = 0.1\nmix = { a = 1.0 }\n"
    )
    with pytest.raises(BadInputError, match=r"bad\.toml: phase p: 64x50 is not in multiples of 32"):
        read_plan(bad)


def test_pasted_people_are_where_their_boxes_say_and_whom_they_hide_is_ignored():
    walls = Picture(
        "w",
        "made",
        np.full((256, 416, 3), 60, np.uint8),
        np.array([[100, 60, 140, 160]], np.float32),
        np.array([False]),
    )
    for seed in range(20):
        canvas = np.full((256, 416, 3), 60, np.uint8)
        before = np.array([[100, 60, 140, 160]], np.float32)
        people, ignored = paste_people(
            canvas,
            before,
            np.zeros((0, 4), np.float32),
            [bright_person("a", 20)],
            np.ones(1),
            np.random.default_rng(seed),
        )
        assert len(people) + len(ignored) >= 2
        new = people[len(before) - len(ignored) :] if len(ignored) <= len(before) else people
        for x1, y1, x2, y2 in new:
            assert 0 <= x1 < x2 <= 416
            assert 0 <= y1 < y2 <= 256
        last = people[-1]
        assert canvas[int(last[1] + last[3]) // 2, int(last[0] + last[2]) // 2].mean() > 200
        outside = canvas.copy()
        for x1, y1, x2, y2 in np.concatenate([people, ignored]).astype(int):
            outside[y1:y2, x1:x2] = 60
        assert (outside == 60).all()
    sample = draw_sample([walls, bright_person("a", 20)], WEIGHTS, 256, 416, 0.0, np.random.default_rng(1), paste=1.0)
    assert len(sample.people) >= 1
