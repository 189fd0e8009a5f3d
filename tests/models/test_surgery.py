"""Graphs that were operated on answer as before."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from models.surgery import fold_pads, share_ranges

WEIGHT = np.random.default_rng(1).normal(size=(3, 2, 2, 2)).astype(np.float32)
PICTURE = np.random.default_rng(2).normal(size=(1, 2, 5, 6)).astype(np.float32)


def padded(amounts, value=0.0, own=None, told=False, **attributes):
    """A convolution behind padding, its output relu'd; told: the padded tensor is an output, too."""
    given = {} if own is None else {"pads": own}
    nodes = [
        helper.make_node("Pad", ["x", "amounts", "value"], ["wide"], name="pad", **attributes),
        helper.make_node("Conv", ["wide", "weight"], ["y"], name="conv", **given),
    ]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * 4)]
    if told:
        outputs.append(helper.make_tensor_value_info("wide", TensorProto.FLOAT, [None] * 4))
    constants = [
        numpy_helper.from_array(np.array(amounts, np.int64), "amounts"),
        numpy_helper.from_array(np.array(value, np.float32), "value"),
        numpy_helper.from_array(WEIGHT, "weight"),
    ]
    entry = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 5, 6])
    graph = helper.make_graph(nodes, "padded", [entry], outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def answer(model):
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(["y"], {"x": PICTURE})[0]


@pytest.mark.parametrize("own", [None, [0, 0, 0, 0], [1, 2, 0, 1]])
@pytest.mark.parametrize("amounts", [[0, 0, 1, 1, 0, 0, 0, 0], [0, 0, 0, 2, 0, 0, 3, 1]])
def test_padding_moves_into_the_convolution_behind_it(amounts, own):
    model = padded(amounts, own=own)
    before = answer(model)
    fold_pads(model)
    onnx.checker.check_model(model)
    assert [node.op_type for node in model.graph.node] == ["Conv"]
    np.testing.assert_allclose(answer(model), before, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "model",
    [
        padded([0, 0, 1, 1, 0, 0, 0, 0], value=114.0),
        padded([0, 0, 1, 1, 0, 0, 0, 0], mode="edge"),
        padded([0, 0, -1, 0, 0, 0, 0, 0]),
        padded([0, 0, 1, 1, 0, 0, 0, 0], told=True),
    ],
    ids=["with grey", "with the edge", "cutting", "told"],
)
def test_other_padding_stays(model):
    before = answer(model)
    fold_pads(model)
    assert [node.op_type for node in model.graph.node] == ["Pad", "Conv"]
    np.testing.assert_array_equal(answer(model), before)


def test_joined_tensors_share_the_widest_range_through_what_keeps_the_scale():
    nodes = [
        helper.make_node("Resize", ["a", "", "twice"], ["b"], mode="nearest"),
        helper.make_node("Concat", ["b", "c"], ["d"], axis=1),
        helper.make_node("Concat", ["d", "e"], ["f"], axis=1),
        helper.make_node("Concat", ["g", "h"], ["i"], axis=1),
        helper.make_node("Concat", ["a", "g"], ["k"], axis=1, name="in float"),
        helper.make_node("Add", ["c", "e"], ["j"]),
    ]
    graph = helper.make_graph(nodes, "joined", [], [])
    given = {name: (-float(k), float(k)) for k, name in enumerate("abcdefghijk", 1)}
    ranges = dict(given)
    share_ranges(helper.make_model(graph), ranges, excluded={"in float"}, fixed={"h"})
    assert [ranges[name] for name in "abcdef"] == [given["f"]] * 6
    assert all(ranges[name] == given[name] for name in "ghijk")
