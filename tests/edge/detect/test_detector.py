"""Detectors: what they find in real pictures, and what they say to models they cannot read."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from contract.errors import BadInputError
from edge.detect.detector import Detector
from edge.detect.heads import grid_cells
from models.registry import resolve
from tests.edge.detect.tiny_models import write_answering
from tests.shared_data import shared

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
    answer = [[[10, 20, 40, 90, 0.9], [11, 21, 41, 91, 0.8], [100, 50, 130, 120, 0.3], [0, 0, 9, 9, 0.05]]]
    model = write_answering(tmp_path / "person.onnx", answer, (3, 256, 416), PERSON, batched)
    detector = Detector(model, score_min=0.1, iou_max=0.6, max_batch=2)
    assert detector.batch == (2 if batched else 1)
    for people in detector.detect(pictures(5, (512, 832))):
        assert people.xyxy.dtype == np.float32
        assert people.xyxy.tolist() == [[20, 40, 80, 180], [200, 100, 260, 240]]  # the picture is twice the input
        assert people.confidence == pytest.approx([0.9, 0.3])
        assert people.class_id.tolist() == [0, 0]


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


def test_people_in_photographs_are_found():
    detector = Detector(shared("detectors", "yolox_nano_416x416.onnx"), score_min=0.3)
    truth = json.loads(shared("boxes", "val.json").read_text())
    found = total = 0
    for entry in truth["images"][:12]:
        image = cv2.imread(str(shared("boxes", "images", entry["file_name"].split("/")[-1])))
        (people,) = detector.detect([image])
        for annotation in truth["annotations"]:
            if annotation["image_id"] == entry["id"]:
                x, y, w, h = annotation["bbox"]
                total += 1
                found += any(overlap(box, (x, y, x + w, y + h)) > 0.5 for box in people.xyxy)
    assert total > 15
    assert found / total > 0.85


def overlap(a, b):
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h)
