"""A parabola costs one product in eight bits, and nothing else is taken for one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from models.parabola import parabolas
from models.quantize import optimised_operators, quantize

PICTURES = np.random.default_rng(4).normal(0, 2, (12, 1, 3, 8, 10)).astype(np.float32)


def bent(least: float = -2.5, most: float = 5.0, steepness: float = 0.2, height: float = 0.5, *, swapped: bool = False):
    """A convolution, a parabola of what it puts out, and another convolution."""
    rng = np.random.default_rng(5)
    names = ["line", "kept"] if swapped else ["kept", "line"]
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["c1"]),
        helper.make_node("Clip", ["c1", "least", "most"], ["kept"]),
        helper.make_node("Mul", ["kept", "a"], ["steep"]),
        helper.make_node("Add", ["b", "steep"] if swapped else ["steep", "b"], ["line"]),
        helper.make_node("Mul", names, ["bent"]),
        helper.make_node("Conv", ["bent", "w2"], ["y"]),
    ]
    stored = [
        numpy_helper.from_array(rng.normal(0, 0.6, (4, 3, 1, 1)).astype(np.float32), "w1"),
        numpy_helper.from_array(rng.normal(0, 0.5, (2, 4, 1, 1)).astype(np.float32), "w2"),
        *(
            numpy_helper.from_array(np.float32(value), name)
            for name, value in {"least": least, "most": most, "a": steepness, "b": height}.items()
        ),
    ]
    shape = [1, 3, 8, 10]
    graph = helper.make_graph(
        nodes,
        "bent",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2, 8, 10])],
        stored,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def quantised(model: ModelProto, folder: Path, keep: tuple[str, ...] = ()) -> Path:
    onnx.save(model, folder / "whole.onnx")
    quantize(folder / "whole.onnx", folder / "eight.onnx", ({"x": picture} for picture in PICTURES), keep=keep)
    return folder / "eight.onnx"


@pytest.mark.parametrize("swapped", [False, True], ids=["line second", "line first"])
def test_it_is_one_product_of_the_same_bytes(tmp_path: Path, swapped: bool):
    made = quantised(bent(swapped=swapped), tmp_path)
    ran = optimised_operators(made)
    assert ran["QLinearMul"] == 1
    assert ran["QLinearConv"] == 2
    assert not ran.keys() & {"Clip", "Mul", "Add", "QLinearAdd"}
    product = next(node for node in onnx.load(made).graph.node if node.op_type == "Mul")
    readers = {node.output[0]: node.input[0] for node in onnx.load(made).graph.node}
    assert len({readers[name] for name in product.input}) == 1
    whole, eight = (ort.InferenceSession(str(tmp_path / f"{name}.onnx")) for name in ("whole", "eight"))
    wanted, got = (np.concatenate([s.run(None, {"x": p})[0] for p in PICTURES]) for s in (whole, eight))
    assert np.abs(got - wanted).max() < 0.02 * np.abs(wanted).max()


@pytest.mark.parametrize(
    "model",
    [bent(height=0.6), bent(most=4.9), bent(steepness=-0.2, height=-0.5)],
    ids=["the line's zero is elsewhere", "zero between two levels", "the line falls"],
)
def test_what_one_tensor_of_bytes_cannot_say_is_quantised_as_ever(tmp_path: Path, model: ModelProto):
    assert parabolas(model) == []
    ran = optimised_operators(quantised(model, tmp_path))
    assert ran["QLinearMul"] == 2
    assert ran["QLinearAdd"] == 1


def test_where_products_are_to_stay_in_float_the_line_is_worked_out(tmp_path: Path):
    graph = onnx.load(quantised(bent(), tmp_path, keep=("Mul",))).graph
    makers = {name: node for node in graph.node for name in node.output}
    line = makers["bent"].input[1]
    while makers[line].op_type.endswith("Linear"):
        line = makers[line].input[0]
    assert makers[line].op_type == "Add"


def test_a_line_of_another_value_is_no_parabola():
    model = bent()
    model.graph.node[2].input[0] = "c1"
    assert parabolas(model) == []
