"""The shipped detectors keep their contract and find people they never saw; eight bits cost next to nothing."""

from __future__ import annotations

import cv2
import numpy as np
import onnx
import onnxruntime as ort
import pytest

from benchmarks.eval.boxes import Figures, measure, overlaps
from edge.detect.detector import Detector
from models.lean import chain_pools, double_by_joining
from models.registry import DEFAULT_MODEL, read_shelf, resolve
from models.strips import over_strips
from models.train.pictures import Picture, read_pictures
from tests.shared_data import shared

KINDS = {"person-levels": ("score", "sides"), "person-places": ("score", "place", "extent")}
"""Outputs at each stride by head."""
SHIPPED = sorted(name for name, entry in read_shelf().items() if entry.head in KINDS)
STRIDES = (8, 16, 32)
LEAST_AP50, LEAST_AP = {"n": 0.91, "s": 0.94}, {"n": 0.52, "s": 0.58}
"""What eight bits have to reach; model cards have the figures."""
MOST_LOST = 0.01


def session_of(name: str) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(str(resolve(name).path), options, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def street() -> list[Picture]:
    return read_pictures(shared("boxes", "val.json"), shared("boxes", "images"))


@pytest.fixture(scope="module")
def figures(street: list[Picture]) -> dict[str, Figures]:
    cv2.setNumThreads(1)
    found = {}
    for name in SHIPPED:
        detector = Detector(resolve(name).path, 0.01)
        answers = [detector.detect([picture.pixels])[0] for picture in street]
        found[name] = measure([(a.xyxy, np.asarray(a.confidence)) for a in answers], street, (0, 1e9))
    return found


def test_the_default_is_on_the_shelf_in_eight_bits():
    entry = read_shelf()[DEFAULT_MODEL]
    assert entry.precision == "int8"
    assert f"{DEFAULT_MODEL}-fp32" in SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_the_graph_says_what_it_eats_and_gives(name: str):
    session, entry = session_of(name), read_shelf()[name]
    (images,) = session.get_inputs()
    assert (images.name, images.type, images.shape[3]) == ("images", "tensor(uint8)", 3)
    assert all(isinstance(axis, str) for axis in images.shape[:3])
    assert [out.name for out in session.get_outputs()] == [f"{k}_{s}" for s in STRIDES for k in KINDS[entry.head]]
    said = session.get_modelmeta().custom_metadata_map
    assert said["atrium.head"] == entry.head
    assert said["atrium.size"] == f"{entry.input_height}x{entry.input_width}"
    assert said["atrium.licence"] == entry.licence == "Apache-2.0"


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize(("batch", "height", "width"), [(1, 256, 416), (3, 128, 96), (1, 384, 640)])
def test_any_batch_and_size(name: str, batch: int, height: int, width: int):
    session = session_of(name)
    images = np.random.default_rng(3).integers(0, 256, (batch, height, width, 3)).astype(np.uint8)
    found = session.run(None, {"images": images})
    each = len(KINDS[read_shelf()[name].head])
    for k, stride in enumerate(STRIDES):
        score, *boxes = found[k * each : (k + 1) * each]
        assert score.shape == (batch, 1, height // stride, width // stride)
        assert {(part.shape[0], *part.shape[2:]) for part in boxes} == {(batch, *score.shape[2:])}
        assert sum(part.shape[1] for part in boxes) % 4 == 0
        assert np.isfinite(score).all()
    alone = session.run(None, {"images": images[:1]})
    for one, many in zip(alone, found, strict=True):
        np.testing.assert_allclose(one[0], many[0], atol=1e-3)


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("grey", [0, 114, 255])
def test_an_empty_picture_has_nobody(name: str, grey: int):
    detector = Detector(resolve(name).path, 0.3)
    assert len(detector.detect([np.full((360, 640, 3), grey, np.uint8)])[0]) == 0


@pytest.mark.parametrize("name", SHIPPED)
def test_real_people_are_found(name: str, figures: dict[str, Figures]):
    assert figures[name].people == 88
    assert figures[name].ap50 >= LEAST_AP50[name.split("-")[1]]
    assert figures[name].ap >= LEAST_AP[name.split("-")[1]]


@pytest.mark.parametrize("name", [n for n in SHIPPED if not n.endswith("-fp32")])
def test_eight_bits_come_by_the_cheapest_operators(name: str):
    model = onnx.load(resolve(name).path)
    assert (chain_pools(model), double_by_joining(model), over_strips(model)) == (0, 0, False)
    assert "Resize" not in {node.op_type for node in model.graph.node}


@pytest.mark.parametrize("name", [n for n in SHIPPED if not n.endswith("-fp32")])
def test_eight_bits_lose_at_most_a_hundredth(name: str, figures: dict[str, Figures]):
    assert figures[name].ap50 >= figures[f"{name}-fp32"].ap50 - MOST_LOST


def test_a_mirrored_picture_gives_mirrored_people(street: list[Picture]):
    detector = Detector(resolve().path)
    pixels = street[0].pixels
    (found,) = detector.detect([pixels])
    (mirrored,) = detector.detect([np.ascontiguousarray(pixels[:, ::-1])])
    boxes = mirrored.xyxy.copy()
    boxes[:, [0, 2]] = pixels.shape[1] - boxes[:, [2, 0]]
    assert len(found)
    assert overlaps(found.xyxy[:1], boxes).max() > 0.6
