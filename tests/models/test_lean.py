"""Cheaper operators give the same bytes, and what they would change is left alone."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from models.lean import chain_pools, double_by_joining

CHANNELS = 6


def quantised(*middles, same_scale=True, told=False):
    """Bytes (B, 6, H, W), dequantised, one operator each of these on it, and the bytes of what comes out."""
    nodes = [helper.make_node("DequantizeLinear", ["bytes", "scale", "point"], ["floats"])]
    outputs = []
    for k, (kind, inputs, attributes) in enumerate(middles):
        nodes += [
            helper.make_node(kind, ["floats", *inputs], [f"y{k}"], f"{kind}{k}", **attributes),
            helper.make_node(
                "QuantizeLinear", [f"y{k}", "scale" if same_scale else "half", "point"], [f"q{k}"], f"q{k}"
            ),
            helper.make_node("DequantizeLinear", [f"q{k}", "scale", "point"], [f"z{k}"], f"z{k}"),
        ]
        outputs.append(f"z{k}")
        if told:
            outputs.append(f"y{k}")
    stored = [
        numpy_helper.from_array(np.float32(0.1), "scale"),
        numpy_helper.from_array(np.float32(0.05), "half"),
        numpy_helper.from_array(np.uint8(13), "point"),
        numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "twice"),
        numpy_helper.from_array(np.array([1, 1, 2, 1], np.float32), "rows"),
    ]
    entry = helper.make_tensor_value_info("bytes", TensorProto.UINT8, ["B", CHANNELS, "H", "W"])
    made = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * 4) for name in outputs]
    graph = helper.make_graph(nodes, "lean", [entry], made, stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def pool(side, **changed):
    given = {"kernel_shape": [side, side], "pads": [side // 2] * 4, "strides": [1, 1]} | changed
    return ("MaxPool", [], given)


def resize(scales="twice", mode="nearest", where="asymmetric", nearest="floor"):
    given = {"mode": mode, "coordinate_transformation_mode": where, "nearest_mode": nearest}
    return ("Resize", ["", scales], given)


def answers(model):
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(3)
    return [
        session.run(None, {"bytes": rng.integers(0, 256, (batch, CHANNELS, *size)).astype(np.uint8)})
        for batch, size in ((1, (7, 12)), (3, (2, 1)), (2, (16, 5)))
    ]


def same(before, after):
    return all(np.array_equal(p, q) for a, b in zip(before, after, strict=True) for p, q in zip(a, b, strict=True))


@pytest.mark.parametrize(("sides", "narrower"), [((13, 9, 5), [5, 5, 5]), ((5, 13), [5, 9]), ((3, 3, 7), [3, 3, 5])])
def test_wide_windows_are_windows_of_windows(sides, narrower):
    model = quantised(*(pool(side) for side in sides))
    before = answers(model)
    assert chain_pools(model) == len(set(sides)) - 1
    onnx.checker.check_model(model)
    pools = [node for node in model.graph.node if node.op_type == "MaxPool"]
    assert sorted(helper.get_node_attr_value(node, "kernel_shape")[0] for node in pools) == narrower
    assert same(before, answers(model))
    assert chain_pools(model) == 0


@pytest.mark.parametrize(
    "model",
    [
        quantised(pool(5), pool(9), same_scale=False),
        quantised(pool(5), pool(9), told=True),
        quantised(pool(5), pool(9, strides=[2, 2])),
        quantised(pool(5), pool(9, pads=[0, 0, 0, 0])),
        quantised(pool(4, pads=[1, 1, 2, 2]), pool(6, pads=[2, 2, 3, 3])),
        quantised(pool(5)),
    ],
    ids=["another scale", "floats are told", "stride", "smaller answers", "even windows", "one alone"],
)
def test_other_pools_are_left_alone(model):
    before = model.SerializeToString()
    assert chain_pools(model) == 0
    assert model.SerializeToString() == before


def test_doubling_is_joining():
    model = quantised(resize(), ("Relu", [], {}))
    before = answers(model)
    assert double_by_joining(model) == 1
    onnx.checker.check_model(model)
    kinds = Counter(node.op_type for node in model.graph.node)
    assert kinds["Concat"] == 2
    assert not kinds["Resize"]
    assert same(before, answers(model))
    assert double_by_joining(model) == 0


@pytest.mark.parametrize(
    "model",
    [
        quantised(resize(), same_scale=False),
        quantised(resize(), told=True),
        quantised(resize("rows")),
        quantised(resize(mode="linear")),
        quantised(resize(where="half_pixel", nearest="round_prefer_floor")),
    ],
    ids=["another scale", "floats are told", "rows alone", "between values", "by middles"],
)
def test_other_enlargements_are_left_alone(model):
    before = model.SerializeToString()
    assert double_by_joining(model) == 0
    assert model.SerializeToString() == before
