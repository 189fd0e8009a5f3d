"""SSD-style models: TensorFlow's, torchvision's, the ONNX zoo's, OpenVINO's, and any by its sidecar."""

from __future__ import annotations

import numpy as np
import pytest

from contract.errors import BadInputError
from edge.detect.detector import Detector
from tests.edge.detect.tiny_models import write_graph

SIZE = (96, 160)
IMAGE = np.zeros((192, 640, 3), np.uint8)  # stretched to SIZE: 4 times as wide, 2 times as high


def answered(seed, count=40):
    """(N, 4) x1, y1, x2, y2 as shares, (N,) classes 1 to 3, (N,) falling scores."""
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 0.5, (count, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(0.1, 0.5, (count, 2))], 1).astype(np.float32)
    return boxes, rng.integers(1, 4, count), np.sort(rng.random(count).astype(np.float32))[::-1]


def assert_found(people, boxes, classes, scores, *, person=1, score_min=0.1, image=IMAGE):
    kept = (classes == person) & (scores >= score_min)
    assert kept.sum() > 3
    height, width = image.shape[:2]
    assert people.confidence.tolist() == scores[kept].tolist()
    assert np.abs(people.xyxy - boxes[kept] * [width, height, width, height]).max() < 1e-3


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("suffix", ["", ":0"])
def test_tensorflow_s_form_is_read(tmp_path, seed, suffix):
    boxes, classes, scores = answered(seed)
    answers = {
        f"num_detections{suffix}": np.array([30], np.float32),
        f"detection_boxes{suffix}": boxes[None][:, :, [1, 0, 3, 2]],
        f"detection_scores{suffix}": scores[None].copy(),
        f"detection_classes{suffix}": classes[None].astype(np.float32),
    }
    found = Detector(write_graph(tmp_path / "m.onnx", answers, (1, *SIZE, 3), input_type="uint8"))
    assert found.head.name == "ssd, yxyx-normalised"
    assert found.head.preprocessing.colour == "rgb"
    (people,) = found.detect([IMAGE])
    assert_found(people, boxes[:30], classes[:30], scores[:30])  # what the count leaves out does not exist


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shape", [(3, *SIZE), (1, 3, *SIZE)])
def test_torchvision_s_form_is_read(tmp_path, seed, shape):
    boxes, classes, scores = answered(seed)
    answers = {"boxes": boxes * np.float32([160, 96, 160, 96]), "labels": classes, "scores": scores.copy()}
    found = Detector(write_graph(tmp_path / "m.onnx", answers, shape))
    assert found.head.name == "ssd, xyxy-pixels"
    assert found.batch == 1
    image = np.zeros((192, 320, 3), np.uint8)
    for people in found.detect([image, image]):
        assert_found(people, boxes, classes, scores, image=image)


@pytest.mark.parametrize("seed", range(4))
def test_the_onnx_zoo_s_form_is_read(tmp_path, seed):
    boxes, classes, scores = answered(seed)
    answers = {"bboxes": boxes[None], "labels": classes[None], "scores": scores[None].copy()}
    (people,) = Detector(write_graph(tmp_path / "m.onnx", answers, (1, 3, *SIZE))).detect([IMAGE])
    assert_found(people, boxes, classes, scores)


@pytest.mark.parametrize("seed", range(4))
def test_openvino_s_list_of_seven_is_read(tmp_path, seed):
    boxes, classes, scores = answered(seed)
    table = np.column_stack([np.zeros(40), classes, scores, boxes]).astype(np.float32)
    table[35:] = [-1, 1, 0.99, 0, 0, 1, 1]  # the list ends here
    found = Detector(write_graph(tmp_path / "m.onnx", {"detection_out": table[None, None]}, (1, 3, *SIZE)))
    assert found.head.name == "ssd, detection output"
    (people,) = found.detect([IMAGE])
    assert_found(people, boxes[:35], classes[:35], scores[:35])


def test_openvino_s_list_knows_its_pictures(tmp_path):
    table = np.array([[0, 1, 0.9, 0, 0, 0.5, 0.5], [1, 1, 0.8, 0, 0, 1, 1], [-1, 0, 0, 0, 0, 0, 0]], np.float32)
    path = write_graph(tmp_path / "m.onnx", {"out": table[None, None]}, ("N", 3, *SIZE), listed=True)
    first, second = Detector(path).detect([IMAGE, IMAGE])
    assert first.xyxy.tolist() == [[0, 0, 320, 96]]
    assert second.xyxy.tolist() == [[0, 0, 640, 192]]


def test_any_names_will_do_with_a_sidecar(tmp_path):
    boxes, classes, scores = answered(3)
    answers = {"A": boxes[None], "B": classes[None], "C": scores[None].copy()}
    path = write_graph(tmp_path / "m.onnx", answers, (1, 3, *SIZE))
    with pytest.raises(BadInputError, match="unknown head"):
        Detector(path)
    sidecar = (
        'head = "ssd"\nboxes = "xyxy-normalised"\nperson = 2\n[outputs]\nboxes = "A"\nclasses = "B"\nscores = "C"\n'
    )
    path.with_suffix(".toml").write_text(sidecar)
    (people,) = Detector(path).detect([IMAGE])
    assert_found(people, boxes, classes, scores, person=2)


def test_names_count_only_with_their_background(tmp_path):
    boxes, classes, scores = answered(3)
    answers = {"bboxes": boxes[None], "labels": classes[None], "scores": scores[None].copy()}
    names = {"names": "['__background__', 'face', 'car', 'person']"}
    (people,) = Detector(write_graph(tmp_path / "m.onnx", answers, (1, 3, *SIZE), names)).detect([IMAGE])
    assert_found(people, boxes, classes, scores, person=3)
    names = {"names": "['face', 'car', 'person']"}
    (people,) = Detector(write_graph(tmp_path / "m.onnx", answers, (1, 3, *SIZE), names)).detect([IMAGE])
    assert_found(people, boxes, classes, scores, person=1)
