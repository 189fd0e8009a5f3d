"""YOLOX, YOLOv5, YOLOv8 and what comes end to end: recognised by their shapes, read as a plain decoding reads them."""

from __future__ import annotations

import numpy as np
import pytest

from contract.errors import BadInputError
from edge.detect.detector import Detector
from edge.detect.heads import grid_cells
from tests.edge.detect.heads import plain
from tests.edge.detect.tiny_models import write_graph

SIZE = (96, 160)
CELLS = 12 * 20 + 6 * 10 + 3 * 5
NAMES = {"names": "{0: 'car', 1: 'Person', 2: 'dog'}", "task": "detect", "stride": "32", "imgsz": "[96, 160]"}


def probabilities(rng, *shape):
    """Many small, few large, as detectors answer."""
    return (rng.random(shape) ** 4).astype(np.float32)


def detector(tmp_path, answer, metadata=None, shape=(1, 3, *SIZE), **more):
    return Detector(write_graph(tmp_path / "model.onnx", {"output": answer}, shape, metadata, **more))


def still(seed, count, columns):
    """(1, count, 5 + columns): centre and size in cells or pixels, then probabilities."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(0, 1, (1, count, 4)), probabilities(rng, 1, count, columns)], 2).astype(
        np.float32
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("in_pixels", [False, True])
@pytest.mark.parametrize("columns", [2, 4, 81])
def test_yolox_is_read_as_a_plain_decoding_reads_it(tmp_path, seed, in_pixels, columns):
    answer = still(seed, CELLS, columns)
    if in_pixels:
        answer[..., :4] = np.abs(answer[..., :4]) * 60
    head = detector(tmp_path, answer).head
    assert head.name == ("yolox, decoded" if in_pixels else "yolox")
    raw = still(seed + 99, CELLS, columns)
    raw[0, 5, 4] = np.nan
    raw[0, :, 2:4] *= 1.5
    assert_read(head, raw, lambda one: plain.yolox(one, SIZE, 0.1, 0, in_pixels))


@pytest.mark.parametrize("seed", range(4))
def test_yolov5_is_read_as_a_plain_decoding_reads_it(tmp_path, seed):
    answer = still(seed, 3 * CELLS, 4)
    found = detector(tmp_path, answer, NAMES)
    assert found.head.name == "yolov5"
    raw = still(seed + 50, 3 * CELLS, 4)
    raw[..., :4] = np.abs(raw[..., :4]) * 100
    assert_read(found.head, raw, lambda one: plain.yolov5(one, 0.1, person=1))


def test_objectness_that_is_always_one_is_yolov6(tmp_path):
    answer = still(3, CELLS, 3)
    answer[..., :4] = 50
    answer[..., 4] = 1
    assert detector(tmp_path, answer).head.name == "yolov5"
    answer[0, 7, 4] = 0.9
    assert detector(tmp_path, answer).head.name == "yolox, decoded"


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("transposed", "extra"), [(False, 0), (False, 51), (True, 0)])
def test_yolov8_is_read_as_a_plain_decoding_reads_it(tmp_path, seed, transposed, extra):
    def answered(number):
        rng = np.random.default_rng(number)
        boxes, more = rng.uniform(0, 160, (1, 4, CELLS)), rng.normal(0, 50, (1, extra, CELLS))
        one = np.concatenate([boxes, probabilities(rng, 1, 3, CELLS), more], 1).astype(np.float32)
        return one.transpose(0, 2, 1) if transposed else one

    head = detector(tmp_path, np.ascontiguousarray(answered(seed)), NAMES).head
    assert head.name == ("yolov8, transposed" if transposed else "yolov8")
    raw = answered(seed + 30)
    assert_read(head, raw, lambda one: plain.yolov8(one.T if transposed else one, 0.1, person=1))


def test_one_class_of_five_rows_is_yolov8(tmp_path):
    answer = np.full((1, 5, CELLS), 0.25, np.float32)
    assert detector(tmp_path, answer).head.name == "yolov8"


def test_masks_may_follow_yolov8_s_table(tmp_path):
    answers = {
        "output0": np.zeros((1, 4 + 3 + 32, CELLS), np.float32),
        "output1": np.zeros((1, 32, 24, 40), np.float32),
    }
    path = write_graph(tmp_path / "seg.onnx", answers, (1, 3, *SIZE), {**NAMES, "task": "segment"})
    assert Detector(path).head.name == "yolov8"


@pytest.mark.parametrize("seed", range(4))
def test_end_to_end_boxes_are_read_and_not_thinned_out(tmp_path, seed):
    def answered(number):
        rng = np.random.default_rng(number)
        parts = [rng.uniform(0, 160, (1, 300, 4)), probabilities(rng, 1, 300, 1), rng.integers(0, 3, (1, 300, 1))]
        return np.concatenate(parts, 2).astype(np.float32)

    found = detector(tmp_path, answered(seed), NAMES)
    assert found.head.name == "yolo-end2end"
    assert not found.head.overlaps
    assert_read(found.head, answered(seed + 9), lambda one: plain.end_to_end(one, 0.1, person=1))


def test_the_listed_end_to_end_form_knows_its_pictures(tmp_path):
    answer = np.array([[0, 1, 2, 30, 40, 0, 0.9], [0, 1, 2, 30, 40, 5, 0.8], [1, 5, 6, 70, 80, 0, 0.7]], np.float32)
    found = detector(tmp_path, answer, shape=("batch", 3, *SIZE), listed=True)
    assert found.head.name == "yolo-end2end, listed"
    both = found.detect([np.zeros((*SIZE, 3), np.uint8)] * 2)
    assert [one.xyxy.tolist() for one in both] == [[[1, 2, 30, 40]], [[5, 6, 70, 80]]]
    assert [one.confidence.tolist() for one in both] == [[pytest.approx(0.9)], [pytest.approx(0.7)]]


def test_two_who_overlap_are_both_told_end_to_end_and_once_otherwise(tmp_path):
    people = [[10, 10, 50, 90, 0.9, 0], [12, 10, 52, 90, 0.8, 0]]
    (told,) = detector(tmp_path, np.array([people], np.float32)).detect([np.zeros((*SIZE, 3), np.uint8)])
    assert len(told) == 2
    answer = np.zeros((1, 5, CELLS), np.float32)
    answer[0, :, :2] = [[30, 33], [50, 50], [40, 40], [80, 80], [0.8, 0.4]]
    (told,) = detector(tmp_path, answer).detect([np.zeros((*SIZE, 3), np.uint8)])
    assert told.xyxy == pytest.approx(np.array([[11, 10, 51, 90]]))


def test_a_free_size_is_the_metadata_s(tmp_path):
    found = detector(tmp_path, np.full((1, 7, CELLS), 0.2, np.float32), NAMES, ("batch", 3, "height", "width"))
    assert found.size == SIZE
    assert found.batch == 8
    assert found.head.preprocessing.colour == "rgb"


def test_a_model_that_knows_no_people_says_what_it_knows(tmp_path):
    with pytest.raises(BadInputError, match="finds cat, dog, but no class is named person") as caught:
        detector(tmp_path, np.full((1, 6, CELLS), 0.2, np.float32), {"names": "['cat', 'dog']"})
    assert "model.toml" in str(caught.value)


@pytest.mark.parametrize("size", [(32, 32), (96, 160), (416, 416)])
def test_cells_come_stride_by_stride_and_row_by_row(size):
    cells = grid_cells(size)
    expected = [
        (column, row, stride)
        for stride in (8, 16, 32)
        for row in range(size[0] // stride)
        for column in range(size[1] // stride)
    ]
    assert cells.tolist() == [list(map(float, cell)) for cell in expected]


def assert_read(head, raw, reference):
    """The reading of the second of two pictures is the reference's."""
    both = [np.concatenate([np.zeros_like(raw), raw])]
    plain.assert_same(head.read(both, 1, SIZE, 0.1), reference(raw[0]))
    assert len(head.read(both, 0, SIZE, 0.1)) == 0
