"""The same bytes by cheaper operators, in eight-bit graphs: windows of windows, and doubling by joining.

The runtime's largest value over a window looks at every place of every window, and its nearest-neighbour enlarging at
every byte by itself: of person-s they took 6 % of a run. Nothing that a graph answers changes.
"""

from __future__ import annotations

import itertools

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnxruntime.quantization.onnx_model import ONNXModel

from models.surgery import constants, drop_unused

_AS_IT_COMES = {"auto_pad": b"NOTSET", "ceil_mode": 0, "storage_order": 0}


def chain_pools(model: ModelProto) -> int:
    """Takes the largest of a wide window from the largest of narrower ones; says how many pools do.

    For several square pools of one quantised tensor, each of stride 1 and as large as what it reads. The largest of
    9x9 is the largest of 5x5 such of 5x5. The model is changed in place.
    """
    graph = _Graph(model)
    families: dict[str, list[tuple[int, NodeProto, NodeProto]]] = {}
    for node in model.graph.node:
        width = _window(node)
        back = graph.back(node) if width else None
        if width and back is not None:
            families.setdefault(node.input[0], []).append((width, node, back))
    changed = 0
    for family in families.values():
        family.sort(key=lambda pool: pool[0])
        for (narrow, _, back), (wide, node, _) in itertools.pairwise(family):
            if wide == narrow:
                continue
            width = wide - narrow + 1
            node.input[0] = back.output[0]
            _set(node, kernel_shape=[width, width], pads=[width // 2] * 4)
            changed += 1
    if changed:
        _in_order(model)
    return changed


def double_by_joining(model: ModelProto) -> int:
    """Doubles height and width by joining what is there with itself, not by picking each byte; says how often.

    For ``Resize`` by two to the nearest, of a quantised tensor in its own scale. Pixels are put side by side with their
    channels behind each other, as the runtime's eight-bit operators have them; it drops the turns to that and back.
    The model is changed in place.
    """
    graph = _Graph(model)
    changed = 0
    for node in [node for node in model.graph.node if node.op_type == "Resize"]:
        channels = graph.channels(node.input[0])
        ends = graph.bytes_around(node)
        if not graph.doubles(node) or channels is None or ends is None:
            continue
        before, after = ends
        name = node.name or node.output[0]
        pixels, pairs, doubled, larger = (f"{name}__{part}" for part in ("pixels", "pairs", "doubled", "larger"))
        shape = numpy_helper.from_array(np.array([0, -1, 0, channels], np.int64), f"{name}__shape")
        model.graph.initializer.append(shape)
        nodes = [
            helper.make_node("Transpose", [before], [pixels], pixels, perm=[0, 2, 3, 1]),
            helper.make_node("Concat", [pixels, pixels], [pairs], pairs, axis=3),
            helper.make_node("Concat", [pairs, pairs], [doubled], doubled, axis=2),  # a row, and the same once more
            helper.make_node("Reshape", [doubled, shape.name], [larger], larger),
            helper.make_node("Transpose", [larger], [after.output[0]], f"{larger}__planes", perm=[0, 3, 1, 2]),
        ]
        place = list(model.graph.node).index(node)
        model.graph.node.remove(node)
        model.graph.node.remove(after)
        for k, made in enumerate(nodes):
            model.graph.node.insert(place + k, made)
        changed += 1
    if changed:
        _in_order(model)
        drop_unused(model)
    return changed


class _Graph:
    """Who makes and who reads what in a quantised graph."""

    def __init__(self, model: ModelProto) -> None:
        self._makers = {name: node for node in model.graph.node for name in node.output}
        self._readers: dict[str, list[NodeProto]] = {}
        for node in model.graph.node:
            for name in node.input:
                self._readers.setdefault(name, []).append(node)
        self._told = {value.name for value in model.graph.output}
        self._stored = constants(model)
        inferred = onnx.shape_inference.infer_shapes(model).graph
        self._shapes = {v.name: v.type.tensor_type.shape.dim for v in (*inferred.value_info, *inferred.output)}

    def channels(self, name: str) -> int | None:
        """Of a tensor (B, C, H, W), where they are known."""
        shape = self._shapes.get(name)
        return shape[1].dim_value or None if shape is not None and len(shape) == 4 else None

    def doubles(self, node: NodeProto) -> bool:
        """Whether a Resize repeats each value twice in height and width, and nothing else."""
        given = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        scales = self._stored.get(node.input[2]) if len(node.input) == 3 else None
        return (
            given.get("mode", b"nearest") == b"nearest"
            and given.get("coordinate_transformation_mode") == b"asymmetric"
            and given.get("nearest_mode") == b"floor"
            and scales is not None
            and numpy_helper.to_array(scales).tolist() == [1.0, 1.0, 2.0, 2.0]
        )

    def back(self, node: NodeProto) -> NodeProto | None:
        """What reads an operator's answer again after it was quantised, where that changes nothing."""
        ends = self.bytes_around(node)
        if ends is None:
            return None
        _, after = ends
        readers = self._readers.get(after.output[0], [])
        return next((r for r in readers if r.op_type == "DequantizeLinear" and r.input[1:] == after.input[1:]), None)

    def bytes_around(self, node: NodeProto) -> tuple[str, NodeProto] | None:
        """The bytes an operator reads, and the only reader of its answer, where that makes bytes in the same scale."""
        before = self._makers.get(node.input[0])
        readers = self._readers.get(node.output[0], [])
        if before is None or before.op_type != "DequantizeLinear" or len(readers) != 1 or node.output[0] in self._told:
            return None
        after = readers[0]
        point = self._stored.get(before.input[2]) if len(before.input) > 2 else None
        if after.op_type != "QuantizeLinear" or point is None or point.data_type != TensorProto.UINT8:
            return None
        return (before.input[0], after) if list(before.input[1:]) == list(after.input[1:]) else None


def _window(node: NodeProto) -> int:
    """Side of the window of a pool that is as large as what it reads; 0 for all else."""
    given = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    shape = given.get("kernel_shape")
    if node.op_type != "MaxPool" or len(node.output) > 1 or shape is None or len(set(shape)) != 1 or len(shape) != 2:
        return 0
    side = int(shape[0])
    usual = all(given.get(key, value) == value for key, value in _AS_IT_COMES.items())
    plain = given.get("strides", [1, 1]) == [1, 1] == given.get("dilations", [1, 1])
    return side if usual and plain and side % 2 and given.get("pads") == [side // 2] * 4 else 0


def _set(node: NodeProto, **values: list[int]) -> None:
    for attribute in [a for a in node.attribute if a.name in values]:
        node.attribute.remove(attribute)
    node.attribute.extend(helper.make_attribute(key, value) for key, value in values.items())


def _in_order(model: ModelProto) -> None:
    """Puts operators behind those whose answers they read; shapes noted before are dropped."""
    ONNXModel(model).topological_sort()
    del model.graph.value_info[:]
