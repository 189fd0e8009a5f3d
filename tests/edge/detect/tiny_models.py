"""ONNX models of a few nodes that answer what a test wants to hear."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def write_answering(path, answer, input_shape, metadata=None, batched=False):
    """A model that gives ``answer`` (1, N, C) for every picture; ``batched`` for as many as come in.

    What it answers depends on the input only through a sum weighted by zero, so that nothing is optimised away.
    """
    nodes = [
        helper.make_node("ReduceSum", ["images", "axes"], ["sum"], keepdims=1),
        helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
        helper.make_node("Reshape", ["nothing", "flat"], ["column"]),
        helper.make_node("Add", ["column", "answer"], ["predictions"]),
    ]
    constants = [
        numpy_helper.from_array(np.array([1, 2, 3], np.int64), "axes"),
        numpy_helper.from_array(np.zeros(1, np.float32), "zero"),
        numpy_helper.from_array(np.array([-1, 1, 1], np.int64), "flat"),
        numpy_helper.from_array(np.asarray(answer, np.float32), "answer"),
    ]
    batch = "batch" if batched else 1
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, *input_shape])],
        [helper.make_tensor_value_info("predictions", TensorProto.FLOAT, [batch, *np.shape(answer)[1:]])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    for key, value in (metadata or {}).items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.save(model, str(path))
    return path
