"""The four public detectors: what they find in photographs, and that they are read as a plain decoding reads them."""

from __future__ import annotations

import json
from functools import cache

import cv2
import numpy as np
import onnxruntime as ort
import pytest

from edge.detect.detector import Detector
from tests.edge.detect.heads import plain
from tests.shared_data import shared

YOLOX, LIGHT = "yolox_nano_416x416.onnx", "light_person_detector.onnx"
NANODET, FASTESTDET = "nanodet_m_416.onnx", "FastestDet.onnx"
PICTURES = 16


@cache
def photographs():
    """(image, (N, 4) x1, y1, x2, y2 of its people) of the first annotated street photographs."""
    truth = json.loads(shared("boxes", "val.json").read_text())
    made = []
    for entry in truth["images"][:PICTURES]:
        boxes = [one["bbox"] for one in truth["annotations"] if one["image_id"] == entry["id"]]
        image = cv2.imread(str(shared("boxes", "images", entry["file_name"].split("/")[-1])))
        made.append((image, np.array([(x, y, x + w, y + h) for x, y, w, h in boxes])))
    return made


def found_share(detector):
    """Share of the people whom a box overlaps by more than half, and boxes beyond those a picture."""
    found = total = boxes = 0
    for image, people in photographs():
        (told,) = detector.detect([image])
        hits = [max((plain.iou(box, one) for box in told.xyxy), default=0.0) > 0.5 for one in people]
        found, total, boxes = found + sum(hits), total + len(hits), boxes + len(told)
    assert total > 20
    return found / total, (boxes - found) / len(photographs())


# At a score of 0.3 they find 0.977 (YOLOX-nano) and 0.989 (the others) of the 88 people in all 40 pictures; AP50 is
# 0.960, 0.965, 0.931 and 0.953 (measured). FastestDet's scores run high: it asks for 0.65 itself.
@pytest.mark.parametrize(
    ("name", "head", "score_min"),
    [(YOLOX, "yolox", 0.3), (LIGHT, "yolox", 0.3), (NANODET, "nanodet", 0.3), (FASTESTDET, "fastestdet", 0.5)],
)
def test_people_in_photographs_are_found(name, head, score_min):
    detector = Detector(shared("detectors", name), score_min=score_min)
    assert detector.head.name.startswith(head)
    share, beyond = found_share(detector)
    assert share > 0.93
    assert beyond < 2.5


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", [YOLOX, LIGHT, NANODET, FASTESTDET])
def test_raw_outputs_are_read_as_a_plain_decoding_reads_them(name, seed):
    path = shared("detectors", name)
    detector = Detector(path, score_min=0.05)
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    raw = session.run(None, detector.feed([photographs()[seed][0]]))
    expected = {
        YOLOX: lambda: plain.yolox(raw[0][0], detector.size, 0.05),
        LIGHT: lambda: plain.yolox(raw[0][0], detector.size, 0.05),
        NANODET: lambda: plain.nanodet(
            [(raw[i][0], raw[i + 3][0]) for i in range(3)], (8, 16, 32), detector.size, 0.05, offset=0.5
        ),
        FASTESTDET: lambda: plain.fastestdet(raw[0][0], detector.size, 0.05),
    }[name]()
    plain.assert_same(detector.head.read(raw, 0, detector.size, 0.05), expected)


def test_an_int8_file_is_read_alike(tmp_path):
    """Recall stays (AP50 0.953 at full precision, 0.967 in int8, all 40 pictures, measured)."""
    quantization = pytest.importorskip("onnxruntime.quantization", reason="needs onnx")
    path = shared("detectors", FASTESTDET)
    detector = Detector(path)
    blobs = []
    for image, _ in photographs():
        blobs.append(detector.feed([image]))

    class Blobs(quantization.CalibrationDataReader):
        def __init__(self):
            self.left = iter(blobs)

        def get_next(self):
            return next(self.left, None)

    int8 = tmp_path / "int8.onnx"
    quantization.quantize_static(str(path), str(int8), Blobs(), op_types_to_quantize=["Conv"])
    quantised = Detector(int8, score_min=0.5)
    assert quantised.head.name == "fastestdet"
    share, beyond = found_share(quantised)
    assert share > 0.9
    assert beyond < 2.5
