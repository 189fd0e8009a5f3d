"""Weights are rounded so that sums over real inputs change least, on the steps that the quantiser will have."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from models import rounding
from models.rounding import round_together, rounded

LEVELS = 127


def plainly(weights: np.ndarray, levels: int = LEVELS) -> np.ndarray:
    step = np.abs(weights).max(2, keepdims=True) / levels
    return np.round(weights / step) * step


def gone_together(rng: np.random.Generator, groups: int, inputs: int, count: int = 400) -> np.ndarray:
    """Inputs (groups, count, inputs) of which some say nearly the same, as channels behind a ReLU do."""
    few = rng.normal(0, 1, (groups, count, max(1, inputs // 3)))
    mixed = few @ rng.normal(0, 1, (groups, few.shape[2], inputs)) + rng.normal(0, 0.1, (groups, count, inputs))
    return np.maximum(mixed, 0)


@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 4), st.integers(1, 24), st.sampled_from([64, 127]))
def test_steps_are_whole_and_the_largest_weight_of_a_row_keeps_its_place(seed, groups, rows, inputs, levels):
    rng = np.random.default_rng(seed)
    weights = rng.normal(0, 1, (groups, rows, inputs))
    read = gone_together(rng, groups, inputs)
    found = rounded(weights, read.transpose(0, 2, 1) @ read, levels)
    steps = found / (np.abs(weights).max(2, keepdims=True) / levels)
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-6)
    largest = np.abs(weights).argmax(2)[..., None]
    np.testing.assert_allclose(np.take_along_axis(found, largest, 2), np.take_along_axis(weights, largest, 2))
    assert np.abs(steps).max() <= levels + 1e-6


def test_sums_change_by_a_fraction_of_what_plain_rounding_does_to_them():
    rng = np.random.default_rng(0)
    weights, read = rng.normal(0, 1, (1, 16, 48)), gone_together(rng, 1, 48)
    found = rounded(weights, read.transpose(0, 2, 1) @ read / read.shape[1])
    mine, plain = (float(np.square(read @ (w - weights).transpose(0, 2, 1)).mean()) for w in (found, plainly(weights)))
    assert mine < 0.5 * plain


@pytest.mark.parametrize("size", [1, 40])
def test_inputs_that_say_nothing_are_rounded_plainly(size: int):
    weights = np.random.default_rng(1).normal(0, 1, (2, 3, size))
    np.testing.assert_allclose(rounded(weights, np.zeros((2, size, size))), plainly(weights), atol=1e-12)


def net(groups: int, strides: list[int], pads: list[int], dilations: list[int]) -> onnx.ModelProto:
    rng = np.random.default_rng(2)
    weight = rng.normal(0, 1, (8, 8 // groups, 3, 3)).astype(np.float32)
    spatial = {"strides": strides, "pads": pads, "dilations": dilations, "group": groups}
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"], name="only", **spatial)],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 8, None, None])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(weight, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@pytest.mark.parametrize("groups", [1, 2, 8])
@pytest.mark.parametrize(
    ("strides", "pads", "dilations"), [([1, 1], [1, 1, 1, 1], [1, 1]), ([2, 1], [2, 0, 1, 3], [1, 2])]
)
def test_a_window_reads_what_the_runtime_reads(groups, strides, pads, dilations):
    model = net(groups, strides, pads, dilations)
    weight = numpy_helper.to_array(model.graph.initializer[0])
    window = rounding._window(model.graph.node[0], model.graph.initializer[0])
    assert window is not None
    x = np.random.default_rng(3).normal(0, 1, (8, 11, 12)).astype(np.float32)
    (y,) = ort.InferenceSession(model.SerializeToString()).run(None, {"x": x[None]})
    read = window.inputs(x, 500, np.random.default_rng(4))
    sums = read @ weight.reshape(groups, 8 // groups, -1).transpose(0, 2, 1)
    known = {tuple(np.round(place, 3)) for place in y[0].reshape(8, -1).T}
    seen = {tuple(np.round(place, 3)) for place in sums.transpose(1, 0, 2).reshape(500, 8).astype(np.float32)}
    close = [min(np.abs(np.array(place) - np.array(other)).max() for other in known) for place in seen]
    assert max(close) < 2e-3
    assert len(seen) > 0.9 * len(known), "some places are never drawn"


def test_excluded_and_unreadable_convolutions_stay_as_they_are():
    model = net(1, [1, 1], [1, 1, 1, 1], [1, 1])
    before = numpy_helper.to_array(model.graph.initializer[0])
    feeds = [{"x": np.random.default_rng(5).normal(0, 1, (1, 8, 9, 9)).astype(np.float32)}]
    assert round_together(model, feeds, {"only"}) == 0
    np.testing.assert_array_equal(numpy_helper.to_array(model.graph.initializer[0]), before)
    assert round_together(model, feeds, set()) == 1
    after = numpy_helper.to_array(model.graph.initializer[0])
    assert not np.array_equal(after, before)
    assert np.abs(after - before).max() < 0.1


def test_what_is_read_and_not_finite_leaves_weights_as_they_are():
    model = net(1, [1, 1], [1, 1, 1, 1], [1, 1])
    before = numpy_helper.to_array(model.graph.initializer[0])
    round_together(model, [{"x": np.full((1, 8, 9, 9), np.inf, np.float32)}], set())
    np.testing.assert_array_equal(numpy_helper.to_array(model.graph.initializer[0]), before)
