"""ONNX models of a few nodes that answer what a test wants to hear."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

TYPES = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "uint8": TensorProto.UINT8}


def write_answering(path, answer, input_shape, metadata=None, batched=False):
    """A model that gives ``answer`` (1, N, C) for every picture; ``batched`` for as many as come in."""
    batch = "batch" if batched else 1
    return write_graph(path, {"predictions": np.asarray(answer, np.float32)}, (batch, *input_shape), metadata)


def write_graph(path, answers, input_shape, metadata=None, input_type="float32", *, sized=False, listed=False):
    """A model with the outputs ``answers`` (name: array), for one picture or each of a free batch.

    What it answers depends on the input only through a sum weighted by zero, so that nothing is optimised away.

    Args:
        path: to write.
        answers: arrays of any type; where the batch is free, their first axis is 1 and is repeated.
        input_shape: of ``images``; names for what is free.
        metadata: of the file.
        input_type: float32, float16, uint8 or int32.
        sized: adds the input ``orig_target_sizes`` (N, 2) int64, by which the output ``boxes`` is multiplied.
        listed: leaves the first axis of the outputs alone.
    """
    free = isinstance(input_shape[0], str) and not listed
    axes = np.arange(1 if free else 0, len(input_shape), dtype=np.int64)
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["floats", "axes"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
    ]
    constants = [numpy_helper.from_array(axes, "axes"), numpy_helper.from_array(np.zeros(1, np.float32), "zero")]
    outputs = []
    for name, given in answers.items():
        answer = np.asarray(given)
        constants.append(numpy_helper.from_array(answer, f"{name} answer"))
        kind = helper.np_dtype_to_tensor_dtype(answer.dtype)
        nodes.append(helper.make_node("Cast", ["nothing"], [f"{name} cast"], to=kind))
        if free:
            shape = np.array([-1] + [1] * (answer.ndim - 1), np.int64)
            constants.append(numpy_helper.from_array(shape, f"{name} shape"))
            nodes.append(helper.make_node("Reshape", [f"{name} cast", f"{name} shape"], [f"{name} zero"]))
        else:
            constants.append(numpy_helper.from_array(np.zeros(0, np.int64), f"{name} shape"))
            nodes.append(helper.make_node("Reshape", [f"{name} cast", f"{name} shape"], [f"{name} zero"]))
        scaled = sized and name == "boxes"
        nodes.append(helper.make_node("Add", [f"{name} zero", f"{name} answer"], [f"{name} share" if scaled else name]))
        if scaled:  # by width, height, width, height
            constants.append(numpy_helper.from_array(np.array([1], np.int64), "middle"))
            nodes += [
                helper.make_node("Cast", ["orig_target_sizes"], ["sides"], to=kind),
                helper.make_node("Concat", ["sides", "sides"], ["four"], axis=1),
                helper.make_node("Unsqueeze", ["four", "middle"], ["factor"]),
                helper.make_node("Mul", [f"{name} share", "factor"], [name]),
            ]
        shape = [input_shape[0] if free else answer.shape[0], *answer.shape[1:]]
        outputs.append(helper.make_tensor_value_info(name, kind, shape))
    kind = TYPES.get(input_type, TensorProto.INT32)
    inputs = [helper.make_tensor_value_info("images", kind, list(input_shape))]
    if sized:
        inputs.append(helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, [input_shape[0], 2]))
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    for key, value in (metadata or {}).items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.save(model, str(path))
    return path


def write_echo(path, input_shape, input_type, metadata=None):
    """A model whose answer shows what it was fed: ``atrium.head = "person"`` with the input's values as boxes.

    The output (B, values / 5, 5) is the input, flattened: so a test sees every value that reaches the network.
    """
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["floats", "rows"], ["predictions"]),
    ]
    graph = helper.make_graph(
        nodes,
        "echo",
        [helper.make_tensor_value_info("images", TYPES[input_type], list(input_shape))],
        [helper.make_tensor_value_info("predictions", TensorProto.FLOAT, [input_shape[0], "rows", 5])],
        [numpy_helper.from_array(np.array([1, -1, 5], np.int64), "rows")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    for key, value in {"atrium.head": "person", **(metadata or {})}.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.save(model, str(path))
    return path


def write_levels(path):
    """A model of free size with Atrium's own head: cells are people as they are bright, reaching about one cell.

    Logits are 32 x the cell's mean brightness (0..1) - 24, so that grey padding is nobody; every side's four
    bins are (0, 3, 0, 0).
    """
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floats"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("ReduceMean", ["planes"], ["grey"], axes=[1], keepdims=1),
    ]
    constants = [
        numpy_helper.from_array(np.array(32 / 255, np.float32), "gain"),
        numpy_helper.from_array(np.array(-24, np.float32), "shift"),
        numpy_helper.from_array(np.array([0, 3, 0, 0] * 4, np.float32).reshape(1, 16, 1, 1), "bins"),
        numpy_helper.from_array(np.array(0, np.float32), "zero"),
    ]
    outputs = []
    for stride in (8, 16, 32):
        cells = {"kernel_shape": [stride, stride], "strides": [stride, stride]}
        nodes += [
            helper.make_node("AveragePool", ["grey"], [f"mean_{stride}"], **cells),
            helper.make_node("Mul", [f"mean_{stride}", "gain"], [f"scaled_{stride}"]),
            helper.make_node("Add", [f"scaled_{stride}", "shift"], [f"score_{stride}"]),
            helper.make_node("Mul", [f"mean_{stride}", "zero"], [f"nothing_{stride}"]),
            helper.make_node("Add", [f"nothing_{stride}", "bins"], [f"sides_{stride}"]),
        ]
        for name, channels in ((f"score_{stride}", 1), (f"sides_{stride}", 16)):
            shape = ["batch", channels, f"rows_{stride}", f"columns_{stride}"]
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    inputs = [helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", "height", "width", 3])]
    graph = helper.make_graph(nodes, "levels", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    for key, value in {"atrium.head": "person-levels", "atrium.size": "256x416"}.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.save(model, str(path))
    return path
