"""Sidecars: what they change, and what is said of wrong ones."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from contract.errors import BadInputError
from edge.detect.detector import Detector
from edge.detect.heads import FAMILIES, Preprocessing
from edge.detect.sidecar import FamilyName, Sidecar, read_sidecar
from tests.edge.detect.tiny_models import write_echo, write_graph

SIZE = (96, 160)
CELLS = 12 * 20 + 6 * 10 + 3 * 5


def written(tmp_path, sidecar, answer=None, shape=(1, 3, *SIZE), input_type="float32"):
    answer = np.full((1, 7, CELLS), 0.25, np.float32) if answer is None else answer
    path = write_graph(tmp_path / "mine.onnx", {"output": answer}, shape, input_type=input_type)
    path.with_suffix(".toml").write_text(sidecar)
    return path


def test_no_sidecar_says_nothing(tmp_path):
    assert read_sidecar(tmp_path / "mine.onnx") == Sidecar()


def test_its_word_goes_before_the_convention(tmp_path):
    sidecar = 'colour = "bgr"\nscale = 1.0\nmean = [1, 2, 3]\nstd = [4, 5, 6.5]\nfit = "stretch"\npad = 7\n'
    path = written(tmp_path, sidecar)
    how = Detector(path).head.preprocessing.changed_by(read_sidecar(path))
    assert how == Preprocessing("bgr", 1.0, (1, 2, 3), (4, 5, 6.5), "stretch", 7)


def test_what_it_says_reaches_the_network(tmp_path):
    path = write_echo(tmp_path / "echo.onnx", (1, 3, 32, 40), "float32")
    path.with_suffix(".toml").write_text(
        'colour = "rgb"\nscale = 0.5\nmean = [10, 20, 30]\nstd = [1, 2, 4]\nfit = "letterbox-centre"\npad = 40\n'
    )
    detector = Detector(path)
    image = np.empty((32, 20, 3), np.uint8)
    image[:] = (100, 120, 140)
    detector._input.put(0, image, (32, 40))
    fed = detector._run(1, (32, 40))[0].reshape(3, 32, 40)
    inside, outside = [(70 - 10) / 1, (60 - 20) / 2, (50 - 30) / 4], [10.0, 0.0, -2.5]
    assert fed[:, 0, 10].tolist() == fed[:, 31, 29].tolist() == inside
    assert fed[:, 0, 9].tolist() == fed[:, 31, 30].tolist() == outside


@pytest.mark.parametrize("said", ["person = 1", 'names = ["dog", "people", "cat"]'])
def test_people_are_found_by_number_or_name(tmp_path, said):
    answer = np.zeros((1, 7, CELLS), np.float32)
    answer[0, :, 5] = [50, 50, 20, 30, 0.9, 0.0, 0.0]  # a dog, were people the second class
    answer[0, :, 9] = [80, 40, 20, 30, 0.0, 0.8, 0.0]
    (people,) = Detector(written(tmp_path, said, answer)).detect([np.zeros((*SIZE, 3), np.uint8)])
    assert people.xyxy.tolist() == [[70, 25, 90, 55]]


def test_suppression_can_be_turned_off(tmp_path):
    answer = np.zeros((1, 5, CELLS), np.float32)
    answer[0, :, :2] = [[30, 32], [50, 50], [40, 40], [80, 80], [0.9, 0.8]]
    images = [np.zeros((*SIZE, 3), np.uint8)]
    assert len(Detector(written(tmp_path, "", answer)).detect(images)[0]) == 1
    assert len(Detector(written(tmp_path, "suppress = false", answer)).detect(images)[0]) == 2


def test_who_lies_on_a_surer_box_is_doubted_unless_the_head_tells_each_once(tmp_path):
    answer = np.zeros((1, 5, CELLS), np.float32)
    answer[0, :, :2] = [[30, 48], [50, 50], [40, 40], [80, 80], [0.9, 0.8]]
    image = np.zeros((*SIZE, 3), np.uint8)
    overlap = 22 / 58
    doubted = [0.9, 1 / (1 + np.exp(3 * (overlap - 0.2)) / 4)]
    detector = Detector(written(tmp_path, "", answer))
    for people in (*detector.detect([image]), detector.detect_regions(image, [(0, 0, SIZE[1], SIZE[0])])):
        np.testing.assert_allclose(people.confidence, doubted, atol=1e-4)
    (people,) = Detector(written(tmp_path, "suppress = false", answer)).detect([image])
    np.testing.assert_allclose(people.confidence, [0.9, 0.8], atol=1e-4)


def test_it_says_which_head_where_shapes_fit_two(tmp_path):
    answer = np.full((1, CELLS, 7), 0.25, np.float32)
    assert Detector(written(tmp_path, "", answer)).head.name == "yolox"
    assert Detector(written(tmp_path, 'head = "yolov8"', answer)).head.name == "yolov8, transposed"


def test_free_axes_are_ordered_by_it(tmp_path):
    shape = ("N", "a", "b", "c")
    sidecar = 'layout = "nhwc"\nsize = [96, 160]\n'
    detector = Detector(written(tmp_path, sidecar, shape=shape))
    assert detector.size == SIZE
    assert detector._input.blob(2, SIZE).shape == (2, *SIZE, 3)
    detector = Detector(written(tmp_path, "size = [96, 160]", shape=shape))
    assert detector._input.blob(2, SIZE).shape == (2, 3, *SIZE)


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ("hed = 'yolox'", "hed"),
        ("head = 'yolo'", "head"),
        ("person = -1", "person"),
        ("person = 'me'", "person"),
        ("size = [640]", "size"),
        ("size = [640, 8]", "size"),
        ("colour = 'grey'", "colour"),
        ("scale = 0", "scale"),
        ("mean = [1, 2]", "mean"),
        ("std = [1, 1, 0]", "std"),
        ("fit = 'crop'", "fit"),
        ("pad = 256", "pad"),
        ("suppress = 1", "suppress"),
        ("[outputs]\nmasks = 'x'", "masks"),
        ("head = ", ""),
        ("\x00", ""),
    ],
)
def test_a_wrong_field_is_named_with_its_file_and_the_fields_there_are(tmp_path, content, field):
    path = written(tmp_path, content)
    with pytest.raises(BadInputError) as caught:
        Detector(path)
    line = str(caught.value)
    assert "\n" not in line
    assert str(path.with_suffix(".toml")) in line
    assert field in line
    assert "mend that field" in line
    assert "preprocessing" not in line
    assert "suppress" in line


def test_bytes_that_are_no_text_are_told(tmp_path):
    path = written(tmp_path, "")
    path.with_suffix(".toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInputError, match=r"mine\.toml"):
        Detector(path)


def test_a_class_that_the_model_has_not_is_told(tmp_path):
    with pytest.raises(BadInputError, match="person = 3, but the model has the classes 0 to 2"):
        Detector(written(tmp_path, "person = 3"))


def test_a_head_that_the_graph_contradicts_is_told(tmp_path):
    with pytest.raises(BadInputError, match="it says it is nanodet, which looks otherwise"):
        Detector(written(tmp_path, 'head = "nanodet"'))


@pytest.mark.parametrize("field", ["scale = 0.5", "mean = [1, 1, 1]", "std = [2, 2, 2]"])
def test_bytes_are_not_scaled(tmp_path, field):
    with pytest.raises(BadInputError, match="has no meaning for a model that takes uint8"):
        Detector(written(tmp_path, field, input_type="uint8"))


def test_every_head_s_name_may_be_said():
    assert set(get_args(FamilyName)) == set(FAMILIES)
