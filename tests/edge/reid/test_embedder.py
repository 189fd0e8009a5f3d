"""Crops into a model and embeddings out of it, whichever way the model wants its pictures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from contract.errors import BadInputError
from edge.detect.heads.head import IMAGENET_MEAN, IMAGENET_STD
from edge.reid.embedder import OnnxEmbedder, StripesEmbedder, crops, unit

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

HEIGHT, WIDTH = 256, 128
COLOURS = np.array([[10, 20, 30], [200, 0, 90], [0, 255, 128]], np.float32)
"""B, G, R."""


def write_mean(path, layout, *, free=True, inputs="float32", dimension=48, spatial=False):
    """A model whose embedding is the mean of each channel, over and over, plus its number in the row."""
    shape = {"nchw": [3, HEIGHT, WIDTH], "nhwc": [HEIGHT, WIDTH, 3]}[layout]
    axes = np.array([2, 3] if layout == "nchw" else [1, 2], np.int64)
    repeats = np.array([1, dimension // 3], np.int64)
    kind = {"float32": TensorProto.FLOAT, "uint8": TensorProto.UINT8}[inputs]
    batch = "n" if free else 1
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats", "axes"], ["mean"], keepdims=0),
        helper.make_node("Tile", ["mean", "repeats"], ["rows"]),
    ]
    constants = [numpy_helper.from_array(axes, "axes"), numpy_helper.from_array(repeats, "repeats")]
    last = "rows"
    if spatial:
        constants.append(numpy_helper.from_array(np.array([2, 3], np.int64), "ends"))
        nodes.append(helper.make_node("Unsqueeze", ["rows", "ends"], ["wide"]))
        last = "wide"
    told = [batch, dimension, 1, 1] if spatial else [batch, dimension]
    graph = helper.make_graph(
        nodes, "mean",
        [helper.make_tensor_value_info("images", kind, [batch, *shape])],
        [helper.make_tensor_value_info(last, TensorProto.FLOAT, told)], constants,
    )  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


def plain(how):
    """What the network should have said of the plain pictures."""
    rgb = COLOURS[:, ::-1]
    seen = {
        "torchreid": (rgb / 255 - np.array(IMAGENET_MEAN)) / np.array(IMAGENET_STD),
        "open model zoo": COLOURS,
        "rgb": rgb,
    }[how]
    rows = np.tile(seen, (1, 16))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def plains():
    return [np.tile(colour.astype(np.uint8), (60 + 7 * i, 20 + 5 * i, 1)) for i, colour in enumerate(COLOURS)]


@pytest.mark.parametrize(("layout", "how"), [("nchw", "torchreid"), ("nhwc", "open model zoo")])
@pytest.mark.parametrize("free", [True, False])
@pytest.mark.parametrize("spatial", [True, False])
def test_layout_tells_what_a_model_sees(tmp_path, layout, how, free, spatial):
    embedder = OnnxEmbedder(write_mean(tmp_path / "m.onnx", layout, free=free, spatial=spatial), max_batch=2)
    assert embedder.dimension == 48
    assert embedder.batch == (2 if free else 1)
    assert embedder.size == (HEIGHT, WIDTH)
    found = embedder.embed(plains())  # one more than a batch
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, plain(how), atol=1e-5)


def test_a_sidecar_says_otherwise(tmp_path):
    path = write_mean(tmp_path / "m.onnx", "nhwc")
    (tmp_path / "m.toml").write_text('colour = "rgb"\n')
    np.testing.assert_allclose(OnnxEmbedder(path).embed(plains()), plain("rgb"), atol=1e-5)


def test_a_model_may_take_bytes(tmp_path):
    embedder = OnnxEmbedder(write_mean(tmp_path / "m.onnx", "nhwc", inputs="uint8"))
    np.testing.assert_allclose(embedder.embed(plains()), plain("open model zoo"), atol=1e-5)


def test_empty_and_directionless_crops_have_no_embedding(tmp_path):
    embedder = OnnxEmbedder(write_mean(tmp_path / "m.onnx", "nhwc"), max_batch=2)
    black = np.zeros((30, 10, 3), np.uint8)
    given = [plains()[0], np.zeros((0, 10, 3), np.uint8), plains()[1], black, plains()[2]]
    found = embedder.embed(given)
    assert np.isnan(found[[1, 3]]).all()
    np.testing.assert_allclose(found[[0, 2, 4]], plain("open model zoo"), atol=1e-5)
    assert embedder.embed([]).shape == (0, 48)


def test_what_gives_no_embedding_is_refused(tmp_path):
    with pytest.raises(BadInputError, match="no embedding of 32"):
        OnnxEmbedder(write_mean(tmp_path / "m.onnx", "nchw", dimension=12))
    with pytest.raises(BadInputError, match="no such model"):
        OnnxEmbedder(tmp_path / "none.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with pytest.raises(BadInputError, match="not a usable ONNX model"):
        OnnxEmbedder(tmp_path / "bad.onnx")


def test_crops_are_views_cut_at_the_edge():
    image = np.arange(40 * 50 * 3, dtype=np.uint32).astype(np.uint8).reshape(40, 50, 3)
    boxes = np.array([[10.2, 5.9, 19.5, 30], [-5, -5, 4, 4], [45, 35, 90, 90]], np.float32)
    found = crops(image, boxes)
    assert all(np.shares_memory(crop, image) for crop in found)
    for crop, (x1, y1, x2, y2) in zip(found, [(10, 5, 20, 30), (0, 0, 4, 4), (45, 35, 50, 40)], strict=True):
        np.testing.assert_array_equal(crop, image[y1:y2, x1:x2])


@given(hnp.arrays(np.float32, (4, 4), elements=st.floats(width=32)))
def test_any_box_gives_a_crop_inside(boxes):
    for crop in crops(np.zeros((40, 50, 3), np.uint8), boxes):
        assert crop.shape[0] <= 40
        assert crop.shape[1] <= 50


@given(hnp.arrays(np.float32, (3, 5), elements=st.floats(width=32)))
def test_rows_get_length_one_or_no_number(rows):
    found = unit(rows)
    lengths = np.linalg.norm(found.astype(np.float64), axis=1)
    assert all(np.isnan(length) or length == pytest.approx(1, abs=1e-5) for length in lengths)
    ordinary = np.isfinite(rows).all(1) & (abs(rows).max(1) > 1e-30)
    assert np.isfinite(lengths[ordinary]).all()
    assert np.isnan(found[~np.isfinite(rows).all(1)]).all()


def test_without_a_model_clothes_tell_people_apart_and_what_cannot_be_seen_tells_nothing():
    def dressed(upper, lower, light=1.0, size=(120, 50)):
        crop = np.full((*size, 3), 90, np.float64)
        crop[size[0] // 6 : size[0] // 2, 12:38] = upper
        crop[size[0] // 2 :, 14:36] = lower
        return np.clip(crop * light, 0, 255).astype(np.uint8)

    red, blue = ((30, 30, 200), (60, 60, 60)), ((200, 60, 30), (40, 160, 160))
    people = [dressed(*red), dressed(*red, light=0.8, size=(90, 50)), dressed(*blue), dressed(*blue, light=1.2)]
    embedder = StripesEmbedder()
    found = embedder.embed([*people, np.zeros((0, 5, 3), np.uint8), np.zeros((1, 1, 3), np.uint8)])
    assert found.shape == (6, embedder.dimension)
    alike = found[:4] @ found[:4].T
    assert min(alike[0, 1], alike[2, 3]) > alike[:2, 2:].max()
    assert np.isnan(found[4:]).all()
