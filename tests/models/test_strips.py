"""A first convolution over strips of pixels gives the same answers, and is left alone where it would not."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from models.strips import over_strips

FREE = ("H", "W")


def quantised(kernel, pads, stride=4, size=FREE, *, head="person-levels", weight_point=0, twice=False):
    """Bytes (B, H, W, 3) to one convolution with eight-bit weights, as the quantiser writes it."""
    rng = np.random.default_rng(0)
    nodes = [
        helper.make_node("Transpose", ["images"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("DequantizeLinear", ["planes", "scale", "point"], ["pixels"]),
        helper.make_node("DequantizeLinear", ["weight", "scales", "points"], ["floats"], axis=0),
        helper.make_node("Conv", ["pixels", "floats"], ["y"], strides=[stride, stride], pads=pads),
    ]
    if twice:
        nodes.append(helper.make_node("Relu", ["pixels"], ["z"]))
    constants = [
        numpy_helper.from_array(np.float32(1 / 64), "scale"),
        numpy_helper.from_array(np.uint8(7), "point"),
        numpy_helper.from_array(rng.integers(-127, 128, (5, 3, *kernel)).astype(np.int8), "weight"),
        numpy_helper.from_array(np.full(5, 0.01, np.float32), "scales"),
        numpy_helper.from_array(np.full(5, weight_point, np.int8), "points"),
    ]
    told = ["y", "z"] if twice else ["y"]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * 4) for name in told]
    entry = helper.make_tensor_value_info("images", TensorProto.UINT8, ["B", *size, 3])
    graph = helper.make_graph(nodes, "first", [entry], outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"atrium.head": head})
    return model


def answer(model, height, width):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    image = np.random.default_rng(height).integers(0, 256, (2, height, width, 3)).astype(np.uint8)
    return session.run(["y"], {"images": image})[0]


@pytest.mark.parametrize(
    ("kernel", "pads"),
    [
        ((8, 8), [2, 2, 2, 2]),
        ((6, 6), [1, 1, 1, 1]),
        ((4, 4), [0, 0, 0, 0]),
        ((7, 7), [3, 3, 2, 2]),
        ((3, 6), [0, 2, 1, 0]),
    ],
)
def test_answers_are_the_same_for_every_size(kernel, pads):
    model = quantised(kernel, pads)
    before = [answer(model, *size) for size in ((32, 64), (64, 32))]
    assert over_strips(model)
    onnx.checker.check_model(model)
    conv = next(node for node in model.graph.node if node.op_type == "Conv")
    assert helper.get_node_attr_value(conv, "strides") == [4, 1]
    for size, wanted in zip(((32, 64), (64, 32)), before, strict=True):
        got = answer(model, *size)
        assert got.shape == wanted.shape
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-4)
    assert not over_strips(model)


@pytest.mark.parametrize(
    "model",
    [
        quantised((3, 3), [1, 1, 1, 1], stride=2),
        quantised((8, 8), [4, 4, 4, 4]),
        quantised((3, 3), [0, 0, 0, 0], size=(30, 30)),
        quantised((6, 6), [1, 1, 1, 1], head="yolox"),
        quantised((6, 6), [1, 1, 1, 1], weight_point=3),
        quantised((6, 6), [1, 1, 1, 1], twice=True),
    ],
    ids=["pairs of pixels gain nothing", "two windows more", "width", "another's, any width", "points", "read twice"],
)
def test_others_are_left_alone(model):
    before = model.SerializeToString()
    assert not over_strips(model)
    assert model.SerializeToString() == before


def test_a_fixed_width_in_strips_will_do_whoever_made_it():
    model = quantised((6, 6), [1, 1, 1, 1], size=(32, 64), head="yolox")
    before = answer(model, 32, 64)
    assert over_strips(model)
    np.testing.assert_allclose(answer(model, 32, 64), before, rtol=1e-5, atol=1e-4)
