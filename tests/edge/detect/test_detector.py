"""Detectors: what they find in real pictures, and what they say to models they cannot read."""

from __future__ import annotations

import tracemalloc
from collections import Counter

import cv2
import numpy as np
import pytest

from contract.errors import BadInputError
from edge.detect.detector import Detector
from edge.detect.heads import grid_cells
from models.registry import resolve
from tests.edge.detect.tiny_models import write_answering, write_levels

PERSON = {"atrium.head": "person"}


def pictures(count, shape=(120, 160)):
    rng = np.random.default_rng(count)
    return [rng.integers(0, 255, (*shape, 3), np.uint8) for _ in range(count)]


def yolox_answer(size, boxes, in_pixels):
    """(1, N, 85) with one prediction a box (x, y, w, h in input pixels, score), each in a cell of its own."""
    cells = grid_cells(size)
    answer = np.zeros((1, len(cells), 85), np.float32)
    for i, (x, y, w, h, score) in enumerate(boxes):
        column, row, stride = cells[i * 7]
        place = (
            (x, y, w, h)
            if in_pixels
            else (x / stride - column, y / stride - row, np.log(w / stride), np.log(h / stride))
        )
        answer[0, i * 7] = [*place, score, 1.0, *[0.0] * 79]
    return answer


@pytest.mark.parametrize("batched", [False, True])
def test_the_person_head_is_read(tmp_path, batched):
    answer = [[[10, 20, 40, 90, 0.9], [13, 21, 43, 91, 0.45], [100, 50, 130, 120, 0.3], [0, 0, 9, 9, 0.05]]]
    model = write_answering(tmp_path / "person.onnx", answer, (3, 256, 416), PERSON, batched)
    detector = Detector(model, score_min=0.1, iou_max=0.6, max_batch=2)
    assert detector.batch == (2 if batched else 1)
    for people in detector.detect(pictures(5, (512, 832))):
        assert people.xyxy.dtype == np.float32
        # the picture is twice the input, and the two boxes of one person are told as their mean
        assert people.xyxy == pytest.approx(np.array([[22, 40.667, 82, 180.667], [200, 100, 260, 240]]), abs=1e-3)
        assert people.confidence == pytest.approx([0.9, 0.3])
        assert people.detections().class_id.tolist() == [0, 0]


@pytest.mark.parametrize("in_pixels", [False, True])
def test_the_yolox_head_is_read_decoded_or_not(tmp_path, in_pixels):
    answer = yolox_answer((96, 160), [(50, 48, 20, 40, 0.9), (120, 60, 30, 60, 0.2)], in_pixels)
    detector = Detector(write_answering(tmp_path / "yolox.onnx", answer, (3, 96, 160)))
    (people,) = detector.detect(pictures(1, (96, 160)))
    assert people.xyxy == pytest.approx(np.array([[40, 28, 60, 68], [105, 30, 135, 90]]), abs=1e-3)
    assert people.confidence == pytest.approx([0.9, 0.2])
    assert detector.head.name == ("yolox, decoded" if in_pixels else "yolox")


def test_boxes_are_cut_at_the_picture_and_those_in_the_padding_go(tmp_path):
    answer = [[[-20, -20, 30, 500, 0.9], [10, 130, 40, 200, 0.8]]]
    model = write_answering(tmp_path / "person.onnx", answer, (3, 256, 256), PERSON)
    (people,) = Detector(model).detect([np.zeros((128, 256, 3), np.uint8)])
    assert people.xyxy.tolist() == [[0, 0, 30, 128]]


def test_nobody_is_an_empty_answer_of_the_right_shape(tmp_path):
    model = write_answering(tmp_path / "person.onnx", np.zeros((1, 3, 5)), (3, 256, 416), PERSON)
    (people,) = Detector(model).detect(pictures(1))
    assert people.xyxy.shape == (0, 4)
    assert people.confidence.shape == (0,)
    assert Detector(model).detect([]) == []


@pytest.mark.parametrize(
    ("answer", "input_shape", "metadata"),
    [
        (np.zeros((1, 10, 4)), (3, 64, 64), None),
        (np.full((1, 10, 6), 0.5), (3, 64, 64), None),
        (np.zeros((1, 10, 6)), (3, 64, 64), PERSON),
        (np.full((1, 84, 85), 7.0), (3, 64, 64), None),
    ],
)
def test_an_unknown_head_is_told_with_its_shapes_and_what_is_supported(tmp_path, answer, input_shape, metadata):
    model = write_answering(tmp_path / "odd.onnx", answer, input_shape, metadata)
    with pytest.raises(BadInputError, match="unknown head") as caught:
        Detector(model)
    line = str(caught.value)
    assert "\n" not in line
    assert str(model) in line
    assert f"predictions ({', '.join(map(str, answer.shape))})" in line
    assert "YOLOX" in line
    assert "atrium.head" in line


@pytest.mark.parametrize(
    ("content", "words"), [(None, "no such model file"), (b"", "not a usable"), (b"junk" * 99, "not a usable")]
)
def test_an_absent_or_broken_model_is_one_line(tmp_path, content, words):
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInputError, match=words) as caught:
        Detector(path)
    assert "\n" not in str(caught.value)


def test_the_default_model_gives_the_same_alone_and_in_a_batch():
    path = resolve().path
    images = [cv2.GaussianBlur(image, (0, 0), 4) for image in pictures(3, (360, 640))]
    together = Detector(path, score_min=0.01, max_batch=3).detect(images)
    alone = [Detector(path, score_min=0.01, max_batch=1).detect([image])[0] for image in images]
    for one, other in zip(together, alone, strict=True):
        assert one.xyxy == pytest.approx(other.xyxy, abs=0.05)
        assert one.confidence == pytest.approx(other.confidence, abs=1e-3)


SHAPES = [(360, 640), (288, 384), (360, 640), (640, 360), (360, 640), (100, 90), (288, 384)]


@pytest.fixture
def free(tmp_path):
    """Detector of a model of free size that finds whoever is bright, of one cell's width and height."""
    return Detector(write_levels(tmp_path / "levels.onnx"), max_batch=2)


def bright(shape, *at):
    """A dark picture with bright spots around (x, y)."""
    image = np.zeros((*shape, 3), np.uint8)
    for x, y in at:
        image[y - 16 : y + 16, x - 16 : x + 16] = 255
    return image


def test_pictures_get_inputs_of_their_own_aspect_and_equal_ones_run_together(free, monkeypatch):
    assert free.per_aspect
    ran = []
    run = free._run
    monkeypatch.setattr(free, "_run", lambda count, size: ran.append((count, size)) or run(count, size))
    found = free.detect([bright(shape, (48, 80)) for shape in SHAPES])
    assert Counter(ran) == {
        (2, (256, 416)): 1,
        (1, (256, 416)): 1,
        (2, (288, 384)): 1,
        (1, (416, 256)): 1,
        (1, (224, 192)): 1,  # a thumbnail, enlarged twice
    }
    for people, shape in zip(found, SHAPES, strict=True):
        assert len(people) > 0
        assert np.abs((people.xyxy[0, :2] + people.xyxy[0, 2:]) / 2 - [48, 80]).max() < 32, shape


def test_the_same_is_found_alone_and_among_others(free):
    images = [bright(shape, (48, 80), (70, 40)) for shape in SHAPES]
    for together, image in zip(free.detect(images), images, strict=True):
        (alone,) = free.detect([image])
        assert together.xyxy.tolist() == alone.xyxy.tolist()
        assert together.confidence.tolist() == alone.confidence.tolist()


def test_another_working_size_may_be_asked_for(tmp_path):
    path = write_levels(tmp_path / "levels.onnx")
    assert Detector(path).size == (256, 416)
    large = Detector(path, size=(384, 640))
    assert large.size == (384, 640)
    assert len(large.detect([bright((720, 1280), (300, 300))])[0]) > 0


def test_regions_are_looked_at_in_the_picture_s_own_scale(free, monkeypatch):
    image = bright((720, 1280), (198, 298), (1000, 500))
    ran = []
    run = free._run
    monkeypatch.setattr(free, "_run", lambda count, size: ran.append((count, size)) or run(count, size))
    people = free.detect_regions(
        image, [(150, 250, 250, 350), (936, 436, 1064, 564), (5, 5, 5, 50), (1300, 0, 1400, 99)]
    )
    assert sorted(ran) == [(1, (128, 128)), (1, (128, 128))] or sorted(ran) == [(2, (128, 128))]
    centres = (people.xyxy[:, :2] + people.xyxy[:, 2:]) / 2
    for spot in [(198, 298), (1000, 500)]:
        assert np.abs(centres - spot).max(1).min() < 17
    for centre in centres:
        assert min(np.abs(centre - spot).max() for spot in [(198, 298), (1000, 500)]) < 33
    assert (np.diff(people.confidence) <= 0).all()


def test_who_is_in_two_regions_is_told_once(free):
    image = bright((360, 640), (200, 200))
    once = free.detect_regions(image, [(136, 136, 264, 264)])
    twice = free.detect_regions(image, [(136, 136, 264, 264), (136, 136, 264, 264)])
    assert len(once) == len(twice) > 0
    assert free.detect_regions(image, []).xyxy.shape == (0, 4)


def test_regions_of_a_model_of_fixed_size_keep_their_scale(tmp_path):
    model = write_answering(tmp_path / "p.onnx", [[[10, 20, 40, 60, 0.9]]], (3, 96, 160), {"atrium.head": "person"})
    people = Detector(model).detect_regions(
        np.zeros((720, 1280, 3), np.uint8), [(100, 200, 180, 280), (0, 0, 320, 192)]
    )
    assert people.xyxy.tolist() == [[110, 220, 140, 260], [20, 40, 80, 120]]  # as it is; and twice as large


def test_no_memory_is_taken_for_inputs_once_it_runs(free):
    images = [bright(shape, (48, 80)) for shape in SHAPES]
    free.detect(images)
    tracemalloc.start()
    for _ in range(3):
        free.detect(images)
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    free.detect(images[:1])
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    outputs = (1 + 4 * 4) * (52 * 32 + 26 * 16 + 13 * 8) * 4
    assert peak < outputs + 20_000  # an input alone would be 319,488 bytes


def test_what_a_model_is_fed_can_be_had(free):
    images = [bright((360, 640), (48, 80)), bright((360, 640), (99, 80))]
    feed = free.feed(images)
    assert list(feed) == ["images"]
    assert feed["images"].shape == (2, 256, 416, 3)
    assert feed["images"].dtype == np.uint8
    free.detect([bright((360, 640), (300, 300))])
    assert np.array_equal(feed["images"], free.feed(images)["images"])  # a copy, and the same again
    with pytest.raises(ValueError, match="1 to 2 pictures, not 3"):
        free.feed(images + images[:1])
