"""RT-DETR, D-FINE, RF-DETR: by names or shapes, as logits, joined, or scaled inside."""

from __future__ import annotations

import numpy as np
import pytest

from contract.errors import BadInputError
from edge.detect.detector import Detector
from edge.detect.heads.head import IMAGENET_MEAN
from tests.edge.detect.heads import plain
from tests.edge.detect.tiny_models import write_graph

SIZE = (96, 160)
SHAPE = (1, 3, *SIZE)


def answered(seed, classes, queries=300):
    rng = np.random.default_rng(seed)
    logits = rng.normal(-4, 3, (1, queries, classes)).astype(np.float32)
    return logits, rng.uniform(0, 1, (1, queries, 4)).astype(np.float32)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("names", "classes", "person"),
    [
        (("logits", "pred_boxes"), 80, 0),
        (("pred_logits", "pred_boxes"), 80, 0),
        (("labels", "dets"), 91, 1),
        (("labels", "dets"), 4, 0),  # as wide as the boxes: only the names tell
        (("one", "other"), 80, 0),
    ],
)
def test_queries_are_read_as_a_plain_decoding_reads_them(tmp_path, seed, names, classes, person):
    logits, boxes = answered(seed, classes)
    found = Detector(write_graph(tmp_path / "m.onnx", {names[1]: boxes, names[0]: logits}, SHAPE))
    assert found.head.name == "detr"
    assert not found.head.overlaps
    assert found.head.preprocessing.fit == "stretch"
    assert (found.head.preprocessing.mean == IMAGENET_MEAN) == ("dets" in names)
    logits, boxes = answered(seed + 9, classes)
    both = [np.concatenate([boxes, boxes]), np.concatenate([np.full_like(logits, -99), logits])]
    plain.assert_same(found.head.read(both, 1, SIZE, 0.1), plain.queries(logits[0], boxes[0], SIZE, 0.1, person))
    assert len(found.head.read(both, 0, SIZE, 0.1)) == 0


@pytest.mark.parametrize("seed", range(4))
def test_boxes_and_classes_side_by_side_are_read(tmp_path, seed):
    def joined(number):
        logits, boxes = answered(number, 3)
        return np.concatenate([boxes, 1 / (1 + np.exp(-logits))], 2).astype(np.float32)

    names = {"names": "['chair', 'pedestrian', 'dog']"}
    found = Detector(write_graph(tmp_path / "m.onnx", {"output0": joined(seed)}, SHAPE, names))
    assert found.head.name == "detr, joined"
    logits, boxes = answered(seed + 9, 3)
    plain.assert_same(
        found.head.read([joined(seed + 9)], 0, SIZE, 0.1), plain.queries(logits[0], boxes[0], SIZE, 0.1, person=1)
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("names", [("labels", "boxes", "scores"), ("1", "boxes", "3")])
def test_models_that_scale_their_boxes_are_told_the_input_s_size(tmp_path, seed, names):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 0.5, (1, 300, 2))
    shares = np.concatenate([corner, corner + rng.uniform(0.1, 0.5, (1, 300, 2))], 2).astype(np.float32)
    labels, scores = rng.integers(0, 3, (1, 300)), (rng.random((1, 300)) ** 3).astype(np.float32)
    answers = {names[0]: labels, names[1]: shares, names[2]: scores}
    path = write_graph(tmp_path / "m.onnx", answers, ("N", 3, *SIZE), sized=True)
    found = Detector(path, score_min=0.3)
    assert found.head.name == "detr, sized"
    image = np.zeros((192, 640, 3), np.uint8)  # 2 times as high and 4 times as wide as the input
    for people in found.detect([image, image]):
        kept = np.flatnonzero((scores[0] >= 0.3) & (labels[0] == 0))
        order = kept[np.argsort(-scores[0, kept], kind="stable")]
        assert len(order) > 20
        assert np.abs(people.xyxy - shares[0, order] * [640, 192, 640, 192]).max() < 1e-3
        assert people.confidence.tolist() == scores[0, order].tolist()


def test_half_precision_outputs_are_read(tmp_path):
    logits, boxes = answered(1, 80)
    half = {"pred_boxes": boxes.astype(np.float16), "logits": logits.astype(np.float16)}
    found = Detector(write_graph(tmp_path / "m.onnx", half, SHAPE, input_type="float16"))
    (people,) = found.detect([np.zeros((*SIZE, 3), np.uint8)])
    expected = plain.queries(half["logits"][0], half["pred_boxes"][0], SIZE, 0.1)
    expected = expected[np.argsort(-expected[:, 4], kind="stable")]
    assert people.confidence == pytest.approx(expected[:, 4], abs=1e-4)
    assert np.abs(people.xyxy - np.clip(expected[:, :4], 0, [160, 96, 160, 96])).max() < 1e-4


def test_a_box_and_scores_for_every_cell_are_no_queries(tmp_path):
    cells = 12 * 20 + 6 * 10 + 3 * 5
    answers = {"boxes": np.full((1, cells, 4), 30, np.float32), "scores": np.full((1, cells, 80), 0.5, np.float32)}
    with pytest.raises(BadInputError, match="unknown head"):
        Detector(write_graph(tmp_path / "m.onnx", answers, SHAPE))
