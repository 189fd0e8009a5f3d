"""What is said of models that cannot be read, and what types and shapes can."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from contract.errors import BadInputError
from edge.detect.detector import Detector
from tests.edge.detect.tiny_models import write_graph

SIZE = (96, 160)
CELLS = 12 * 20 + 6 * 10 + 3 * 5
ANSWER = {"output": np.full((1, 5, CELLS), 0.25, np.float32)}


def refused(path, **more):
    with pytest.raises(BadInputError) as caught:
        Detector(path, **more)
    line = str(caught.value)
    assert "\n" not in line
    assert str(path) in line
    return line


def test_an_unknown_head_shows_all_and_how_to_say_more(tmp_path):
    answers = {"first": np.zeros((1, 7, 9), np.float32), "second": np.zeros((3, 2), np.int64)}
    line = refused(write_graph(tmp_path / "odd.onnx", answers, (1, 3, *SIZE)))
    assert "images (1, 3, 96, 160) float" in line
    assert "first (1, 7, 9) float" in line
    assert "second (3, 2) int64" in line
    assert "odd.toml" in line
    assert 'head = "yolov8"' in line
    assert "docs/bring-your-own-model.md" in line


def test_raw_anchors_are_unknown(tmp_path):
    answers = {f"o{s}": np.zeros((1, 3, 96 // s, 160 // s, 85), np.float32) for s in (8, 16, 32)}
    assert "o16 (1, 3, 6, 10, 85)" in refused(write_graph(tmp_path / "raw.onnx", answers, (1, 3, *SIZE)))


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("last", [False, True])
def test_pictures_that_are_not_of_three_channels_are_unknown(tmp_path, channels, last):
    shape = (1, *SIZE, channels) if last else (1, channels, *SIZE)
    assert "no colour pictures of 3 channels" in refused(write_graph(tmp_path / "grey.onnx", ANSWER, shape))


def test_other_types_are_told(tmp_path):
    line = refused(write_graph(tmp_path / "ints.onnx", ANSWER, (1, 3, *SIZE), input_type="int32"))
    assert "int32" in line
    assert "float32, float16 or uint8" in line


def test_a_batch_fixed_to_four_is_told(tmp_path):
    answers = {"output": np.full((4, 5, CELLS), 0.25, np.float32)}
    line = refused(write_graph(tmp_path / "four.onnx", answers, (4, 3, *SIZE)))
    assert "takes 4 pictures at a time" in line
    assert "batch of 1 or a free one" in line


def test_a_size_that_is_not_the_model_s_is_told(tmp_path):
    path = write_graph(tmp_path / "fixed.onnx", ANSWER, (1, 3, *SIZE))
    assert Detector(path, size=SIZE).size == SIZE
    assert "takes pictures of 160x96, not 640x384" in refused(path, size=(384, 640))


@pytest.mark.parametrize("size", [(96, 100), (33, 64), (0, 0)])
def test_sizes_are_multiples_of_32(tmp_path, size):
    path = write_graph(tmp_path / "free.onnx", ANSWER, (1, 3, "height", "width"))
    assert "multiples of 32" in refused(path, size=size)


def test_a_model_that_takes_more_than_pictures_is_told(tmp_path):
    path = write_graph(tmp_path / "m.onnx", ANSWER, (1, 3, *SIZE))
    model = onnx.load(path)
    model.graph.input.append(helper.make_tensor_value_info("threshold", TensorProto.FLOAT, [1]))
    onnx.save(model, path)
    line = refused(path)
    assert "takes more than pictures" in line
    assert "threshold (1) float" in line


def test_a_model_that_takes_no_pictures_is_told(tmp_path):
    assert "takes no pictures" in refused(write_graph(tmp_path / "m.onnx", {"o": np.zeros(3, np.float32)}, (1, 77)))


@pytest.mark.parametrize("input_type", ["float32", "float16", "uint8"])
@pytest.mark.parametrize("shape", [(1, 3, *SIZE), ("N", 3, *SIZE), (1, *SIZE, 3), ("N", "H", "W", 3)])
def test_inputs_of_many_types_and_layouts_run(tmp_path, input_type, shape):
    answer = np.zeros((1, 5, CELLS), np.float32)
    answer[0, :, 3] = [80, 48, 40, 60, 0.9]
    metadata = {"imgsz": "[96, 160]"}
    path = write_graph(tmp_path / "m.onnx", {"output": answer}, shape, metadata, input_type)
    for people in Detector(path).detect([np.zeros((192, 320, 3), np.uint8)] * 3):
        assert people.xyxy.tolist() == [[120, 36, 200, 156]]


@pytest.mark.parametrize("text", ["[640", "x", "{0: 'a'", "{-1: 'a'}", "{10**9: 'a'}", "[0, 0]", "__import__('os')"])
def test_odd_metadata_is_passed_over(tmp_path, text):
    metadata = {"imgsz": text, "names": text, "atrium.size": text}
    assert Detector(write_graph(tmp_path / "m.onnx", ANSWER, (1, 3, *SIZE), metadata)).size == SIZE
