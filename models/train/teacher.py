"""What a finished detector sees in a training sample: scores, boxes and features for every cell, to learn from.

The teacher is YOLOX-nano (Ge et al. 2021; Apache-2.0) as ONNX. Its grids have our strides, so that its answers stand
cell for cell beside ours. It runs at the sample's own size: the file's fixed shapes are taken out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from contract.errors import BadInputError
from models.surgery import drop_unused
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

    def __init__(self, path: Path, inner: bool = False) -> None:
        """Load and open up the graph.

        Args:
            path: YOLOX-nano.
            inner: features are the inner values of every stage (see `inner_values`) instead of what enters the heads.

        Raises:
            BadInputError: the file is no YOLOX export with a head of three strides.
        """
        graph = read_graph(path)
        self._raw = _raw_outputs(graph, path)
        self._features = inner_values(graph, path) if inner else head_inputs(graph, path)
        self._session, self._input = opened(path, [*self._raw, *self._features])

    def __call__(self, pixels: NDArray[np.uint8]) -> Lesson:
        """Answers for pictures (B, H, W, 3) BGR."""
        count, height, width = pixels.shape[:3]
        found: list[Any] = self._session.run([*self._raw, *self._features], {self._input: _as_input(pixels)})
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


Moments = dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]
"""Mean and deviation (C,) of a convolution's output, by its name."""


def moments(path: Path, batches: Iterable[NDArray[np.uint8]]) -> Moments:
    """Of every convolution that an activation follows, over pictures (B, H, W, 3)."""
    graph = read_graph(path)
    active = {node.input[0] for node in graph.node if node.op_type == "Sigmoid"}
    names = [node.output[0] for node in graph.node if node.op_type == "Conv" and node.output[0] in active]
    session, entry = opened(path, names)
    sums = [0.0] * len(names)
    squares = list(sums)
    count = 0
    for pixels in batches:
        found: list[Any] = session.run(names, {entry: _as_input(pixels)})
        sums = [s + v.mean((0, 2, 3), np.float64) for s, v in zip(sums, found, strict=True)]
        squares = [s + np.square(v).mean((0, 2, 3), np.float64) for s, v in zip(squares, found, strict=True)]
        count += 1
    made: Moments = {}
    for name, total, square in zip(names, sums, squares, strict=True):
        mean = np.asarray(total) / count
        deviation = np.sqrt(np.maximum(np.asarray(square) / count - mean**2, 1e-8))
        made[name] = mean.astype(np.float32), deviation.astype(np.float32)
    return made


def read_graph(path: Path) -> Any:
    """The graph of an ONNX file.

    Raises:
        BadInputError: there is none.
    """
    try:
        return onnx.load(path).graph
    except (OSError, ValueError) as error:
        raise BadInputError(f"{path}: {error}; give YOLOX-nano as ONNX") from error


def opened(path: Path, outputs: Sequence[str]) -> tuple[ort.InferenceSession, str]:
    """A session of the graph without fixed sizes, cut at the named values; and the name of its input."""
    model = onnx.load(path)
    del model.graph.output[:]
    shape: list[str | int | None] = [None, None, None, None]
    for name in outputs:
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
    del model.graph.value_info[:]
    dims = model.graph.input[0].type.tensor_type.shape.dim
    for axis, symbol in ((0, "batch"), (2, "height"), (3, "width")):
        dims[axis].ClearField("dim_value")
        dims[axis].dim_param = symbol
    drop_unused(model)
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session, session.get_inputs()[0].name


def _as_input(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), np.float32)


def activations(graph: Any) -> dict[str, str]:
    """By each sigmoid's output, the product that makes a SiLU of it."""
    sigmoids = {node.output[0] for node in graph.node if node.op_type == "Sigmoid"}
    return {
        name: str(node.output[0])
        for node in graph.node
        if node.op_type == "Mul"
        for name in node.input
        if name in sigmoids
    }


def predictions(graph: Any) -> dict[tuple[str, int], Any]:
    """YOLOX's last convolutions by kind (cls, reg, obj) and level."""
    found = {}
    for node in graph.node:
        if node.op_type == "Conv" and "_preds." in node.input[1]:
            kind, rest = node.input[1].removeprefix("head.").split("_preds.")
            found[kind, int(rest.split(".")[0])] = node
    return found


def inner_values(graph: Any, path: Path) -> list[str]:
    """Names of convolution outputs, before activation: the first at stride 4, one at each stage's end, the heads'.

    Raises:
        BadInputError: the graph has no YOLOX head of three strides.
    """
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    joins = [str(node.output[0]) for node in graph.node if node.op_type == "Concat"]
    maker = {name: node for node in graph.node for name in node.output}
    activated = {product: maker[sigmoid].input[0] for sigmoid, product in activations(graph).items()}
    towers = [activated[predictions(graph)[kind, level].input[0]] for kind in ("cls", "reg") for level in range(3)]
    behind = [
        str(one[0].output[0]) for join in joins if len(one := [c for c in convolutions[1:] if c.input[0] == join]) == 1
    ]
    first = str(convolutions[2].output[0])
    return [first, *behind, *head_inputs(graph, path), *towers]


def head_inputs(graph: Any, path: Path) -> list[str]:
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
