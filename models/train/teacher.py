"""What a finished detector sees in a training sample: scores, boxes and features for every cell, to learn from.

The teacher is YOLOX-nano (Ge et al. 2021; Apache-2.0) as ONNX. Its grids have our strides, so that its answers stand
cell for cell beside ours. It runs at the sample's own size: the file's fixed shapes are taken out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from contract.errors import BadInputError
from models.train.network import STRIDES

PERSON = 5
"""Column of the person class behind x, y, w, h and objectness."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A teacher's answers for a batch: scores (B, N), boxes (B, N, 4) in pixels, features (B, C, h, w) a stride."""

    scores: NDArray[np.float32]
    boxes: NDArray[np.float32]
    features: list[NDArray[np.float16]]


class Teacher:
    """YOLOX at any size in multiples of 32, one thread."""

    def __init__(self, path: Path) -> None:
        """Load and open up the graph.

        Raises:
            BadInputError: the file is no YOLOX export with a head of three strides.
        """
        model, self._raw, self._features = _opened(path)
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def __call__(self, pixels: NDArray[np.uint8]) -> Lesson:
        """Answers for pictures (B, H, W, 3) BGR."""
        count, height, width = pixels.shape[:3]
        images = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), np.float32)
        found: list[Any] = self._session.run([*self._raw, *self._features], {self._input: images})
        scores, boxes = [], []
        for raw, stride in zip(found[: len(STRIDES)], STRIDES, strict=True):
            flat = raw.reshape(count, raw.shape[1], -1)
            y, x = np.mgrid[: height // stride, : width // stride].reshape(2, -1)
            middle_x, middle_y = (flat[:, 0] + x) * stride, (flat[:, 1] + y) * stride
            half_x, half_y = np.exp(flat[:, 2]) * stride / 2, np.exp(flat[:, 3]) * stride / 2
            boxes.append(np.stack([middle_x - half_x, middle_y - half_y, middle_x + half_x, middle_y + half_y], -1))
            scores.append(flat[:, 4] * flat[:, PERSON])
        return Lesson(
            np.concatenate(scores, 1).astype(np.float32),
            np.concatenate(boxes, 1).astype(np.float32),
            [np.asarray(f, np.float16) for f in found[len(STRIDES) :]],
        )


def _opened(path: Path) -> tuple[onnx.ModelProto, list[str], list[str]]:
    """The graph without fixed sizes, cut at its heads; names of raw outputs and of the features before the heads."""
    try:
        model = onnx.load(path)
    except (OSError, ValueError) as error:
        raise BadInputError(f"{path}: {error}; give YOLOX-nano as ONNX") from error
    nodes = list(model.graph.node)
    raw, features = _raw_outputs(model.graph, path), head_inputs(model.graph, path)
    del model.graph.output[:]
    shape: list[str | int | None] = [None, None, None, None]
    for name in (*raw, *features):
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
    del model.graph.value_info[:]
    dims = model.graph.input[0].type.tensor_type.shape.dim
    for axis, symbol in ((0, "batch"), (2, "height"), (3, "width")):
        dims[axis].ClearField("dim_value")
        dims[axis].dim_param = symbol
    wanted = {*raw, *features}
    keep: list[onnx.NodeProto] = []
    for node in reversed(nodes):
        if wanted & set(node.output):
            wanted |= set(node.input)
            keep.append(node)
    del model.graph.node[:]
    model.graph.node.extend(reversed(keep))
    return model, raw, features


def head_inputs(graph: onnx.GraphProto, path: Path) -> list[str]:
    """Names of what enters the head of each stride: the outputs of its first convolution, before the activation.

    Raises:
        BadInputError: the graph has no YOLOX head of three strides.
    """
    maker = {name: node for node in graph.node for name in node.output}
    return [_trunk_end(maker, name) for name in _raw_outputs(graph, path)]


def _raw_outputs(graph: onnx.GraphProto, path: Path) -> list[str]:
    maker = {name: node for node in graph.node for name in node.output}
    reshapes = [node for node in graph.node if node.op_type == "Reshape"][-len(STRIDES) :]
    raw = [str(node.input[0]) for node in reshapes]
    if len(raw) != len(STRIDES) or any(name not in maker or maker[name].op_type != "Concat" for name in raw):
        raise BadInputError(f"{path}: no YOLOX head of {len(STRIDES)} strides; give YOLOX-nano as ONNX")
    return raw


def _trunk_end(maker: dict[str, onnx.NodeProto], name: str) -> str:
    """What enters the head that makes the tensor: seven convolutions back along the boxes' branch, and its stem."""
    node, convolutions = maker[name], 0
    while True:
        if node.op_type == "Conv":
            convolutions += 1
            if convolutions == HEAD_CONVOLUTIONS:
                return str(node.output[0] if node.output[0] in maker else node.input[0])
        node = maker[node.input[0]]


HEAD_CONVOLUTIONS = 6
"""The last of the box branch, two depthwise pairs, and the stem's 1x1, whose output both branches share."""
