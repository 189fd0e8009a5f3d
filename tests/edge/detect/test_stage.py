"""Detection as a stage: masked before it is seen, gated, batched, and the same twice."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from edge.capture.frame import Frame
from edge.detect.detector import Detector
from edge.detect.mask import PrivacyMask
from edge.detect.stage import DetectStage
from tests.edge.detect.tiny_models import write_answering

ANSWER = [[[10, 20, 40, 90, 0.9]]]


@pytest.fixture
def detector(tmp_path):
    path = write_answering(tmp_path / "p.onnx", ANSWER, (3, 128, 128), {"atrium.head": "person"}, batched=True)
    return Detector(path)


class Counting:
    """A detector that remembers what it was shown."""

    def __init__(self, detector):
        self.detector = detector
        self.shown = []

    def detect(self, images):
        self.shown.append([image.copy() for image in images])
        return self.detector.detect(images)


def frame(camera, at, value=90):
    image = np.full((128, 128, 3), value, np.uint8)
    image[::2] += 20
    return Frame(camera, at, int(at * 8), image)


def test_cameras_go_through_the_detector_together_and_still_ones_are_not_asked_again(detector):
    counting = Counting(detector)
    stage = DetectStage(counting)
    first = stage.update(0.0, [frame("a", 0.0), frame("b", 0.0)])
    assert [len(images) for images in counting.shown] == [2]
    again = stage.update(0.125, [frame("a", 0.125), frame("b", 0.125)])
    assert len(counting.shown) == 1
    assert (stage.seen, stage.analysed) == (4, 2)
    for camera in "ab":
        assert again[camera].xyxy.tolist() == first[camera].xyxy.tolist() == [[10, 20, 40, 90]]


def test_what_is_handed_out_may_be_changed(detector):
    stage = DetectStage(detector)
    stage.update(0.0, [frame("a", 0.0)])["a"].xyxy[:] = -1
    assert stage.update(0.1, [frame("a", 0.1)])["a"].xyxy.tolist() == [[10, 20, 40, 90]]


def test_masked_pixels_are_black_before_the_detector_sees_them(detector):
    counting = Counting(detector)
    square = np.array([[0.0, 0.0], [63.0, 0.0], [63.0, 63.0], [0.0, 63.0]])
    stage = DetectStage(counting, {"a": PrivacyMask([square], (128, 128))})
    given = frame("a", 0.0)
    stage.update(0.0, [given, frame("b", 0.0)])
    assert (counting.shown[0][0][:64, :64] == 0).all()
    assert (counting.shown[0][0][64:] > 0).all()
    assert (counting.shown[0][1] > 0).all()
    assert (given.image[:64, :64] == 0).all()


def test_motion_behind_a_mask_opens_nothing(detector):
    everything = np.array([[0.0, 0.0], [127.0, 0.0], [127.0, 127.0], [0.0, 127.0]])
    stage = DetectStage(detector, {"a": PrivacyMask([everything], (128, 128))})
    for i in range(4):
        stage.update(i / 8, [frame("a", i / 8, value=40 + 50 * i)])
    assert stage.analysed == 1


def test_ungated_it_asks_every_time(detector):
    stage = DetectStage(detector, gated=False)
    for i in range(4):
        stage.update(i / 8, [frame("a", i / 8)])
    assert stage.analysed == 4


def test_it_goes_through_a_checkpoint_without_its_model(detector):
    stage = DetectStage(detector)
    stage.update(0.0, [frame("a", 0.0)])
    back = pickle.loads(pickle.dumps(stage))  # noqa: S301 - our own
    assert back.detector is None
    back.attach(detector)
    assert back.update(0.125, [frame("a", 0.125)])["a"].xyxy.tolist() == [[10, 20, 40, 90]]
    assert back.analysed == 1
