"""The shipped detector keeps its contract and finds people it never saw."""

from __future__ import annotations

import cv2
import numpy as np
import onnxruntime as ort
import pytest

from models.registry import resolve
from models.train.evaluate import Detector, measure, overlaps
from models.train.pictures import Picture, read_pictures
from tests.shared_data import shared

HEIGHT, WIDTH, PLACES = 384, 640, 5040


@pytest.fixture(scope="module")
def session() -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(str(resolve().path), options, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def street() -> list[Picture]:
    return read_pictures(shared("boxes", "val.json"), shared("boxes", "images"))


def test_the_graph_says_what_it_eats_and_gives(session: ort.InferenceSession):
    (entry,), (output,) = session.get_inputs(), session.get_outputs()
    assert (entry.name, entry.type, entry.shape[1:]) == ("images", "tensor(float)", [3, HEIGHT, WIDTH])
    assert isinstance(entry.shape[0], str)
    assert (output.name, output.shape[-1]) == ("predictions", 5)


def test_the_file_carries_its_own_description(session: ort.InferenceSession):
    said = session.get_modelmeta().custom_metadata_map
    assert said["atrium.head"] == "person"
    assert said["atrium.input"] == "bgr255"
    assert said["atrium.licence"] == "Apache-2.0"


@pytest.mark.parametrize("batch", [1, 4])
def test_any_batch_gives_boxes_and_scores(session: ort.InferenceSession, batch: int):
    images = np.random.default_rng(3).uniform(0, 255, (batch, 3, HEIGHT, WIDTH)).astype(np.float32)
    (found,) = session.run(None, {"images": images})
    assert found.shape == (batch, PLACES, 5)
    assert np.isfinite(found).all()
    assert ((found[..., 4] >= 0) & (found[..., 4] <= 1)).all()
    assert (found[..., 2:4] >= found[..., :2]).all()


def test_a_batch_answers_as_its_pictures_do_alone(session: ort.InferenceSession):
    images = np.random.default_rng(4).uniform(0, 255, (3, 3, HEIGHT, WIDTH)).astype(np.float32)
    (together,) = session.run(None, {"images": images})
    alone = np.concatenate([session.run(None, {"images": image[None]})[0] for image in images])
    np.testing.assert_allclose(together, alone, atol=1e-2)


@pytest.mark.parametrize("grey", [0, 114, 255])
def test_an_empty_picture_has_nobody(session: ort.InferenceSession, grey: int):
    (found,) = session.run(None, {"images": np.full((1, 3, HEIGHT, WIDTH), grey, np.float32)})
    assert found[..., 4].max() < 0.3


def test_real_people_are_found(street: list[Picture]):
    cv2.setNumThreads(1)
    detector = Detector(resolve().path)
    figures = measure([detector(p.pixels) for p in street], street, (0, 1e9))
    assert figures.people == 88
    assert figures.ap50 > 0.6  # the model card has the figure; this guards against a broken export


def test_a_mirrored_picture_gives_mirrored_people(street: list[Picture]):
    cv2.setNumThreads(1)
    detector = Detector(resolve().path)
    pixels = street[0].pixels
    boxes, scores = detector(pixels)
    mirrored, _ = detector(np.ascontiguousarray(pixels[:, ::-1]))
    mirrored[:, [0, 2]] = pixels.shape[1] - mirrored[:, [2, 0]]
    assert len(boxes)
    assert len(mirrored)
    assert overlaps(boxes[:1], mirrored).max() > 0.6
    assert scores[0] > 0.3
